# SPDX-License-Identifier: GPL-2.0-only
"""What templates define is what the series brings, each with its patch."""

import re
from dataclasses import replace

import pytest

from generator.csource.declared import list_definitions
from generator.csource.lexer import code, words
from generator.model.bases import BASES
from generator.model.decl import BASELINE
from generator.model.edits import Anchor, Templated, written_by
from generator.model.series import REVIEW, SERIES
from generator.plan import plan_series
from generator.render.env import Templates
from generator.tree.brought import brought_functions

each_base = pytest.mark.parametrize("base", BASES, ids=lambda base: base.name)


@each_base
def test_those_of_the_model(base):
    """What the model has is there, with its patch, but for a weak default that comes earlier."""
    plan = plan_series(base, REVIEW)
    found = brought_functions(plan)
    weak = {function.name for function in plan.tip.own.values() if function.weak}
    assert len(weak) > 2 and len(found) > 140
    for function in plan.tip.own.values():
        if function.name not in weak:
            assert found[function.name].patch == function.patch, function.name
    assert not any(f.name in found for f in plan.tip.functions.values() if f.patch == BASELINE)


@each_base
def test_helpers(base):
    """A helper belongs to the first patch that has it; what 3.3 lacks stands in for its headers."""
    found = brought_functions(plan_series(base, REVIEW))
    assert (found["end_step"].patch, found["end_step"].path) == ("hit", "kernel/events/uprobes.c")
    assert found["xol_get_insn_slot"].front == "static unsigned long "
    assert found["uprobe_fix_ip"].params[0] == "const struct arch_uprobe_mode *mode"
    assert ("uprobe_find_page" in found) == (base.name != "3.3")
    assert ("mmap_read_lock" in found) == (base.name == "3.3")
    assert base.name != "3.3" or found["mmap_read_lock"].stands_in


def test_a_series_without_its_last_patches():
    """Only what is left; a template that is asked for less renders less."""
    plan = plan_series(BASES[0], REVIEW)
    some = brought_functions(replace(plan, patches=plan.patches[:8]))
    every = brought_functions(plan)
    assert some.keys() < every.keys() and "xol_map_area" in some and "end_step" not in some
    assert "__maybe_unused" in some["xol_get_insn_slot"].front


def rendered(plan, number):
    """Return what a prefix brings into each file of C, as text."""
    templates = Templates(plan.at(number))
    edits = [*plan.baseline, *(edit for one in plan.patches[:number] for edit in one.edits)]
    files = {}
    for edit in edits:
        if edit.path.endswith((".c", ".h")):
            name = edit.template if isinstance(edit, Templated) else ""
            text = templates.file(name) if name else templates.text(written_by(edit))
            files.setdefault(edit.path, {})[name or repr(edit)] = text
    return {path: "\n".join(texts.values()) for path, texts in files.items()}


def unused(text):
    """Return the static functions that nothing names but their definitions."""
    masked = code(text)
    return {
        found.name
        for found in list_definitions(text)
        if "static" in found.front and not re.search("inline|__maybe_unused", found.front)
        if len(list(words(masked, found.name))) < 2
    }


@each_base
def test_every_helper_is_used(base):
    """At every prefix: with CONFIG_WERROR an unused static function is an error."""
    plan = plan_series(base, REVIEW)
    for number in range(len(plan.patches) + 1):
        for path, text in rendered(plan, number).items():
            assert unused(text) == set(), f"{path} after {number} patches"
    assert unused("static int idle(void)\n{\n\treturn 0;\n}\n") == {"idle"}


def functions_of(edit):
    """Return the functions that an edit is within, or beside."""
    names = [getattr(edit, name, "") for name in ("function", "within")]
    anchors = [getattr(edit, name, None) for name in ("before", "after")]
    return {*names, *(a.name for a in anchors if isinstance(a, Anchor) and a.kind == "function")}


@pytest.mark.parametrize(
    ("base", "series"),
    [(base, one) for one in SERIES for base in BASES if base.name in (one.bases or {base.name})],
    ids=lambda value: value.name,
)
def test_later_patches_change_it_in_its_template(base, series):
    """An edit would split a block, into which import cannot bring a change any more."""
    plan = plan_series(base, series)
    own = {name: one for name, one in brought_functions(plan).items() if not one.stands_in}
    assert not [
        (planned.patch.ident, name)
        for planned in plan.patches
        for edit in planned.edits
        for name in functions_of(edit) & own.keys()
        if own[name].path == edit.path and own[name].patch != planned.patch.ident
    ]
