# SPDX-License-Identifier: GPL-2.0-only
"""Declarations and directives of a header, each with the names that it declares and uses."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from generator import csource

Load = Callable[[str], str]
"""Returns the text of a file of the tree, "" when there is none."""
_STRING = re.compile(r""""(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'""")
_CONDITION = re.compile(r"\s*#\s*(ifdef|ifndef|if|elif|else|endif)\b\s*(.*)", re.S)
_DEFINED = re.compile(r"(!?)\s*(?:defined\s*\(?\s*|IS_ENABLED\s*\(\s*)(CONFIG_\w+)\s*\)?")
_OPTION = re.compile(r"\bCONFIG_\w+")
_DEFINE = re.compile(r"\s*#\s*(?:define|undef)\s+(\w+)")
NAME = re.compile(r"[A-Za-z_]\w*")
_SIGN = re.compile(r"[(){}\[\];]")
_WORD = re.compile(r"[A-Za-z_]\w*|\d[\w.]*|[^\s\w]")
_AGGREGATE = re.compile(r"^(?:typedef\s+)?(struct|union|enum)\s+(\w+)\s*\{(.*)\}", re.S)
_FORWARD = re.compile(r"^(?:struct|union|enum)\s+\w+\s*;$")
_ATTRIBUTE = re.compile(r"\b__\w+\s*\([^()]*(?:\([^()]*\)[^()]*)*\)")
QUALIFIERS = frozenset(("const", "volatile", "struct", "union", "enum", "unsigned", "signed"))
DECLARATOR_ENDS = frozenset(";,[:")
DIRECTIVE = re.compile(r" # (?:endif|else|ifn?def \w+)")
DECLARED = re.compile(r"([A-Za-z_]\w*)\s*(?=[,\[:)]|$)")


class Kind(Enum):
    """What a piece of a header declares."""

    MACRO = "macro"
    STRUCT = "struct"
    ENUM = "enum"
    PROTOTYPE = "prototype"
    BODY = "function"
    NAME = "name"
    FORWARD = "forward"
    OTHER = "other"


@dataclass(frozen=True)
class Piece:
    """One declaration or directive of a file.

    Attributes:
        kind: what it is.
        name: what it declares; "" when that is not known.
        words: its tokens, blanks and comments left aside.
        where: conditions around it that the configuration does not decide.
    """

    kind: Kind
    name: str
    words: tuple[str, ...]
    where: tuple[str, ...] = ()


def split_pieces(text: str, options: Mapping[str, str]) -> tuple[Piece, ...]:
    """Return the declarations and directives of a C file, without what ``options`` leave out."""
    asked = set(_OPTION.findall(text))
    return _split(text, frozenset((name, options[name]) for name in asked if name in options))


@lru_cache(maxsize=512)
def _split(text: str, chosen: frozenset[tuple[str, str]]) -> tuple[Piece, ...]:
    """Split a file, once: most are the same in the next step, and in other configurations."""
    options = dict(chosen)
    open_text = _OpenText()
    pieces: list[Piece] = []
    conditions: list[str | bool] = []
    for line in _lines(_STRING.sub(_as_number, csource.without_comments(text))):
        if match := _CONDITION.match(line):
            following = _next_conditions(conditions, match[1], match[2].strip(), options)
            # inside of a declaration, one that is not decided belongs to its text
            decided = max(conditions, following, key=len)[-1:]
            if open_text and False not in conditions and isinstance(decided[0], str):
                open_text.add(line)
            conditions = following
        elif False in conditions:
            continue
        elif line.lstrip().startswith("#") and not open_text:
            pieces.append(_directive(line, conditions))
        else:
            open_text.add(line)
            pieces += (_declaration(one, conditions) for one in open_text.take_complete())
    if open_text:
        pieces.append(_declaration(open_text.text, conditions))
    return tuple(pieces)


def _as_number(match: re.Match[str]) -> str:
    """Return a word that stands for a string: no name, and no bracket in it."""
    return f" 0{match[0].encode().hex()} "


