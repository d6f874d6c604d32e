# SPDX-License-Identifier: GPL-2.0-only
"""Patterns of C tokens, and the arguments of a call."""

from __future__ import annotations

import re
from collections.abc import Iterator

from generator.csource.lexer import TOKEN, Span, Token, mask, match_bracket, tokens, words

_IN_LIST = re.compile(r"[()\[\]{},]")
_WANTED = re.compile(r"\$\w+ | " + TOKEN.pattern, re.X)


def mentions(text: str, span: Span, name: str) -> bool:
    """Tell whether the identifier ``name`` occurs in ``span`` outside comments and strings."""
    return next(words(mask(text), name, span.start, span.end), None) is not None


def match_tokens(text: str, span: Span, pattern: str) -> Iterator[tuple[Span, dict[str, str]]]:
    """Find a C token pattern in ``span``; ``$x`` stands for an expression with balanced brackets.

    White space and comments do not matter. Matches do not overlap.

    Returns:
        The span of each match with the text captured for each ``$x``.
    """
    wanted = [match.group() for match in _WANTED.finditer(pattern)]
    have = list(tokens(text, span))
    index = 0
    while index < len(have):
        captured: dict[str, str] = {}
        stop = _match_at(text, have, index, wanted, captured)
        if stop is None:
            index += 1
            continue
        yield Span(have[index].span.start, have[stop - 1].span.end), captured
        index = stop


def _match_at(
    text: str, have: list[Token], index: int, wanted: list[str], captured: dict[str, str]
) -> int | None:
    for place, want in enumerate(wanted):
        if not want.startswith("$"):
            if index >= len(have) or have[index].text != want:
                return None
            index += 1
            continue
        stop = _capture(have, index, wanted[place + 1] if place + 1 < len(wanted) else "")
        if stop is None or stop == index:
            return None
        captured[want[1:]] = text[have[index].span.start : have[stop - 1].span.end]
        index = stop
    return index


def _capture(have: list[Token], index: int, until: str) -> int | None:
    depth = 0
    for place in range(index, len(have)):
        sign = have[place].text
        if depth == 0 and sign == until:
            return place
        if sign in "([{":
            depth += 1
        elif sign in ")]}":
            depth -= 1
            if depth < 0:
                return None
    return None


def call_arguments(text: str, opening: int) -> tuple[list[Span], int]:
    """Split the bracketed list whose ``(`` is at ``opening``.

    Returns:
        The span of each argument, white space trimmed, and the position after the ``)``.
    """
    masked = mask(text)
    end = match_bracket(masked, opening)
    spans: list[Span] = []
    start = opening + 1
    depth = 0
    for match in _IN_LIST.finditer(masked, opening + 1, end):
        position, sign = match.start(), match[0]
        if sign in "([{":
            depth += 1
        elif sign in ")]}" and position < end - 1:
            depth -= 1
        if (sign == "," and depth == 0) or position == end - 1:
            piece = text[start:position]
            lead = len(piece) - len(piece.lstrip())
            spans.append(Span(start + lead, start + len(piece.rstrip())))
            start = position + 1
    return spans, end
