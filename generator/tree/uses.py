# SPDX-License-Identifier: GPL-2.0-only
"""What a piece of C uses, and what a file declares, as ``tree.names`` compares them.

Reads text: what is not seen without a compiler, such as the types of variables, is not looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from generator import csource
from generator.model.bases import Base
from generator.model.edits import InsertLines
from generator.model.interface import INTERFACE
from generator.render.env import Templates

_KEYWORDS = frozenset(
    (
        *("if", "for", "while", "switch", "return", "sizeof", "typeof", "__typeof__", "defined"),
        *("volatile", "do", "case", "else", "asm", "__attribute__", "__aligned", "__maybe_unused"),
    )
)
_DECLARED = re.compile(
    r"^(?:[ \t]*#[ \t]*define[ \t]+(\w+)"
    r"|(?!(?:return|else|EXPORT\w*)\b)(?:[A-Za-z_][^\n;={}()]*?)?\b(\w+)[ \t]*\()",
    re.M,
)
_CALL = re.compile(r"(?<![\w.>])([A-Za-z_]\w*)[ \t]*\(")
_CONSTANT = re.compile(r"(?<![\w#])([A-Z][A-Z0-9_]{3,})\b(?![ \t]*\()")
_STRUCT = re.compile(r"^struct (\w+) \{", re.M)
_VARIABLES = re.compile(
    r"\bstruct\s+(\w+)\s*\**\s*(?:const\s+)?(\w+)\b(?!\s*\()((?:\s*,\s*\*+\s*\w+)*)"
)
_COMMENTED = re.compile(r"\b([a-z_]\w*)\(\)")


@dataclass(frozen=True, kw_only=True)
class Call:
    """A call: what is called, with how many arguments, from which line of the text."""

    name: str
    count: int
    position: int


@dataclass(frozen=True, kw_only=True)
class Uses:
    """What a piece of C uses.

    Attributes:
        calls: functions and macros like them.
        constants: names in capitals, by the position of their first use.
        members: structure, member and position, where the type is known.
        reached: every word behind ``->`` or ``.``, by its first position.
        commented: names that comments have with brackets behind them.
        words: every identifier, by its first position.
        installed: what members are initialised with and that stands nowhere else.
        tags: names of structures, unions and enumerations.
    """

    calls: tuple[Call, ...]
    constants: Mapping[str, int]
    members: tuple[tuple[str, str, int], ...]
    reached: Mapping[str, int]
    commented: Mapping[str, int]
    words: Mapping[str, int]
    installed: Mapping[str, int]
    tags: Mapping[str, int]


@lru_cache(maxsize=512)
def read_uses(
    text: str, holders: tuple[tuple[str, str], ...], defined: frozenset[str] = frozenset()
) -> Uses:
    """Return what a piece of C uses.

    Args:
        text: the C.
        holders: members that hold one of the series' structures, and the name of that structure.
        defined: structures of the series that only its C defines.
    """
    masked = csource.code(text)
    pointers = set(re.findall(r"\(\s*\*\s*(\w+)\s*\)\s*\(", masked))
    calls = []
    for match in _CALL.finditer(masked):
        name = match.group(1)
        line = masked[masked.rfind("\n", 0, match.start()) + 1 : match.start()]
        if name in _KEYWORDS or name in pointers or re.match(r"\s*#\s*(?:if|elif|include)\b", line):
            continue
        spans, _ = csource.call_arguments(masked, match.end() - 1)
        empty = len(spans) == 1 and spans[0].of(masked).strip() in ("", "void")
        calls.append(Call(name=name, count=0 if empty else len(spans), position=match.start()))
    commented: dict[str, int] = {}
    for span in csource.comments(text):
        for match in _COMMENTED.finditer(text, span.start, span.end):
            commented.setdefault(match.group(1), match.start())
    return Uses(
        calls=tuple(calls),
        constants=_constants(text, masked),
        members=tuple(_members(masked, dict(holders), defined)),
        reached=_firsts(r"(?:->|\.)\s*(\w+)", masked),
        commented=commented,
        words=_firsts(r"[A-Za-z_]\w*", masked),
        installed=_installed(masked),
        tags=_firsts(r"\b(?:struct|union|enum)\s+(\w+)\b(?!\s*\{)", masked),
    )


def _firsts(pattern: str, text: str) -> dict[str, int]:
    """Return what a pattern, or its group, finds, each by its first position."""
    found: dict[str, int] = {}
    for match in re.finditer(pattern, text):
        found.setdefault(match[match.re.groups], match.start(match.re.groups))
    return found


def _constants(text: str, masked: str) -> dict[str, int]:
    """Return names in capitals, and symbols of Kconfig, also those that #if asks for."""
    found = _firsts(_CONSTANT.pattern, masked)
    return _firsts(r"\bCONFIG_\w+", csource.mask(text)) | found


