# SPDX-License-Identifier: GPL-2.0-only
"""Pairs of patches as git range-diff shows them, without hunks that differ in context alone."""

from __future__ import annotations

import re
from collections.abc import Iterator

from generator.patches.change.pairs import Pair
from generator.patches.change.run import SeriesDiff
from generator.text import clean_text

PERSON = re.compile(r"[-+](?:Author: | {4}(?:[A-Z][a-z-]*-by|Cc|Fixes|Link|Closes): ).*")


def range_text(text: str, told: set[str]) -> Iterator[tuple[str, str]]:
    """Yield a range-diff, without its hunks in which the context alone differs.

    Args:
        text: what git says of a pair.
        told: authors and trailers of the pairs before: what is the same for all is told once.
    """
    hunks: list[list[str]] = []
    for line in text.splitlines():
        if line.startswith("@@") or not hunks:
            hunks.append([])
        hunks[-1].append(line)
    left_out = 0
    for hunk in hunks:
        changed = [line for line in hunk if line[:1] in "+-"]
        persons = [line for line in changed if line[1:].strip()]
        if persons and all(PERSON.fullmatch(line) for line in persons):
            yield from ((line[:1], f"    {line}") for line in persons if line not in told)
            told.update(persons)
        elif _only_context(hunk):
            left_out += 1
        else:
            yield from ((range_sign(line), f"    {line}") for line in hunk)
    if left_out:
        yield "@", f"    @@ context only: {left_out} more"


def _only_context(hunk: list[str]) -> bool:
    """Tell whether a hunk of a range-diff is about lines that the patches do not change."""
    if not hunk[0].startswith("@@") or hunk[0].startswith(("@@ Commit message", "@@ Metadata")):
        return False
    if any("## Commit message ##" in line for line in hunk):
        return False
    changed = [line for line in hunk[1:] if line[:1] in "+-"]
    return bool(changed) and all(
        line[1:2] in ("", " ", "@") and not line[1:].startswith(" ## ") for line in changed
    )


def pair_line(pair: Pair) -> str:
    """Return the numbers, the sign and the subject of a pair."""
    before, after = (str(n or "-") for n in (pair.before, pair.after))
    return f"{before:>3} {pair.sign} {after:>3}  {pair.subject}"


def range_sign(line: str) -> str:
    """Return what a line of a range-diff is, whose first column is about the two patches."""
    return line[:1] if line[:1] in ("+", "-", "@") else ""


def range_diff(diff: SeriesDiff) -> list[str]:
    """Return the pairs as git range-diff prints them, without control characters."""
    return [clean_text(line) for line in "".join(code_blocks(diff.patches)).splitlines()]


def code_blocks(pairs: tuple[Pair, ...]) -> Iterator[str]:
    """Yield each pair as Markdown, its patch of patches as a block of code."""
    for pair in pairs:
        yield f"{pair_line(pair)}\n"
        yield "".join(f"    {line}\n" for line in pair.text.splitlines())


def code_block(text: str) -> list[str]:
    """Return a block of code: indented, so that nothing in the text can end it."""
    return [*(f"    {clean_text(line)}".rstrip() for line in text.splitlines()), ""]
