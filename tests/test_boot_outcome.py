# SPDX-License-Identifier: GPL-2.0-only
"""What became of a boot, from saved consoles and every way a run can end."""

import tracemalloc
from pathlib import Path

import pytest

from generator.boot.ktap import parse_ktap
from generator.boot.machine import Ending, MachineEnd
from generator.boot.outcome import Kind, classify_boot, scan_console
from generator.boot.text import read_lines

LOGS = Path(__file__).parent / "logs"

SPLATS = {
    "console-die-int3": "int3: 0000 [#1]",
    "console-gpf": "general protection fault, probably",
    "console-kasan": "KASAN",
    "console-kcsan": "data-race in xol_free_insn_slot / xol_try_slot",
    "console-kmemleak": "uprobe_notify_resume+0x40d/0x6ec",
    "console-lockdep": "possible circular locking",
    "console-odebug": "object type: rcu_head",
    "console-rcu-stall": "self-detected stall",
    "console-slub": "Poison overwritten",
    "console-ubsan": "shift-out-of-bounds",
    "console-warn": "cut here",
}
PANICS = {
    "console-oops": "Fatal exception",
    "console-panic-init-exits": "Attempted to kill init",
    "console-panic-no-init": "not syncing",
    "console-cut-panic": "Unable to mo",
}
QUIET = (
    *("console-good", "console-user-trap", "console-hang", "console-early-garbage"),
    "console-checkers",
)


def judge(console="console-good", ktap="ktap-good", ending=Ending.EXITED, message=""):
    """Return the verdict for saved logs."""
    end = MachineEnd(ending=ending, status=0, seconds=3.0, events=(), message=message)
    scan = scan_console(read_lines(LOGS / f"{console}.log"))
    return classify_boot(end, scan, parse_ktap(read_lines(LOGS / f"{ktap}.log")))


def test_every_saved_console_is_used():
    """No log lies about unused."""
    assert {path.stem for path in LOGS.glob("console-*.log")} == {*SPLATS, *PANICS, *QUIET}


@pytest.mark.parametrize(("name", "sign"), SPLATS.items())
def test_complaints_of_the_kernel(name, sign):
    """Good results do not help."""
    outcome = judge(name)
    assert outcome.kind is Kind.OOPS_OR_WARN
    assert sign in "\n".join(outcome.excerpt)
    assert outcome.complaints
    assert outcome.complaints[0] in outcome.reason


@pytest.mark.parametrize(("name", "sign"), PANICS.items())
def test_panics(name, sign):
    """A panic, also after an oops and when the line is cut."""
    outcome = judge(name, "ktap-empty")
    assert outcome.kind is Kind.PANIC
    assert sign in outcome.reason


@pytest.mark.parametrize("name", QUIET)
def test_a_dying_program_is_no_complaint(name):
    """SIGTRAP and SIGSEGV of a user program are what self-tests want."""
    assert judge(name).kind is Kind.PASSED


@pytest.mark.parametrize(
    ("ktap", "ending", "kind"),
    [
        ("ktap-good", Ending.EXITED, Kind.PASSED),
        ("ktap-good", Ending.HALTED, Kind.PASSED),
        ("ktap-good", Ending.LINGERED, Kind.HANG),
        ("ktap-good", Ending.SILENT, Kind.HANG),
        ("ktap-good", Ending.TIMEOUT, Kind.TIMEOUT),
        ("ktap-good", Ending.FLOOD, Kind.UNREADABLE),
        ("ktap-good", Ending.BROKEN, Kind.MACHINE),
        ("ktap-empty", Ending.EXITED, Kind.NO_RESULT),
        ("ktap-blank", Ending.EXITED, Kind.NO_RESULT),
        ("ktap-garbage", Ending.EXITED, Kind.UNREADABLE),
        ("ktap-cut-between", Ending.EXITED, Kind.STOPPED_EARLY),
        ("ktap-cut-before-done", Ending.EXITED, Kind.STOPPED_EARLY),
        ("ktap-bail-out", Ending.EXITED, Kind.STOPPED_EARLY),
        ("ktap-twice", Ending.EXITED, Kind.UNREADABLE),
        ("ktap-out-of-order", Ending.EXITED, Kind.UNREADABLE),
        ("ktap-one-failed", Ending.EXITED, Kind.FAILED_TESTS),
        ("ktap-baseline", Ending.EXITED, Kind.FAILED_TESTS),
        ("ktap-todo", Ending.EXITED, Kind.FAILED_TESTS),
        ("ktap-all-skipped", Ending.EXITED, Kind.FAILED_TESTS),
        ("ktap-plan-zero", Ending.EXITED, Kind.FAILED_TESTS),
    ],
)
def test_results_and_endings(ktap, ending, kind):
    """Every way a run can end, with a quiet console."""
    outcome = judge(ktap=ktap, ending=ending)
    assert outcome.kind is kind, outcome
    assert outcome.reason


def test_trouble_of_qemu_quotes_qemu():
    """Its last line is the reason."""
    outcome = judge(ending=Ending.BROKEN, message="first\nqemu: no memory")
    assert "qemu: no memory" in outcome.reason


def test_the_excerpt_begins_before_the_trouble_and_is_bounded():
    """Context first, then the trace."""
    lines = [f"line {index}" for index in range(100)]
    scan = scan_console([*lines, "WARNING: CPU: 0 PID: 1 at x", *lines])
    assert scan.excerpt[0] == "line 94"
    assert len(scan.excerpt) < 60


def test_a_hang_shows_the_last_lines():
    """What the guest said last."""
    scan = scan_console(f"line {index}" for index in range(1000))
    assert scan.excerpt[-1] == "line 999"
    assert len(scan.excerpt) == 25


def test_a_huge_console_needs_little_memory(tmp_path):
    """It is streamed, not held."""
    path = tmp_path / "console.log"
    path.write_bytes(b"[    1.000000] the same line again\n" * 30_000)
    tracemalloc.start()
    scan_console(read_lines(path))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 300_000
