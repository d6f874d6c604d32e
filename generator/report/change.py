# SPDX-License-Identifier: GPL-2.0-only
"""What changed between two renderings, for a terminal, a mail, a browser, and for programs.

JSON, version 1; every field is always there:

    format          1
    same            whether nothing differs
    before, after   the sides, as they were named
    interface       [{kind, what, name, before, after}]
    patches         [{before, after, sign, subject, text, parts, moved}]; numbers from 1, 0 for
                    none; sign: = the same, ! changed, < only before, > only after; parts: what
                    of a changed one: subject, author, message, trailers, code, or context
    cover           how the cover letters differ, as a diff
    tree            {whole, text}; text is a diff
    remarks         [text]: what could not be compared
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from dataclasses import asdict
from difflib import SequenceMatcher

from generator.patches.change.interface import Change, What
from generator.patches.change.pairs import CHANGED, CONTEXT, Pair
from generator.patches.change.run import SAME, SeriesDiff
from generator.report.rangediff import code_block, code_blocks, pair_line, range_sign, range_text
from generator.text import clean_text

FORMAT = 1
"""Version of the schema; raised when a field changes its meaning or goes."""
INTERFACE, PATCHES, TREE = "interface", "patches", "tree"
LEVELS = (INTERFACE, PATCHES, TREE)
"""The levels of the comparison."""
_SIGNS = {What.ADDED: "+", What.REMOVED: "-"}
_STYLES = {"+": "green", "-": "red", "@": "cyan", "#": "bold", "!": "yellow", "<": "red"}
_STYLES[">"] = "green"


def diff_data(diff: SeriesDiff) -> dict[str, object]:
    """Return ``diff`` as JSON types."""
    return {"format": FORMAT, "same": diff.same, **asdict(diff)}


_WIDTH = 80
LEGEND = "= the same, ! changed, < only before, > only after, ~ moved; [-before-]{+after+}"


def summarise(diff: SeriesDiff) -> str:
    """Return what differs in one line, by counts."""
    if diff.same:
        return f"{diff.before} and {diff.after} are the same"
    counts = {
        "same": sum(pair.sign == SAME and not pair.moved for pair in diff.patches),
        "changed": sum(pair.sign == CHANGED for pair in diff.patches),
        "moved": sum(pair.moved for pair in diff.patches),
        "dropped": sum(pair.sign == "<" for pair in diff.patches),
        "new": sum(pair.sign == ">" for pair in diff.patches),
    }
    sides = [sum(bool(n) for n in side) for side in _numbers(diff.patches)]
    said = [f"{count} {word}" for word, count in counts.items() if count]
    text = f"{sides[0]} -> {sides[1]} patches: {', '.join(said)}" if diff.patches else ""
    if diff.interface:
        text += f"{'; ' * bool(text)}interface: {len(diff.interface)}"
    if diff.cover:
        text += "; cover letter changed"
    if diff.tree.text:
        text += f"; tree: {_tree_size(diff.tree.text)}"
    return text


def _numbers(pairs: tuple[Pair, ...]) -> tuple[list[int], list[int]]:
    return [pair.before for pair in pairs], [pair.after for pair in pairs]


def format_diff(diff: SeriesDiff, levels: tuple[str, ...], *, colour: bool) -> str:
    """Return the levels wanted as text, as git colours it."""
    lines: list[tuple[str, str]] = [("#", text) for text in _wrapped(summarise(diff), "  ")]
    # first of all: what is not compared
    for remark in diff.remarks:
        lines += [("", text) for text in _wrapped(f"note: {remark}", "      ")]
    if not diff.same:
        lines.append(("", LEGEND))
    for level in levels:
        lines += _LEVELS[level](diff)
    if colour:
        lines = list(_with_marks(lines))
    return "".join(_line(sign, text, colour=colour) for sign, text in lines)


def _wrapped(text: str, indent: str) -> list[str]:
    """Break a text between its words, after 80 columns."""
    return textwrap.wrap(
        text, _WIDTH, subsequent_indent=indent, break_on_hyphens=False, break_long_words=False
    )


def _tree_size(text: str) -> str:
    files = text.count("\ndiff --git ") + text.startswith("diff --git ")
    rows = [line for line in text.splitlines() if not line.startswith(("+++", "---"))]
    added, gone = (sum(row.startswith(sign) for row in rows) for sign in "+-")
    return f"+{added} -{gone} in {files} file{'s' if files != 1 else ''}"


def _line(sign: str, text: str, *, colour: bool) -> str:
    text = clean_text(text)
    if not colour:
        return f"{text}\n"
    from rich.style import Style

    style = Style.parse(_STYLES[sign]) if sign in _STYLES else Style()
    pieces = _MARKED.split(text)
    if len(pieces) == 1:
        return f"{style.render(text) if text else ''}\n"
    shown = [
        Style.parse(f"{_MARKS[piece[:2]]} reverse").render(piece[2:-2])
        if _MARKED.fullmatch(piece)
        else style.render(piece)
        for piece in pieces
        if piece
    ]
    return f"{''.join(shown)}\n"


_MARKED = re.compile(r"(\[-.+?-\]|\{\+.+?\+\})")
_MARKS = {"[-": "red", "{+": "green"}
_WORDS = re.compile(r"\w+|\s+|[^\w\s]")
_ALIKE = 0.4


def mark_words(before: str, after: str) -> str:
    """Return two texts as one, with what differs as ``[-before-]{+after+}``; "" for unlike ones."""
    left, right = _WORDS.findall(before), _WORDS.findall(after)
    matcher = SequenceMatcher(None, left, right, autojunk=False)
    if matcher.ratio() < _ALIKE:
        return ""
    text = ""
    for kind, start, end, other, stop in matcher.get_opcodes():
        old, new = "".join(left[start:end]), "".join(right[other:stop])
        if kind == "equal":
            text += old
            continue
        text += f"[-{old}-]" if old else ""
        text += f"{{+{new}+}}" if new else ""
    return text


def _with_marks(lines: list[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Mark the words that differ where one line of a patch has become another one."""
    signs = [sign for sign, _ in lines]
    skip = False
    for number, (sign, text) in enumerate(lines):
        if skip:
            skip = False
            continue
        around = signs[max(number - 1, 0) : number + 3]
        alone = sign == "-" and around == [signs[max(number - 1, 0)], "-", "+", *around[3:]]
        alone = alone and signs[number - 1] != "-" and around[3:] != ["+"]
        if not alone:
            yield sign, text
            continue
        head, other = len(text) - len(text.lstrip()), lines[number + 1][1]
        left, right = _WORDS.findall(text[head + 1 :]), _WORDS.findall(other[head + 1 :])
        yield sign, text[: head + 1] + _marked(left, right, "[-", "-]")
        yield "+", other[: head + 1] + _marked(right, left, "{+", "+}")
        skip = True


