# SPDX-License-Identifier: GPL-2.0-only
"""What hits on several processors share, and how many there are in a second: text and JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from generator.checks.scaling.count import HitCounts
from generator.checks.scaling.rates import Rate

SHOWN = 6
"""Places of a row that are shown to people."""


def compare_counts(counts: Sequence[HitCounts]) -> tuple[str, ...]:
    """Return what hits of ours share beyond those of the base, a sentence each."""
    base = {row.row: row for row in counts if row.side == "base"}
    found = []
    for row in counts:
        other = base.get(row.row)
        if other is None or row is other:
            continue
        for what in ("shared_lines", "shared_writes", "shared_locked"):
            ours, theirs = getattr(row, what), getattr(other, what)
            if ours > theirs:
                found.append(f"{row.row}: {what.replace('_', ' ')} {ours:g}, the base {theirs:g}")
    return tuple(found)


def as_data(counts: Sequence[HitCounts], rates: Sequence[Rate]) -> dict[str, object]:
    """Return the results for JSON."""
    return {
        "format": 1,
        "problems": compare_counts(counts),
        "counts": [asdict(row) for row in counts],
        "rates": [
            asdict(rate) | {"ratios": rate.ratios, "minimum": rate.minimum, "median": rate.median}
            for rate in rates
        ],
    }


def as_text(counts: Sequence[HitCounts], rates: Sequence[Rate]) -> str:
    """Return the results as tables for people."""
    lines = []
    if counts:
        lines += [
            f"{'a call, two processors':22} {'instr.':>8} {'locked':>7} {'allocs':>7} {'frees':>6}"
            f"  shared: {'lines':>5} {'writes':>7} {'locked':>7}"
        ]
    for row in counts:
        lines.append(
            f"{f'{row.row}, {row.side}':22} {row.instructions:8} {row.locked:7g} "
            f"{row.allocations:7g} {row.frees:6g}          {row.shared_lines:5} "
            f"{row.shared_writes:7g} {row.shared_locked:7g}"
        )
    for row in counts:
        if row.places:
            lines.append(f"  {row.row}, {row.side}: {', '.join(row.places[:SHOWN])}")
    if rates:
        lines.append(f"{'hits in a second':22} {'ratio: minimum':>16} {'median':>8}")
    for rate in rates:
        lines.append(f"{rate.row:22} {rate.minimum:16.2f} {rate.median:8.2f}")
    return "\n".join(lines)
