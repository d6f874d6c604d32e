# SPDX-License-Identifier: GPL-2.0-only
"""List what a C file declares: functions, members, macros, and who calls them.

Reads the text of one file in the kernel's style, where a definition begins at column 0, as do the
braces of its body. A line that is not known is a NUL: nothing here matches it, and a comment that
it cuts off does not swallow what follows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cached_property

from generator.csource.lexer import code

_HEAD = re.compile(
    r"^(?P<front>[A-Za-z_][\w\s*]*?[\s*])(?P<name>\w+)\((?P<params>[^;{}\0]*)\)[^;{}()\0]*\n\{$",
    re.M,
)
_MEMBER = re.compile(r"\t+(?P<type>[A-Za-z_][\w\s]*?[\s*]+)(?P<name>\w+)(?P<array>(?:\[\w*\])*);")
_ENUMERATOR = re.compile(r"\t(?P<name>[A-Z]\w+)(?: = [^,]+)?,")
_MACRO = re.compile(r"#\s*define\s+(?P<name>\w\w+)(?P<args>\([^)]*\))?(?:\s+(?P<value>.*))?$")
_CONTAINER = re.compile(r"(struct|enum|union) (\w+) \{$")
_CALL = re.compile(r"\b([a-z]\w+)\(")
_HEADING = re.compile(r"(?=.*\S)[\w\s*(),.]+")
_COMMENT = re.compile(r"/\*.*?(?:\*/|$)")


@dataclass(frozen=True, kw_only=True)
class Head:
    """What stands before a function's body.

    Attributes:
        name: the identifier.
        front: what stands before it.
        params: the parameters, each on one line.
    """

    name: str
    front: str
    params: tuple[str, ...]

    @property
    def signature(self) -> str:
        """The prototype on one line."""
        return f"{self.front}{self.name}({', '.join(self.params)})"


@dataclass(frozen=True, kw_only=True)
class Definition(Head):
    """A function's definition.

    Attributes:
        code: the body, comments and strings blanked.
        line: where the name stands, from 0.
    """

    code: str
    line: int

    @cached_property
    def body(self) -> tuple[str, ...]:
        """The tokens of the body, without strings."""
        return tuple(re.findall(r"\w+|[^\w\s\0]", self.code))


@dataclass(frozen=True, kw_only=True)
class Call:
    """A call of a function: in ``function``, and after which line of code of the base."""

    callee: str
    function: str
    after: str


def list_definitions(text: str) -> Iterator[Definition]:
    """Yield the functions that ``text`` defines, in their order."""
    masked = _masked(text)
    for match in _HEAD.finditer(masked):
        end = masked.find("\n}", match.end())
        yield Definition(
            name=match["name"],
            front=_squeeze(match["front"], keep_end=True),
            params=split_params(text[match.start("params") : match.end("params")]),
            code=masked[match.end() : end] if end >= 0 else "",
            line=masked.count("\n", 0, match.start("name")),
        )


def list_members(text: str) -> Iterator[tuple[str, str]]:
    """Yield members as ``struct a: b`` with their type, enumerators with ""."""
    kind = name = ""
    for line in _masked(text).split("\n"):
        container = _CONTAINER.match(line)
        if container:
            kind, name = container.groups()
        elif line.startswith(("}", "{", "\0")):
            kind = ""
        elif kind == "enum" and (value := _ENUMERATOR.fullmatch(line.rstrip())):
            yield f"enum {name}: {value['name']}", ""
        elif kind in ("struct", "union") and (member := _MEMBER.fullmatch(line.rstrip())):
            yield f"{kind} {name}: {member['name']}", _squeeze(member["type"]) + member["array"]


def list_macros(text: str) -> Iterator[tuple[str, str]]:
    """Yield macros of two letters and more, with their parameters and the value."""
    for line in text.split("\n"):
        if match := _MACRO.match(_COMMENT.sub("", line).rstrip()):
            yield match["name"] + (match["args"] or ""), _squeeze(match["value"] or "")


def list_calls(before: str, after: str, names: frozenset[str]) -> Iterator[Call]:
    """Yield calls of ``names`` in lines that functions of ``before`` have got in ``after``.

    Args:
        before: the file of the base.
        after: the same file, with the series.
        names: the functions of the series.
    """
    known: dict[str, list[list[str]]] = {}
    for heading, _, lines in _blocks(before):
        known.setdefault(heading, []).append(lines)
    masked = _masked(after).split("\n")
    for heading, start, lines in _blocks(after):
        called = {word for line in lines for word in _CALL.findall(line)} & names
        if not called or not known.get(heading):
            continue
        old = known[heading].pop(0)
        if old == lines:
            continue
        added, anchor = _added(old, lines), ""
        for number, line in enumerate(lines):
            statement = masked[start + number]
            if number not in added:
                anchor = line.strip() if statement.strip() else anchor
                continue
            for word in _CALL.findall(statement):
                if word in names:
                    yield Call(callee=word, function=_function_name(heading), after=anchor)


def _added(before: Sequence[str], after: Sequence[str]) -> set[int]:
    """Return which lines of ``after`` are not in ``before``; the last of equal places, as git."""
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    added: set[int] = set()
    for kind, _, _, start, end in matcher.get_opcodes():
        while kind == "insert" and end < len(after) and after[start] == after[end]:
            start, end = start + 1, end + 1
        if kind in ("insert", "replace"):
            added.update(range(start, end))
    return added


def _blocks(text: str) -> Iterator[tuple[str, int, list[str]]]:
    """Yield what has a body with its braces in column 0: heading, first line, lines as they are."""
    masked, lines = _masked(text).split("\n"), text.split("\n")
    start = -1
    for number, line in enumerate(masked):
        if line.rstrip() == "{":
            start = number
            while start and _HEADING.fullmatch(masked[start - 1]):
                start -= 1
            opening = number
        elif start >= 0 and line.startswith("}"):
            yield " ".join(masked[start:opening]), opening, lines[opening:number]
            start = -1


def _function_name(heading: str) -> str:
    """Return the function that a heading defines; DEFINE_IDTENTRY(exc_debug) is exc_debug."""
    call = re.search(r"(\w+)\s*\((\w*)", heading)
    if not call:
        return ""
    return call[2] if call[1].isupper() and call[2] else call[1]


def _masked(text: str) -> str:
    # between most lines that are not known there is nothing to look at
    return "\0".join([code(piece) if piece.strip() else piece for piece in text.split("\0")])


def split_params(params: str) -> tuple[str, ...]:
    """Return the parameters in a list, each on one line, without comments."""
    found, depth, start = [], 0, 0
    for match in re.finditer(r"[(),]", f"{params},"):
        depth += {"(": 1, ")": -1}.get(match[0], 0)
        if match[0] == "," and depth == 0:
            found.append(_squeeze(_COMMENT.sub("", params[start : match.start()])))
            start = match.end()
    return tuple(found)


def _squeeze(text: str, *, keep_end: bool = False) -> str:
    short = re.sub(r"\s+", " ", text).strip()
    return f"{short} " if keep_end and not short.endswith("*") else short
