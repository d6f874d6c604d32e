# SPDX-License-Identifier: GPL-2.0-only
"""The statements of a function, by where each ends."""

from __future__ import annotations

import re

from generator.csource.lexer import Span, code, match_bracket, semicolon_after
from generator.csource.scan import Function

_CONTROL = re.compile(r"(?:else\s+)?(?:if|for|while|switch)\b|\w*for_each\w*\s*(?=\()")


def find_statements(text: str, function: Function) -> list[Span]:
    """List the statements of a function that stand directly in a block, outer ones first.

    An ``if`` with its branches is one statement; what stands in the braces of a branch is listed
    as well, a branch without braces is not. Declarations count as statements. Spans begin after
    the indentation.
    """
    masked = code(text)
    found: list[Span] = []
    _collect(masked, function.body.start + 1, function.body.end - 1, found)
    return found


_REST = re.compile(r"\s*(?:\}\s*)?(?:else\b)?")


def statement_at(text: str, position: int, end: int) -> Span:
    """Return the statement on the line at ``position``, its label included; it ends before ``end``.

    Of a line that goes on with another statement, ``} else if (x)`` or ``} while (x);``, it is the
    part that begins there. Comments and white space above the statement are passed over.
    """
    masked = code(text)
    start = position + len(masked[position:end]) - len(masked[position:end].lstrip())
    rest = _REST.match(masked, start, end)
    inner = _skip_blank(masked, rest.end() if rest else start, end)
    return Span(start, _statement_end(masked, inner, end, []))


def _collect(masked: str, start: int, end: int, found: list[Span]) -> None:
    position = start
    while position < end:
        position = _skip_blank(masked, position, end)
        if position >= end:
            return
        place = len(found)
        found.append(Span(position, position))
        finish = _statement_end(masked, position, end, found)
        if not position < finish <= end:
            del found[place:]
            return
        found[place] = Span(position, finish)
        position = finish


def _skip_blank(masked: str, position: int, end: int) -> int:
    while position < end:
        match = re.compile(r"\s+|(?:case\b[^:;{}]*|default\s*|\w+\s*):(?!:)").match(
            masked, position, end
        )
        if match is None or match.end() == position:
            return position
        position = match.end()
    return position


def _statement_end(masked: str, start: int, end: int, found: list[Span]) -> int:
    """Return the end of the statement at ``start``; note the statements in the blocks in it."""
    control = _CONTROL.match(masked, start, end)
    if masked[start] == "{":
        position = match_bracket(masked, start)
        _collect(masked, start + 1, position - 1, found)
        return position
    if control is None:
        control = _macro_head(masked, start, end)
    if control is not None:
        opening = masked.find("(", control.end() - 1, end)
        after = match_bracket(masked, opening) if opening >= 0 else -1
        if not 0 <= after <= end:
            return end
        position = _skip_blank(masked, after, end)
        position = _statement_end(masked, position, end, found)
        branch = re.compile(r"\s*else\b\s*").match(masked, position, end)
        return _statement_end(masked, branch.end(), end, found) if branch else position
    loop = re.compile(r"do\b\s*").match(masked, start, end)
    if loop is not None:
        position = _statement_end(masked, loop.end(), end, found)
        return masked.find(";", position, end) + 1
    return semicolon_after(masked, start, end)


def _macro_head(masked: str, start: int, end: int) -> re.Match[str] | None:
    """Match the name of a macro that is used like a loop, as ``scoped_guard(x, y) {`` is."""
    name = re.compile(r"[A-Za-z_]\w*(?=\()").match(masked, start, end)
    if name is None:
        return None
    after = match_bracket(masked, name.end())
    brace = re.compile(r"\s*\{").match(masked, after, end) if after >= 0 else None
    return name if brace else None
