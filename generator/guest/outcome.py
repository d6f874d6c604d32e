# SPDX-License-Identifier: GPL-2.0-only
"""What became of a boot: one word, the reason, and the lines of the console that show it.

Reads the console as a stream, the parsed KTAP, and how the run ended. The words are ordered by what
explains most: a panic is reported as a panic even when, as a consequence, no result came out.
"""

from __future__ import annotations

import re
import signal
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from generator.guest.growth import reports_lockup
from generator.guest.ktap import KtapReport
from generator.guest.vm import Ending, MachineEnd
from generator.text import clean_text, strip_printk

_PANIC = re.compile(r"Kernel panic - not syncing")
_SPLAT = re.compile(
    r"\bOops: |\bBUG: |\bkernel BUG at |\bWARNING: (?!CPU features)|: [0-9a-f]{4} \[#\d+\]"
    r"|cut here \]---|\bKASAN: |\bKCSAN: |\bUBSAN: |possible (circular|recursive) locking"
    r"|\bsuspicious RCU usage|\bINFO: (rcu\S* |task \S+ blocked|trying to register|lockdep)"
    r"|\bself-detected stall|\bdetected stalls? on|\bsoft lockup\b|\bhard LOCKUP\b"
    r"|\bunable to handle (kernel|page fault)|\bscheduling while atomic\b|\bBad page (state|map)"
    r"|\bunchecked MSR access error|\brefcount_t: |\blist_(add|del) corruption"
    r"|\bstack-protector: |\bsleeping function called from invalid"
    r"|\bBUG \S+ \((Not t|T)ainted|\bkmemleak: (unreferenced object|\d+ new suspected)"
    r"|\bODEBUG: "
)
_USER_SPACE = re.compile(
    r"^(traps: |\S+\[\d+\]: segfault at |\S+\[\d+\] (trap|general protection))"
)
"""A program that dies is what several self-tests want (arch/x86/kernel/traps.c: show_signal,
arch/x86/mm/fault.c: show_signal_msg; 6.1): no trouble of the kernel."""

_STARTED = re.compile(r"Freeing unused kernel |Run \S+ as init process")
"""The kernel has started, and goes on to the first program (init/main.c, 3.3 and 6.1)."""

_BEFORE_LINES = 6
_AFTER_LINES = 45
_TAIL_LINES = 25
_SPLATS = 20
_PROBLEMS = 3


class Kind(StrEnum):
    """What a boot was."""

    PASSED = "passed"
    FAILED_TESTS = "failed-tests"
    PANIC = "panic"
    OOPS_OR_WARN = "oops-or-warn"
    HANG = "hang"
    TIMEOUT = "timeout"
    NO_RESULT = "no-result"
    UNREADABLE = "unreadable"
    STOPPED_EARLY = "guest-stopped-early"
    MACHINE = "machine-trouble"


@dataclass(frozen=True, kw_only=True)
class ConsoleScan:
    """What the console shows.

    Args:
        panic: the first panic line; empty: none.
        splats: the first lines of an oops, warning or stall each; of more than 20, a last one
            says how many more.
        splat_count: how many there are.
        of_base: complaints that are the base's own, which are no splats.
        excerpt: lines around the first panic or splat, else the last lines.
        lines: how many lines had text.
    """

    panic: str
    splats: tuple[str, ...]
    splat_count: int
    excerpt: tuple[str, ...]
    lines: int
    of_base: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The verdict on a boot.

    Args:
        kind: the word.
        reason: one sentence without a final full stop.
        excerpt: console lines, cleaned; empty when all is well.
        complaints: of an ``OOPS_OR_WARN``, ``splats`` of the scan.
        of_base: ``of_base`` of the scan.
    """

    kind: Kind
    reason: str
    excerpt: tuple[str, ...] = ()
    complaints: tuple[str, ...] = ()
    of_base: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Every test reported and the kernel said nothing alarming; tests may have failed."""
        return self.kind in (Kind.PASSED, Kind.FAILED_TESTS)


def plain_complaint(text: str) -> str:
    """Return a complaint without its numbers: kernels of one base say it at other addresses."""
    return re.sub(r"\b0x[0-9a-f]+|\d+", "#", text)


def _never(text: str) -> bool:
    return False


def scan_console(lines: Iterable[str], is_of_base: Callable[[str], bool] = _never) -> ConsoleScan:
    """Return what the console ``lines`` show; keeps a few dozen of them at a time.

    Args:
        lines: of the console.
        is_of_base: tells whether the base says what the kernel complains of while it starts; what
            comes after that is never the base's.
    """
    started = False
    of_base: list[str] = []
    tail: deque[str] = deque(maxlen=_TAIL_LINES)
    recent: deque[str] = deque(maxlen=_BEFORE_LINES)
    excerpt: list[str] = []
    splats: list[str] = []
    panic = ""
    splat_count = count = 0
    for raw in lines:
        line = clean_text(raw.rstrip("\r\n"))
        if not line.strip():
            continue
        count += 1
        text = strip_printk(line)
        bad = is_complaint(text)
        started = started or bool(_STARTED.match(text))
        if bad and not started and not _PANIC.search(text) and is_of_base(text):
            of_base += [text] if len(of_base) < _SPLATS else []
            bad = False
        if bad and not (panic or splats):
            excerpt.extend(recent)
        if bad and _PANIC.search(text):
            panic = panic or text
        elif bad:
            splats += [text] if splat_count < _SPLATS else []
            splat_count += 1
        if (panic or splats) and len(excerpt) < _BEFORE_LINES + _AFTER_LINES:
            excerpt.append(line)
        recent.append(line)
        tail.append(line)
    more = splat_count - len(splats)
    return ConsoleScan(
        panic=panic,
        splats=(*splats, *([f"... and {more} more"] if more else [])),
        splat_count=splat_count,
        excerpt=tuple(excerpt or tail),
        lines=count,
        of_base=tuple(of_base),
    )


