# SPDX-License-Identifier: GPL-2.0-only
"""What became of a boot, from saved consoles and every way a run can end."""

import tracemalloc

import pytest
from conftest import TESTS

from generator.guest.accel import AccelVerdict
from generator.guest.boot import BootRequest, read_boot
from generator.guest.growth import reports_lockup
from generator.guest.ktap import parse_ktap
from generator.guest.outcome import Kind, classify_boot, scan_console
from generator.guest.vm import Ending, MachineEnd
from generator.report.results import base_complaints, write_boot
from generator.report.summary import describe_boot, is_as_it_must_be
from generator.text import read_lines

LOGS = TESTS / "logs"

SPLATS = {
    "console-die-int3": "int3: 0000 [#1]",
    "console-gpf": "general protection fault, probably",
    "console-kasan": "KASAN",
    "console-kcsan": "data-race in xol_free_insn_slot / xol_try_slot",
    "console-kmemleak": "uprobe_notify_resume+0x40d/0x6ec",
    "console-lockdep": "possible circular locking",
    "console-odebug": "object type: rcu_head",
    "console-hung-task": "task selftest-64:214 blocked for more than 122 seconds",
    "console-rcu-expedited": "detected expedited stalls",
    "console-rcu-stall": "self-detected stall",
    "console-soft-lockup": "soft lockup - CPU#1 stuck for 26s!",
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


LOCKUPS = (
    *("console-hung-task", "console-rcu-expedited", "console-rcu-stall", "console-soft-lockup"),
)


CUT_BETWEEN = "jcc-short-taken"
"""The test that runs at the end of that log."""


def judge(console="console-good", ktap="ktap-good", ending=Ending.EXITED, message="", waited=0.0):
    """Return the verdict for saved logs."""
    end = MachineEnd(
        ending=ending, status=0, seconds=3.0, events=(), message=message, waited=waited
    )
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


def warning(where, line=1329):
    """Return what 3.3 prints for a WARN_ON(): kernel/panic.c."""
    return (
        "[    0.000000] ------------[ cut here ]------------\n"
        f"[    0.000000] WARNING: at {where}+0x18b/0x2f3()\n".replace(" set", f":{line} set")
    )


APIC = "arch/x86/kernel/apic/apic.c setup_local_APIC"
STARTED = "[    1.000000] Freeing unused kernel memory: 520k freed\n"
BASE_WARNS = warning(APIC) + STARTED


@pytest.fixture
def boot(tmp_path):
    """Return a function that judges a kernel whose console says this, and keeps the result."""

    def run(variant, console, *, keep=True):
        request = BootRequest(
            base="3.3",
            variant=variant,
            kernel=tmp_path / "bzImage",
            initramfs=tmp_path / "initramfs",
            workdir=tmp_path,
            unpatched=variant in ("baseline", "peer"),
            known=base_complaints(tmp_path, "3.3", ("plain",)) if variant == "tip" else (),
        )
        place = tmp_path / "3.3" / variant / "boot-plain"
        place.mkdir(parents=True, exist_ok=True)
        (place / "console.log").write_text(console)
        (place / "results.ktap").write_bytes((LOGS / "ktap-good.log").read_bytes())
        end = MachineEnd(ending=Ending.EXITED, status=0, seconds=3.0, events=(), message="")
        result = read_boot(request, end, AccelVerdict(accel="tcg", reason="asked for"))
        if keep:
            write_boot(result, tmp_path)
        return result

    return run


def test_the_base_complains_while_it_starts(boot):
    """It is told, and counted neither against the baseline nor against the tip."""
    assert boot("baseline", BASE_WARNS).outcome.kind is Kind.PASSED
    # another compiler's code, at another line
    tip = boot("tip", warning(APIC, 1331) + STARTED)
    assert (tip.outcome.kind, tip.outcome.complaints) == (Kind.PASSED, ())
    assert is_as_it_must_be(tip)
    assert "the base complains while it starts: WARNING: at arch/x86" in describe_boot(tip)


@pytest.mark.parametrize("variant", ["baseline", "tip"])
@pytest.mark.parametrize(
    "console",
    [
        BASE_WARNS + warning("mm/memory.c setup_x"),
        BASE_WARNS + warning(APIC),
        warning("kernel/events/uprobes.c setup_uprobes") + STARTED,
        "Kernel panic - not syncing: no init\n" + STARTED,
    ],
)
def test_what_is_not_the_base(boot, variant, console):
    """A complaint after the start, one about uprobes, and a panic count, whoever said so."""
    boot("baseline", BASE_WARNS)
    assert boot(variant, console).outcome.kind in (Kind.OOPS_OR_WARN, Kind.PANIC)


def test_what_the_tip_alone_complains_of(boot):
    """What the base does not say counts, and the lines of the base are not among it."""
    boot("baseline", BASE_WARNS)
    outcome = boot("tip", warning("mm/memory.c setup_x") + BASE_WARNS).outcome
    assert outcome.kind is Kind.OOPS_OR_WARN
    assert [line for line in outcome.complaints if "WARNING" in line] == [
        "WARNING: at mm/memory.c:1329 setup_x+0x18b/0x2f3()"
    ]


def test_a_tip_without_a_baseline(boot):
    """Nobody knows what the base says."""
    assert boot("tip", BASE_WARNS).outcome.kind is Kind.OOPS_OR_WARN


def test_the_unmodified_base_tells_it_too(boot):
    """As does the peer."""
    boot("peer", BASE_WARNS)
    assert boot("tip", BASE_WARNS).outcome.kind is Kind.PASSED


@pytest.mark.parametrize(("name", "sign"), PANICS.items())
def test_panics(name, sign):
    """A panic, also after an oops and when the line is cut."""
    outcome = judge(name, "ktap-empty")
    assert outcome.kind is Kind.PANIC
    assert sign in outcome.reason


@pytest.mark.parametrize("name", LOCKUPS)
@pytest.mark.parametrize("ending", [Ending.LOCKED, Ending.STALLED, Ending.SILENT])
def test_a_kernel_that_says_it_hangs(name, ending):
    """It hung, in which test, and what the kernel said; good results before do not help."""
    outcome = judge(name, "ktap-cut-between", ending)
    assert outcome.kind is Kind.HANG
    assert f"hung in '{CUT_BETWEEN}' (test 4 of 5)" in outcome.reason
    assert SPLATS[name] in outcome.reason
    assert SPLATS[name] in "\n".join(outcome.excerpt)


def test_lockups_are_those_of_the_machine():
    """What is watched for while a guest runs is in these logs, and in no other."""
    for path in LOGS.glob("console-*.log"):
        found = any(map(reports_lockup, read_lines(path)))
        assert found == (path.stem in LOCKUPS), path


@pytest.mark.parametrize(
    "said",
    [
        "BUG: soft lockup - CPU#0 stuck for 22s! [a b:1]",
        "watchdog: BUG: soft lockup - CPU#1 stuck for 26s! [x:613]",
        "Watchdog detected hard LOCKUP on cpu 0",
        "NMI watchdog: Watchdog detected hard LOCKUP on cpu 1",
        "watchdog: Watchdog detected hard LOCKUP on cpu 1",
        "INFO: rcu_sched detected stalls on CPUs/tasks: {",
        "INFO: rcu_sched detected stall on CPU 0 (t=21000 jiffies)",
        "rcu: INFO: rcu_tasks_trace detected stalls? (Late IPI?)",
        "rcu: INFO: rcu_sched detected expedited stalls on CPUs/tasks: { 1-...D }",
        "INFO: task my prog:214 blocked for more than 122 seconds.",
        "BUG: workqueue lockup - pool cpus=0",
    ],
)
def test_a_lockup_is_a_line_of_the_kernel(said):
    """With or without what printk puts in front; not what somebody says in the middle of a line."""
    for before in ("", "[   30.412071] ", "<0>[   30.412071][  T613] ", "[    3.1][    C0] "):
        assert reports_lockup(before + said)
        assert not reports_lockup(f"{before}my-test: saw '{said}'")


def test_a_warning_before_explains_more():
    """The hang is said, too."""
    outcome = judge("console-warn", "ktap-cut-between", Ending.STALLED)
    assert outcome.kind is Kind.OOPS_OR_WARN
    assert f"then it hung in '{CUT_BETWEEN}'" in outcome.reason


@pytest.mark.parametrize(
    ("ktap", "where"),
    [
        ("ktap-cut-between", f" in '{CUT_BETWEEN}' (test 4 of 5): no test ended for 61 s"),
        ("ktap-empty", ": no test began for 61 s"),
    ],
)
def test_a_guest_that_goes_on_talking(ktap, where):
    """The test that was running is named."""
    outcome = judge(ktap=ktap, ending=Ending.STALLED, waited=61.0)
    assert outcome.kind is Kind.HANG
    assert outcome.reason == f"the guest hung{where}, stopped after 3 s"


@pytest.mark.parametrize("ending", [Ending.TIMEOUT, Ending.FLOOD, Ending.SILENT, Ending.EXITED])
def test_every_early_end_names_the_test(ending):
    """Whatever it was that ended."""
    assert (
        f" in '{CUT_BETWEEN}' (test 4 of 5)" in judge(ktap="ktap-cut-between", ending=ending).reason
    )


@pytest.mark.parametrize(
    ("ending", "said"),
    [
        (Ending.STALLED, "the guest hung after its last test (5 of 5): nothing came for 61 s"),
        (Ending.SILENT, "the guest hung after its last test (5 of 5): no more output"),
        (Ending.EXITED, "the guest stopped early after its last test (5 of 5): the last line"),
    ],
)
def test_after_the_last_test_there_is_none(ending, said):
    """All have reported, and then it went wrong."""
    assert said in judge(ktap="ktap-cut-before-done", ending=ending, waited=61.0).reason


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
    scan_console(["what is made once"])
    tracemalloc.start()
    scan_console(read_lines(path))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 300_000
