# SPDX-License-Identifier: GPL-2.0-only
"""Functions, declarations, structures, macros and members of a C file, by name."""

from __future__ import annotations

import re
from dataclasses import dataclass

from generator.csource.lexer import (
    Span,
    code,
    comment_start,
    end_of_lines,
    line_end,
    line_start,
    mask,
    match_bracket,
    semicolon_after,
    words,
)

# attributes between the parameters and the body, such as __releases(&lock)
_ATTRIBUTES = re.compile(r"(?:\s*__\w+(?:\s*\([^()]*\))?)*\s*\{")
# a line of attributes in front of a declarator, such as __printf(1, 2)
_ATTRIBUTE_LINE = re.compile(r"(?:[a-z]\w*\s+)*__[a-z]\w*\s*\(.*\)")


@dataclass(frozen=True)
class Function:
    """A function definition: ``whole`` starts with the comment above it.

    ``head`` is the declaration in front of the body, ``body`` includes both braces.
    """

    name: str
    whole: Span
    head: Span
    body: Span


def _declaration_start(masked: str, position: int) -> int:
    """Return the start of the top-level declaration whose declarator is at ``position``.

    It begins after the last blank line, preprocessor line, ``;`` or ``}`` before it. A line of
    attributes, such as ``__printf(1, 2)``, belongs to it; another macro's call does not.
    """
    start = line_start(masked, position)
    while start > 0:
        previous = line_start(masked, start - 1)
        line = masked[previous : start - 1].strip()
        if not line or line.startswith("#") or line[-1] in ";}:{\\":
            break
        if line.endswith(")") and not _ATTRIBUTE_LINE.fullmatch(line):
            break
        start = previous
    return start


def _depth_zero(masked: str, position: int) -> bool:
    before = masked[:position]
    return before.count("{") == before.count("}") or _last_top_level(masked, position)


def _last_top_level(masked: str, position: int) -> bool:
    """Tell whether ``position`` is at top level where conditionals unbalance the braces.

    Kernel style closes every top-level body with ``}`` in column 0.
    """
    closing = max(masked.rfind("\n}", 0, position), 0)
    return masked.count("{", closing, position) == masked.count("}", closing + 2, position)


_OPENING = re.compile(r"\s*\(")
# what stands in front of the name on the line where a definition has it: from column 0 on
_HEAD = re.compile(r"(?:[^\s#][^\n;{}=]*)?")


def find_functions(text: str, name: str) -> list[Function]:
    """List the definitions of the function ``name``: more than one stand in conditionals.

    Macro-defined functions, such as ``SYSCALL_DEFINE2(name, ...)``, are not found.
    """
    masked = code(text)
    found = []
    for position in words(masked, name):
        match = _OPENING.match(masked, position + len(name))
        if not (match and _HEAD.fullmatch(masked, line_start(masked, position), position)):
            continue
        opening = match.end() - 1
        after = match_bracket(masked, opening)
        if after < 0:
            continue
        brace = _ATTRIBUTES.match(masked, after)
        if brace is None:
            continue
        end = _body_end(masked, brace.end() - 1)
        if end < 0:
            continue
        start = _declaration_start(mask(text), opening)
        found.append(
            Function(
                name,
                Span(comment_start(text, start), line_end(text, end)),
                Span(start, after),
                Span(brace.end() - 1, end),
            )
        )
    return found


def find_function(text: str, name: str) -> Function | None:
    """Find the definition of the function ``name``, the first one of several."""
    found = find_functions(text, name)
    return found[0] if found else None


def _body_end(masked: str, opening: int) -> int:
    """Return the position after the ``}`` that ends the body whose ``{`` is at ``opening``.

    Kernel style closes a body with ``}`` in column 0: that counts where the branches of a
    conditional unbalance the brackets.
    """
    end = match_bracket(masked, opening, line_end(masked, opening))
    if end >= 0:
        return end
    closing = masked.find("\n}", opening)
    return closing + 2 if closing >= 0 else match_bracket(masked, opening)


def are_alternatives(text: str, first: Span, second: Span) -> bool:
    """Tell whether two things stand in different branches of the same conditional."""
    depth = 0
    for match in re.finditer(
        r"^[ \t]*#[ \t]*(if|else|elif|endif)", mask(text)[first.end : second.start], re.M
    ):
        word = match.group(1)
        if word == "if":
            depth += 1
        elif word == "endif":
            depth -= 1
        elif depth == 0:
            return True
        if depth < 0:
            return False
    return False


# what stands behind a declarator: also an attribute, or the parameters of a pointer to a function
_DECLARED = re.compile(r"\s*(?:[;,=\[(]|\)\s*\(|__\w)")