def _installed(masked: str) -> dict[str, int]:
    """Return what members are initialised with and that stands nowhere else."""
    found = _firsts(r"\.\w+\s*=\s*&?([a-z_]\w*)\s*,", masked)
    return {
        name: position
        for name, position in found.items()
        if len(re.findall(rf"\b{name}\b", masked)) == 1
    }


def _members(
    masked: str, holders: Mapping[str, str], defined: frozenset[str]
) -> Iterator[tuple[str, str, int]]:
    """Yield structure, member and position of each use whose structure is one of the series."""
    own = set(holders.values()) | {struct.name for struct in INTERFACE.structs} | defined
    start = 0
    for part in re.split(r"(?<=^\})", masked, flags=re.M):
        variables = {
            variable: struct
            for struct, first, others in _VARIABLES.findall(part)
            for variable in (first, *re.findall(r"\w+", others))
        }
        for match in re.finditer(r"(?<![\w.>])(\w+)((?:\s*(?:->|\.)\s*\w+)+)", part):
            struct = variables.get(match.group(1), "")
            for member in re.finditer(r"(?:->|\.)\s*(\w+)", match.group(2)):
                name = member.group(1)
                if struct in own:
                    yield struct, name, start + match.start(2) + member.start(1)
                struct = holders.get(name, "")
        start += len(part)


@lru_cache(maxsize=512)
def declared_in(text: str) -> frozenset[str]:
    """Return what a file declares: functions, macros, structures, enumerators, constants."""
    masked = csource.mask(text)
    found = {name for match in _DECLARED.finditer(masked) for name in match.groups() if name}
    for body in re.findall(r"\benum\b[^;{}()]*\{([^}]*)\}", masked):
        found |= set(re.findall(r"\b[A-Za-z_]\w*", body))
    return frozenset(found)


@lru_cache(maxsize=512)
def all_words(text: str) -> frozenset[str]:
    """Return every identifier of a text, those of comments included."""
    return frozenset(re.findall(r"[A-Za-z_]\w*", text))


@lru_cache(maxsize=512)
def structs_in(text: str) -> frozenset[str]:
    """Return the structures that a file defines."""
    return frozenset(_STRUCT.findall(csource.mask(text)))


@lru_cache(maxsize=512)
def tags_in(text: str) -> frozenset[str]:
    """Return the structures, unions and enumerations that a file defines or announces."""
    return frozenset(re.findall(r"\b(?:struct|union|enum)\s+(\w+)\s*[{;]", csource.mask(text)))


@lru_cache(maxsize=512)
def members_in(text: str, struct: str) -> frozenset[str]:
    """Return the members of a structure that a file defines; none where it does not."""
    found = csource.find_aggregate(text, "struct", struct)
    body = csource.code(found[1].of(text)) if found else ""
    return frozenset(
        name
        for names in re.findall(
            r"\b(\w+)\s*(?:\[[^]]*\]\s*)*(?::\s*\w+\s*)?[;,]|\(\s*\*\s*(\w+)\s*\)\s*\(", body
        )
        for name in names
        if name
    )


def inserted_lines(base: Base, templates: Templates) -> list[tuple[str, str]]:
    """Return the lines that edits of a base insert, rendered, each with its patch."""
    return [
        (ident, templates.text(edit.text))
        for ident, group in base.edits.items()
        for edit in group
        if isinstance(edit, InsertLines)
    ]


def find_holders(
    inserted: list[tuple[str, str]], own: frozenset[str]
) -> tuple[tuple[str, str], ...]:
    """Return the members that have or point to a structure of the series, with its name."""
    brought = [
        (match[1], match[2])
        for _, text in inserted
        for match in re.finditer(r"\bstruct\s+(\w+)\s*\**\s*\**(\w+);", text)
    ]
    holders = {name: struct for struct, name in brought if struct in own}
    for struct in INTERFACE.structs:
        for member in struct.members:
            held = re.fullmatch(r"struct (\w+)\s*\**", member.type)
            if held and held[1] in own:
                holders[member.name] = held[1]
    return tuple(sorted(holders.items()))
