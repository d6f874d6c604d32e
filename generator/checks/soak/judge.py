# SPDX-License-Identifier: GPL-2.0-only
"""What the guests of the tip and of the unmodified base say, program by program, side by side.

A program passes when all that it writes, and its end, is byte for byte that of its run without
probes. It must do so on the tip; what it does on the base is told and judges nobody. A place that
the tip refuses and the base does not is a failure, unless the model has a reason for the refusal.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from generator.checks.soak.pack import Item, Load
from generator.checks.soak.reasons import base_reason
from generator.checks.soak.sites import describe_site
from generator.errors import UserError
from generator.guest.boot import BootResult
from generator.guest.ktap import KtapTest
from generator.model.opcodes import OPCODES

SIDES = ("ours", "base")
"""The two columns: the tip of the series, and the unmodified kernel."""

_REFUSED = re.compile(r"^#\s+refused (\S+) (\d+)((?: [0-9a-f]+)+)$")

_PREFIXES = frozenset(bytes.fromhex("26 2e 36 3e 64 65 66 67 f0 f2 f3"))
"""Legacy prefixes, SDM volume 2A, 2.1.1."""

_SHOWN = 30


@dataclass(frozen=True, kw_only=True)
class Run:
    """A run under probes.

    Attributes:
        outcome: ``pass``; ``differs``, ``died``, ``status`` (of its exit), ``deadline``, ``churn``
            (an event could not be armed again), ``unstable`` (two runs without probes differ), or
            ``lost``: the guest did not come so far.
        hits: of all probes meanwhile.
        returns: of all probes of returns meanwhile.
        seconds, plain: how long it took, and without probes.
        said: what differs, or why it is lost.
    """

    outcome: str
    hits: int = 0
    returns: int = 0
    seconds: float = 0.0
    plain: float = 0.0
    said: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """All was as without probes, and there were hits."""
        return self.outcome == "pass" and self.hits > 0

    @property
    def ratio(self) -> float:
        """How many times longer it took than without probes; 0 when unknown."""
        return self.seconds / self.plain if self.plain else 0.0


@dataclass(frozen=True, kw_only=True)
class Row:
    """A program in a round: its armed places, on the tip and on the base, and its runs.

    ``reason`` says which faults of docs/catalogue.md the base can meet there.
    """

    program: str
    round: str
    sites: int
    base_sites: int
    ours: Run
    base: Run
    problems: tuple[str, ...]
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Refused:
    """A place that was refused: by whom, where, the error, the instruction, and the reason.

    ``reason`` is that of the model; "" when it has none.
    """

    sides: tuple[str, ...]
    round: str
    file: str
    offset: int
    error: int
    code: str
    text: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Soak:
    """All of a run.

    Attributes:
        full: of the full mode.
        rows: by program and round.
        refused: places that one of the sides refuses.
        boots: how the boots ended that did not come to a good end, by set and side.
        versions: of Debian's packages.
        problems: what is wrong on our side, one sentence each.
        unstable: programs that show nothing, since they differ without probes.
        seconds: all of it took.
    """

    full: bool
    rows: tuple[Row, ...]
    refused: tuple[Refused, ...]
    boots: Mapping[str, str]
    versions: Mapping[str, str]
    problems: tuple[str, ...]
    unstable: tuple[str, ...]
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A load that both kernels have run: its name, what it is, the boots by side."""

    name: str
    load: Load
    boots: Mapping[str, BootResult]


def judge(
    pairs: Sequence[Pair], *, full: bool, versions: Mapping[str, str], seconds: float
) -> Soak:
    """Put the sides of all loads together."""
    rows: list[Row] = []
    refused: list[Refused] = []
    problems: list[str] = []
    ends: dict[str, str] = {}
    for pair in pairs:
        places = _refused(pair)
        refused += places
        rows += _rows(pair, places)
        for side, boot in pair.boots.items():
            if not boot.outcome.complete:
                ends[f"{pair.name}/{side}"] = f"{boot.outcome.kind}: {boot.outcome.reason}"
    problems += [f"{where}: {how}" for where, how in ends.items() if where.endswith("/ours")]
    problems += [f"{row.program}, {row.round}: {what}" for row in rows for what in row.problems]
    problems += _only_ours(refused)
    unstable = {row.program for row in rows if "unstable" in (row.ours.outcome, row.base.outcome)}
    return Soak(
        full=full,
        rows=tuple(rows),
        refused=tuple(refused),
        boots=ends,
        versions=dict(versions),
        problems=tuple(problems),
        unstable=tuple(sorted(unstable)),
        seconds=seconds,
    )


