# SPDX-License-Identifier: GPL-2.0-only
"""What each fact of ``base.has`` decides: templates, functions and patches of the series."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from generator.checks.port.item import Item, Work
from generator.checks.port.uses import holds
from generator.model.bases import Base
from generator.model.bases.facts import FACTS
from generator.model.interface import INTERFACE
from generator.model.series import SERIES
from generator.paths import data_dir
from generator.tree.acquire import Source

_ASKED = re.compile(r"[\"'](\w+)[\"']\s+(?:not\s+)?in\s+base\.has")


@dataclass(frozen=True, kw_only=True)
class Decision:
    """A fact, and what it decides.

    Attributes:
        fact: the word.
        what: what it means.
        said: whether the base says it.
        shown: whether the tree shows it.
        where: the file that shows it.
        decides: templates with their line, functions and patches.
    """

    fact: str
    what: str
    said: bool
    shown: bool
    where: str
    decides: tuple[str, ...]


@cache
def _decided() -> Mapping[str, tuple[str, ...]]:
    found: dict[str, list[str]] = defaultdict(list)
    for series in SERIES:
        for patch in series.patches:
            if patch.needs:
                found[patch.needs].append(f"the patch {patch.ident}")
    for function in INTERFACE.functions:
        for word in {function.needs, function.unless} - {""}:
            found[word].append(f"{function.name}()")
    folder = data_dir("templates")
    for path in sorted(folder.rglob("*.j2")):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            for word in _ASKED.findall(line):
                found[word].append(f"templates/{path.relative_to(folder)}:{number}")
    return {word: tuple(dict.fromkeys(places)) for word, places in found.items()}


def decide_facts(base: Base, source: Source) -> tuple[Decision, ...]:
    """Return every fact: what the base says, what the tree shows, and what it decides."""
    return tuple(
        Decision(
            fact=fact.ident,
            what=fact.what,
            said=fact.ident in base.has,
            shown=holds(fact, source),
            where=f"{fact.path}: {fact.anchor.kind} {fact.anchor.name}",
            decides=_decided().get(fact.ident, ()),
        )
        for fact in FACTS
    )


def wrong_facts(base: Base, decisions: tuple[Decision, ...]) -> list[Item]:
    """Return the facts that the base says and the tree does not show, and the reverse.

    What a fact rests on may only have another name now: a fact that is lost is to be decided.
    """
    return [
        Item(
            work=Work.DECIDE if one.said else Work.NAME,
            kind="fact",
            name=one.fact,
            where=one.where,
            problem=f"the tree {'shows' if one.shown else 'does not show'} that {one.what}",
            like=f"the base {base.name} {'says' if one.said else 'does not say'} it",
            used=one.decides,
        )
        for one in decisions
        if one.said != one.shown
    ]
