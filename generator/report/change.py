# SPDX-License-Identifier: GPL-2.0-only
"""What changed between two renderings, for a terminal, a mail, a browser, and for programs.

JSON, version 1; every field is always there:

    format          1
    same            whether nothing differs
    before, after   the sides, as they were named
    interface       [{kind, what, name, before, after}]
    patches         [{before, after, sign, subject, text}]; numbers from 1, 0 for none;
                    sign: = the same, ! changed, < only before, > only after
    tree            {whole, text}; text is a diff
    remarks         [text]: what could not be compared
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict

from rich.style import Style

from generator.boot.text import clean_text
from generator.report.page import render_page
from generator.verify.change.interface import Change, What
from generator.verify.change.pairs import Pair
from generator.verify.change.run import SAME, SeriesDiff

FORMAT = 1
"""Version of the schema; raised when a field changes its meaning or goes."""


INTERFACE, PATCHES, TREE = "interface", "patches", "tree"
LEVELS = (INTERFACE, PATCHES, TREE)
"""The levels of the comparison."""

_SIGNS = {What.ADDED: "+", What.REMOVED: "-"}
_STYLES = {"+": "green", "-": "red", "@": "cyan", "#": "bold", "!": "yellow", "<": "red"}
_STYLES[">"] = "green"
_PLAIN = Style()


def diff_data(diff: SeriesDiff) -> dict[str, object]:
    """Return ``diff`` as JSON types."""
    return {"format": FORMAT, "same": diff.same, **asdict(diff)}


def format_diff(diff: SeriesDiff, levels: tuple[str, ...], *, colour: bool) -> str:
    """Return the levels wanted as text, as git colours it."""
    lines: list[tuple[str, str]] = []
    if diff.same:
        lines.append(("", f"{diff.before} and {diff.after} are the same"))
    for level in levels:
        lines += _LEVELS[level](diff)
    lines += [("!", f"note: {remark}") for remark in diff.remarks]
    return "".join(_line(sign, text, colour=colour) for sign, text in lines)


def _line(sign: str, text: str, *, colour: bool) -> str:
    text = clean_text(text)
    style = Style.parse(_STYLES[sign]) if colour and sign in _STYLES else _PLAIN
    return f"{style.render(text) if text else ''}\n"


def _interface(diff: SeriesDiff) -> Iterator[tuple[str, str]]:
    if diff.interface:
        yield "#", f"interface: {diff.before} -> {diff.after}"
    for change in diff.interface:
        sign = _SIGNS.get(change.what, "!")
        if not (change.before and change.after):
            value = change.before or change.after
            value = f": {value}" if value else ""
            yield sign, f"{sign} {change.kind} {change.what}: {change.name}{value}"
            continue
        yield sign, f"{sign} {change.kind} {change.what}: {change.name}"
        yield "-", f"    - {change.before}"
        yield "+", f"    + {change.after}"


def _patches(diff: SeriesDiff) -> Iterator[tuple[str, str]]:
    if all(pair.sign == SAME for pair in diff.patches):
        return
    yield "#", f"patches: {diff.before} -> {diff.after}"
    for pair in diff.patches:
        yield pair.sign, _pair(pair)
        for line in pair.text.splitlines():
            yield _range_sign(line), f"    {line}"


def _pair(pair: Pair) -> str:
    before, after = (str(n or "-") for n in (pair.before, pair.after))
    return f"{before:>3} {pair.sign} {after:>3}  {pair.subject}"


def _range_sign(line: str) -> str:
    """Return what a line of a range-diff is, whose first column is about the two patches."""
    return line[:1] if line[:1] in ("+", "-", "@") else ""


def _tree(diff: SeriesDiff) -> Iterator[tuple[str, str]]:
    if diff.tree.text:
        yield "#", f"tree: {diff.before} -> {diff.after}"
    for line in diff.tree.text.splitlines():
        head = line.startswith(("diff ", "index ", "+++ ", "--- "))
        yield "#" if head else _range_sign(line), line


_LEVELS = {INTERFACE: _interface, PATCHES: _patches, TREE: _tree}


def diff_markdown(diff: SeriesDiff, levels: tuple[str, ...]) -> str:
    """Return the levels wanted as Markdown that can be read as it is, in a mail."""
    lines = [f"Changes from {_plain(diff.before)} to {_plain(diff.after)}", ""]
    if diff.same:
        lines += ["Nothing differs.", ""]
    if INTERFACE in levels and diff.interface:
        lines += ["## Interface", "", *(_item(change) for change in diff.interface), ""]
    if PATCHES in levels and any(pair.sign != SAME for pair in diff.patches):
        lines += ["## Patches", "", *_block("".join(_blocks(diff.patches)))]
    if TREE in levels and diff.tree.text:
        lines += ["## Tree", "", *_block(diff.tree.text)]
    lines += [f"Note: {remark}." for remark in diff.remarks]
    return "\n".join(lines).rstrip("\n") + "\n"


def _item(change: Change) -> str:
    texts = [f"`{_plain(text)}`" for text in (change.before, change.after) if text]
    value = f": {' became '.join(texts)}" if texts else ""
    return f"- {change.kind} {change.what}: `{_plain(change.name)}`{value}"


def range_diff(diff: SeriesDiff) -> list[str]:
    """Return the pairs as git range-diff prints them, without control characters."""
    return [clean_text(line) for line in "".join(_blocks(diff.patches)).splitlines()]


def _blocks(pairs: tuple[Pair, ...]) -> Iterator[str]:
    for pair in pairs:
        yield f"{_pair(pair)}\n"
        yield "".join(f"    {line}\n" for line in pair.text.splitlines())


def _block(text: str) -> list[str]:
    """Return a block of code: indented, so that nothing in the text can end it."""
    return [*(f"    {clean_text(line)}".rstrip() for line in text.splitlines()), ""]


def _plain(text: str) -> str:
    return clean_text(text).replace("`", "'")


def diff_html(diff: SeriesDiff, levels: tuple[str, ...]) -> str:
    """Return the levels wanted as a page that needs nothing else."""
    tree = [(_css(sign), text) for sign, text in _tree(diff)][1:]
    patches = [
        (pair, [(_css(_range_sign(line)), line) for line in pair.text.splitlines()])
        for pair in diff.patches
    ]
    return render_page(
        "diff.html.j2",
        title=f"{diff.before} and {diff.after}",
        diff=diff,
        levels=levels,
        patches=patches,
        tree=tree,
    )


def _css(sign: str) -> str:
    return {"+": "new", "-": "old", "@": "at", "#": "head"}.get(sign, "")