def check_side(side: str) -> None:
    """See that there is such a side.

    Raises:
        UserError: there is not.
    """
    if side not in SIDES:
        raise UserError(f"there is no '{side}'", hint=f"use: {', '.join(SIDES)}")


def as_run(load: Load, boot: BootResult) -> Run:
    """Return the run of a load's only program in its first round.

    What the guest says of a program that is not the same in two runs stands before the first round.
    """
    name = f"{load.items[0].name}-{load.rounds[0]}"
    found = _run(next((test for test in boot.ktap.tests if test.name == name), None), boot)
    if found.outcome != "unstable":
        return found
    lines = (line.lstrip("# ") for test in boot.ktap.tests for line in test.diagnostics)
    said = (line for line in lines if "without probes" in line or line.startswith("stderr: "))
    return replace(found, said=tuple(said))


def _rows(pair: Pair, refused: Sequence[Refused]) -> list[Row]:
    tests = {
        side: {test.name: test for test in boot.ktap.tests} for side, boot in pair.boots.items()
    }
    return [
        _row(
            pair.load,
            item,
            name,
            {side: _armed(pair.load, item, name, refused, side) for side in SIDES},
            {
                side: _run(tests[side].get(f"{item.name}-{name}"), pair.boots[side])
                for side in SIDES
            },
        )
        for name in pair.load.rounds
        for item in pair.load.items
        if name in item.rounds
    ]


def _row(
    load: Load, item: Item, name: str, sites: Mapping[str, int], runs: Mapping[str, Run]
) -> Row:
    ours, base = runs["ours"], runs["base"]
    rounds = load.rounds[: load.rounds.index(name) + 1]
    problems: list[str] = []
    if ours.outcome not in ("pass", "unstable"):
        beside = "the base passes" if base.passed else f"the base: {base.outcome}"
        problems.append(f"{ours.outcome}; {beside}")
    elif ours.outcome == "pass" and not ours.hits:
        problems.append("not one hit")
    # one thread, which executes the same in every run
    exact = item.source is not None and name == "instructions" and sites["ours"] == sites["base"]
    if exact and ours.passed and base.passed and ours.hits < base.hits:
        problems.append(f"{ours.hits} hits, of {base.hits} on the base")
    return Row(
        program=item.name,
        round=name,
        sites=sites["ours"],
        base_sites=sites["base"],
        ours=ours,
        base=base,
        problems=tuple(problems),
        reason=base_reason(load, item.files, rounds) if base.outcome in _WRONG else "",
    )


_WRONG = frozenset({"differs", "died", "status", "deadline"})


def _armed(load: Load, item: Item, name: str, refused: Sequence[Refused], side: str) -> int:
    """Count the places of a program's files that are armed in a round: those before it as well."""
    rounds = load.rounds[: load.rounds.index(name) + 1]
    wanted = sum(len(load.sites[r].get(file, ())) for r in rounds for file in item.files)
    return wanted - sum(
        place.round in rounds and place.file in item.files and side in place.sides
        for place in refused
    )


def _run(test: KtapTest | None, boot: BootResult) -> Run:
    if test is None:
        return Run(outcome="lost", said=(f"{boot.outcome.kind}: {boot.outcome.reason}",))
    values = test.values
    return Run(
        outcome=test.outcome,
        hits=int(values.get("hits", 0)),
        returns=int(values.get("returns", 0)),
        seconds=int(values.get("ms", 0)) / 1000,
        plain=int(values.get("plain", 0)) / 1000,
        said=() if test.passed else tuple(line.lstrip("# ") for line in test.diagnostics),
    )


