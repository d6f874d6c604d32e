# SPDX-License-Identifier: GPL-2.0-only
"""Before and after: the same self-tests on the baseline, on the tip, and on the peer.

The series is proved by a difference. On the baseline every test must end exactly as it announces
(``before``: a task that hits a probe dies of SIGTRAP, say), on the tip every test must pass. The
peer, the base with its own uprobes, is the floor: what passes there and not on the tip is a
failure, a test that is skipped on the tip included. Where the peer fails and the tip passes is
listed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from generator.errors import CheckFailed, UserError
from generator.guest.boot import BootResult
from generator.guest.ktap import KtapTest, Status

MISSING = "-"
"""A column's word when the test did not report there."""

SKIPPED = "SKIP"

NO_DIFFERENCE = "no test shows a difference"
"""What is wrong when nothing is, and nothing is proved."""

_NO_CHANGE = ("pass", SKIPPED)
"""Where the baseline shows this a pass on the tip is no difference."""

_PROBLEMS = 20


class Verdict(StrEnum):
    """What a row means."""

    GOOD = "good"
    BAD = "bad"
    SKIPPED = "skipped"


@dataclass(frozen=True, kw_only=True)
class CompareRequest:
    """The boots to compare, all of one base and flavour.

    Args:
        baseline: the boot before the series.
        tip: the boot after it.
        peer: the boot of the base as it is; None: no such column.
    """

    baseline: BootResult
    tip: BootResult
    peer: BootResult | None = None


@dataclass(frozen=True, kw_only=True)
class Row:
    """One self-test in all columns; words as the guest printed them.

    Args:
        name: of the test.
        expected: the outcome announced for the baseline.
        baseline: outcome there, ``SKIP``, or ``-``.
        tip: the same.
        peer: the same; empty without that column.
        verdict: whether baseline and tip are as they must be, and the tip no worse than the peer.
        note: why not, or why skipped; may be empty.
    """

    name: str
    expected: str
    baseline: str
    tip: str
    peer: str
    verdict: Verdict
    note: str


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """The before/after proof.

    Args:
        base: the kernel release.
        flavour: the configuration.
        rows: one per self-test, in the order of the tip's.
        problems: what is wrong, one sentence each; empty: proved.
        peer_fails: tests that pass on the tip and not on the peer.
        has_peer: whether there is a peer column.
        not_run: tests that are bad only since a boot ended before them, by variant.
        tip: git's id of the tree that the tip was built from; "": not known.
    """

    base: str
    flavour: str
    rows: tuple[Row, ...]
    problems: tuple[str, ...]
    peer_fails: tuple[str, ...]
    has_peer: bool
    not_run: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    tip: str = ""

    @property
    def passed(self) -> bool:
        """Nothing is wrong, and at least one test shows the difference."""
        return not self.problems

    @property
    def skipped(self) -> tuple[Row, ...]:
        """The rows that prove nothing because the test was skipped."""
        return tuple(row for row in self.rows if row.verdict is Verdict.SKIPPED)


def compare_boots(request: CompareRequest) -> Comparison:
    """Return the comparison of ``request``.

    Raises:
        UserError: the boots are not of one base and flavour.
    """
    _check_alike(request)
    baseline, tip = request.baseline.ktap.by_name, request.tip.ktap.by_name
    peer = request.peer.ktap.by_name if request.peer else {}
    names = list(dict.fromkeys([*tip, *baseline, *peer]))
    rows = tuple(
        _row(name, baseline.get(name), tip.get(name), _word(peer.get(name)) if request.peer else "")
        for name in names
    )
    not_run = {
        boot.variant: tuple(_not_run(boot, rows, boot is request.tip))
        for boot in (request.baseline, request.tip)
        if not boot.outcome.complete
    }
    return Comparison(
        base=request.tip.base,
        flavour=request.tip.flavour,
        rows=rows,
        problems=tuple(_find_problems(request, rows, not_run)),
        peer_fails=tuple(row.name for row in rows if row.tip == "pass" and _differs(row.peer)),
        has_peer=request.peer is not None,
        not_run=not_run,
        tip=request.tip.tree,
    )


