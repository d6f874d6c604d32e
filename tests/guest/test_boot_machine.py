# SPDX-License-Identifier: GPL-2.0-only
"""Running a guest, with programs that stand in for QEMU and misbehave.

Most of their time is waiting. What waits for longer than a few limits is in the sweep.
"""

import os
import re
import signal
import time
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import TESTS, some_of

from generator.errors import InfraError, UserError
from generator.guest import accel
from generator.guest import vm as machine
from generator.guest.boot import BootRequest, boot_command, boot_kernel
from generator.guest.growth import Growth
from generator.guest.outcome import Kind
from generator.guest.qemu import Machine, emulator
from generator.guest.vm import Ending, MachineEnd, RunLimits, run_machine
from generator.progress import SilentObserver

LOGS = TESTS / "logs"
LIMITS = RunLimits(total=3.0, silence=1.0)
FIND_FILES = """
for word in "$@"; do
    case "$word" in
    file,id=console,path=*) console=${word#*path=} ;;
    file,id=results,path=*) results=${word#*path=} ;;
    esac
done
"""


class Recorder:
    """An observer that keeps the events."""

    def __init__(self):
        self.events = []

    def progress(self, event):
        """Keep ``event``."""
        self.events.append(event)


@pytest.fixture
def fake(tmp_path, monkeypatch, stand_in):
    """Return a function that installs a shell script as QEMU."""
    monkeypatch.setattr(machine, "_STEP", 0.3)
    monkeypatch.setattr(machine, "_GRACE", 0.4)
    monkeypatch.setattr(machine, "_HALT_GRACE", 0.2)

    def install(body: str) -> Machine:
        stand_in(emulator(), f"{FIND_FILES}\n{body}")
        kernel = tmp_path / "bzImage"
        kernel.write_bytes(b"kernel")
        return Machine(
            kernel=kernel,
            initramfs=kernel,
            console=tmp_path / "out" / "console.log",
            results=tmp_path / "out" / "results.ktap",
        )

    return install


def run(guest: Machine, limits: RunLimits = LIMITS, observer=None) -> MachineEnd:
    """Run ``guest`` with short deadlines."""
    return run_machine(guest, limits, observer or SilentObserver(), subject="0.0/x")


def test_a_guest_that_ends(fake):
    """Status zero and no complaint."""
    end = run(fake("echo hello >$console"))
    assert (end.ending, end.status, end.message) == (Ending.EXITED, 0, "")


def test_qemu_that_fails_is_quoted(fake):
    """Its message, cleaned, and its status."""
    end = run(fake("printf 'no \\033[31mmemory\\n' >&2; exit 3"))
    assert (end.ending, end.status, end.message) == (Ending.BROKEN, 3, "no memory")


def test_qemu_that_crashes(fake):
    """A signal is a negative status."""
    assert run(fake("kill -ABRT $$")).status == -6


@pytest.mark.sweep
@pytest.mark.parametrize("trap", ["", "trap '' TERM;"])
def test_silence_ends_the_guest_even_if_it_will_not(fake, trap):
    """SIGTERM, then SIGKILL."""
    began = time.monotonic()
    end = run(fake(f"{trap} while :; do sleep 0.1; done"))
    assert end.ending is Ending.SILENT
    assert end.status < 0
    assert time.monotonic() - began < 5


def test_the_status_of_a_guest_that_is_slow_to_be_seen_dead(fake, monkeypatch):
    """It died of SIGTERM, and SIGKILL comes before whoever waits for it has looked: not 255."""
    wait = os.waitpid

    def late(pid, flags):
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        time.sleep(0.6)
        return wait(pid, flags)

    monkeypatch.setattr(os, "waitpid", late)
    end = run(fake("while :; do sleep 0.1; done"))
    assert end.ending is Ending.SILENT
    # on a machine that is slow enough the second signal comes before it has died of the first
    assert end.status in (-signal.SIGTERM, -signal.SIGKILL)


def test_talking_for_ever_meets_the_deadline(fake):
    """The whole run has one, too."""
    end = run(fake("while :; do echo x >>$console; sleep 0.1; done"), RunLimits(total=1, silence=9))
    assert end.ending is Ending.TIMEOUT


