# SPDX-License-Identifier: GPL-2.0-only
"""The text of C: what is code, comment or string, its tokens, brackets and lines."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

# what is no code; each alternative runs over the plain characters at once
_NOISE = re.compile(
    r"""(?P<comment>/\*[^*]*(?:\*(?!/)[^*]*)*\*/|//[^\n]*)
      | "[^"\\\n]*(?:\\.[^"\\\n]*)*" | '[^'\\\n]*(?:\\.[^'\\\n]*)*'""",
    re.S | re.X,
)
_BRACKET = re.compile(r"[()\[\]{}]")
_PIECE_END = re.compile(r"^\}(?:[^\n]*[^\\\n])?\n", re.M)
_DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", re.M)
TOKEN = re.compile(
    r""""(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])*' | [A-Za-z_]\w* | \d[\w.]*
      | -> | \+\+ | -- | <<=? | >>=? | [<>=!]= | && | \|\| | \.\.\. | [-+*/%&|^]= | \#\#
      | [^\s\w]""",
    re.X,
)


class Span(NamedTuple):
    """A half-open range of characters, ``text[start:end]``."""

    start: int
    end: int

    def of(self, text: str) -> str:
        """Return the part of ``text`` that this span covers."""
        return text[self.start : self.end]


class Token(NamedTuple):
    """One token of C with its place."""

    text: str
    span: Span


@lru_cache(maxsize=512)
def _noise(text: str) -> tuple[tuple[Span, bool], ...]:
    """List the comments, strings and characters of ``text``; whether each is a comment."""
    return tuple(
        (Span(*match.span()), match.lastgroup == "comment") for match in _NOISE.finditer(text)
    )


def _blanked(text: str, spans: Iterable[Span]) -> str:
    """Return ``text`` with ``spans`` blanked; same length, same lines."""
    pieces = []
    end = 0
    for span in spans:
        pieces += [text[end : span.start], _blank(span.of(text))]
        end = span.end
    return "".join(pieces) + text[end:]


def _blank(text: str) -> str:
    if "\n" not in text:
        return " " * len(text)
    return "\n".join(" " * len(line) for line in text.split("\n"))


@lru_cache(maxsize=512)
def mask(text: str) -> str:
    """Return ``text`` with comments, strings and characters blanked; same length, same lines."""
    return _blanked(text, (span for span, _comment in _noise(text)))


@lru_cache(maxsize=512)
def code(text: str) -> str:
    """Return ``text`` with preprocessor lines blanked as well: same length, same lines."""
    return _DIRECTIVE.sub(lambda match: _blank(match.group()), mask(text))


@lru_cache(maxsize=512)
def comments(text: str) -> tuple[Span, ...]:
    """List the comments of ``text``; what looks like one inside of a string is none."""
    return tuple(span for span, comment in _noise(text) if comment)


@lru_cache(maxsize=512)
def without_comments(text: str) -> str:
    """Return ``text`` with comments blanked; same length, same lines."""
    return _blanked(text, comments(text))


@lru_cache(maxsize=512)
def pieces(text: str) -> tuple[str, ...]:
    """Cut a text after each bracket that ends a function, a structure and the like.

    Two texts that differ in one function differ in one piece: what was read of the others is known.
    """
    found = []
    start = 0
    for match in _PIECE_END.finditer(text):
        end = match.end()
        comment = text.rfind("/*", start, end)
        if comment < 0 or text.find("*/", comment + 2, end) >= 0:
            found.append(text[start:end])
            start = end
    return (*found, text[start:])


def line_of(text: str, position: int) -> int:
    """Return the number of the line (from 1) that holds ``position``."""
    return text.count("\n", 0, position) + 1


def tokens(text: str, span: Span | None = None) -> Iterator[Token]:
    """Yield the tokens in ``span`` of ``text``; a string is one, comments are none."""
    span = span or Span(0, len(text))
    for match in TOKEN.finditer(without_comments(text), span.start, span.end):
        yield Token(match.group(), Span(match.start(), match.end()))


def words(text: str, name: str, start: int = 0, end: int | None = None) -> Iterator[int]:
    """Yield where the identifier ``name`` stands in ``text[start:end]`` as a word of its own.

    A plain search for the letters, many times as fast as an expression with a word boundary.
    """
    end = len(text) if end is None else end
    position = text.find(name, start, end)
    while position >= 0:
        stop = position + len(name)
        if not (_is_letter(text[position - 1 : position]) or _is_letter(text[stop : stop + 1])):
            yield position
        position = text.find(name, stop, end)


def _is_letter(character: str) -> bool:
    return character.isalnum() or character == "_"


def match_bracket(masked: str, opening: int, limit: int | None = None) -> int:
    """Return the position after the bracket that closes the one at ``opening``, or -1.

    It is looked for up to ``limit``, or to the end.
    """
    depth = 0
    for match in _BRACKET.finditer(masked, opening, len(masked) if limit is None else limit):
        depth += 1 if match.group() in "([{" else -1
        if depth == 0:
            return match.end()
    return -1


def line_start(text: str, position: int) -> int:
    """Return where the line that holds ``position`` begins."""
    return text.rfind("\n", 0, position) + 1


def line_end(text: str, position: int) -> int:
    """Return the position after the newline of the line that holds ``position``."""
    end = text.find("\n", position)
    return len(text) if end < 0 else end + 1


def end_of_lines(text: str, end: int) -> int:
    """Return the position after the line that holds ``end``, and after a comment that goes on."""
    end = line_end(text, end)
    for span in comments(text):
        if span.start < end < span.end:
            return line_end(text, span.end)
        if span.start >= end:
            break
    return end


def comment_start(text: str, start: int) -> int:
    """Return where the comments directly above the line at ``start`` begin, or ``start``.

    The line with the license is not one of them.
    """
    above = _one_comment_start(text, start)
    while above != start and "SPDX-" not in text[above:start]:
        above, start = _one_comment_start(text, above), above
    return start


def _one_comment_start(text: str, start: int) -> int:
    end = text.rfind("*/", 0, start)
    if end < 0 or text[end + 2 : start].strip(" \t") != "\n":
        return start
    opening = text.rfind("/*", 0, end)
    if opening < 0:
        return start
    line = line_start(text, opening)
    # a comment behind code belongs to that code
    return line if not text[line:opening].strip() else start


def semicolon_after(masked: str, start: int, end: int) -> int:
    """Return the position after the next ``;`` outside brackets, or ``end``."""
    position = start
    while position < end:
        match = re.compile(r"[;({\[]").search(masked, position, end)
        if match is None:
            return end
        if match.group() == ";":
            return match.end()
        position = match_bracket(masked, match.start())
        if position < 0:
            return end
    return end