def _lines(masked: str) -> Iterator[str]:
    """Yield lines, those continued by a backslash as one."""
    whole = ""
    for line in masked.splitlines(keepends=True):
        whole += line
        if not line.rstrip("\n").endswith("\\"):
            yield whole
            whole = ""
    if whole:
        yield whole


def _next_conditions(
    now: list[str | bool], word: str, condition: str, options: Mapping[str, str]
) -> list[str | bool]:
    """Return the stack of conditions after a directive; True and False are decided ones."""
    if word == "endif":
        return now[:-1]
    if word == "else":
        top = now[-1] if now else ""
        return [*now[:-1], not top if isinstance(top, bool) else f"not ({top})"]
    if word == "elif":
        top = now[-1] if now else ""
        return [*now[:-1], False if top is True else _decide("if", condition, options)]
    return [*now, _decide(word, condition, options)]


def _decide(word: str, condition: str, options: Mapping[str, str]) -> str | bool:
    if word in ("ifdef", "ifndef"):
        if not condition.startswith("CONFIG_"):
            return f"{word} {condition}"
        return (options.get(condition.split()[0], "n") in ("n", "m")) is (word == "ifndef")
    if match := _DEFINED.fullmatch(condition):
        return (options.get(match[2], "n") == "n") is bool(match[1])
    return " ".join(condition.split())


def _directive(line: str, conditions: list[str | bool]) -> Piece:
    match = _DEFINE.match(line)
    kind, name = (Kind.MACRO, match[1]) if match else (Kind.OTHER, "")
    return Piece(kind, name, tuple(_WORD.findall(line.replace("\\\n", " "))), _open(conditions))


def _open(conditions: list[str | bool]) -> tuple[str, ...]:
    return tuple(condition for condition in conditions if isinstance(condition, str))


class _OpenText:
    """What was read of a declaration that is not complete yet; each sign is looked at once."""

    def __init__(self) -> None:
        self.text = ""
        self._seen = 0
        self._depth = 0

    def __bool__(self) -> bool:
        return bool(self.text.strip())

    def add(self, line: str) -> None:
        """Read a line more."""
        self.text += line

    def take_complete(self) -> list[str]:
        """Return the declarations that are complete now, and forget them."""
        done: list[str] = []
        start = 0
        for match in _SIGN.finditer(self.text, self._seen):
            sign, end = match[0], match.end()
            if sign in "({[":
                self._depth += 1
            elif sign in ")}]":
                self._depth -= 1
            if self._depth:
                continue
            if sign == ";" or (sign == "}" and _is_body(self.text[start:end])):
                done.append(self.text[start:end])
                start = end
        self.text = self.text[start:]
        self._seen = len(self.text)
        return done


def _is_body(text: str) -> bool:
    """Tell whether what ends with a brace is a function with its body."""
    head = text.split("{", 1)[0]
    return ")" in head and "=" not in head


def _declaration(text: str, conditions: list[str | bool]) -> Piece:
    words = tuple(_WORD.findall(text))
    plain = " ".join(text.split())
    kind, name = _classify(plain)
    return Piece(kind, name, words, _open(conditions))


def _classify(text: str) -> tuple[Kind, str]:
    if text in ("", ";", "}", 'extern "C" {'):
        return Kind.FORWARD, ""
    if _FORWARD.match(text):
        return Kind.FORWARD, ""
    if match := _AGGREGATE.match(text):
        return (Kind.ENUM if match[1] == "enum" else Kind.STRUCT), match[2]
    head = _ATTRIBUTE.sub(" ", text.split("{", 1)[0])
    if "(" in head.split("=", 1)[0] and not head.startswith("typedef"):
        before = NAME.findall(head.split("(", 1)[0])
        kind = Kind.BODY if "{" in text else Kind.PROTOTYPE
        # one word and a bracket is a macro that declares something
        return (kind, before[-1]) if len(before) > 1 else (Kind.OTHER, "")
    names = NAME.findall(re.split(r"[=\[;]", head, maxsplit=1)[0])
    if (head.startswith(("typedef", "extern")) or "=" in head) and names:
        return Kind.NAME, names[-1]
    return Kind.OTHER, ""
