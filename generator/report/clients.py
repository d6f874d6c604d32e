# SPDX-License-Identifier: GPL-2.0-only
"""The clients of uprobes: what each has counted on the tip and on the unmodified base.

Takes two boots of ``qemu/guest/clients.sh``. A client counts what is expected, exactly, or it does
not pass. The base is the floor: where it counts what is expected, the tip has to. That the base's
count differs otherwise is reported, and is not a failure of the series.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from generator.errors import CheckFailed
from generator.guest.ktap import KtapReport, KtapTest


@dataclass(frozen=True, kw_only=True)
class Client:
    """One client.

    Attributes:
        name: of the client and of what it counts.
        expected: the count.
        ours, base: what it counted on the tip and on the unmodified base; None: nothing.
        said: what it said on the tip when its count was wrong.
    """

    name: str
    expected: int
    ours: int | None
    base: int | None
    said: tuple[str, ...] = ()

    @property
    def good(self) -> bool:
        """It counts on the tip what it must."""
        return self.ours == self.expected

    @property
    def same(self) -> bool:
        """It counts on the tip what it counts on the base."""
        return self.ours == self.base


def compare_clients(tip: KtapReport, peer: KtapReport) -> tuple[Client, ...]:
    """Put the counts side by side.

    Args:
        tip: what the guest of the tip has printed.
        peer: the same of the unmodified base.

    Raises:
        CheckFailed: a guest did not report all clients, or they reported different ones.
    """
    ours, base = _tests(tip, "the tip"), _tests(peer, "the base")
    if ours.keys() != base.keys():
        only = ", ".join(sorted(ours.keys() ^ base.keys()))
        raise CheckFailed(f"on one side only: {only}", where="clients")
    return tuple(
        Client(
            name=name,
            expected=int(test.values["expected"]),
            ours=_count(test),
            base=_count(base[name]),
            said=() if test.passed else test.diagnostics,
        )
        for name, test in ours.items()
    )


def _tests(report: KtapReport, where: str) -> dict[str, KtapTest]:
    if not report.complete:
        what = report.problems[0] if report.problems else "there is no result"
        raise CheckFailed(what, where=where)
    return {test.name: test for test in report.tests}


def _count(test: KtapTest) -> int | None:
    """Return what was counted, None where that is no number."""
    hits = test.values.get("hits", "")
    return int(hits) if hits.isdecimal() else None


def as_data(rows: tuple[Client, ...], versions: Mapping[str, str]) -> dict[str, object]:
    """Return the counts for JSON; ``versions`` is of the clients' packages."""
    return {
        "format": 1,
        "versions": dict(versions),
        "clients": [asdict(row) | {"good": row.good, "same": row.same} for row in rows],
    }


def as_text(rows: tuple[Client, ...]) -> str:
    """Return the counts as a table for people, with what a client said where it is wrong."""
    width = max(len(row.name) for row in rows)
    lines = [f"{'client':{width}} expected     ours     base"]
    for row in rows:
        mark = "" if row.good else "  WRONG"
        mark += "" if row.same else "  differs from the base"
        lines.append(
            f"{row.name:{width}} {row.expected:8} {_number(row.ours):>8} "
            f"{_number(row.base):>8}{mark}"
        )
        lines += [f"    {line}" for line in row.said]
    return "\n".join(lines)


def _number(value: int | None) -> str:
    return "none" if value is None else f"{value}"
