# SPDX-License-Identifier: GPL-2.0-only
"""The comparison, a boot's verdict and the overview of all bases as text for people, through rich.

Words from a guest are put in as plain ``Text``, never as markup. Without a terminal the text has no
colour, no box and no wrapping, so that it can be searched and compared line by line.
"""

from __future__ import annotations

import io
from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from generator.guest.boot import BootResult
from generator.render.share import LineShare
from generator.report.compare import Comparison, Row, Verdict
from generator.report.overview import Cell, PatchRow, State
from generator.report.summary import describe_boot, is_as_it_must_be
from generator.text import clean_text

_PIPE_WIDTH = 400
_STYLES = {Verdict.GOOD: "green", Verdict.BAD: "bold red", Verdict.SKIPPED: "bold yellow"}
_MARKS = {Verdict.GOOD: "ok", Verdict.BAD: "NOT OK", Verdict.SKIPPED: "SKIPPED"}


def format_comparison(comparison: Comparison, *, terminal: bool, width: int = 100) -> str:
    """Return the comparison as text.

    Args:
        comparison: what to show.
        terminal: use colour and lines.
        width: columns of the terminal; without one, lines are as long as they need to be.
    """
    stream = io.StringIO()
    console = _console(stream, terminal=terminal, width=width)
    console.print(_table(comparison, terminal=terminal))
    for row in comparison.skipped:
        console.print(_line(f"SKIPPED {row.name}: {row.note}", Verdict.SKIPPED))
    for name in comparison.peer_fails:
        console.print(_line(f"passes here, fails in the base's own uprobes: {name}"))
    for problem in comparison.problems:
        console.print(_line(f"NOT OK {problem}", Verdict.BAD))
    console.print(_summary(comparison))
    return _trimmed(stream.getvalue())


def format_boot(result: BootResult, *, terminal: bool, width: int = 100) -> str:
    """Return the verdict on one boot as text, with the console lines that show it."""
    stream = io.StringIO()
    console = _console(stream, terminal=terminal, width=width)
    outcome, good = result.outcome, result.outcome.complete
    style = Verdict.GOOD if is_as_it_must_be(result) else Verdict.BAD
    said = describe_boot(result) if good else f"{outcome.kind}: {outcome.reason}"
    console.print(_line(f"{result.base}/{result.variant} ({result.flavour}): {said}", style))
    # what QEMU says of it is with the result
    reason = result.accel.reason.partition(": ")[0]
    console.print(_line(f"  {result.end.seconds:.1f} s, {result.accel.accel}: {reason}"))
    if not good:
        for line in outcome.excerpt:
            console.print(_line(f"  | {line}"))
        console.print(_line(f"  console: {result.console}"))
        console.print(_line(f"  results: {result.results}"))
    return _trimmed(stream.getvalue())


_STATE_STYLES = {
    State.GOOD: "green",
    State.BAD: "bold red",
    State.OLDER: "bold yellow",
    State.MISSING: "bold yellow",
    State.NONE: "",
}


def format_overview(rows: Sequence[PatchRow], *, terminal: bool, width: int = 100) -> str:
    """Return the table of all bases and patches as text; ``NOT OK`` marks what is wrong."""
    stream = io.StringIO()
    table = Table(box=box.SIMPLE_HEAD if terminal else None, pad_edge=False)
    for name in ("base", "patch", "applies", "builds", "boots", "self-tests", "peer"):
        table.add_column(name, overflow="fold")
    for row in rows:
        number = f"{row.number:2d} " if row.number else ""
        cells = (row.applies, row.builds, row.boots, row.tests, row.peer)
        table.add_row(_line(row.base), _line(f"{number}{row.name}"), *map(_cell, cells))
    _console(stream, terminal=terminal, width=width).print(table)
    return _trimmed(stream.getvalue())


def _cell(cell: Cell) -> Text:
    text = f"NOT OK: {cell.text}" if cell.state is State.BAD else cell.text
    return Text(clean_text(text), style=_STATE_STYLES[cell.state])


def format_share(share: LineShare, *, terminal: bool, width: int = 100) -> str:
    """Return which template lines the bases share as text: a row a template, and the sum."""
    stream = io.StringIO()
    table = Table(box=box.SIMPLE_HEAD if terminal else None, pad_edge=False)
    table.add_column("template lines", overflow="fold")
    for name in ("all bases", *(f"only {base}" for base in share.bases), "several", "none"):
        table.add_column(name, justify="right")
    every = " ".join(share.bases)
    for row in share.templates:
        own = [row.counts.get(base, 0) if len(share.bases) > 1 else 0 for base in share.bases]
        shared = row.counts.get(every, 0)
        several = sum(row.counts.values()) - shared - sum(own)
        numbers = (shared, *own, several, len(row.dead))
        table.add_row(_line(row.template), *(str(number) if number else "-" for number in numbers))
    dead = sum(len(row.dead) for row in share.templates)
    numbers = (share.shared, *share.own.values(), share.several, dead)
    table.add_row(_line(f"all {share.total}"), *(str(number) for number in numbers))
    console = _console(stream, terminal=terminal, width=width)
    console.print(table)
    if share.unfinished:
        console.print(_line(f"{share.unfinished} more belong to bases that are not finished"))
    return _trimmed(stream.getvalue())


def _console(stream: io.StringIO, *, terminal: bool, width: int) -> Console:
    return Console(
        file=stream,
        force_terminal=terminal,
        no_color=not terminal,
        color_system="standard" if terminal else None,
        width=width if terminal else _PIPE_WIDTH,
        highlight=False,
        markup=False,
        emoji=False,
        soft_wrap=False,
    )


def _table(comparison: Comparison, *, terminal: bool) -> Table:
    table = Table(
        title=Text(f"{comparison.base} ({comparison.flavour}): before and after"),
        title_justify="left",
        box=box.SIMPLE_HEAD if terminal else None,
        pad_edge=False,
    )
    columns = ["test", "expected before", "baseline", "tip"]
    for name in [*columns, *(["peer"] if comparison.has_peer else []), ""]:
        table.add_column(name, overflow="fold")
    for row in comparison.rows:
        table.add_row(*_cells(row, has_peer=comparison.has_peer))
    return table


def _cells(row: Row, *, has_peer: bool) -> list[Text]:
    words = [row.name, row.expected, row.baseline, row.tip, *([row.peer] if has_peer else [])]
    return [*(_line(word) for word in words), _line(_MARKS[row.verdict], row.verdict)]


def _summary(comparison: Comparison) -> Text:
    good = sum(row.verdict is Verdict.GOOD for row in comparison.rows)
    skipped, problems = len(comparison.skipped), len(comparison.problems)
    text = f"{good} of {len(comparison.rows)} test(s) proved, {skipped} skipped"
    if problems:
        return _line(f"{text}, {problems} problem(s)", Verdict.BAD)
    return _line(text, Verdict.SKIPPED if skipped else Verdict.GOOD)


def _line(text: str, verdict: Verdict | None = None) -> Text:
    return Text(clean_text(text), style=_STYLES[verdict] if verdict else "")


def _trimmed(text: str) -> str:
    return "".join(f"{line.rstrip()}\n" for line in text.splitlines())