CHATTER = "while :; do echo '{line}' >>$console; sleep 0.1; done"
LOCKUP = "watchdog: BUG: soft lockup - CPU#1 stuck for 22s! [selftest-64:613]"
BEGUN = f"head -8 {LOGS}/ktap-good.log >$results;"


def test_chatter_is_no_progress(fake):
    """A console that talks for ever does not keep a guest alive whose tests do not advance."""
    guest = fake(BEGUN + CHATTER.format(line="systemd is fine"))
    end = run(guest, RunLimits(total=60, silence=60, stall=0.8))
    assert end.ending is Ending.STALLED
    assert 0.8 < end.waited < 5


def test_explanations_are_no_progress(fake):
    """Nor do those of the test that runs, on the other port."""
    talk = "while :; do echo '#   still trying' >>$results; sleep 0.1; done"
    end = run(fake(BEGUN + talk), RunLimits(total=60, silence=60, stall=0.8))
    assert end.ending is Ending.STALLED


def test_a_kernel_that_never_gets_to_the_tests(fake):
    """It has twice the time."""
    end = run(fake(CHATTER.format(line="hello")), RunLimits(total=60, silence=60, stall=0.5))
    assert (end.ending, end.waited > 1.0) == (Ending.STALLED, True)


def test_tests_that_advance_are_progress(fake):
    """However long all of them take: only the first one's start and each one's end count."""
    slow = 'for i in 1 2 3 4 5 6; do sleep 0.4; echo "ok $i x" >>$results; done'
    end = run(fake(f"echo 1..6 >$results; {slow}"), RunLimits(total=60, silence=60, stall=2))
    assert end.ending is Ending.EXITED


def test_how_long_each_test_takes(fake):
    """From the plan or the result before it to its own; a subtest's line is not a test's."""
    script = (
        "echo 1..3 >$results; sleep 0.4; echo 'ok 1 nop' >>$results; sleep 0.8;"
        "echo '    ok 1 sub' >>$results; echo 'not ok 2 - call near # TODO x' >>$results;"
        "echo 'ok 3 ret # SKIP no memory' >>$results"
    )
    times = run(fake(script), RunLimits(total=60, silence=60, stall=0)).times
    assert list(times) == ["nop", "call near", "ret"]
    # how long is a matter of the machine: what is asked is what was waited for at least
    assert times["nop"] > 0.2 and times["call near"] > 0.6


def test_without_a_plan_the_whole_has_its_limit(fake):
    """No test is announced, from which the time of the whole could follow."""
    guest = fake("while :; do echo x >>$console; sleep 0.1; done")
    limits = RunLimits(total=1, silence=60, stall=30)
    assert run(guest, limits).ending is Ending.TIMEOUT


@pytest.mark.sweep
def test_the_slowest_test_seen_sets_the_limit(fake):
    """On a slow machine everything is slow: three times the slowest."""
    said = "echo '# x: outcome=pass hits=1';"
    body = f"echo 'ok 1 a'; sleep 1; {said} echo 'ok 2 b'; sleep 2.5; {said} echo 'ok 3 c'"
    guest = fake(f"(echo 1..3; {body}) >>$results")
    assert run(guest, RunLimits(total=60, silence=60, stall=2)).ending is Ending.EXITED


SLOW = 'for i in 1 2 3 4 5 6; do sleep 0.4; {before} echo "{word} $i x" >>$results; done'


@pytest.mark.sweep
def test_a_slow_machine_whose_tests_advance_goes_on(fake):
    """The whole takes longer than it would elsewhere: that follows from the number of tests."""
    guest = fake(f"echo 1..6 >$results; {SLOW.format(before='', word='ok')}")
    limits = RunLimits(total=1, silence=60, stall=6)
    assert run(guest, limits).ending is Ending.EXITED
    assert run(guest, replace(limits, stall=0)).ending is Ending.TIMEOUT


