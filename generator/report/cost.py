# SPDX-License-Identifier: GPL-2.0-only
"""The cost of a probe hit, in instructions: ours beside the unmodified base.

Takes two boots of ``qemu/guest/cost.c``, where each row is measured in a process of its own that is
in the same state on both kernels, and what the two analyses say about each instruction. The figures
depend on no machine and on no order. ``AIMS`` is what the ratios are to be, ``LIMITS`` what
they are: no row may be dearer than that, and a limit goes down when the C gets cheaper.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass

from generator.errors import CheckFailed
from generator.guest.ktap import KtapReport, KtapTest, Status

MODES = ("64", "64+trace", "64+perf", "32", "32+trace", "32+perf")
"""Bits of the code; what is done about a hit: nothing more than counting it, a record in the buffer
of trace events, or in that of perf."""

KINDS = {
    "nop": "a NOP",
    "emulated": "neither steps",
    "gained": "only the base steps",
    "stepped": "both step",
    "entries": "two entry probes",
    "returns": "returns, with entries or without",
}
"""What there is, by what the two kernels do about it."""

AIMS = {
    "nop": 0.95,
    "emulated": 0.98,
    "gained": 0.66,
    "stepped": 0.92,
    "entries": 1.00,
    "returns": 0.85,
}
"""Ratios to reach where hits are counted."""

RECORDED = 1.00
"""The ratio to reach where hits are recorded."""

Limits = Mapping[str, Sequence[float]]
"""The highest ratios, by kind; one for each of ``MODES``."""

LIMITS: Mapping[str, Mapping[str, Limits]] = {
    "review": {
        "6.1": {
            "nop": (0.755, 0.815, 0.875, 0.755, 0.825, 0.875),
            "emulated": (0.845, 0.885, 0.915, 0.835, 0.875, 0.915),
            "gained": (0.615, 0.685, 0.755, 0.615, 0.685, 0.755),
            "stepped": (0.855, 0.885, 0.905, 0.855, 0.885, 0.905),
            "entries": (0.875, 0.915, 0.935, 0.875, 0.915, 0.935),
            "returns": (0.825, 0.865, 0.895, 0.815, 0.855, 0.885),
        },
        "6.12": {
            "nop": (0.775, 0.845, 0.895, 0.775, 0.845, 0.895),
            "emulated": (0.885, 0.915, 0.945, 0.865, 0.905, 0.935),
            "gained": (0.605, 0.685, 0.755, 0.605, 0.685, 0.755),
            "stepped": (0.845, 0.875, 0.905, 0.845, 0.875, 0.905),
            "entries": (0.865, 0.905, 0.935, 0.865, 0.905, 0.935),
            "returns": (0.825, 0.875, 0.915, 0.835, 0.875, 0.915),
        },
    },
    "fixes": {
        "6.1": {
            "nop": (1.045, 1.035, 1.025, 1.045, 1.035, 1.025),
            "emulated": (1.045, 1.035, 1.025, 1.045, 1.035, 1.025),
            "gained": (0.725, 0.775, 0.825, 0.735, 0.785, 0.835),
            "stepped": (1.055, 1.045, 1.035, 1.055, 1.045, 1.035),
            "entries": (1.045, 1.035, 1.025, 1.045, 1.035, 1.025),
            "returns": (1.065, 1.055, 1.045, 1.065, 1.055, 1.045),
        },
        "6.12": {
            "nop": (1.025, 1.015, 1.015, 1.015, 1.015, 1.015),
            "emulated": (1.025, 1.015, 1.015, 1.025, 1.015, 1.015),
            "gained": (0.665, 0.735, 0.795, 0.685, 0.745, 0.805),
            "stepped": (1.005, 1.005, 1.005, 1.005, 1.005, 1.005),
            "entries": (1.015, 1.015, 1.015, 1.015, 1.015, 1.015),
            "returns": (1.055, 1.045, 1.035, 1.055, 1.045, 1.035),
        },
    },
}
"""The highest ratio that a row may have, by series, base and kind; one for each of ``MODES``.
Measured on 30 November 2026: 6.1.192 and 6.12.117, gcc 12.2.0, QEMU 7.2.22."""

BEFORE = {
    ("review", "6.1"): {"nop": "1.06 to 1.09", "emulated": "1.06 to 1.09"}
    | {"gained": "0.66 to 0.77", "stepped": "1.04"},
    ("review", "6.12"): {"nop": "0.97 to 1.00", "emulated": "0.97 to 1.00"}
    | {"gained": "0.58 to 0.67", "stepped": "1.00"},
}
"""What was said until 29 November 2026: all sites in one process, the slot area of the base there
from the second row on and ours from the first step on; 6.12: before the repairs of the 28th."""


@dataclass(frozen=True, kw_only=True)
class Cost:
    """One row.

    Attributes:
        name: as the guest has it: ``m32-push+trace``.
        site: the part that all modes of it share: ``push``.
        mode: one of ``MODES``.
        kind: one of ``KINDS``.
        code: the bytes of the instruction; empty for a function.
        how, how_base: stepped, not stepped or refused, by ours and by the base; empty for one that
            is no single instruction.
        ours, base: instructions a call takes beyond the same without a probe; None: refused.
        aim, limit: what the ratio is to become, and what it must not exceed; None: anything.
    """

    name: str
    site: str
    mode: str
    kind: str
    code: str
    how: str
    how_base: str
    ours: int | None
    base: int | None
    aim: float
    limit: float | None

    @property
    def ratio(self) -> float | None:
        """Ours as a multiple of the base's."""
        return self.ours / self.base if self.ours and self.base else None

    @property
    def good(self) -> bool:
        """It is not dearer than it may be; what only the base refuses is good."""
        if self.ratio is None:
            return self.ours is not None
        return self.limit is None or self.ratio <= self.limit

    @property
    def reached(self) -> bool:
        """It is as cheap as it is to become."""
        return self.good and (self.ratio is None or self.ratio <= self.aim)