def _marked(words: list[str], others: list[str], start: str, end: str) -> str:
    matcher = SequenceMatcher(None, words, others, autojunk=False)
    if matcher.ratio() < _ALIKE:
        return "".join(words)
    return "".join(
        "".join(words[a:b]) if kind == "equal" or a == b else start + "".join(words[a:b]) + end
        for kind, a, b, _, _ in matcher.get_opcodes()
    )


_MANY = 3


def _interface(diff: SeriesDiff) -> Iterator[tuple[str, str]]:
    if diff.interface:
        yield "#", "interface"
    groups: dict[tuple[str, str], list[Change]] = {}
    for change in diff.interface:
        groups.setdefault((change.kind, change.what), []).append(change)
    for (kind, what), changes in groups.items():
        if len(changes) > _MANY and what in (What.ADDED, What.REMOVED):
            sign = _SIGNS[What(what)]
            names = ", ".join(_short(change.name) for change in changes)
            text = f"{sign} {len(changes)} {_PLURALS.get(kind, kind)} {what}: {names}"
            yield from ((sign, line) for line in _wrapped(text, "    "))
            continue
        for change in changes:
            yield from _change(change)


_PLURALS = {"function": "functions", "member": "members", "macro": "macros", "hook": "hooks"}
_PLURALS |= {"opcode": "opcodes", "state": "states", "review": "points of the review"}


def _short(name: str) -> str:
    """Return a name without its file."""
    return name.rpartition(": ")[2]


def _change(change: Change) -> Iterator[tuple[str, str]]:
    sign = _SIGNS.get(change.what, "!")
    head = f"{sign} {change.kind} {change.what}: {change.name}"
    if not (change.before and change.after):
        value = change.before or change.after
        yield from (
            (sign, line) for line in _wrapped(f"{head}{f': {value}' * bool(value)}", "    ")
        )
        return
    yield from ((sign, line) for line in _wrapped(head, "    "))
    marked = mark_words(change.before, change.after)
    if marked:
        yield from (("", line) for line in _wrapped(f"    {marked}", "      "))
        return
    yield from (("-", line) for line in _wrapped(f"    - {change.before}", "      "))
    yield from (("+", line) for line in _wrapped(f"    + {change.after}", "      "))


