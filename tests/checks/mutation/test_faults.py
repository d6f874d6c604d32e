# SPDX-License-Identifier: GPL-2.0-only
"""Faults that people wrote: every one fits the templates of today, and says what a user would see.

What notices them is judged by ``make check-faults``, with a built tip.
"""

from __future__ import annotations

import pytest
from conftest import TESTS

from generator.checks.mutation import hand
from generator.checks.mutation.hand import (
    RenderedFault,
    choose_in_turn,
    read_fault,
    read_faults,
)
from generator.checks.mutation.known import Known
from generator.errors import UserError
from generator.model.bases import BASES
from generator.model.series import REVIEW
from generator.paths import data_dir
from generator.plan import plan_series
from generator.render.env import Templates, environment

FOLDER = TESTS / "faults"
FAULTS = read_faults(FOLDER)
GOOD = """Kind: order
Seen: A thing,
when it happens.

--- a/templates/x.c.j2
+++ b/templates/x.c.j2
@@ -1 +1 @@
-a
+b
"""


def test_there_are_enough():
    """At least eighty, no two the same, of every kind that the issue of them names."""
    assert len(FAULTS) >= 80
    assert len({fault.diff for fault in FAULTS}) == len(FAULTS)
    kinds = {fault.kind for fault in FAULTS}
    assert kinds >= {"order", "lifetime", "edge", "mode", "wrong object", "wrong branch"}
    assert {"publication", "missing undo"} <= kinds
    touched = {name for fault in FAULTS for name in fault.templates}
    assert {name.partition("/")[0] for name in touched} >= {"arch", "kernel"}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_it_fits(fault, tmp_path):
    """It applies to the templates as they are, and changes what is rendered for a base."""
    hand._write_changed(fault, tmp_path)
    for name in fault.templates:
        assert (tmp_path / name).read_text() != (data_dir("templates") / name).read_text()
        # it is a template still
        environment().from_string((tmp_path / name).read_text())
    assert fault.seen.endswith(".")


def test_rendered_with_it():
    """The changed template is used, for the time being."""
    fault = next(f for f in FAULTS if f.name == "emulate-leave-of-16-bits")
    plan = plan_series(BASES[0], REVIEW)
    scope = plan.tip
    name = "arch/x86/kernel/uprobes.c"
    plain = Templates(scope).file(name)
    with hand._with_fault(fault):
        changed = Templates(scope).file(name)
    assert changed != plain
    assert Templates(scope).file(name) == plain


def test_its_own_ident():
    """It changes with the C: a verdict on what was there before is none."""
    fault = FAULTS[0]
    one, two = (RenderedFault(fault=fault, files={"a.c": text}) for text in ("x", "y"))
    assert one.ident != two.ident
    assert (one.paths, dict(one.changed({}))) == (("a.c",), {"a.c": "x"})
    assert one.said == fault.seen


def test_a_file(tmp_path):
    """Kind, what is seen, and the diff."""
    (tmp_path / "it.patch").write_text(GOOD)
    fault = read_fault(tmp_path / "it.patch")
    assert (fault.name, fault.kind, fault.seen) == ("it", "order", "A thing, when it happens.")
    assert (fault.templates, fault.reason) == (("x.c.j2",), "")


def test_a_file_with_a_reason(tmp_path):
    """Why no test can notice the fault; a survivor with it is explained."""
    head = "Seen: A thing,\nwhen it happens.\n"
    (tmp_path / "it.patch").write_text(GOOD.replace(head, f"{head}Reason: Of that\nkind.\n"))
    fault = read_fault(tmp_path / "it.patch")
    assert (fault.seen, fault.reason) == ("A thing, when it happens.", "Of that kind.")
    explain = Known("6.1", {}).explain
    assert explain(RenderedFault(fault=fault, files={})) == "Of that kind."


@pytest.mark.parametrize(
    "text",
    ["", GOOD.replace("Kind", "Sort"), GOOD.replace("Seen: ", ""), GOOD.replace("templates/", "")],
)
def test_no_fault(text, tmp_path):
    """A file that is none is named."""
    (tmp_path / "it.patch").write_text(text)
    with pytest.raises(UserError, match="this is no fault") as error:
        read_faults(tmp_path)
    assert "it.patch" in error.value.where


def test_none_is_there(tmp_path):
    """An empty directory is a mistake."""
    with pytest.raises(UserError, match="no fault is here"):
        read_faults(tmp_path)


def test_one_that_does_not_fit(tmp_path):
    """The templates have changed: it says which fault, and leaves the templates alone."""
    name = "kernel/events/uprobes.c/hit.c.j2"
    (tmp_path / "it.patch").write_text(GOOD.replace("x.c.j2", name))
    before = (data_dir("templates") / name).read_bytes()
    fault = read_fault(tmp_path / "it.patch")
    (tmp_path / "place").mkdir()
    with pytest.raises(UserError, match="does not fit the templates any more"):
        hand._write_changed(fault, tmp_path / "place")
    assert (data_dir("templates") / name).read_bytes() == before


def test_in_turn():
    """All of them, lot after lot, round and round."""
    five = FAULTS[:5]
    assert choose_in_turn(five, count=2, turn=0) == five[:2]
    assert choose_in_turn(five, count=2, turn=2) == (five[4], five[0])
    assert choose_in_turn(five, count=9, turn=3) == (*five[2:], *five[:2])
    seen = {f for turn in range(5) for f in choose_in_turn(five, count=2, turn=turn)}
    assert seen == set(five)
