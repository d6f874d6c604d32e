# SPDX-License-Identifier: GPL-2.0-only
"""Find things in kernel C by what they are: functions, declarations, macros, members, statements.

Reads the text of one C file and answers with spans (byte-free, in characters); changes nothing.
Called by ``edit``, which does the changing.

Why not a grammar or libclang: edits run on trees that are not configured (libclang needs the
compile flags and a second per file), and kernel sources use macros as attributes and as whole
definitions (``__weak``, ``DEFINE_IDTENTRY(x) {``), which a grammar without the preprocessor does
not parse. What is needed here is small: comments and strings blanked out, brackets matched,
names looked up at the right depth. Whether an edit meant the right thing is proved afterwards by
libclang, with the kernel's own flags, on the edited tree.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

# what is no code; each alternative runs over the plain characters at once
_NOISE = re.compile(
    r"""(?P<comment>/\*[^*]*(?:\*(?!/)[^*]*)*\*/|//[^\n]*)
      | "[^"\\\n]*(?:\\.[^"\\\n]*)*" | '[^'\\\n]*(?:\\.[^'\\\n]*)*'""",
    re.S | re.X,
)
_BRACKET = re.compile(r"[()\[\]{}]")
_DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", re.M)
_TOKEN = re.compile(
    r""""(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])*' | [A-Za-z_]\w* | \d[\w.]*
      | -> | \+\+ | -- | <<=? | >>=? | [<>=!]= | && | \|\| | \.\.\. | [-+*/%&|^]= | \#\#
      | [^\s\w]""",
    re.X,
)
_WANTED = re.compile(r"\$\w+ | " + _TOKEN.pattern, re.X)
# attributes between the parameters and the body, such as __releases(&lock)
_ATTRIBUTES = re.compile(r"(?:\s*__\w+(?:\s*\([^()]*\))?)*\s*\{")
# a line of attributes in front of a declarator, such as __printf(1, 2)
_ATTRIBUTE_LINE = re.compile(r"(?:[a-z]\w*\s+)*__[a-z]\w*\s*\(.*\)")


class Span(NamedTuple):
    """A half-open range of characters, ``text[start:end]``."""

    start: int
    end: int

    def of(self, text: str) -> str:
        """Return the part of ``text`` that this span covers."""
        return text[self.start : self.end]


@dataclass(frozen=True)
class Function:
    """A function definition: ``whole`` starts with the comment above it.

    ``head`` is the declaration in front of the body, ``body`` includes both braces.
    """

    name: str
    whole: Span
    head: Span
    body: Span


class Token(NamedTuple):
    """One token of C with its place."""

    text: str
    span: Span

    @property
    def is_name(self) -> bool:
        """Tell whether the token is an identifier or keyword."""
        return self.text[0].isalpha() or self.text[0] == "_"


@lru_cache(maxsize=64)
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


@lru_cache(maxsize=64)
def mask(text: str) -> str:
    """Return ``text`` with comments, strings and characters blanked; same length, same lines."""
    return _blanked(text, (span for span, _comment in _noise(text)))


@lru_cache(maxsize=64)
def code(text: str) -> str:
    """Return ``text`` with preprocessor lines blanked as well: same length, same lines."""
    return _DIRECTIVE.sub(lambda match: _blank(match.group()), mask(text))


@lru_cache(maxsize=64)
def comments(text: str) -> tuple[Span, ...]:
    """List the comments of ``text``; what looks like one inside of a string is none."""
    return tuple(span for span, comment in _noise(text) if comment)


@lru_cache(maxsize=64)
def without_comments(text: str) -> str:
    """Return ``text`` with comments blanked; same length, same lines."""
    return _blanked(text, comments(text))


def line_of(text: str, position: int) -> int:
    """Return the number of the line (from 1) that holds ``position``."""
    return text.count("\n", 0, position) + 1


def tokens(text: str, span: Span | None = None) -> Iterator[Token]:
    """Yield the tokens in ``span`` of ``text``; a string is one, comments are none."""
    span = span or Span(0, len(text))
    for match in _TOKEN.finditer(without_comments(text), span.start, span.end):
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


def _match_bracket(masked: str, opening: int, limit: int | None = None) -> int:
    """Return the position after the bracket that closes the one at ``opening``, or -1.

    It is looked for up to ``limit``, or to the end.
    """
    depth = 0
    for match in _BRACKET.finditer(masked, opening, len(masked) if limit is None else limit):
        depth += 1 if match.group() in "([{" else -1
        if depth == 0:
            return match.end()
    return -1


def _line_start(text: str, position: int) -> int:
    return text.rfind("\n", 0, position) + 1


def _line_end(text: str, position: int) -> int:
    """Return the position after the newline of the line that holds ``position``."""
    end = text.find("\n", position)
    return len(text) if end < 0 else end + 1


def end_of_lines(text: str, end: int) -> int:
    """Return the position after the line that holds ``end``, and after a comment that goes on."""
    end = _line_end(text, end)
    for span in comments(text):
        if span.start < end < span.end:
            return _line_end(text, span.end)
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
    line = _line_start(text, opening)
    # a comment behind code belongs to that code
    return line if not text[line:opening].strip() else start


def _declaration_start(masked: str, position: int) -> int:
    """Return the start of the top-level declaration whose declarator is at ``position``.

    It begins after the last blank line, preprocessor line, ``;`` or ``}`` before it. A line of
    attributes, such as ``__printf(1, 2)``, belongs to it; another macro's call does not.
    """
    start = _line_start(masked, position)
    while start > 0:
        previous = _line_start(masked, start - 1)
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
        if not (match and _HEAD.fullmatch(masked, _line_start(masked, position), position)):
            continue
        opening = match.end() - 1
        after = _match_bracket(masked, opening)
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
                Span(comment_start(text, start), _line_end(text, end)),
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
    end = _match_bracket(masked, opening, _line_end(masked, opening))
    if end >= 0:
        return end
    closing = masked.find("\n}", opening)
    return closing + 2 if closing >= 0 else _match_bracket(masked, opening)


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
        position = _match_bracket(masked, match.start())
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
    end = _match_bracket(masked, opening)
    if end < 0:
        return None
    whole = Span(comment_start(text, _line_start(text, match.start())), _line_end(text, end))
    return whole, Span(opening, end)


def _directive(text: str, pattern: str) -> Span | None:
    """Find a preprocessor line: with its continuation lines and the comment above it."""
    masked = mask(text)
    match = re.compile(rf"^[ \t]*#[ \t]*{pattern}", re.M).search(masked)
    if match is None:
        return None
    end = _line_end(masked, match.end())
    while masked[:end].endswith("\\\n") and end < len(text):
        end = _line_end(masked, end)
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
    return Span(match.start(), _line_end(text, match.end())) if match else None


def find_include(text: str, header: str) -> Span | None:
    """Find the line that includes ``header``, written as ``<x/y.h>`` without the brackets."""
    masked = mask(text)
    pattern = rf"^[ \t]*(#)[ \t]*include[ \t]+[<\"]{re.escape(header)}[>\"]"
    for match in re.finditer(pattern, text, re.M):
        if masked[match.start(1)] == "#":
            return Span(match.start(), _line_end(text, match.end()))
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
        end = _simple_end(masked, start, body.end)
        if "{" in masked[match.end() : end] or not _is_declarator(
            masked, start, match.start(), end
        ):
            continue
        first = _line_start(masked, start)
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
        position = _match_bracket(masked, start)
        _collect(masked, start + 1, position - 1, found)
        return position
    if control is None:
        control = _macro_head(masked, start, end)
    if control is not None:
        opening = masked.find("(", control.end() - 1, end)
        after = _match_bracket(masked, opening) if opening >= 0 else -1
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
    return _simple_end(masked, start, end)


def _macro_head(masked: str, start: int, end: int) -> re.Match[str] | None:
    """Match the name of a macro that is used like a loop, as ``scoped_guard(x, y) {`` is."""
    name = re.compile(r"[A-Za-z_]\w*(?=\()").match(masked, start, end)
    if name is None:
        return None
    after = _match_bracket(masked, name.end())
    brace = re.compile(r"\s*\{").match(masked, after, end) if after >= 0 else None
    return name if brace else None


def _simple_end(masked: str, start: int, end: int) -> int:
    position = start
    while position < end:
        match = re.compile(r"[;({\[]").search(masked, position, end)
        if match is None:
            return end
        if match.group() == ";":
            return match.end()
        position = _match_bracket(masked, match.start())
        if position < 0:
            return end
    return end


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
    end = _match_bracket(masked, opening)
    spans: list[Span] = []
    start = opening + 1
    depth = 0
    for position in range(opening + 1, end):
        sign = masked[position]
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