@dataclass(frozen=True, kw_only=True)
class CostSummary:
    """The rows of one kind in one mode.

    Attributes:
        kind, mode: see ``KINDS`` and ``MODES``.
        rows: how many.
        lowest, highest: ratios; None where one side refuses all.
        ours, base: the cheapest and the dearest row, in instructions.
        aim, limit: of the ratio; a limit that is None: there is none.
        before: the ratios that were published of it; empty: none.
    """

    kind: str
    mode: str
    rows: int
    lowest: float | None
    highest: float | None
    ours: tuple[int, int]
    base: tuple[int, int]
    aim: float
    limit: float | None
    before: str


Verdicts = Mapping[str, Callable[[bytes, int], str]]
"""``ours`` and ``base``: what the analysis says about the bytes of an instruction, in code of so
many bits."""


def compare_cost(
    tip: KtapReport, peer: KtapReport, verdicts: Verdicts, *, base: str, series: str = "review"
) -> tuple[Cost, ...]:
    """Put the figures side by side, in the order of the base's rows.

    Args:
        tip: what the guest of the tip has printed.
        peer: the same of the unmodified base.
        verdicts: of the two analyses.
        base: whose limits hold, where there are some.
        series: of that base.

    Raises:
        CheckFailed: a boot is not complete, a hit was not counted, or the rows were not measured in
            the same state on both sides.
    """
    ours = {test.name: test for test in _tests(tip, "the tip")}
    others = {test.name: test for test in _tests(peer, "the base")}
    if ours.keys() != others.keys():
        odd = ", ".join(sorted(ours.keys() ^ others.keys()))
        raise CheckFailed(f"not measured on both sides: {odd}", where=base)
    limits = LIMITS.get(series, {}).get(base)
    return tuple(_row(ours[name], other, verdicts, limits) for name, other in others.items())


def compare_orders(first: KtapReport, second: KtapReport, *, most: float) -> tuple[str, ...]:
    """Return what differs between two runs on one kernel: rows whose figures are not the same.

    Args:
        first: what a guest has printed.
        second: the same of another order.
        most: how much of the figure the two may be apart.

    Raises:
        CheckFailed: a boot is not complete, or a hit was not counted.
    """
    one = {test.name: _figure(test) for test in _tests(first, "the first run")}
    two = {test.name: _figure(test) for test in _tests(second, "the second run")}
    odd = [f"{name}: in one run only" for name in sorted(one.keys() ^ two.keys())]
    for name in one.keys() & two.keys():
        a, b = one[name] or 0, two[name] or 0
        if abs(a - b) > most * max(a, b):
            odd.append(f"{name}: {a} and {b}")
    return tuple(odd)


def _tests(report: KtapReport, where: str) -> tuple[KtapTest, ...]:
    if report.problems or not report.tests:
        what = report.problems[0] if report.problems else "there is no result"
        raise CheckFailed(what, where=where)
    return report.tests


def _figure(test: KtapTest) -> int | None:
    """Return the instructions of a call, None for what cannot be probed."""
    if test.outcome == "refused":
        return None
    if test.status is not Status.PASS:
        raise CheckFailed(f"{test.outcome}: {dict(test.values)}", where=test.name)
    return int(test.values["instructions"])


