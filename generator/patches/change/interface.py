# SPDX-License-Identifier: GPL-2.0-only
"""Compare two interfaces: one ``Change`` for each thing a reviewer has to know about.

A function that goes and one that comes are a rename when their bodies and parameters are alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from enum import StrEnum

from generator.patches.change.mnemonic import name_opcode
from generator.tree.facts import Facts, FunctionFact, Hook

ALIKE = 0.75
"""From this share of equal tokens on, two functions are one under two names."""


class Kind(StrEnum):
    """What has changed, in the order in which it is shown."""

    FUNCTION = "function"
    PARAMETERS = "parameters"
    BODY = "body"
    MEMBER = "member"
    MACRO = "macro"
    OPCODE = "opcode"
    HOOK = "hook"
    STATE = "state"
    REVIEW = "review"


class What(StrEnum):
    """How it has changed."""

    ADDED = "added"
    REMOVED = "removed"
    RENAMED = "renamed"
    REORDERED = "reordered"
    MOVED = "moved"
    CHANGED = "changed"


@dataclass(frozen=True, kw_only=True)
class Change:
    """A difference of the interface; ``before`` is "" for what is added, ``after`` for removed."""

    kind: Kind
    what: What
    name: str
    before: str
    after: str


def compare_interfaces(
    before: Facts,
    after: Facts,
) -> tuple[Change, ...]:
    """Return what differs, sorted by kind and name.

    Args:
        before: the interface of one side.
        after: that of the other side.
    """
    found = [
        *_functions(before, after),
        *_maps(Kind.MEMBER, before.members, after.members),
        *_maps(Kind.MACRO, before.macros, after.macros),
        *_maps(Kind.OPCODE, before.opcodes, after.opcodes, name_opcode),
        *_hooks(_rename(before, after), after.hooks),
        *_maps(Kind.STATE, before.states, after.states),
        *_maps(Kind.REVIEW, before.points, after.points),
    ]
    order = list(Kind)
    return tuple(sorted(found, key=lambda change: (order.index(change.kind), change.name)))


def _functions(before: Facts, after: Facts) -> Iterator[Change]:
    gone = {k: f for k, f in before.functions.items() if k not in after.functions}
    come = {k: f for k, f in after.functions.items() if k not in before.functions}
    pairs = _renamed(gone, come)
    names = {gone[old].name: come[new].name for old, new in pairs}
    for old, new in pairs:
        what = What.RENAMED if gone[old].name != come[new].name else What.MOVED
        texts = (gone[old].name, come[new].name) if what is What.RENAMED else (old, new)
        yield _change(Kind.FUNCTION, what, new, *texts)
        yield from _function(new, gone.pop(old), come.pop(new), names)
    for key, fact in gone.items():
        yield _change(Kind.FUNCTION, What.REMOVED, key, fact.signature, "")
    for key, fact in come.items():
        yield _change(Kind.FUNCTION, What.ADDED, key, "", fact.signature)
    for key in before.functions.keys() & after.functions.keys():
        yield from _function(key, before.functions[key], after.functions[key], names)


def _rename(before: Facts, after: Facts) -> tuple[Hook, ...]:
    """Return the calls of the one side, with the names that functions have on the other."""
    gone = {k: f for k, f in before.functions.items() if k not in after.functions}
    come = {k: f for k, f in after.functions.items() if k not in before.functions}
    names = {gone[old].name: come[new].name for old, new in _renamed(gone, come)}
    return tuple(replace(call, callee=names.get(call.callee, call.callee)) for call in before.hooks)


def _renamed(
    gone: Mapping[str, FunctionFact], come: Mapping[str, FunctionFact]
) -> list[tuple[str, str]]:
    """Pair functions under their old and their new key, the most alike first."""
    scores = sorted(
        (
            (_alike(first, second), old, new)
            for old, first in gone.items()
            for new, second in come.items()
        ),
        reverse=True,
    )
    pairs: dict[str, str] = {}
    for score, old, new in scores:
        if score >= ALIKE and old not in pairs and new not in pairs.values():
            pairs[old] = new
    return list(pairs.items())


def _alike(first: FunctionFact, second: FunctionFact) -> float:
    """Return the share of equal tokens; 0 where a body is not known: parameters say too little."""
    if not (first.body and second.body):
        return 0.0
    left = [*" ".join(first.params).split(), *first.body]
    right = [*" ".join(second.params).split(), *second.body]
    matcher = SequenceMatcher(None, left, right, autojunk=False)
    return matcher.ratio() if matcher.quick_ratio() >= ALIKE else 0.0


def _function(
    name: str, before: FunctionFact, after: FunctionFact, names: Mapping[str, str]
) -> Iterator[Change]:
    """Compare a function on both sides; that others are called by a new name is no difference."""
    if before.params != after.params:
        same = sorted(before.params) == sorted(after.params)
        what = What.REORDERED if same else What.CHANGED
        texts = [f"({', '.join(fact.params)})" for fact in (before, after)]
        yield _change(Kind.PARAMETERS, what, name, *texts)
    if before.front != after.front:
        yield _change(Kind.FUNCTION, What.CHANGED, name, before.front, after.front)
    body = tuple(names.get(word, word) for word in before.body)
    if body and after.body and body != after.body:
        yield _change(Kind.BODY, What.CHANGED, name, *_sizes(body, after.body))


FEW = 12
"""So many tokens of a body are shown; of more, the number."""


def _sizes(before: tuple[str, ...], after: tuple[str, ...]) -> tuple[str, str]:
    """Say what of two bodies differs, or how much where that is a lot."""
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    pieces = [piece for piece in matcher.get_opcodes() if piece[0] != "equal"]
    gone = [" ".join(before[start:end]) for _, start, end, _, _ in pieces]
    come = [" ".join(after[start:end]) for _, _, _, start, end in pieces]
    counts = [sum(len(text.split()) for text in side) for side in (gone, come)]
    if max(counts) <= FEW:
        first, second = (" ... ".join(filter(None, side)) or "nothing" for side in (gone, come))
    else:
        first = f"{counts[0]} of {len(before)} tokens"
        second = f"{counts[1]} of {len(after)} tokens"
    return first, second


def _maps(
    kind: Kind,
    before: Mapping[str, str],
    after: Mapping[str, str],
    shown: Callable[[str], str] = str,
) -> Iterator[Change]:
    for name in before.keys() | after.keys():
        if name not in after:
            yield _change(kind, What.REMOVED, shown(name), before[name], "")
        elif name not in before:
            yield _change(kind, What.ADDED, shown(name), "", after[name])
        elif before[name] != after[name]:
            yield _change(kind, What.CHANGED, shown(name), before[name], after[name])


def _hooks(before: tuple[Hook, ...], after: tuple[Hook, ...]) -> Iterator[Change]:
    gone = [call for call in before if call not in after]
    come = [call for call in after if call not in before]
    for call in list(gone):
        moved = [other for other in come if other.callee == call.callee]
        moved.sort(key=lambda other: (other.path != call.path, other.function != call.function))
        if moved:
            gone.remove(call)
            come.remove(moved[0])
            yield _change(Kind.HOOK, What.MOVED, call.callee, _place(call), _place(moved[0]))
    for call in gone:
        yield _change(Kind.HOOK, What.REMOVED, call.callee, _place(call), "")
    for call in come:
        yield _change(Kind.HOOK, What.ADDED, call.callee, "", _place(call))


def _place(call: Hook) -> str:
    after = f" after '{call.after}'" if call.after else ""
    return f"{call.path}: {call.function}(){after}"


def _change(kind: Kind, what: What, name: str, before: str, after: str) -> Change:
    return Change(kind=kind, what=what, name=name, before=before, after=after)
