# SPDX-License-Identifier: GPL-2.0-only
"""Say what the interface of a series is: from the files before and after it, and the model.

Of what the base has as well, only what the series declares in another way is listed.
``tree.facts`` writes it as ``interface.txt``, and reads that.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping

from generator.csource.declared import list_calls, list_definitions, list_macros, list_members
from generator.model.bases import Base
from generator.model.opcodes import OPCODES
from generator.model.review import RULES
from generator.model.series import Patch
from generator.model.states import OUTSIDE, OUTSIDE_TRANSITIONS, STATES, TRANSITIONS
from generator.tree.facts import REFUSED, Facts, FunctionFact, Hook, hook_line, name_functions


def describe_interface(
    before: Mapping[str, str],
    after: Mapping[str, str],
    patches: Iterable[Patch],
    base: Base | None,
) -> Facts:
    """Return the interface of a series.

    Args:
        before: the files that the series touches, without it; one that is not there is new.
        after: the same files with it.
        patches: those of the series.
        base: whose names functions have, where what the model says of opcodes and states is what
            the series brings; None where it is not.
    """
    files = [(path, before.get(path, ""), after[path]) for path in sorted(after)]
    files = [file for file in files if file[0].endswith((".c", ".h"))]
    functions = [fact for file in files for fact in _functions(*file)]
    names = frozenset(fact.name for fact in functions)
    hooks = [
        Hook(callee=call.callee, path=path, function=call.function, after=call.after)
        for path, old, new in files
        for call in list_calls(old, new, names)
    ]
    return Facts(
        functions=name_functions(functions),
        members={k: v for _, old, new in files for k, v in _new(list_members, old, new)},
        macros={k: v for _, old, new in files for k, v in _new(list_macros, old, new)},
        opcodes=_opcodes() if base else {},
        hooks=tuple(sorted(hooks, key=hook_line)),
        states=_states(base) if base else {},
        points=_points(patches),
    )


def _functions(path: str, before: str, after: str) -> Iterator[FunctionFact]:
    known = {found.signature for found in list_definitions(before)}
    for found in list_definitions(after):
        if found.signature not in known:
            yield FunctionFact(name=found.name, path=path, front=found.front, params=found.params)


def _new(
    read: Callable[[str], Iterator[tuple[str, str]]], before: str, after: str
) -> Iterator[tuple[str, str]]:
    known = set(read(before))
    return (item for item in read(after) if item not in known)


def _opcodes() -> dict[str, str]:
    reasons = {
        f"{refusal.map} {opcode:02x}".strip(): refusal.reason
        for refusal in OPCODES.refusals
        for opcode in refusal.opcodes
    }
    letters = {
        f"{table.title} {code:02x}".strip(): letter
        for table in OPCODES.maps
        for code, letter in enumerate(table.letters)
    }
    for group in OPCODES.groups:
        label = " ".join(re.findall("..", f"{group.opcode:04x}".removeprefix("00")))
        letters |= {f"{label} /{reg}": letter for reg, letter in enumerate(group.letters)}
    verdicts = {letter: _verdict(letter) for letter in OPCODES.by_letter}
    told = {name: f" ({reason})" for name, reason in reasons.items() if reason}
    return {name: verdicts[letter] + told.get(name, "") for name, letter in letters.items()}


def _verdict(letter: str) -> str:
    fixups = OPCODES.by_letter[letter].fixups
    return " | ".join(name.removeprefix("UPROBE_") for name in fixups) or REFUSED


def _states(base: Base) -> dict[str, str]:
    states = {state.enumerator: state.meaning for state in (*STATES, *OUTSIDE)}
    moves = {
        f"{move.source} -> {move.target}": f"{move.cause}: {base.name_of(move.function)}()"
        for move in (*TRANSITIONS, *OUTSIDE_TRANSITIONS)
    }
    return states | moves


def _points(patches: Iterable[Patch]) -> dict[str, str]:
    found = {}
    patches = tuple(patches)
    for rule in RULES:
        answers = [patch.ident for patch in patches if rule.ident in patch.review]
        if answers:
            differs = f"; differs: {rule.deviation}" if rule.deviation else ""
            found[rule.ident] = f"{rule.point}, by {', '.join(answers)}{differs}"
    return found