def _find_problems(
    request: CompareRequest, rows: Sequence[Row], not_run: Mapping[str, tuple[str, ...]]
) -> Iterator[str]:
    """Yield what is wrong: of a boot that ended early its cause first, then what ended badly."""
    for boot in (request.baseline, request.tip):
        if not boot.outcome.complete:
            yield f"{boot.variant}: {boot.outcome.kind}: {boot.outcome.reason}"
            yield from say_not_run(boot, not_run[boot.variant])
    left_out = {name for names in not_run.values() for name in names}
    for row in rows:
        if row.verdict is Verdict.BAD and row.name not in left_out:
            yield f"{row.name}: {row.note}"
    if not any(row.verdict is Verdict.GOOD and row.baseline not in _NO_CHANGE for row in rows):
        yield NO_DIFFERENCE


def _not_run(boot: BootResult, rows: Iterable[Row], is_tip: bool) -> Iterator[str]:
    """Yield the tests that are bad for no other reason than that they did not report in a boot."""
    for row in rows:
        missing = row.tip == MISSING if is_tip else row.tip == "pass" and row.baseline == MISSING
        if missing and row.verdict is Verdict.BAD:
            yield row.name


def say_not_run(boot: BootResult, names: Sequence[str]) -> Iterator[str]:
    """Yield a line that counts the tests which did not run, but for the one that was running."""
    running = boot.ktap.running
    if count := len(set(names) - {running}):
        after = f" after '{running}'" if running else ""
        yield f"{boot.variant}: {count} test{'s' * (count > 1)}{after} did not run"


def _check_alike(request: CompareRequest) -> None:
    tip = request.tip
    for boot in (request.baseline, *([request.peer] if request.peer else [])):
        if (boot.base, boot.flavour) != (tip.base, tip.flavour):
            raise UserError(
                f"{boot.variant} was booted on {boot.base} ({boot.flavour}), {tip.variant} on "
                f"{tip.base} ({tip.flavour}): nothing can be compared",
                hint=f"run: uprobekit boot --base {tip.base} {boot.variant}",
            )


def check_comparison(comparison: Comparison) -> None:
    """Raise when the proof fails.

    Raises:
        CheckFailed: names the first twenty problems.
    """
    if not comparison.passed:
        text = "".join(f"\n  {problem}" for problem in comparison.problems[:_PROBLEMS])
        more = len(comparison.problems) - _PROBLEMS
        text += f"\n  and {more} more" if more > 0 else ""
        raise CheckFailed(
            f"before/after does not hold on {comparison.base} ({comparison.flavour}):{text}"
        )


def as_announced(test: KtapTest) -> bool:
    """Tell whether a test of the baseline has ended as it announces; it may announce a skip."""
    word = Status.SKIP.value if test.status is Status.SKIP else _word(test)
    return bool(test.before) and word == test.before


def _differs(peer: str) -> bool:
    return peer not in ("", "pass", SKIPPED)


def _word(test: KtapTest | None) -> str:
    """Return the word of a column; a result whose line contradicts its outcome is a ``fail``."""
    if test is None:
        return MISSING
    if test.status is Status.SKIP:
        return SKIPPED
    word = test.outcome or test.status.value
    return "fail" if word == "pass" and test.status is not Status.PASS else word


def _row(name: str, before: KtapTest | None, after: KtapTest | None, peer: str) -> Row:
    expected = (after or before or _NOTHING).before
    verdict, note = _judge(before, after)
    if peer == "pass" and _word(after) != "pass":
        verdict, note = Verdict.BAD, f"passes on the unmodified base; here: {note or _word(after)}"
    return Row(
        name=name,
        expected=expected or MISSING,
        baseline=_word(before),
        tip=_word(after),
        peer=peer,
        verdict=verdict,
        note=note,
    )


_NOTHING = KtapTest(number=0, name="", status=Status.FAIL)


def _judge(before: KtapTest | None, after: KtapTest | None) -> tuple[Verdict, str]:
    """Return verdict and note of a row; the tip is looked at first, it is the one to be proved."""
    if after is None:
        return Verdict.BAD, "did not report on the tip"
    if after.status is Status.SKIP:
        if not after.reason.strip():
            return Verdict.BAD, "skipped on the tip without a reason"
        return Verdict.SKIPPED, after.reason
    if after.status is not Status.PASS or after.outcome != "pass":
        said = "ok" if after.status is Status.PASS else "not ok"
        reason = f", {after.reason}" if after.reason else ""
        return Verdict.BAD, f"{after.outcome or 'no outcome'} on the tip ({said}{reason})"
    if before is None:
        return Verdict.BAD, "did not report on the baseline"
    if not before.before or before.before != after.before:
        return Verdict.BAD, "does not announce the same outcome for the baseline in both boots"
    if not as_announced(before):
        return Verdict.BAD, f"{_word(before)} on the baseline instead of {before.before}"
    return Verdict.GOOD, ""
