# SPDX-License-Identifier: GPL-2.0-only
"""Make the data of a new base of that of another one and a tree: what can be found out is done.

Edits that hold elsewhere are moved, parameters and spellings are taken from the tree, functions
that nothing would call go out with the baseline. Everything that a person has to look at is a
sentence of ``Base.undecided``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from generator import csource
from generator.checks.port.facts import decide_facts
from generator.checks.port.fit import Lost, after_baseline, mend_edits
from generator.checks.port.item import Item
from generator.checks.port.mend import Places, alternatives
from generator.checks.port.remains import Remains, things_in
from generator.checks.port.survey import survey_tree
from generator.checks.port.types import compare_model, read_params
from generator.checks.port.uses import find_needs, right_calls
from generator.errors import UserError
from generator.model.bases import BASES, Base
from generator.model.bases.derive import Changes, derive
from generator.model.decl import Param
from generator.model.edits import (
    Anchor,
    Edit,
    Piece,
    Remove,
    RemoveFunctions,
    RemoveStatements,
)
from generator.model.files import CORE_H
from generator.model.interface import INTERFACE
from generator.model.series import Series
from generator.plan import plan_series
from generator.render.env import spelling
from generator.tree.acquire import Source


@dataclass(frozen=True, kw_only=True)
class Start:
    """A base that is being made.

    Attributes:
        base: the base, with what is undecided.
        like: the base that it is made of.
        changed: the edits of ``like`` that have become others.
        baseline: the edits that the baseline has besides.
        spelled, params: what is written otherwise than there.
    """

    base: Base
    like: Base
    changed: Changes
    baseline: tuple[Edit, ...]
    spelled: dict[str, Piece]
    params: dict[str, tuple[Param, ...]]


def _mended(like: Base, series: Series, source: Source) -> tuple[Lost, ...]:
    """Return the edits of ``like`` that do not fit, with what is found in their stead."""
    plan = plan_series(like, series)
    own = {edit for planned in plan.patches for edit in planned.edits}
    others = tuple(
        edit
        for base in BASES
        for planned in plan_series(base, series).patches
        for edit in planned.edits
        if edit not in own
    )
    return mend_edits(plan, source, partial(alternatives, Places(plan, source), others))


def start_base(
    name: str, like: Base, series: Series, source: Source, like_source: Source | None
) -> Start:
    """Return the base ``name``, made of ``like`` for a tree of that version."""
    lost = _mended(like, series, source)
    # the baseline and a patch may have the same edit
    changed = tuple({one.edit: (one.instead,) if one.instead else () for one in lost}.items())
    facts = decide_facts(like, source)
    spelled, params = _spelled(like, source), _params(like, series, source)
    make = partial(
        derive,
        like,
        name=name,
        has=like.has | {fact.fact for fact in facts if fact.shown},
        spelled=spelled,
        params=params,
        changed=changed,
    )
    baseline = _orphans(make(), series, source)
    base = make(baseline=baseline)
    survey = survey_tree(base, series, source, like_source)
    calls = " ".join(map(spelling, spelled.values()))
    sentences = (
        *_moved(lost),
        *(_sentence(item) for item in survey.items if not _is_spelled(item, calls)),
    )
    undecided = tuple(text.replace(f"{source.path}/", "") for text in sentences)
    return Start(
        base=make(baseline=baseline, undecided=undecided),
        like=like,
        changed=changed,
        baseline=baseline,
        spelled=spelled,
        params=params,
    )


def _spelled(like: Base, source: Source) -> dict[str, Piece]:
    """Return the spellings of other bases for those that do not hold: the last one that does."""
    every = {base.spelled[key] for base in (like, *BASES) for key in like.spelled}
    texts = {each: spelling(each) for each in every}
    right = right_calls({text for text in texts.values() if "(" in text}, source)
    holds = {each for each, text in texts.items() if "(" not in text or text in right}
    return {
        key: base.spelled[key]
        for key in like.spelled
        if like.spelled[key] not in holds
        for base in BASES
        if base.spelled[key] in holds
    }


def _params(like: Base, series: Series, source: Source) -> dict[str, tuple[Param, ...]]:
    """Return the parameters of functions that the tree declares otherwise than the model."""
    found = {}
    for item in compare_model(like, series, source):
        name = item.name.removesuffix("()")
        key = next(f.name for f in INTERFACE.functions if like.name_of(f.name) == name)
        found[key] = tuple(Param(kind, word) for kind, word in read_params(source, name))
    return found


def _orphans(base: Base, series: Series, source: Source) -> tuple[Edit, ...]:
    """Return the edits that take out what nothing calls any more, and its prototypes."""
    plan = plan_series(base, series)
    remains = Remains(plan, source, after_baseline(plan, source), find_needs(base, series))
    edits: list[Edit] = []
    header = _header(source)
    for path in sorted({item.where.partition(":")[0] for item in remains.orphans()}):
        names = remains.orphan_names(path)
        edits.append(RemoveFunctions(path=path, names=names))
        declared = tuple(
            Anchor(kind="declaration", name=name)
            for name in names
            if name in things_in(header) and csource.find_declaration(header, name)
        )
        if declared:
            edits.append(Remove(path=CORE_H, anchors=declared))
    return tuple(edits)


def _header(source: Source) -> str:
    """Return the header of the core; nothing, where there are no uprobes."""
    try:
        return source.load(CORE_H)
    except UserError:
        return ""


def _moved(lost: tuple[Lost, ...]) -> list[str]:
    """Return a sentence for each edit that was moved or left out."""
    rows = []
    for one in lost:
        place = f"edit {one.trial.number}, {one.trial.path}: {one.trial.what}"
        if one.instead:
            rows.append(f"{place}: now {_place_of(one.instead)}")
        elif not isinstance(one.edit, RemoveFunctions | Remove | RemoveStatements):
            # what was to be taken out and is not there leaves nothing behind, or is found as a use
            rows.append(f"{place}: left out, {one.trial.problem}")
    return rows


def _place_of(edit: Edit) -> str:
    """Return where an edit has its place: the file, and in it the function and what is beside."""
    words = [f"in {edit.path}"]
    if function := getattr(edit, "function", "") or getattr(edit, "within", ""):
        words.append(function)
    for side in ("before", "after"):
        beside = getattr(edit, side, "")
        if beside:
            words.append(f"{side} {beside.name if isinstance(beside, Anchor) else beside}")
    return " ".join(words)


def _is_spelled(item: Item, names: str) -> bool:
    """Tell whether an item is a function whose call was spelled anew for the tree."""
    return item.kind == "type" and item.name.removesuffix(")") in names


def _sentence(item: Item) -> str:
    there = f"; there: {item.like}" if item.like else ""
    return f"{item.where}: {item.name}: {item.problem}{there}"
