# SPDX-License-Identifier: GPL-2.0-only
"""The interface of a series as a text: one sorted line for each thing that a reviewer has to know.

``format_interface`` writes ``interface.txt``, ``parse_interface`` reads it; what is in it says
``tree.interface``. The lines are::

    function FILE: PROTOTYPE
    hook FILE: CALLEE() in FUNCTION() after 'LINE OF THE BASE'
    macro NAME: VALUE
    member struct NAME: MEMBER: TYPE
    member enum NAME: ENUMERATOR
    opcode MAP: VERDICT (REASON): OPCODES
    review POINT: TEXT, by PATCHES
    state STATE: MEANING
    state STATE -> STATE: CAUSE: FUNCTION()
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from generator.csource.declared import Head, split_params
from generator.errors import UserError

FILE_NAME = "interface.txt"
REFUSED = "refused"
HEADER = "# The interface of the series, sorted; written by uprobekit render, not by hand."
_ONE_BYTE = "one-byte"


@dataclass(frozen=True, kw_only=True)
class FunctionFact(Head):
    """A function.

    Attributes:
        path: the file.
        body: its tokens, where the patches were read as well; they are not in the text.
    """

    path: str
    body: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Hook:
    """A place in the base where a function of the series is called, after the line ``after``."""

    callee: str
    path: str
    function: str
    after: str


@dataclass(frozen=True, kw_only=True)
class Facts:
    """The interface of a series.

    Attributes:
        functions: by path and name; a second one of that name has a number after it.
        members: type of each member, and "" for each enumerator, by ``struct name: member``.
        macros: value by name.
        opcodes: what is done about an opcode, and why, by ``0f 1f``, ``ff /2`` or ``vex 0f 10``.
        hooks: calls in functions of the base.
        states: meaning of a state by its name; cause and function of ``source -> target``.
        points: a point of the review, and which patches answer it, by ``R01``.
    """

    functions: Mapping[str, FunctionFact] = field(default_factory=dict)
    members: Mapping[str, str] = field(default_factory=dict)
    macros: Mapping[str, str] = field(default_factory=dict)
    opcodes: Mapping[str, str] = field(default_factory=dict)
    hooks: tuple[Hook, ...] = ()
    states: Mapping[str, str] = field(default_factory=dict)
    points: Mapping[str, str] = field(default_factory=dict)


def name_functions(functions: Iterable[FunctionFact]) -> dict[str, FunctionFact]:
    """Return functions by path and name, sorted; a second one of a name has a number after it."""
    found: dict[str, FunctionFact] = {}
    count: dict[str, int] = {}
    for fact in sorted(functions, key=lambda fact: (fact.path, fact.name, fact.signature)):
        key = f"{fact.path}: {fact.name}"
        count[key] = count.get(key, 0) + 1
        found[f"{key} #{count[key]}" if count[key] > 1 else key] = fact
    return found


def format_interface(facts: Facts) -> bytes:
    """Return the text of ``interface.txt``."""
    lines = [f"function {f.path}: {f.signature}" for f in facts.functions.values()]
    lines += [f"hook {hook_line(hook)}" for hook in facts.hooks]
    for kind, entries in (
        ("macro", facts.macros),
        ("member", facts.members),
        ("review", facts.points),
        ("state", facts.states),
    ):
        lines += [
            f"{kind} {name}: {value}" if value else f"{kind} {name}"
            for name, value in entries.items()
        ]
    lines += _opcode_lines(facts.opcodes)
    clean = (re.sub(r"\s+", " ", line) for line in lines)
    return "\n".join([HEADER, *sorted(clean), ""]).encode("utf-8", "surrogateescape")


def hook_line(hook: Hook) -> str:
    """Return a hook as a line has it."""
    after = f" after '{hook.after}'" if hook.after else ""
    return f"{hook.path}: {hook.callee}() in {hook.function}(){after}"


def _opcode_lines(opcodes: Mapping[str, str]) -> Iterator[str]:
    """Yield a line for each map and verdict; neighbours among the opcodes are a range."""
    groups: dict[tuple[str, str], list[int]] = {}
    for name, verdict in opcodes.items():
        place = -1 if "/" in name else -2
        front, code = name[:place], name[place:]
        groups.setdefault((front.strip() or _ONE_BYTE, verdict), []).append(int(code, 16))
    for (front, verdict), codes in groups.items():
        width = 1 if front.endswith("/") else 2
        yield f"opcode {front}: {verdict}: {' '.join(_ranges(sorted(codes), width))}"


def _ranges(codes: Sequence[int], width: int) -> Iterator[str]:
    ends = [n for n, code in enumerate(codes) if code + 1 not in codes[n + 1 : n + 2]]
    start = 0
    for end in ends:
        first, last = (f"{codes[n]:0{width}x}" for n in (start, end))
        yield first if first == last else f"{first}-{last}"
        start = end + 1


def parse_interface(data: bytes, *, where: str) -> Facts:
    """Return what ``format_interface`` has written.

    Raises:
        UserError: a line is of no kind that is known.
    """
    functions: list[FunctionFact] = []
    hooks: list[Hook] = []
    maps: dict[str, dict[str, str]] = {kind: {} for kind in _MAPS}
    for number, line in enumerate(data.decode("utf-8", "replace").splitlines(), 1):
        kind, _, rest = line.partition(" ")
        if kind == "function" and (match := _FUNCTION.fullmatch(rest)):
            functions.append(
                FunctionFact(
                    path=match[1], front=match[2], name=match[3], params=split_params(match[4])
                )
            )
        elif kind == "hook" and (match := _HOOK.fullmatch(rest)):
            hooks.append(
                Hook(path=match[1], callee=match[2], function=match[3], after=match[4] or "")
            )
        elif kind == "opcode" and (match := _OPCODES.fullmatch(rest)):
            maps[kind] |= dict.fromkeys(_spread(match[1], match[3]), match[2])
        elif kind in _MAPS and (match := _MAPS[kind].fullmatch(rest)):
            maps[kind][match[1]] = match[2] or ""
        elif line and not line.startswith("#"):
            raise UserError(
                f"this is no line of an interface: {line[:60]}",
                where=f"{where}:{number}",
                hint="uprobekit render writes the file; it is not edited by hand",
            )
    return Facts(
        functions=name_functions(functions),
        members=maps["member"],
        macros=maps["macro"],
        opcodes=maps["opcode"],
        hooks=tuple(hooks),
        states=maps["state"],
        points=maps["review"],
    )


_FUNCTION = re.compile(r"(\S+): (.*?)(\w+)\((.*)\)")
_HOOK = re.compile(r"(\S+): (\w+)\(\) in (\w*)\(\)(?: after '(.*)')?")
_OPCODES = re.compile(r"([^:]+): (.+): ([0-9a-f][-0-9a-f ]*)")
_MAPS = {
    "macro": re.compile(r"(\w+(?:\([^)]*\))?)(?:: (.+))?"),
    "member": re.compile(r"(\w+ \w+: \w+)(?:: (.+))?"),
    "opcode": _OPCODES,
    "review": re.compile(r"(\w+): (.+)"),
    "state": re.compile(r"([^:]+): (.+)"),
}


def _spread(front: str, codes: str) -> Iterator[str]:
    """Yield the opcodes that a line lists."""
    width = 1 if front.endswith("/") else 2
    start = "" if front == _ONE_BYTE else front + " " * (width == 2)
    for piece in codes.split():
        first, _, last = piece.partition("-")
        for code in range(int(first, 16), int(last or first, 16) + 1):
            yield f"{start}{code:0{width}x}"