def test_tests_that_are_all_killed_end_a_run(fake):
    """Each at its deadline: what they take is limited as a whole."""
    killed = 'echo "# x: outcome=fail hits=0 reason=deadline ms=400" >>$results;'
    guest = fake(f"echo 1..6 >$results; {SLOW.format(before=killed, word='not ok')}")
    end = run(guest, RunLimits(total=1, silence=60, stall=6))
    assert end.ending is Ending.TIMEOUT
    assert end.seconds > 1


@pytest.mark.sweep
def test_more_results_than_planned_are_no_progress(fake):
    """Nor are announcements without end: such a run would never end."""
    for_ever = 'i=1; while :; do sleep 0.1; i=$((i+1)); echo "ok $i x" >>$results; done'
    guest = fake(f"echo 1..2 >$results; {for_ever}")
    assert run(guest, RunLimits(total=30, silence=30, stall=0.8)).ending is Ending.STALLED
    for_ever = 'i=1; while :; do sleep 0.1; i=$((i+1)); echo "# plan: $i" >>$results; done'
    end = run(fake(f"echo 1..2 >$results; {for_ever}"), RunLimits(total=1, silence=30, stall=0.8))
    assert (end.ending, end.seconds > 3) == (Ending.TIMEOUT, True)


@pytest.mark.parametrize("line", some_of(["# uprobekit: tick $i", "# counters: x $i"]))
def test_remarks_without_end_are_no_progress(fake, line):
    """While tests are to come, only they are: not what else stands among the results."""
    for_ever = f'i=1; while :; do sleep 0.1; i=$((i+1)); echo "{line}" >>$results; done'
    guest = fake(f"echo 1..2 >$results; {for_ever}")
    assert run(guest, RunLimits(total=30, silence=30, stall=0.8)).ending is Ending.STALLED


def test_the_test_that_runs_is_told(fake):
    """Its name, from the plan; the console's last line before it, and behind the last one."""
    plan = "echo 1..2 >$results; echo '# plan: a before=pass\n# plan: b before=pass' >>$results"
    steps = "sleep 0.4; echo 'ok 1 a' >>$results; sleep 0.4; echo 'ok 2 b' >>$results; sleep 0.4"
    recorder = Recorder()
    guest = fake(f"echo boots >$console; sleep 0.4; {plan}; {steps}")
    run(guest, RunLimits(total=60, silence=60, stall=9), recorder)
    assert list(dict.fromkeys(event.detail for event in recorder.events)) == ["boots", "a", "b"]


def test_a_reported_lockup_ends_the_guest(fake, monkeypatch):
    """Although it goes on to talk, and long before a test has taken too long."""
    monkeypatch.setattr(machine, "_REPORT_GRACE", 0.5)
    end = run(fake(BEGUN + CHATTER.format(line=LOCKUP)), RunLimits(total=60, silence=60, stall=60))
    assert end.ending is Ending.LOCKED


def test_what_a_test_says_of_a_lockup_is_none(fake, monkeypatch):
    """Its line has the words, and is not the kernel's."""
    monkeypatch.setattr(machine, "_REPORT_GRACE", 0.2)
    said = f"my-test: looks for {LOCKUP}"
    guest = fake(f"{BEGUN} echo '{said}' >$console; sleep 1; echo 'ok 2 x' >>$results")
    assert run(guest, RunLimits(total=60, silence=60, stall=60)).ending is Ending.EXITED


@pytest.mark.sweep
@pytest.mark.parametrize("before", ["[   12.345678] ", "<6>[   12.3][  T613] "])
def test_results_with_time_stamps_are_progress(fake, before):
    """As KTAP is read at the end: printk may have put something in front."""
    slow = f'for i in 1 2 3 4 5 6; do sleep 0.4; echo "{before}ok $i x" >>$results; done'
    recorder = Recorder()
    done = f"echo '{before}# uprobekit: done' >>$results; sleep 0.3"
    guest = fake(f"echo '{before}1..6' >$results; {slow}; {done}")
    end = run(guest, RunLimits(total=60, silence=60, stall=2), recorder)
    assert end.ending is Ending.EXITED
    assert (recorder.events[-1].done, recorder.events[-1].expected) == (6, 6)
    # the same line with another time is the same line
    again = 'for i in 1 2 3 4 5 6 7 8 9; do sleep 0.2; echo "[    $i.5] ok 1 x" >>$results; done'
    guest = fake(f"echo 1..4 >$results; {again}")
    assert run(guest, RunLimits(total=60, silence=60, stall=0.8)).ending is Ending.STALLED