def _patches(diff: SeriesDiff) -> Iterator[tuple[str, str]]:
    if diff.cover:
        yield "#", "cover letter"
        for line in diff.cover.splitlines()[1:]:
            yield range_sign(line), f"    {line}"
    if all(pair.sign == SAME and not pair.moved for pair in diff.patches):
        return
    same: list[Pair] = []
    told: set[str] = set()
    for pair in diff.patches:
        if pair.sign == SAME and not pair.moved and _follows(same, pair):
            same.append(pair)
            continue
        yield from _folded(same)
        same = [pair] if pair.sign == SAME and not pair.moved else []
        if same:
            continue
        yield from ((pair.sign, line) for line in _wrapped(_described(pair), " " * 11))
        if pair.parts != (CONTEXT,):
            yield from range_text(pair.text, told)
    yield from _folded(same)


def _follows(same: list[Pair], pair: Pair) -> bool:
    """Tell whether a pair is the next one on both sides."""
    numbers = (pair.before, pair.after)
    return not same or numbers == (same[-1].before + 1, same[-1].after + 1)


def _folded(same: list[Pair]) -> Iterator[tuple[str, str]]:
    """Show neighbours that are the same as one line."""
    if len(same) == 1:
        yield "=", pair_line(same[0])
    elif same:
        first, last = same[0], same[-1]
        yield "=", f"{first.before:>3} = {first.after:>3}  to {last.before} = {last.after}"


def _described(pair: Pair) -> str:
    words = list(pair.parts)
    if words == [CONTEXT]:
        words = ["context only"]
    words += ["moved"] if pair.moved else []
    sign = "~" if pair.moved and pair.sign == SAME else pair.sign
    before, after = (str(n or "-") for n in (pair.before, pair.after))
    said = f" ({', '.join(words)})" if words else ""
    return f"{before:>3} {sign} {after:>3}  {pair.subject}{said}"


def _tree(diff: SeriesDiff) -> Iterator[tuple[str, str]]:
    if diff.tree.text:
        yield "#", f"tree: {diff.before} -> {diff.after}"
    for line in diff.tree.text.splitlines():
        head = line.startswith(("diff ", "index ", "+++ ", "--- "))
        yield "#" if head else range_sign(line), line


_LEVELS = {INTERFACE: _interface, PATCHES: _patches, TREE: _tree}


def diff_markdown(diff: SeriesDiff, levels: tuple[str, ...]) -> str:
    """Return the levels wanted as Markdown that can be read as it is, in a mail."""
    lines = [f"Changes from {_plain(diff.before)} to {_plain(diff.after)}", ""]
    lines += ["Nothing differs." if diff.same else f"{_plain(summarise(diff))}.", ""]
    lines += [f"Note: {remark}." for remark in diff.remarks] + [""] * bool(diff.remarks)
    if PATCHES in levels and diff.cover:
        lines += ["## Cover letter", "", *code_block(diff.cover)]
    if INTERFACE in levels and diff.interface:
        lines += ["## Interface", "", *(_item(change) for change in diff.interface), ""]
    if PATCHES in levels and any(pair.sign != SAME for pair in diff.patches):
        lines += ["## Patches", "", *code_block("".join(code_blocks(diff.patches)))]
    if TREE in levels and diff.tree.text:
        lines += ["## Tree", "", *code_block(diff.tree.text)]
    return "\n".join(lines).rstrip("\n") + "\n"


def _item(change: Change) -> str:
    texts = [f"`{_plain(text)}`" for text in (change.before, change.after) if text]
    value = f": {' became '.join(texts)}" if texts else ""
    return f"- {change.kind} {change.what}: `{_plain(change.name)}`{value}"


def _plain(text: str) -> str:
    return clean_text(text).replace("`", "'")


def diff_html(diff: SeriesDiff, levels: tuple[str, ...]) -> str:
    """Return the levels wanted as a page that needs nothing else."""
    from generator.report.page import render_page

    tree = [(_css(sign), text) for sign, text in _tree(diff)][1:]
    patches = [
        (pair, [(_css(range_sign(line)), line) for line in pair.text.splitlines()])
        for pair in diff.patches
    ]
    return render_page(
        "diff.html.j2",
        title=f"{diff.before} and {diff.after}",
        diff=diff,
        summary=summarise(diff),
        levels=levels,
        patches=patches,
        tree=tree,
    )


def _css(sign: str) -> str:
    return {"+": "new", "-": "old", "@": "at", "#": "head"}.get(sign, "")