def _refused(pair: Pair) -> list[Refused]:
    """Return the places that a side refuses, each with who does."""
    sides: dict[tuple[str, str, int], list[str]] = {}
    errors: dict[tuple[str, str, int], int] = {}
    for side, boot in pair.boots.items():
        for test in boot.ktap.tests:
            for line in test.diagnostics if test.name.startswith("arm-") else ():
                if match := _REFUSED.match(line):
                    for offset in match[3].split():
                        key = (test.name.removeprefix("arm-"), match[1], int(offset, 16))
                        sides.setdefault(key, []).append(side)
                        errors[key] = int(match[2])
    return [
        _describe(pair.load, key, tuple(who), errors[key]) for key, who in sorted(sides.items())
    ]


def _describe(load: Load, key: tuple[str, str, int], sides: tuple[str, ...], error: int) -> Refused:
    name, file, offset = key
    path = load.files.get(file, Path(file))
    code, text = describe_site(path, offset)
    return Refused(
        sides=sides,
        round=name,
        file=file,
        offset=offset,
        error=error,
        code=code.hex(" "),
        text=text,
        reason=refusal_reason(code),
    )


def refusal_reason(code: bytes) -> str:
    """Return why the model refuses an instruction; "" when it has no reason for its opcode.

    Args:
        code: of 64-bit code, or of 32-bit code without inc and dec of one byte.
    """
    rest = code.lstrip(bytes(_PREFIXES))
    if rest[:1] and 0x40 <= rest[0] <= 0x4F:
        rest = rest[1:]
    name, opcode = ("0f", rest[1:2]) if rest[:1] == b"\x0f" else ("", rest[:1])
    reasons = [
        refusal.reason
        for refusal in OPCODES.refusals
        if opcode and refusal.map == name and opcode[0] in refusal.opcodes
    ]
    return reasons[0] if reasons else ""


def _only_ours(refused: Sequence[Refused]) -> list[str]:
    """Return what the tip refuses without a reason, and the base does not."""
    return [
        f"{place.file} {place.offset:#x}: refused ({place.error}), the base accepts it: "
        f"{place.code}  {place.text}"
        for place in refused
        if place.sides == ("ours",) and not place.reason
    ]


def as_data(soak: Soak) -> dict[str, object]:
    """Return the result for JSON."""
    rows = [
        asdict(row) | {side: _run_data(getattr(row, side)) for side in SIDES} for row in soak.rows
    ]
    return {"format": 1, **asdict(soak), "rows": rows}


def _run_data(run: Run) -> dict[str, object]:
    return asdict(run) | {"ratio": round(run.ratio, 2)}


def as_text(soak: Soak) -> str:
    """Return the result as a table for people, with what differs below a row."""
    width = max((len(row.program) for row in soak.rows), default=7)
    lines = [
        f"{'program':{width}} {'round':12} {'sites':>6} {'hits':>9} {'returns':>9}  "
        f"{'ours':8} {'times':>6}  {'base':8} {'times':>6} {'hits':>9}"
    ]
    for row in soak.rows:
        lines.append(
            f"{row.program:{width}} {row.round:12} {row.sites:6} {row.ours.hits:9} "
            f"{row.ours.returns:9}  {row.ours.outcome:8} {row.ours.ratio:6.1f}  "
            f"{row.base.outcome:8} {row.base.ratio:6.1f} {row.base.hits:9}"
            f"{'  WRONG' if row.problems else ''}"
        )
        for side in SIDES:
            said = getattr(row, side).said
            lines += [f"    {side}: {line}" for line in said[:6]]
        lines += [f"    base: {row.reason}"] if row.reason else []
    counts = Counter(("+".join(place.sides), place.reason or place.text) for place in soak.refused)
    lines += [
        f"refused by {sides}: {count} places: {reason}"
        for (sides, reason), count in counts.most_common(_SHOWN)
    ]
    lines += [f"{where}: {how}" for where, how in soak.boots.items()]
    lines.append(summary(soak))
    return "\n".join(lines)


def summary(soak: Soak) -> str:
    """Return the result in a sentence."""
    passed = {side: sum(getattr(row, side).passed for row in soak.rows) for side in SIDES}
    hits = sum(row.ours.hits + row.ours.returns for row in soak.rows)
    return (
        f"{len(soak.rows)} runs under probes, {hits} hits and returns: as without probes "
        f"{passed['ours']} on the tip, {passed['base']} on the unmodified base"
    )
