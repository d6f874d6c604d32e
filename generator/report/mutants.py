# SPDX-License-Identifier: GPL-2.0-only
"""What became of the faults: kept between runs, counted by level, and written for people.

A run keeps each verdict when it is there, for the very C that it is about: an interrupted run goes
on where it was, a run with more faults judges the new ones only.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from generator.checks.mutation.fault import AnyFault
from generator.checks.mutation.judge import BY_TEXT, LEVELS
from generator.jsonfile import as_object, read_json
from generator.paths import write_atomic

BOOT = "boot"
ALL_LEVELS = (*LEVELS, BOOT)


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What is known about a fault.

    Attributes:
        caught: what each level that noticed it says.
        same: it is none: the objects are the same.
        booted: what it was shown to, a hash of the tip's boot; "": to none.
    """

    caught: Mapping[str, str] = field(default_factory=dict)
    same: bool = False
    booted: str = ""

    @property
    def survives(self) -> bool:
        """No level has noticed it, as far as they were asked; those that only read do not count."""
        return self.caught.keys() <= BY_TEXT and not self.same


class Ledger:
    """The verdicts of one tip, in a file."""

    def __init__(self, path: Path, tip: Mapping[str, str]) -> None:
        """Read what is there; verdicts about another tip are forgotten."""
        self._path = path
        total = hashlib.sha256()
        for name in sorted(tip):
            total.update(f"{name}\n{tip[name]}\n".encode("utf-8", "surrogateescape"))
        self._tip = total.hexdigest()
        self.verdicts: dict[str, Verdict] = {}
        try:
            data = read_json(path)
            if data["tip"] == self._tip:
                self.verdicts = as_object(data["verdicts"], dict[str, Verdict])
        except (ValueError, KeyError, TypeError):
            self.verdicts = {}

    def keep(self, fault: AnyFault, verdict: Verdict) -> None:
        """Remember a verdict.

        Raises:
            InfraError: the file cannot be written.
        """
        self.verdicts[fault.ident] = verdict
        data = {"tip": self._tip, "verdicts": {k: asdict(v) for k, v in self.verdicts.items()}}
        write_atomic(self._path, (json.dumps(data, indent=1, sort_keys=True) + "\n").encode())


@dataclass(frozen=True, kw_only=True)
class Told:
    """A fault as it is kept.

    Attributes:
        ident, kind, place, function, said: of the fault.
        reason: why nothing can notice it, "" when that is not known.
        read: what the levels say of it that only read the C.
    """

    ident: str
    kind: str
    place: str
    function: str
    said: str
    reason: str = ""
    read: str = ""


@dataclass(frozen=True, kw_only=True)
class Score:
    """The figures.

    Attributes:
        faults: those that are faults: the objects differ.
        same: those that are none.
        first: how many each level notices first, from cheap to dear.
        caught: how many each level notices at all.
        explained: survivors with a reason why nothing can notice them.
        open: survivors without, with the levels all asked; a hole in the proof.
        waiting: survivors that were not booted.
        overtaken: faults that have such a reason, and are noticed: the reason is wrong.
    """

    faults: int
    same: int
    first: Mapping[str, int]
    caught: Mapping[str, int]
    explained: tuple[Told, ...]
    open: tuple[Told, ...]
    waiting: tuple[Told, ...]
    overtaken: tuple[Told, ...] = ()

    @property
    def share(self) -> float:
        """The part of the faults that was noticed; those that wait count as not noticed."""
        return sum(self.first.values()) / self.faults if self.faults else 0.0


def count_score(
    faults: Sequence[AnyFault],
    verdicts: Mapping[str, Verdict],
    explain: Callable[[AnyFault], str],
) -> Score:
    """Count the verdicts on ``faults``; ``explain`` says why one is not noticed, if it knows."""
    known = [(fault, verdicts[fault.ident]) for fault in faults if fault.ident in verdicts]
    real = [(fault, verdict) for fault, verdict in known if not verdict.same]
    first = Counter(
        next(level for level in ALL_LEVELS if level in verdict.caught and level not in BY_TEXT)
        for _, verdict in real
        if not verdict.survives
    )
    caught = Counter(level for _, verdict in real for level in verdict.caught)
    left = [
        (_tell(fault, verdict, explain(fault)), verdict)
        for fault, verdict in real
        if verdict.survives
    ]
    asked = [fault for fault, verdict in left if verdict.booted]
    return Score(
        faults=len(real),
        same=len(known) - len(real),
        first={level: first[level] for level in ALL_LEVELS},
        caught={level: caught[level] for level in ALL_LEVELS},
        explained=tuple(fault for fault in asked if fault.reason),
        open=tuple(fault for fault in asked if not fault.reason),
        waiting=tuple(fault for fault, verdict in left if not verdict.booted),
        overtaken=tuple(
            _tell(fault, verdict, reason)
            for fault, verdict in known
            if not verdict.survives and (reason := explain(fault))
        ),
    )


def format_score(score: Score) -> str:
    """Return the figures and the survivors as text."""
    lines = [f"{'level':10} {'first':>6} {'at all':>7}"]
    lines += [f"{level:10} {score.first[level]:6} {score.caught[level]:7}" for level in ALL_LEVELS]
    lines.append(
        f"{score.faults} faults, {100 * score.share:.1f} % noticed; "
        f"{score.same} more leave the objects as they are"
    )
    for title, faults in (
        ("not booted", score.waiting),
        ("survives, explained", score.explained),
        ("SURVIVES", score.open),
        ("NOTICED, though explained", score.overtaken),
    ):
        for fault in faults:
            more = fault.reason or (fault.read and f"only read: {fault.read}")
            lines.append(f"{title}: {fault.ident} {_said(fault)}{f': {more}' if more else ''}")
    return "\n".join(lines)


def _tell(fault: AnyFault, verdict: Verdict, reason: str) -> Told:
    return Told(
        ident=fault.ident,
        kind=fault.kind,
        place=fault.place,
        function=fault.function,
        said=fault.said,
        reason=reason,
        read="; ".join(verdict.caught[level] for level in sorted(verdict.caught)),
    )


def format_verdict(fault: AnyFault, verdict: Verdict) -> str:
    """Return one verdict as a line."""
    if verdict.same:
        return f"{fault.ident} {_said(fault)}: changes nothing"
    levels = sorted(verdict.caught, key=lambda level: (level in BY_TEXT, ALL_LEVELS.index(level)))
    said = f"{levels[0]}: {verdict.caught[levels[0]]}" if levels else "not noticed"
    return f"{fault.ident} {_said(fault)}: {said}"


def _said(fault: AnyFault | Told) -> str:
    return f"{fault.place}: {fault.function}: {fault.kind}: {fault.said}"
