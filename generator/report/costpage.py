# SPDX-License-Identifier: GPL-2.0-only
"""What a hit costs, as a page in Markdown: from the kept results of ``cost`` and ``scaling``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from generator.checks.scaling.count import HitCounts
from generator.checks.scaling.rates import Rate
from generator.jsonfile import as_object
from generator.plan import find_series
from generator.report.cost import KINDS, MODES, Cost, CostSummary
from generator.report.kept import Kept
from generator.report.markdown import table

HEAD = """\
# What a hit costs

    uprobekit build tip peer && uprobekit cost && uprobekit scaling    # also with --base 6.12

`cost` boots the kernel with the series and the unmodified one, whose own uprobes do the same work,
and has QEMU count the instructions of one call of a probed function beyond the same call without
the probe. Each row has a process of its own, in the same state on both kernels: the page of slots
is there, the same mappings, nothing else armed. So the figures depend on no machine, and a row is
the same in each order (`--shuffle`). Each row is counted six times: 64-bit and 32-bit code; hits
counted and no more, recorded for a trace event, and recorded for perf.

Ratios are ours as a multiple of the unmodified kernel's; `aim` is the ratio to reach where hits are
counted. Where they are recorded no row is to be above 1.00. A row that gets dearer than its limit
(`LIMITS` in `generator/report/cost.py`) fails `make measure-cost`. What was said before 29 November
2026 had all rows in one process, where the unmodified kernel made its page of slots at the second
row and ours at the first step, so that the rows were not in the same state.

`scaling` has two processors hit one probe, or each its own, and counts in the kernel: instructions
with a lock, allocations, and lines of 64 bytes of memory that the calls of both processors write.
Then guests of eight processors hit as often as they can, on one, two, four and eight of them. Hits
in a second are a matter of the machine, so that they are a ratio of two boots that follow one
another. Under QEMU no more of them happen at once than the host has processors, and a processor of
the guest that the host stops while it holds a lock stops all others that want it. On 6.1, where
each hit takes the lock of the tree of probes, the columns above the number of the host's
processors say nothing therefore, on either kernel.
"""


@dataclass(frozen=True, kw_only=True)
class CostResult:
    """What is kept of ``cost``: the rows, and their ranges by kind and mode."""

    rows: tuple[Cost, ...]
    kinds: tuple[CostSummary, ...]


@dataclass(frozen=True, kw_only=True)
class ScalingResult:
    """What is kept of ``scaling``: see ``generator.checks.scaling``."""

    counts: tuple[HitCounts, ...]
    rates: tuple[Rate, ...]


def format_page(costs: Mapping[tuple[str, str], Kept], scaling: Mapping[str, Kept]) -> str:
    """Return the page.

    Args:
        costs: what is kept of ``cost``, by base and series.
        scaling: what is kept of ``scaling``, by base.

    Raises:
        ValueError: a result has another shape.
    """
    lines = [HEAD.rstrip()]
    for (base, series), kept in costs.items():
        result = as_object(dict(kept.data), CostResult)
        aims = find_series(series).modelled
        lines += ["", f"## {base}, series `{series}`", ""]
        lines += [f"{kept.origin}. {_reached(result.rows, aims=aims)}", ""]
        lines += [*_kinds(result.kinds, aims=aims), ""]
        lines += ["64-bit code, hits counted:", "", *_rows(result.rows)]
        if aims and base in scaling:
            lines += ["", *_scaling(base, scaling[base])]
    return "\n".join(lines) + "\n"


def _reached(rows: Sequence[Cost], *, aims: bool) -> str:
    """Say how many rows are what they are to be; a series of fixes has limits alone."""
    good = sum(row.reached if aims else row.good for row in rows)
    return f"{good} of {len(rows)} rows {'reach the aim' if aims else 'are within their limit'}."


def _kinds(kinds: Sequence[CostSummary], *, aims: bool) -> Iterator[str]:
    """Yield the table of the kinds, with what was said before where something was."""
    known = {(each.kind, each.mode): each for each in kinds}
    first = {kind: known[kind, MODES[0]] for kind in KINDS if (kind, MODES[0]) in known}
    said = any(each.before for each in first.values())
    columns = ["what", "rows", "ours", "unmodified", *(["aim"] if aims else []), *MODES]
    rows = [
        [
            KINDS[kind],
            str(each.rows),
            _span(*each.ours),
            _span(*each.base),
            *([f"{each.aim:.2f}"] if aims else []),
            *(_ratios(known.get((kind, mode))) for mode in MODES),
            *([each.before] if said else []),
        ]
        for kind, each in first.items()
    ]
    yield from table([*columns, "said before 29 November 2026"] if said else columns, rows)


def _span(low: int, high: int) -> str:
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def _ratios(each: CostSummary | None) -> str:
    if each is None or each.lowest is None or each.highest is None:
        return ""
    low, high = f"{each.lowest:.2f}", f"{each.highest:.2f}"
    return low if low == high else f"{low} to {high}"


def _rows(rows: Sequence[Cost]) -> Iterator[str]:
    cells = [
        (
            row.site,
            f"`{row.code}`" if row.code else "",
            row.how,
            row.how_base,
            "refused" if row.ours is None else f"{row.ours:,}",
            "refused" if row.base is None else f"{row.base:,}",
            "" if row.ratio is None else f"{row.ratio:.2f}",
        )
        for row in rows
        if row.mode == MODES[0]
    ]
    yield from table(
        ("call", "bytes", "ours", "unmodified", "instructions", "unmodified", "ratio"), cells
    )


def _scaling(base: str, kept: Kept) -> Iterator[str]:
    """Yield both tables of several processors.

    Raises:
        ValueError: the result has another shape.
    """
    result = as_object(dict(kept.data), ScalingResult)
    yield f"### {base}, several processors"
    yield ""
    yield f"{kept.origin}. What a call does, ours and unmodified:"
    yield ""
    counts = {(each.row, each.side): each for each in result.counts}
    yield from table(
        ("two processors", *(title for title, _ in _COUNTED)),
        [
            (
                row,
                *(
                    f"{getattr(counts[row, 'ours'], name):,g}, "
                    f"{getattr(counts[row, 'base'], name):,g}"
                    for _, name in _COUNTED
                ),
            )
            for row in dict.fromkeys(each.row for each in result.counts)
        ],
    )
    if result.rates:
        runs = len(result.rates[0].ours)
        yield ""
        yield f"Hits in a second, as a multiple, minimum and median of {runs} runs:"
        yield ""
        yield from _rates(result.rates)


_COUNTED = (
    ("instructions", "instructions"),
    ("with a lock", "locked"),
    ("allocations", "allocations"),
    ("frees", "frees"),
    ("shared lines", "shared_lines"),
    ("writes to them", "shared_writes"),
    ("of those with a lock", "shared_locked"),
)
"""Columns of the table: what it is, and the attribute of ``HitCounts``."""


def _rates(rates: Sequence[Rate]) -> Iterator[str]:
    known = {rate.row: rate for rate in rates}
    names, processors = (
        list(dict.fromkeys(rate.row.rpartition("-")[part] for rate in rates)) for part in (0, 2)
    )
    rows = []
    for name in names:
        some = [known[f"{name}-{count}"] for count in processors]
        rows.append([name, *(f"{rate.minimum:.2f}, {rate.median:.2f}" for rate in some)])
    yield from table(("processors", *processors), rows)
