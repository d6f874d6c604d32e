# SPDX-License-Identifier: GPL-2.0-only
"""Hits in a second on several processors, ours beside the base's.

A rate is a matter of the machine, and under QEMU without KVM of how many of its own processors the
emulated ones share; so what is kept is the ratio of two boots that follow one another, several
times, its minimum and its median.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from generator.errors import CheckFailed
from generator.guest.ktap import KtapReport, Status


@dataclass(frozen=True, kw_only=True)
class Rate:
    """One row of ``qemu/guest/scale.c``.

    Attributes:
        row: what is hit, by how many processors: ``nop-one-4``, ``return-apart-2``.
        ours, base: calls in a second, of each run.
    """

    row: str
    ours: tuple[int, ...]
    base: tuple[int, ...]

    @property
    def ratios(self) -> tuple[float, ...]:
        """Ours as a multiple of the base's in the same run; more is better."""
        return tuple(ours / base for ours, base in zip(self.ours, self.base, strict=True))

    @property
    def minimum(self) -> float:
        """The worst of them."""
        return min(self.ratios)

    @property
    def median(self) -> float:
        """The one in the middle."""
        return statistics.median(self.ratios)


def compare_rates(runs: Sequence[tuple[KtapReport, KtapReport]]) -> tuple[Rate, ...]:
    """Put the rates side by side.

    Args:
        runs: of each run what the guests of the tip and of the base have printed.

    Raises:
        CheckFailed: a boot is not complete, or hits were lost.
    """
    ours = [_rates(tip, "the tip") for tip, _ in runs]
    base = [_rates(peer, "the base") for _, peer in runs]
    names = {tuple(rates) for rates in (*ours, *base)}
    if len(names) != 1:
        raise CheckFailed("not the same rows in each boot")
    return tuple(
        Rate(
            row=name,
            ours=tuple(rates[name] for rates in ours),
            base=tuple(rates[name] for rates in base),
        )
        for name in ours[0]
    )


def _rates(report: KtapReport, where: str) -> Mapping[str, int]:
    if report.problems or not report.tests:
        what = report.problems[0] if report.problems else "there is no result"
        raise CheckFailed(what, where=where)
    for test in report.tests:
        if test.status is not Status.PASS or int(test.values["rate"]) <= 0:
            raise CheckFailed(f"{test.outcome}: {dict(test.values)}", where=f"{where}: {test.name}")
    return {test.name: int(test.values["rate"]) for test in report.tests}
