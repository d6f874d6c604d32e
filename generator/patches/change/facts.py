# SPDX-License-Identifier: GPL-2.0-only
"""Read the interface that patches leave behind from their C, parts of which are unknown.

Looks only at lines that the series brings: its functions, members, macros, opcode tables, and the
calls of its functions in functions of the base. The kernel's style is what makes this possible
without a parser: a definition begins at column 0, as do the braces of its body.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from generator.csource.scan import code
from generator.patches.partial import Cell

REFUSED = "refused"

_HEAD = re.compile(
    r"^(?P<front>[A-Za-z_][\w\s*]*?[\s*])(?P<name>\w+)\((?P<params>[^;{}\0]*)\)[^;{}()\0]*\n\{$",
    re.M,
)
_MEMBER = re.compile(r"\t+(?P<type>[A-Za-z_][\w\s]*?[\s*]+)(?P<name>\w+)(?P<array>(?:\[\w*\])*);")
_ENUMERATOR = re.compile(r"\t(?P<name>[A-Z]\w+)(?: = [^,]+)?,")
_MACRO = re.compile(r"#\s*define\s+(?P<name>\w\w+)(?P<args>\([^)]*\))?(?:\s+(?P<value>.*))?$")
_LETTER = re.compile(r"^#define (\w)\s+(\([^)]*\)|\w+)", re.M)
_MAP = re.compile(r"^static const u8 uprobe_map_(\w+)\[256\] = \{\n(.*?)^\};", re.M | re.S)
_GROUP = re.compile(r"^\t\{ 0x([0-9a-f]{4}), \{ ([\w, ]+) \} \},", re.M)
_CONTAINER = re.compile(r"(struct|enum|union) (\w+) \{$")
_CALL = re.compile(r"\b([a-z]\w+)\(")
_COMMENT = re.compile(r"/\*.*?(?:\*/|$)")
_ESCAPES = {"1byte": "", "0f38": "0f 38 ", "0f3a": "0f 3a ", "5": "05 ", "6": "06 "}


@dataclass(frozen=True, kw_only=True)
class FunctionFact:
    """A definition: ``front`` is what stands before its name, ``body`` its text as tokens."""

    name: str
    path: str
    front: str
    params: tuple[str, ...]
    body: tuple[str, ...]

    @property
    def signature(self) -> str:
        """The prototype in one line."""
        return f"{self.front}{self.name}({', '.join(self.params)})"


@dataclass(frozen=True, kw_only=True)
class Call:
    """A place in the base where a function of the series gets called, behind ``after``."""

    callee: str
    path: str
    function: str
    after: str


@dataclass(frozen=True, kw_only=True)
class Facts:
    """The interface of a series.

    Attributes:
        functions: by path and name; a second one of that name has a number behind it.
        members: type of each member, and "" for each enumerator, by ``container.name``.
        macros: value by name.
        opcodes: what is done about an opcode, by ``0f 1f``, ``ff /2`` or ``vex 0f 10``.
        calls: in functions of the base.
    """

    functions: Mapping[str, FunctionFact] = field(default_factory=dict)
    members: Mapping[str, str] = field(default_factory=dict)
    macros: Mapping[str, str] = field(default_factory=dict)
    opcodes: Mapping[str, str] = field(default_factory=dict)
    calls: tuple[Call, ...] = ()


def read_facts(tip: Mapping[str, Sequence[Cell]]) -> Facts:
    """Return the interface of the files that a series leaves."""
    functions: dict[str, FunctionFact] = {}
    members: dict[str, str] = {}
    macros: dict[str, str] = {}
    opcodes: dict[str, str] = {}
    texts = {path: _Text(path, tip[path]) for path in sorted(tip) if path.endswith((".c", ".h"))}
    for path, text in texts.items():
        for fact in text.functions():
            key = f"{path}: {fact.name}"
            same = sum(known == key or known.startswith(f"{key} #") for known in functions)
            functions[f"{key} #{same + 1}" if same else key] = fact
        members |= dict(text.members())
        macros |= dict(text.macros())
        opcodes |= dict(text.opcodes())
    names = frozenset(fact.name for fact in functions.values())
    return Facts(
        functions=functions,
        members=members,
        macros=macros,
        opcodes=opcodes,
        calls=tuple(call for text in texts.values() for call in text.calls(names)),
    )


class _Text:
    """A file; an unknown line is a NUL, which no expression here matches."""

    def __init__(self, path: str, cells: Sequence[Cell]) -> None:
        self.path = path
        self.cells = cells
        self.lines = [_line(cell.text) for cell in cells]
        self.text = "\n".join(self.lines)
        # a comment that is cut off must not swallow what stands behind the gap
        self.code = "\0".join(code(piece) for piece in self.text.split("\0"))
        self.code_lines = self.code.split("\n")

    def functions(self) -> Iterator[FunctionFact]:
        for match in _HEAD.finditer(self.code):
            number = self.code.count("\n", 0, match.start("name"))
            if not self.cells[number].ours:
                continue
            end = self.code.find("\n}", match.end())
            body = self.code[match.end() : end] if end >= 0 else ""
            original = self.text[match.start("params") : match.end("params")]
            yield FunctionFact(
                name=match["name"],
                path=self.path,
                front=_squeeze(match["front"], keep_end=True),
                params=tuple(_split(original)),
                body=tuple(re.findall(r"\w+|[^\w\s\0]", body)),
            )

    def members(self) -> Iterator[tuple[str, str]]:
        for number, line in enumerate(self.code_lines):
            if not self.cells[number].ours or not line.startswith("\t"):
                continue
            member = _MEMBER.fullmatch(line.rstrip())
            value = _ENUMERATOR.fullmatch(line.rstrip())
            if not (member or value):
                continue
            kind, name = self._around(number)
            if kind == "enum" and value:
                yield f"enum {name}: {value['name']}", ""
            elif kind in ("struct", "union") and member:
                of = _squeeze(member["type"]) + member["array"]
                yield f"{kind} {name}: {member['name']}", of

    def macros(self) -> Iterator[tuple[str, str]]:
        for cell, line in zip(self.cells, self.lines, strict=True):
            match = _MACRO.match(_COMMENT.sub("", line).rstrip()) if cell.ours else None
            if match:
                yield match["name"] + (match["args"] or ""), _squeeze(match["value"] or "")

    def opcodes(self) -> Iterator[tuple[str, str]]:
        letters = {m[1]: _verdict(m[2]) for m in _LETTER.finditer(self.text)}
        for match in _MAP.finditer(self.text):
            row = re.findall(r"\w", re.sub(r"/\*.*?\*/", "", match[2]))
            vex = match[1].startswith(("vex_", "evex_"))
            name = match[1].removeprefix("e").removeprefix("vex_")
            escape = ("vex " if vex else "") + _ESCAPES.get(name, f"{name} ")
            for opcode, letter in enumerate(row):
                yield f"{escape}{opcode:02x}", letters.get(letter, letter)
        for match in _GROUP.finditer(self.text):
            code_point = match[1].removeprefix("00")
            label = f"{code_point[:2]} {code_point[2:]}".strip()
            for reg, letter in enumerate(re.findall(r"\w", match[2])):
                yield f"{label} /{reg}", letters.get(letter, letter)

    def calls(self, names: frozenset[str]) -> Iterator[Call]:
        for number, line in enumerate(self.code_lines):
            if not self.cells[number].ours or not line.startswith("\t"):
                continue
            for match in _CALL.finditer(line):
                if match[1] not in names:
                    continue
                kind, function = self._around(number)
                if kind == "function":
                    yield Call(
                        callee=match[1],
                        path=self.path,
                        function=function,
                        after=self._before(number),
                    )

    def _before(self, number: int) -> str:
        """Return the line of the base in front of a line."""
        while number > 0:
            number -= 1
            cell = self.cells[number]
            if cell.text is None:
                return ""
            if not cell.ours and cell.text.strip():
                return cell.text.strip()
        return ""

    def _around(self, number: int) -> tuple[str, str]:
        """Return kind and name of what a line stands in; a function of the series is none."""
        for place in range(number - 1, -1, -1):
            line = self.code_lines[place]
            if "\0" in line:
                return _heading(self.cells[place + 1].heading)
            if line.startswith("}"):
                return "", ""
            container = _CONTAINER.match(line)
            if container:
                return container[1], container[2]
            if line.rstrip() == "{":
                return self._function(place)
        return "", ""

    def _function(self, brace: int) -> tuple[str, str]:
        start = brace
        while start > 0 and re.match(r"[\w\s*(),.]+$", self.code_lines[start - 1]):
            if not self.code_lines[start - 1].strip():
                break
            start -= 1
        if any(cell.ours for cell in self.cells[start:brace]):
            return "", ""
        if start == brace and brace > 0 and "\0" in self.code_lines[brace - 1]:
            return _heading(self.cells[brace].heading)
        return _heading(" ".join(self.code_lines[start:brace]))


def _line(text: str | None) -> str:
    return "\0" if text is None else text.replace("\0", "\ufffd")


def _heading(text: str) -> tuple[str, str]:
    """Return kind and name of what a line at column 0 begins."""
    container = re.match(r"(?:typedef )?(struct|enum|union) (\w+) \{", text)
    if container:
        return container[1], container[2]
    call = re.search(r"(\w+)\s*\((\w*)", text)
    if not call:
        return "", ""
    # DEFINE_IDTENTRY(exc_debug) defines exc_debug
    return "function", call[2] if call[1].isupper() and call[2] else call[1]


def _verdict(value: str) -> str:
    """Return the fixups of a class in words."""
    names = re.findall(r"[A-Z]\w+", value)
    return " | ".join(name.removeprefix("UPROBE_") for name in names) or REFUSED


def _squeeze(text: str, *, keep_end: bool = False) -> str:
    short = re.sub(r"\s+", " ", text).strip()
    return f"{short} " if keep_end and not short.endswith("*") else short


def _split(params: str) -> Iterator[str]:
    """Yield the parameters of a list, each in one line."""
    depth, start = 0, 0
    for place, sign in enumerate(f"{params},"):
        depth += {"(": 1, ")": -1}.get(sign, 0)
        if sign == "," and depth == 0:
            yield _squeeze(_COMMENT.sub("", params[start:place]))
            start = place + 1