@pytest.mark.sweep
def test_a_lockup_that_passes_does_not(fake, monkeypatch):
    """The tests went on: the report is judged at the end; but not for ever."""
    # a busy machine may take its time to go on with a script
    monkeypatch.setattr(machine, "_REPORT_GRACE", 2.5)
    advance = 'for i in 1 2 3 4; do sleep 0.3; echo "ok $i x" >>$results; done'
    begin = f"echo 1..4 >$results; echo '{LOCKUP}' >$console;"
    limits = RunLimits(total=60, silence=60, stall=60)
    assert run(fake(begin + advance), limits).ending is Ending.EXITED
    # a test that takes longer than the grace, when others have ended since
    slow = "sleep 0.3; echo 'ok 1 x' >>$results; sleep 3; echo 'ok 2 x' >>$results"
    assert run(fake(begin + slow), limits).ending is Ending.EXITED
    for_ever = 'while :; do sleep 0.3; echo "ok 1 x" >>$results; done'
    assert run(fake(begin + for_ever), replace(limits, stall=1.5)).ending is Ending.STALLED
    again = f"sleep 0.6; echo '{LOCKUP}' >>$console;" + for_ever
    again = "echo 'ok 1 x' >>$results;" + again
    assert run(fake(begin + again), limits).ending is Ending.LOCKED


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("all is well", "no test ended for"),
        (LOCKUP, f"its kernel says: {LOCKUP}"),
    ],
)
def test_a_hung_boot_names_its_test(fake, tmp_path, monkeypatch, line, said):
    """From the request to the verdict."""
    monkeypatch.setattr(machine, "_REPORT_GRACE", 0.5)
    head = f"head -9 {LOGS}/ktap-good.log >$results;"
    boot = request(fake(head + CHATTER.format(line=line)), tmp_path / "w")
    boot = replace(boot, timeout=60.0, silence=60.0, stall=0.8)
    outcome = boot_kernel(boot).outcome
    assert outcome.kind is Kind.HANG
    assert "hung in 'nop-pause' (test 2 of 5)" in outcome.reason
    assert said in outcome.reason


@pytest.mark.parametrize("line", some_of(["ok 1 nop", "KTAP version 1", "# plan: nop", "1..2"]))
def test_the_same_result_once_more_is_no_progress(fake, line):
    """A guest that repeats itself has hung."""
    begin = "printf 'KTAP version 1\\n1..2\\n# plan: nop\\nok 1 nop\\n' >$results;"
    guest = fake(begin + f'while :; do sleep 0.1; echo "{line}" >>$results; done')
    assert run(guest, RunLimits(total=30, silence=30, stall=0.8)).ending is Ending.STALLED


def test_chatter_after_the_last_line_is_no_progress(fake):
    """Everything is reported, and the machine stays on, busy on its console."""
    guest = fake(
        "echo '# uprobekit: done' >$results; while :; do sleep 0.05; echo x >>$console; done"
    )
    assert run(guest, RunLimits(total=30, silence=30, stall=30)).ending is Ending.LINGERED


@pytest.mark.parametrize(("seconds", "ending"), [(60, None), (180, Ending.LINGERED)])
def test_a_guest_on_a_busy_machine_is_given_time_to_end(tmp_path, seconds, ending):
    """Fault: one that had a tenth of a processor was ended ten seconds after its last line."""
    kernel = tmp_path / "bzImage"
    guest = Machine(kernel=kernel, initramfs=kernel, console=kernel, results=kernel)
    limits = RunLimits(total=3000, silence=1000, stall=1000)
    growth = Growth(guest)
    growth.done_at = growth.grown_at = time.monotonic() - seconds
    assert machine._Run(guest, limits, SilentObserver(), "0.0/x")._limit(growth) is ending


