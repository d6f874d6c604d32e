# SPDX-License-Identifier: GPL-2.0-only
"""Look at a tree of another version with the data of a base: all that does not hold, by its work.

Nothing is built and nothing is written. What the types of the kernel's own functions and members
were is read from a tree of the nearest base, when there is one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache

from generator import csource
from generator.checks.port.callers import compare_interface
from generator.checks.port.facts import Decision, decide_facts, wrong_facts
from generator.checks.port.fit import Trial, after_baseline, try_edits
from generator.checks.port.item import Item, Work, by_work
from generator.checks.port.remains import Remains, things_in
from generator.checks.port.types import compare_model, compare_types, member_types, signatures
from generator.checks.port.uses import Declarations, Use, check_uses, find_needs
from generator.errors import UserError
from generator.model.bases import Base
from generator.model.edits import InsertLines
from generator.model.files import CORE, CORE_H
from generator.model.series import Series
from generator.paths import data_dir
from generator.plan import Plan, plan_series
from generator.render.env import Templates
from generator.tree.acquire import Source


@dataclass(frozen=True, kw_only=True)
class Survey:
    """How the data of a base fits a tree.

    Attributes:
        version: of the tree.
        like: the base whose data was tried.
        compared: release of the tree whose types were compared; "" when there was none.
        trials: its edits.
        uses: what its C asks for.
        facts: the words of ``base.has`` and what each decides.
        items: what does not hold, the heaviest work first.
    """

    version: str
    like: str
    compared: str = ""
    trials: tuple[Trial, ...]
    uses: tuple[Use, ...]
    facts: tuple[Decision, ...] = ()
    items: tuple[Item, ...] = ()

    @property
    def problems(self) -> int:
        """How many things do not hold."""
        return len(self.items)


def survey_tree(base: Base, series: Series, source: Source, like: Source | None) -> Survey:
    """Look at a tree with the data of ``base``.

    Args:
        base: whose data is tried.
        series: what is rendered.
        source: the tree.
        like: a tree of the nearest base, for what its declarations are.
    """
    plan = plan_series(base, series)
    needs = find_needs(base, series)
    trials = try_edits(plan, source)
    here, there = Declarations(source, needs), Declarations(like, needs) if like else None
    uses = check_uses(here)
    facts = decide_facts(base, source)
    remains = Remains(plan, source, after_baseline(plan, source), needs)
    typed = list(compare_model(base, series, source))
    items = [
        *typed,
        *_lost_uses(uses, here, there, source),
        *remains.dangling(),
        *remains.orphans(),
        *remains.clashes(),
        *wrong_facts(base, facts),
        *_lost_edits(trials),
        *_taken_values(plan, source, remains),
    ]
    if like and there:
        items += _compared_types(here, there, items)
        items += _compared_interface(source, like, remains.gone_from(CORE_H), items)
    named = [replace(item, used=_with_lines(item)) for item in items]
    return Survey(
        version=source.version,
        like=base.name,
        compared=like.version if like else "",
        trials=trials,
        uses=uses,
        facts=facts,
        items=by_work(named),
    )


def _compared_types(here: Declarations, there: Declarations, known: list[Item]) -> list[Item]:
    """Return what has other types than in the known tree, and is not known to be wrong already."""
    seen = {item.name for item in known}
    return [item for item in compare_types(here, there) if item.name not in seen]


def _compared_interface(
    source: Source, like: Source, gone: frozenset[str], known: list[Item]
) -> Iterator[Item]:
    """Yield what the interface has otherwise than in the known tree, and is not known already."""
    seen = {item.name for item in known}
    for item in compare_interface(source, like, gone):
        called = any(old.kind == "remains" and old.name == item.name for old in known)
        if item.name not in seen and not called:
            yield item


def _lost_edits(trials: tuple[Trial, ...]) -> Iterator[Item]:
    for trial in trials:
        if trial.problem:
            follows = ", ".join(f"#{number}" for number in trial.perhaps)
            perhaps = f" (perhaps because of {follows})" if follows else ""
            yield Item(
                work=Work.PLACE,
                kind="edit",
                name=f"#{trial.number} {trial.step}: {trial.what}{perhaps}",
                where=trial.path,
                problem=trial.problem.removeprefix(f"{trial.path}: "),
            )


def _taken_values(plan: Plan, source: Source, remains: Remains) -> Iterator[Item]:
    """Yield macros that the series inserts with a number that another of their kind has."""
    templates = Templates(plan.tip)
    groups = (plan.baseline, *(planned.edits for planned in plan.patches))
    for edit in (edit for group in groups for edit in group if isinstance(edit, InsertLines)):
        for name, value in _NUMBERED.findall(templates.text(edit.text)):
            try:
                text = source.load(edit.path)
            except UserError:
                continue
            family = name.partition("_")[0]
            gone = remains.gone_from(edit.path)
            for match in re.finditer(rf"^#define[ \t]+({family}_\w+)[ \t]+{value}\b", text, re.M):
                if match[1] != name and match[1] not in gone:
                    yield Item(
                        work=Work.PLACE,
                        kind="edit",
                        name=name,
                        where=f"{edit.path}:{csource.line_of(text, match.start())}",
                        problem=f"is to be {value}, which {match[1]} is",
                    )


_NUMBERED = re.compile(r"^#define[ \t]+(\w+_\w+)[ \t]+(\d+)\b", re.M)


def _lost_uses(
    uses: tuple[Use, ...], new: Declarations, like: Declarations | None, source: Source
) -> Iterator[Item]:
    for use in uses:
        if use.problem:
            call = f"{use.name}()" if use.kind == "function" else use.name
            near = _near(use.name, source)
            yield Item(
                work=Work.WRITE,
                kind=use.kind,
                name=call,
                where=_where(use, new) or template_line(use.where, use.name.split(".")[-1]),
                problem=use.problem + (f"; perhaps {near}" if near else ""),
                like=_declared(use, like) if like else "",
                used=(f"templates/{use.where}.j2",),
            )


def _where(use: Use, tree: Declarations) -> str:
    """Return the declaration of a thing in a tree, or ""."""
    if use.kind == "function":
        found = signatures(use.name, tree)
        return found[0].place if found else ""
    if use.kind == "member":
        struct, _, member = use.name.partition(".")
        members = member_types(tree, struct, member)
        return members[0].place if members else ""
    return ""


def _declared(use: Use, tree: Declarations) -> str:
    """Return the declaration of a thing in the known tree, with its types, or ""."""
    struct, _, member = use.name.partition(".")
    found = (
        member_types(tree, struct, member) if use.kind == "member" else signatures(use.name, tree)
    )
    return f"{found[0].place}: {found[0]}" if found else tree.line(use.name)


def _near(name: str, source: Source) -> str:
    """Return what the core or its header has under a longer name, with its place, or ""."""
    for path in (CORE_H, CORE):
        try:
            text = source.load(path)
        except UserError:
            continue
        for other, line in things_in(text).items():
            if other != name and other.endswith(f"_{name}"):
                return f"{other} ({path}:{line})"
    return ""


def template_line(template: str, word: str) -> str:
    """Return file and line of the first use of a word in a template, or the file alone."""
    place = f"templates/{template}.j2"
    for number, words in enumerate(_template_words(template), 1):
        if word in words:
            return f"{place}:{number}"
    return place


@cache
def _template_words(template: str) -> tuple[frozenset[str], ...]:
    """Return the words of each line of a template."""
    path = data_dir("templates") / f"{template}.j2"
    lines = path.read_text().splitlines() if path.is_file() else []
    return tuple(frozenset(re.findall(r"\w+", line)) for line in lines)


def _with_lines(item: Item) -> tuple[str, ...]:
    word = item.name.removesuffix("()").rpartition(".")[2]
    return tuple(
        template_line(place.removeprefix("templates/").removesuffix(".j2"), word)
        if place.startswith("templates/") and place.endswith(".j2")
        else place
        for place in item.used
    )