def is_complaint(text: str) -> bool:
    """Tell whether a line of the console, without its time stamp, is trouble of the kernel."""
    splat = _SPLAT.search(text) and not _USER_SPACE.search(text)
    return bool(_PANIC.search(text) or splat)


def classify_boot(end: MachineEnd, scan: ConsoleScan, report: KtapReport) -> Outcome:
    """Return the verdict; anything that is not a proof of success is not a pass."""
    for check in (_judge_kernel, _judge_machine, _judge_results):
        if verdict := check(end, scan, report):
            kind, reason = verdict
            complaints = scan.splats if kind is Kind.OOPS_OR_WARN else ()
            return Outcome(
                kind=kind,
                reason=reason,
                excerpt=scan.excerpt,
                complaints=complaints,
                of_base=scan.of_base,
            )
    if report.passed:
        reason = f"{len(report.tests)} test(s) reported"
        return Outcome(kind=Kind.PASSED, reason=reason, of_base=scan.of_base)
    failed = [test.name for test in report.tests if test.status not in ("pass", "skip")]
    reason = f"not ok: {', '.join(failed)}" if failed else "every test was skipped"
    return Outcome(kind=Kind.FAILED_TESTS, reason=reason, of_base=scan.of_base)


def _judge_kernel(
    end: MachineEnd, scan: ConsoleScan, report: KtapReport
) -> tuple[Kind, str] | None:
    where = _while(report)
    if scan.panic:
        cause = f" after '{scan.splats[0]}'" if scan.splats else ""
        return Kind.PANIC, f"the kernel panicked{where}: {scan.panic}{cause}"
    if not scan.splats:
        return None
    stopped = end.ending in (Ending.LOCKED, Ending.STALLED, Ending.SILENT)
    if stopped and reports_lockup(scan.splats[0]):
        said = f"the guest hung{where}, its kernel says: {scan.splats[0]}"
        return Kind.HANG, f"{said}; stopped after {end.seconds:.0f} s"
    said = f"the kernel complained {scan.splat_count} time(s): {scan.splats[0]}"
    return Kind.OOPS_OR_WARN, f"{said}; then it hung{where}" if stopped else said


def _all_reported(report: KtapReport) -> bool:
    return bool(report.planned) and len(report.tests) >= (report.planned or 0)


def _while(report: KtapReport) -> str:
    """Return which test was running, as words in a sentence; empty when none was to be."""
    if report.done or not report.planned:
        return ""
    if _all_reported(report):
        return f" after its last test ({report.planned} of {report.planned})"
    number = f"{len(report.tests) + 1} of {report.planned}"
    return f" in '{report.running}' (test {number})" if report.running else f" in test {number}"


def _judge_machine(
    end: MachineEnd, scan: ConsoleScan, report: KtapReport
) -> tuple[Kind, str] | None:
    after = f"after {end.seconds:.0f} s"
    where = _while(report)
    if end.ending is Ending.SILENT:
        said = "no more output" if scan.lines else "no output at all"
        return Kind.HANG, f"the guest hung{where}: {said}, stopped {after}"
    if end.ending is Ending.STALLED:
        said = "no test ended" if report.planned else "no test began"
        said = "nothing came" if _all_reported(report) else said
        return Kind.HANG, f"the guest hung{where}: {said} for {end.waited:.0f} s, stopped {after}"
    if end.ending is Ending.FAILED:
        failed = [test.name for test in report.tests if test.status not in ("pass", "skip")]
        return Kind.FAILED_TESTS, f"not ok: {', '.join(failed)}; stopped there"
    if end.ending is Ending.TIMEOUT:
        return Kind.TIMEOUT, f"the guest did not end and was stopped {after}{where}"
    if end.ending is Ending.FLOOD:
        return Kind.UNREADABLE, f"the guest printed without end and was stopped {after}{where}"
    if end.ending is Ending.BROKEN:
        said = end.message.splitlines()[-1] if end.message else "it said nothing"
        how = f"ended with status {end.status}"
        if end.status < 0:
            how = f"was killed by signal {-end.status} ({signal.strsignal(-end.status)})"
        return Kind.MACHINE, f"QEMU {how}: {said}"
    return None


def _judge_results(
    end: MachineEnd, scan: ConsoleScan, report: KtapReport
) -> tuple[Kind, str] | None:
    if report.empty:
        return Kind.NO_RESULT, "the guest ended without a result"
    if report.planned is None and not report.tests:
        return Kind.UNREADABLE, "the results are no KTAP"
    if not report.done:
        said = "; ".join(report.problems[:_PROBLEMS])
        more = len(report.problems) - _PROBLEMS
        said += f"; and {more} more" if more > 0 else ""
        return Kind.STOPPED_EARLY, f"the guest stopped early{_while(report)}: {said}"
    if report.problems:
        return Kind.UNREADABLE, f"the results contradict themselves: {'; '.join(report.problems)}"
    if end.ending is Ending.LINGERED:
        return Kind.HANG, "the guest reported everything and then did not end"
    return None
