# SPDX-License-Identifier: GPL-2.0-only
"""A patch as rows of two columns, before and after, with the C highlighted.

Makes escaped HTML: every piece of text goes through ``markupsafe``. A hunk that begins inside of a
comment is told from its lines, since a lexer does not see what stands above it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from markupsafe import Markup, escape
from pygments.lexers.c_cpp import CLexer
from pygments.token import Comment, Keyword, Literal, Token

from generator.patches.mail import FileChange, Hunk
from generator.text import clean_text

_CLASSES = (
    (Comment.Preproc, "hm"),
    (Comment.PreprocFile, "hs"),
    (Comment, "hc"),
    (Keyword, "hk"),
    (Token.Name.Builtin, "hk"),
    (Literal.String, "hs"),
    (Literal.Number, "hn"),
)


@dataclass(frozen=True, kw_only=True)
class Row:
    """A row: line numbers (0 for none) and HTML; ``kind`` is same, change, old or new."""

    kind: str
    before: int
    left: Markup
    after: int
    right: Markup


@dataclass(frozen=True, kw_only=True)
class FileRows:
    """A file of a patch; rows of one hunk together, each with its heading."""

    path: str
    added: int
    removed: int
    hunks: tuple[tuple[str, tuple[Row, ...]], ...]


def file_rows(change: FileChange) -> FileRows:
    """Return what a patch does to a file as rows."""
    hunks, shift = [], 0
    for hunk in change.hunks:
        rows = tuple(_rows(hunk, shift))
        hunks.append((clean_text(hunk.heading), rows))
        shift += sum((line.sign == "+") - (line.sign == "-") for line in hunk.lines)
    lines = [line for hunk in change.hunks for line in hunk.lines]
    return FileRows(
        path=change.path,
        added=sum(line.sign == "+" for line in lines),
        removed=sum(line.sign == "-" for line in lines),
        hunks=tuple(hunks),
    )


def _rows(hunk: Hunk, shift: int) -> Iterator[Row]:
    left = iter(highlight([line.text for line in hunk.lines if line.sign != "+"]))
    right = iter(highlight([line.text for line in hunk.lines if line.sign != "-"]))
    # a file that is new begins at line 0
    before = max(hunk.start, 1)
    after = before + shift
    for removed, added in _blocks(hunk):
        for place in range(max(removed, added, 1)):
            has_left = place < removed or not (removed or added)
            has_right = place < added or not (removed or added)
            kind = "change" if has_left and has_right else "old" if has_left else "new"
            yield Row(
                kind=kind if removed or added else "same",
                before=before if has_left else 0,
                left=next(left) if has_left else Markup(""),
                after=after if has_right else 0,
                right=next(right) if has_right else Markup(""),
            )
            before += has_left
            after += has_right


def _blocks(hunk: Hunk) -> Iterator[tuple[int, int]]:
    """Yield how many lines go and come in each block of changes; (0, 0) is one that stays."""
    removed = added = 0
    for line in hunk.lines:
        if line.sign == "-" and not added:
            removed += 1
        elif line.sign == "+":
            added += 1
        else:
            if removed or added:
                yield removed, added
            removed, added = int(line.sign == "-"), 0
            if line.sign == " ":
                yield 0, 0
    if removed or added:
        yield removed, added


def highlight(lines: Sequence[str]) -> list[Markup]:
    """Return lines of C as HTML, as many as there are."""
    clean = [clean_text(line) for line in lines]
    inside = _begins_in_comment(clean)
    text = "\n".join(["/*", *clean] if inside else clean)
    found: list[list[Markup]] = [[]]
    for kind, piece in CLexer(stripnl=False, ensurenl=False).get_tokens(text):
        name = _class(kind)
        for number, part in enumerate(piece.split("\n")):
            if number:
                found.append([])
            if part:
                found[-1].append(_span(name, part))
    joined = [Markup("").join(pieces) for pieces in found][1 if inside else 0 :]
    return (joined + [Markup("")] * len(clean))[: len(clean)]


def _span(name: str, text: str) -> Markup:
    return Markup(f'<span class="{name}">{escape(text)}</span>') if name else escape(text)


@cache
def _class(kind: tuple[str, ...]) -> str:
    return next((name for parent, name in _CLASSES if kind in parent), "")


def _begins_in_comment(lines: Sequence[str]) -> bool:
    for line in lines:
        start, end = line.find("/*"), line.find("*/")
        if end >= 0 and not 0 <= start < end:
            return True
        if start >= 0:
            return False
    return bool(lines) and all(line.startswith(" *") for line in lines)