@pytest.mark.parametrize("wanted", [True, False])
def test_the_first_failure_ends_a_boot(fake, tmp_path, wanted):
    """When that is all that the caller wants to know; a skipped test is none."""
    lines = r"KTAP version 1\n1..3\nok 1 old # SKIP no such kernel\nok 2 nop\nnot ok 3 push\n"
    guest = fake(f"printf '{lines}' >$results; sleep 1; echo '# uprobekit: done' >>$results")
    boot = replace(request(guest, tmp_path / "w"), silence=9.0, first_failure=wanted)
    result = boot_kernel(boot)
    assert (result.end.ending is Ending.FAILED) is wanted
    assert result.outcome.kind is Kind.FAILED_TESTS
    assert result.outcome.reason == "not ok: push" + "; stopped there" * wanted


def test_a_flood_is_stopped(fake, monkeypatch):
    """Before it fills the disk."""
    monkeypatch.setattr(machine, "MAX_OUTPUT", 100_000)
    end = run(fake("while :; do head -c 50000 /dev/zero >>$console; sleep 0.05; done"))
    assert end.ending is Ending.FLOOD


@pytest.mark.parametrize(
    ("last", "ending"),
    [("reboot: System halted", Ending.HALTED), ("still busy", Ending.LINGERED)],
)
def test_a_guest_that_stays_after_its_last_line(fake, last, ending):
    """A halted one is fine, another one is not."""
    guest = fake(f"echo '# uprobekit: done' >$results; echo '{last}' >$console; sleep 30")
    assert run(guest, RunLimits(total=9, silence=9)).ending is ending


def test_old_output_is_gone_before_a_new_run(fake):
    """A log of yesterday is never today's pass."""
    guest = fake("exit 0")
    guest.console.parent.mkdir()
    guest.results.write_bytes((LOGS / "ktap-good.log").read_bytes())
    run(guest)
    assert guest.results.read_bytes() == b""


def test_progress_counts_tests(fake):
    """Done and expected come from the results."""
    recorder = Recorder()
    run(fake(f"cat {LOGS}/ktap-good.log >$results; sleep 0.5"), observer=recorder)
    assert (recorder.events[-1].done, recorder.events[-1].expected) == (5, 5)


def test_no_qemu(tmp_path, monkeypatch):
    """The message names the package."""
    monkeypatch.setenv("PATH", str(tmp_path))
    guest = Machine(kernel=tmp_path, initramfs=None, console=tmp_path, results=tmp_path)
    with pytest.raises(InfraError, match="apt-get install qemu-system-x86"):
        run(guest)


def test_no_kernel(fake, tmp_path):
    """A missing file is the user's business."""
    guest = fake("exit 0")
    guest.kernel.unlink()
    with pytest.raises(UserError, match="no such file"):
        run(guest)


def request(guest: Machine, workdir: Path, mode: str = "tcg") -> BootRequest:
    """Return the request for a boot of ``guest``."""
    return BootRequest(
        base="0.0",
        variant="tip",
        kernel=guest.kernel,
        initramfs=guest.kernel,
        workdir=workdir,
        accel=mode,
        timeout=5.0,
        silence=1.0,
    )


def test_a_whole_boot(fake, tmp_path):
    """From request to verdict."""
    guest = fake(f"cat {LOGS}/ktap-good.log >$results; cat {LOGS}/console-good.log >$console")
    result = boot_kernel(request(guest, tmp_path / "w"))
    assert result.outcome.kind is Kind.PASSED
    assert len(result.ktap.tests) == 5


def test_a_boot_that_says_nothing(fake, tmp_path):
    """Nothing is never a pass."""
    assert boot_kernel(request(fake("exit 0"), tmp_path)).outcome.kind is Kind.NO_RESULT


def test_qemu_trouble_is_no_failed_test(fake, tmp_path):
    """It is the machine's, with QEMU's words."""
    with pytest.raises(InfraError, match="status 1: no room"):
        boot_kernel(request(fake("echo no room >&2; exit 1"), tmp_path))


