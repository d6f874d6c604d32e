# SPDX-License-Identifier: GPL-2.0-only
"""The cost of a probe hit, in instructions: ours beside the unmodified base.

Takes two boots of ``qemu/guest/cost.c``, whose figures are the same in every run and on every
machine, and what the two analyses say about each instruction. The figures are not to get worse:
since a hit looks at the mode of the code and at the two bytes before ip, it is up to 1.10 of the
base, and up to 0.80 where the base steps and ours does not. (The figures to reach: 1.00 and 0.70.)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass

from generator.errors import CheckFailed
from generator.guest.ktap import KtapReport, KtapTest, Status

AT_MOST = 1.10
WITHOUT_STEP = 0.80


@dataclass(frozen=True, kw_only=True)
class Cost:
    """One instruction.

    Attributes:
        name, code: of the site, and the bytes of the instruction.
        how, how_base: stepped, not stepped or refused, by ours and by the base.
        ours, base: instructions a hit takes beyond the same code without a probe; None: refused.
    """

    name: str
    code: str
    how: str
    how_base: str
    ours: int | None
    base: int | None

    @property
    def ratio(self) -> float | None:
        """Ours as a multiple of the base's."""
        return self.ours / self.base if self.ours and self.base else None

    @property
    def limit(self) -> float:
        """What the ratio must not exceed."""
        gained = self.how == "not stepped" and self.how_base == "stepped"
        return WITHOUT_STEP if gained else AT_MOST

    @property
    def good(self) -> bool:
        """It is not dearer than it may be; what only the base refuses is good."""
        if self.ratio is None:
            return self.ours is not None
        return self.ratio <= self.limit


def compare_cost(
    tip: KtapReport, peer: KtapReport, verdicts: Mapping[str, Callable[[bytes], str]]
) -> tuple[Cost, ...]:
    """Put the figures side by side.

    Args:
        tip: what the guest of the tip has printed.
        peer: the same of the unmodified base.
        verdicts: ``ours`` and ``base``: what the analysis says about the bytes of an instruction.

    Raises:
        CheckFailed: a boot is not complete, or a hit was not counted.
    """
    others = {test.name: test for test in _tests(peer, "the base")}
    rows = []
    for test in _tests(tip, "the tip"):
        code = bytes.fromhex(test.values["bytes"])
        rows.append(
            Cost(
                name=test.name,
                code=code.hex(" "),
                how=verdicts["ours"](code),
                how_base=verdicts["base"](code),
                ours=_figure(test),
                base=_figure(others[test.name]),
            )
        )
    return tuple(rows)


def _tests(report: KtapReport, where: str) -> tuple[KtapTest, ...]:
    if report.problems or not report.tests:
        what = report.problems[0] if report.problems else "there is no result"
        raise CheckFailed(what, where=where)
    return report.tests


def _figure(test: KtapTest) -> int | None:
    """Return the instructions of a hit, None for what cannot be probed."""
    if test.outcome == "refused":
        return None
    if test.status is not Status.PASS:
        raise CheckFailed(f"{test.outcome}: {dict(test.values)}", where=test.name)
    return int(test.values["instructions"])


def as_data(rows: tuple[Cost, ...]) -> dict[str, object]:
    """Return the figures for JSON."""
    return {
        "format": 1,
        "rows": [
            asdict(row) | {"ratio": row.ratio, "limit": row.limit, "good": row.good} for row in rows
        ],
    }


def as_text(rows: tuple[Cost, ...]) -> str:
    """Return the figures as a table for people; what is dearer than it may be has a mark."""
    width = max(len(row.name) for row in rows)
    lines = [f"{'instructions a hit':{width}}     ours     base   ratio"]
    for row in rows:
        ratio = f"{row.ratio:7.2f}" if row.ratio is not None else f"{'-':>7}"
        how = row.how if row.how == row.how_base else f"{row.how}, base {row.how_base}"
        mark = "" if row.good else f"  ABOVE {row.limit:.2f}"
        lines.append(
            f"{row.name:{width}} {_number(row.ours):>8} {_number(row.base):>8} {ratio}  {how}{mark}"
        )
    return "\n".join(lines)


def _number(value: int | None) -> str:
    return "refused" if value is None else f"{value}"