def find_declaration(text: str, name: str) -> Span | None:
    """Find the top-level declaration of ``name`` that ends in ``;``: prototype, variable, typedef.

    The comment above it and the rest of its last line belong to it.
    """
    masked = code(text)
    # the name itself, or the tag of a forward declaration; not a type that something else has
    for position in words(masked, name):
        if not _DECLARED.match(masked, position + len(name)) or not _depth_zero(masked, position):
            continue
        start = _declaration_start(mask(text), position)
        end = _declaration_end(masked, start)
        # what a declaration begins with is its type, not an attribute's argument
        front = masked[start:position].lstrip()
        if end < position or front.startswith("}"):
            continue
        if "(" in re.sub(r"\(\*|\b__[a-z]\w*\s*\([^()]*\)", "", front):
            continue
        return Span(comment_start(text, start), end_of_lines(text, end))
    return None


def _declaration_end(masked: str, start: int) -> int:
    """Return the position of the ``;`` that ends the declaration at ``start``; -1 for a body."""
    position = start
    while position < len(masked):
        match = re.compile(r"[;({\[]").search(masked, position)
        if match is None:
            return -1
        if match.group() == ";":
            return match.end()
        if match.group() == "{" and "=" not in masked[start : match.start()]:
            return -1
        position = match_bracket(masked, match.start())
        if position < 0:
            return -1
    return -1


def find_aggregate(text: str, kind: str, name: str) -> tuple[Span, Span] | None:
    """Find the definition of ``struct name`` or ``enum name``.

    Returns:
        The whole definition with its comment, and its body including the braces.
    """
    masked = mask(text)
    match = re.search(rf"^[ \t]*(?:typedef\s+)?{kind}\s+{name}\s*\{{", masked, re.M)
    if match is None:
        return None
    opening = match.end() - 1
    end = match_bracket(masked, opening)
    if end < 0:
        return None
    whole = Span(comment_start(text, line_start(text, match.start())), line_end(text, end))
    return whole, Span(opening, end)


def _directive(text: str, pattern: str) -> Span | None:
    """Find a preprocessor line: with its continuation lines and the comment above it."""
    masked = mask(text)
    match = re.compile(rf"^[ \t]*#[ \t]*{pattern}", re.M).search(masked)
    if match is None:
        return None
    end = line_end(masked, match.end())
    while masked[:end].endswith("\\\n") and end < len(text):
        end = line_end(masked, end)
    return Span(comment_start(text, match.start()), end_of_lines(text, end - 1))


def find_macro(text: str, name: str) -> Span | None:
    """Find ``#define name``, its continuation lines and the comment above it."""
    return _directive(text, rf"define[ \t]+{name}\b")


def find_conditional(text: str, name: str) -> Span | None:
    """Find the ``#ifdef name`` or ``#ifndef name`` line and the comment above it."""
    return _directive(text, rf"ifn?def[ \t]+{name}\b")


def find_line(text: str, line: str) -> Span | None:
    """Find a line by its whole text, in a file of any kind; white space around it is no matter."""
    match = re.search(rf"^[ \t]*{re.escape(line.strip())}[ \t]*$", text, re.M)
    return Span(match.start(), line_end(text, match.end())) if match else None


def find_include(text: str, header: str) -> Span | None:
    """Find the line that includes ``header``, written as ``<x/y.h>`` without the brackets."""
    masked = mask(text)
    pattern = rf"^[ \t]*(#)[ \t]*include[ \t]+[<\"]{re.escape(header)}[>\"]"
    for match in re.finditer(pattern, text, re.M):
        if masked[match.start(1)] == "#":
            return Span(match.start(), line_end(text, match.end()))
    return None


def find_member(text: str, body: Span, name: str) -> Span | None:
    """Find the member ``name`` in the body of a structure: its lines and the comment above it.

    A member that shares its declaration with others (``int a, b;``) is not found: it cannot be
    told apart from them.
    """
    masked = code(text)
    declarator = re.compile(rf"\b{name}\b(?=\s*(?:[;,\[:)]|__\w+))")
    for match in declarator.finditer(masked, body.start + 1, body.end - 1):
        boundary = max(masked.rfind(sign, body.start, match.start()) for sign in ";{}")
        start = boundary + 1
        while masked[start].isspace():
            start += 1
        end = semicolon_after(masked, start, body.end)
        if "{" in masked[match.end() : end] or not _is_declarator(
            masked, start, match.start(), end
        ):
            continue
        first = line_start(masked, start)
        if masked[first:start].strip():
            return Span(start, end)
        rest = end_of_lines(text, end)
        return Span(comment_start(text, first), end if masked[end:rest].strip() else rest)
    return None


def _is_declarator(masked: str, start: int, place: int, end: int) -> bool:
    """Tell whether the name at ``place`` is what ``masked[start:end]`` declares, and all of it."""
    front = masked[start:place]
    if re.fullmatch(r"DECLARE_\w+\s*\([^()]*", front):
        return True
    depth = front.count("(") - front.count(")")
    if depth and not re.search(r"\(\s*\*+\s*\Z", front):
        return False
    outside = re.sub(r"\([^()]*\)", "", masked[start:end])
    return bool(front.strip()) and "," not in outside