def _row(test: KtapTest, other: KtapTest, verdicts: Verdicts, limits: Limits | None) -> Cost:
    site, _, record = test.name.removeprefix("m32-").partition("+")
    bits = 32 if test.name.startswith("m32-") else 64
    mode = f"{bits}+{record}" if record else str(bits)
    code = bytes.fromhex(test.values.get("bytes", ""))
    how, how_base = (verdicts[side](code, bits) if code else "" for side in ("ours", "base"))
    kind = _kind(site, how, how_base)
    ours, theirs = _figure(test), _figure(other)
    state = {side.values.get("mappings") for side in (test, other)}
    if ours is not None and theirs is not None and len(state) > 1:
        raise CheckFailed(f"not in the same state: {sorted(map(str, state))} mappings", where=site)
    return Cost(
        name=test.name,
        site=site,
        mode=mode,
        kind=kind,
        code=code.hex(" "),
        how=how,
        how_base=how_base,
        ours=ours,
        base=theirs,
        aim=RECORDED if record else AIMS[kind],
        limit=limits[kind][MODES.index(mode)] if limits else None,
    )


def _kind(site: str, how: str, how_base: str) -> str:
    """Return which one of ``KINDS`` a row is of."""
    if not how:
        return "entries" if site.startswith("two-entries") else "returns"
    if how == "stepped":
        return "stepped"
    if how_base == "stepped":
        return "gained"
    return "nop" if site.startswith("nop") else "emulated"


def summarize(
    rows: Sequence[Cost], *, base: str, series: str = "review"
) -> tuple[CostSummary, ...]:
    """Return the ranges of each kind in each mode."""
    found = []
    for mode in MODES:
        for kind in KINDS:
            some = [row for row in rows if (row.kind, row.mode) == (kind, mode)]
            ratios = [row.ratio for row in some if row.ratio is not None]
            if not some:
                continue
            said = BEFORE.get((series, base), {}) if mode == MODES[0] else {}
            found.append(
                CostSummary(
                    kind=kind,
                    mode=mode,
                    rows=len(some),
                    lowest=min(ratios, default=None),
                    highest=max(ratios, default=None),
                    ours=_range([row.ours for row in some]),
                    base=_range([row.base for row in some]),
                    aim=some[0].aim,
                    limit=some[0].limit,
                    before=said.get(kind, ""),
                )
            )
    return tuple(found)


def _range(figures: Sequence[int | None]) -> tuple[int, int]:
    known = [figure for figure in figures if figure is not None]
    return min(known, default=0), max(known, default=0)


def as_data(rows: tuple[Cost, ...], *, base: str, series: str = "review") -> dict[str, object]:
    """Return the figures for JSON."""
    return {
        "format": 1,
        "rows": [
            asdict(row) | {"ratio": row.ratio, "good": row.good, "reached": row.reached}
            for row in rows
        ],
        "kinds": [asdict(kind) for kind in summarize(rows, base=base, series=series)],
    }


def as_text(rows: tuple[Cost, ...], *, base: str, series: str = "review") -> str:
    """Return the figures as a table for people.

    A line is a site; figures are those of 64-bit code whose hits are counted, ratios those of every
    mode. What is dearer than it may be has a mark, and a line of its own at the end.
    """
    sites = dict.fromkeys(row.site for row in rows)
    known = {(row.site, row.mode): row for row in rows}
    width = max(len(name) for name in (*sites, "instructions a call"))
    lines = [
        f"{'instructions a call':{width}}    ours    base"
        + "".join(f"{mode:>10}" for mode in MODES)
        + "   aim"
    ]
    for site in sites:
        some = [known[site, mode] for mode in MODES if (site, mode) in known]
        cells = "".join(_cell(known.get((site, mode))) for mode in MODES)
        lines.append(
            f"{site:{width}} {_number(some[0].ours):>7} {_number(some[0].base):>7}{cells}"
            f"  {some[0].aim:.2f}  {KINDS[some[0].kind]}"
        )
    lines += ["", f"{'ratios':34} {'mode':>8}  rows  from    to  limit   aim  said before"]
    for kind in summarize(rows, base=base, series=series):
        lines.append(
            f"{KINDS[kind.kind]:34} {kind.mode:>8} {kind.rows:5}  {_ratio(kind.lowest)}  "
            f"{_ratio(kind.highest)}  {_limit(kind.limit)}  {kind.aim:.2f}  {kind.before}".rstrip()
        )
    lines += [f"{row.name}: {_ratio(row.ratio)}, ABOVE {_limit(row.limit)}" for row in dear(rows)]
    lines.append(f"{sum(row.reached for row in rows)} of {len(rows)} rows are what they are to be")
    return "\n".join(lines)


def dear(rows: Sequence[Cost]) -> tuple[Cost, ...]:
    """Return the rows that are dearer than they may be."""
    return tuple(row for row in rows if not row.good)


def _cell(row: Cost | None) -> str:
    if row is None:
        return f"{'':>10}"
    return f"{_ratio(row.ratio):>9}{' ' if row.good else '!'}"


def _ratio(value: float | None) -> str:
    return "   -" if value is None else f"{value:.2f}"


def _limit(value: float | None) -> str:
    return "    -" if value is None else f"{value:.3f}"


def _number(value: int | None) -> str:
    return "refused" if value is None else f"{value}"