SIGNALLED = "qemu-system-x86_64: terminating on signal 15 from pid 7 (sh)"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("kill -KILL $$", r"killed by signal 9 \(Killed\): it said nothing; was there memory"),
        (f"head -4 {LOGS}/ktap-good.log >$results; kill -KILL $$", "killed by signal 9"),
        (f"head -4 {LOGS}/ktap-good.log >$results; echo '{SIGNALLED}' >&2", "on signal 15 from"),
    ],
)
def test_a_qemu_that_somebody_ends_is_no_failed_test(fake, tmp_path, body, said):
    """SIGKILL, as for want of memory, or SIGTERM, after which QEMU's own status is 0."""
    with pytest.raises(InfraError) as raised:
        boot_kernel(request(fake(body), tmp_path))
    assert re.search(said, str(raised.value))


def test_a_full_disk_is_named(fake, tmp_path, monkeypatch):
    """Lost output is not the guest's fault."""
    monkeypatch.setattr("generator.guest.boot._FULL_DISK", 1 << 62)
    with pytest.raises(InfraError, match="disk is full"):
        boot_kernel(request(fake("exit 0"), tmp_path))


def test_the_dry_run_runs_nothing(fake, tmp_path):
    """And makes no folder."""
    command = boot_command(request(fake("touch $0.ran"), tmp_path / "w"))
    assert command[0] == emulator()
    assert not (tmp_path / "w").exists()


def choose(guest: Machine, tmp_path: Path, mode: str = "auto", device: Path | None = None):
    """Return the verdict with a device that can be opened."""
    device = device or tmp_path / "kvm-device"
    if not device.parent.is_relative_to("/nowhere"):
        device.touch()
    return accel.choose_accel(
        mode,
        kernel=guest.kernel,
        directory=tmp_path / "kvm",
        observer=SilentObserver(),
        device=device,
    )


def test_kvm_that_runs_a_kernel_is_used_with_this_qemu(fake, tmp_path):
    """The kernel panicked for want of a root file system: it ran. Another QEMU is tried anew."""
    guest = fake("echo 'Kernel panic - not syncing: VFS' >$console")
    assert choose(guest, tmp_path).accel == "kvm"
    again = choose(fake("exit 1"), tmp_path)
    assert (again.accel, again.remembered) == ("tcg", False)


def test_a_verdict_is_remembered_for_the_same_qemu(fake, tmp_path):
    """The second answer costs nothing."""
    guest = fake("exit 1")
    assert not choose(guest, tmp_path).remembered
    again = choose(guest, tmp_path)
    assert (again.accel, again.remembered) == ("tcg", True)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("echo 'kvm: cannot create vcpu' >&2; exit 1", "cannot create vcpu"),
        ("kill -ABRT $$", "status -6"),
        ("sleep 60", "silent"),
        ("exit 0", "exited"),
    ],
)
def test_kvm_that_does_not_is_not(fake, tmp_path, monkeypatch, body, reason):
    """Aborted, hung, or nothing printed."""
    monkeypatch.setattr(accel, "_PROBE", RunLimits(total=2, silence=0.5))
    verdict = choose(fake(body), tmp_path)
    assert verdict.accel == "tcg"
    assert reason in verdict.reason


def test_no_device_no_trial(fake, tmp_path):
    """The reason says so."""
    verdict = choose(fake("exit 1"), tmp_path, device=Path("/nowhere/kvm"))
    assert verdict.accel == "tcg"
    assert "cannot be opened" in verdict.reason


@pytest.mark.parametrize("mode", ["kvm", "tcg"])
def test_a_request_is_a_request(fake, tmp_path, mode):
    """No trial then."""
    assert choose(fake("exit 1"), tmp_path, mode).accel == mode


def test_an_unknown_accelerator(fake, tmp_path):
    """The message lists those that exist."""
    with pytest.raises(UserError, match="auto, kvm, tcg"):
        choose(fake("exit 1"), tmp_path, "xen")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"machine": 1}'])
def test_a_damaged_memory_is_made_anew(fake, tmp_path, text):
    """And not trusted."""
    (tmp_path / "kvm").mkdir()
    (tmp_path / "kvm" / "verdict.json").write_text(text)
    assert not choose(fake("exit 1"), tmp_path).remembered
