# SPDX-License-Identifier: GPL-2.0-only
"""Run one guest to its end, whatever it does; nothing here can wait for ever.

Progress is a test that ends (KTAP): a kernel that prints has not come further. What it says of a
lockup, a stall or a blocked task counts against it.

Starts the command of ``generator.guest.qemu``, ``.bochs`` or ``.blockstep``, watches the two serial
files grow, and follows QEMU through QMP (library qemu.qmp). A guest that does not end by itself is
stopped: QMP ``quit``, then SIGTERM, then SIGKILL, each with a deadline. Called by
``generator.guest.boot`` and ``.accel``.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import re
import shutil
import signal
import socket
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

from qemu.qmp import QMPClient, QMPError

from generator.errors import InfraError, UserError
from generator.guest import bochs
from generator.guest import gdb as blockstep
from generator.guest.qemu import Machine, emulator, qemu_arguments
from generator.kbuild.runner import guarded
from generator.progress import Observer, Progress
from generator.text import clean_text, strip_printk

DONE_LINE = "# uprobekit: done"
"""The last line the guest's init writes to the results."""

_HINTS = {"bochs": bochs.HINT, "gdb": blockstep.HINT}
"""What to install, by the accelerator, where that is another program than QEMU."""

_LOCKUP = re.compile(
    r"(watchdog: )?BUG: soft lockup - |((NMI )?watchdog: )?Watchdog detected hard LOCKUP on "
    r"|(rcu: )?INFO: rcu\S* (self-)?detected (expedited )?stalls?\b"
    r"|INFO: task .+:\d+ blocked for more than |BUG: workqueue lockup"
)
"""What a kernel says of itself when something makes no progress (3.3, 6.1, 6.12:
kernel/watchdog.c, kernel/watchdog_hld.c, kernel/rcutree.c, kernel/rcu/tree_stall.h, tree_exp.h,
kernel/hung_task.c, kernel/workqueue.c)."""

_ADVANCE = re.compile(
    r"(not )?ok |1\.\.\d|KTAP version |# plan: |# counters: |# \S+: outcome=|# uprobekit: "
)
"""Lines of the results that come once: not the explanations (``#   ``) of the test that runs."""

_KILLED = re.compile(r"# \S+: outcome=.* reason=deadline\b")
"""What the guest's runner says of a test that it has killed."""

_NAME = re.compile(r"(?:not )?ok \d+ (?:- )?([^#]*[^#\s])")
"""A result at the first level, and the name in it; KTAP, as ``ktap`` reads it."""

_MAX_TESTS = 10_000
"""Of so many tests a guest's times are kept."""

_SLOWEST = 3.0
"""A test may take so many times as long as the slowest before it, however slow the machine is."""

_REPORT_GRACE = 20.0
"""Seconds after the first report of a lockup without a test that ends."""

_POLL = 0.1
_STEP = 3.0
_GRACE = 10.0
_HALT_GRACE = 1.0
_HALTED = re.compile(r"reboot: (System halted|Power down|Restarting system)")
"""What a kernel says last (kernel/reboot.c: kernel_halt, kernel_power_off, kernel_restart; 6.1)."""

_MAX_OUTPUT = 64 * 1024 * 1024
_TAIL = 4096


class Ending(StrEnum):
    """How a guest's run came to its end."""

    EXITED = "exited"
    """It ended by itself: power off, or a restart, which is also what follows a panic."""
    HALTED = "halted"
    """It reported everything and halted, but its kernel could not switch the machine off."""
    LINGERED = "lingered"
    """It wrote its last line and then did not end."""
    SILENT = "silent"
    """It printed nothing for too long."""
    STALLED = "stalled"
    """It printed, perhaps, but its tests did not advance."""
    LOCKED = "locked"
    """Its kernel reported a lockup, a stall or a blocked task."""
    FAILED = "failed"
    """A test failed, and the caller wanted to know no more."""
    TIMEOUT = "timeout"
    """It took too long although it printed."""
    FLOOD = "flood"
    """It printed more than 64 MiB."""
    BROKEN = "broken"
    """QEMU, or Bochs, itself failed."""


@dataclass(frozen=True, kw_only=True)
class RunLimits:
    """Deadlines of a run.

    Args:
        total: seconds for the whole run; where tests are announced, as many as they may take if
            that is more, and so many for tests that are killed at their deadline.
        silence: seconds without any output.
        stall: seconds in which a test has to end, and twice as many to the first one's start; more
            where a test before has taken long. 0: the guest runs no tests.
        first_failure: the first test that fails ends the run.
    """

    total: float = 600.0
    silence: float = 90.0
    stall: float = 0.0
    first_failure: bool = False


@dataclass(frozen=True, kw_only=True)
class MachineEnd:
    """How a run ended.

    Args:
        ending: who or what ended it.
        status: exit status of the emulator; negative: the signal that ended it.
        seconds: time from start to end.
        events: names of QMP events with their reason, such as ``SHUTDOWN(guest-reset)``.
        message: what the emulator itself said, cleaned; empty in a good run of QEMU.
        waited: seconds since the last progress, when it was stopped for want of that.
        times: seconds that each test took, by name: from the result before it, or from the plan,
            to its own one, as they came out of the guest.
    """

    ending: Ending
    status: int
    seconds: float
    events: tuple[str, ...]
    message: str
    waited: float = 0.0
    times: Mapping[str, float] = field(default_factory=dict)


def reports_lockup(line: str) -> bool:
    """Tell whether a line of the console is a kernel's report of a lockup, stall or blocked task.

    What a program says of one, in the middle of its line, is none.
    """
    return bool(_LOCKUP.match(strip_printk(line)))


def machine_command(machine: Machine) -> tuple[str, ...]:
    """Return the command that runs ``machine``."""
    if machine.accel == "bochs":
        return bochs.bochs_arguments(machine)
    if machine.accel == "gdb":
        return blockstep.gdb_arguments(machine)
    return qemu_arguments(machine)


def run_machine(
    machine: Machine, limits: RunLimits, observer: Observer, *, subject: str
) -> MachineEnd:
    """Run ``machine`` until it ends or has to be stopped.

    Args:
        machine: the guest; its ``qmp_fd`` is filled in here.
        limits: the deadlines.
        observer: told about the console's last line as it changes.
        subject: name of the run in progress events.

    Raises:
        UserError: the kernel or the initramfs is missing.
        InfraError: the emulator is not installed or does not start.
    """
    check_emulator(machine.accel, machine.arch)
    for needed in _needed(machine):
        if not needed.is_file():
            raise UserError("there is no such file", where=str(needed), hint="build it first")
    try:
        machine.console.parent.mkdir(parents=True, exist_ok=True)
        for output in (machine.console, machine.results):
            output.write_bytes(b"")
        if machine.accel == "bochs":
            bochs.write_bochs_files(machine)
        return asyncio.run(_Run(machine, limits, observer, subject).run())
    except OSError as error:
        raise InfraError(
            f"cannot run the guest: {error.strerror or error}", where=str(machine.console.parent)
        ) from error


def check_emulator(accel: str, arch: str = "x86_64") -> None:
    """Check that what runs a guest is installed.

    Raises:
        InfraError: it is not; the hint installs it.
    """
    programs = {"bochs": (bochs.PROGRAM,), "gdb": (blockstep.PROGRAM, emulator(arch))}
    for program in programs.get(accel, (emulator(arch),)):
        if shutil.which(program) is None:
            raise InfraError(
                f"{program} is not found in PATH",
                hint=_HINTS.get(accel, "apt-get install qemu-system-x86"),
            )
    if accel == "bochs":
        bochs.check_files()


def _needed(machine: Machine) -> tuple[Path, ...]:
    """Return the files that the machine starts from."""
    files = [machine.kernel]
    if machine.initramfs is not None:
        files.append(machine.initramfs)
    if machine.accel == "gdb":
        files.append(blockstep.vmlinux(machine))
    return tuple(files)


def log_path(machine: Machine) -> Path:
    """Return where what the emulator itself says is kept."""
    name = machine.accel if machine.accel in _HINTS else "qemu"
    return machine.console.parent / f"{name}.log"


class _Run:
    """The state of one run."""

    def __init__(
        self, machine: Machine, limits: RunLimits, observer: Observer, subject: str
    ) -> None:
        self.machine = machine
        self.limits = limits
        self.observer = observer
        self.subject = subject
        self.started = time.monotonic()
        self.waited = 0.0
        self.events: list[str] = []

    async def run(self) -> MachineEnd:
        """Start the emulator, watch it, and make sure that it is gone at the end."""
        log = log_path(self.machine)
        with _socket_pair() as (ours, theirs):
            machine = replace(self.machine, qmp_fd=theirs.fileno())
            with log.open("wb") as output:
                process = await asyncio.create_subprocess_exec(
                    *guarded(machine_command(machine), signal.SIGKILL),
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    pass_fds=(theirs.fileno(),),
                    start_new_session=True,
                )
            theirs.close()
            client = _quiet_client()
            listening = asyncio.create_task(self._listen(client, ours))
            growth = _Growth(self.machine)
            ending = Ending.BROKEN
            try:
                ending = await self._watch(process, growth)
            finally:
                await _stop(process, client)
                listening.cancel()
                with contextlib.suppress(asyncio.CancelledError, QMPError, OSError, EOFError):
                    await listening
                with contextlib.suppress(QMPError, OSError, EOFError, TimeoutError):
                    await asyncio.wait_for(client.disconnect(), _STEP)
        status = process.returncode if process.returncode is not None else -signal.SIGKILL
        growth.look()
        if ending is Ending.EXITED and not self._is_power_off(status, growth):
            ending = Ending.BROKEN
        return MachineEnd(
            ending=ending,
            status=status,
            seconds=time.monotonic() - self.started,
            events=tuple(self.events),
            message=_read_end(log),
            waited=self.waited,
            times=growth.times,
        )

    async def _listen(self, client: QMPClient, ours: socket.socket) -> None:
        """Connect and note the events; a QEMU that does not answer is the watcher's business."""
        await client.connect(ours)
        while True:
            event = await client.events.get()
            data = event.get("data")
            reason = data.get("reason", "") if isinstance(data, dict) else ""
            self.events.append(f"{event['event']}({reason})")

    def _is_power_off(self, status: int, growth: _Growth) -> bool:
        """Tell whether it was the guest that ended the run."""
        if self.machine.accel == "bochs":
            growth.look()
            return status == bochs.POWERED_OFF and growth.total > 0
        if self.machine.accel == "gdb":
            return any(event.startswith("SHUTDOWN(guest-") for event in self.events)
        return status == 0

    async def _watch(self, process: asyncio.subprocess.Process, growth: _Growth) -> Ending:
        """Wait until the guest ends or breaks a limit; return which."""
        waiting = asyncio.create_task(process.wait())
        try:
            while True:
                await asyncio.wait({waiting}, timeout=_POLL)
                if waiting.done():
                    return Ending.EXITED
                if growth.look():
                    self._say(growth)
                if ending := self._limit(growth):
                    return ending
        finally:
            waiting.cancel()

    def _limit(self, growth: _Growth) -> Ending | None:
        now = time.monotonic()
        if growth.total > _MAX_OUTPUT:
            return Ending.FLOOD
        if growth.failed and self.limits.first_failure:
            return Ending.FAILED
        if growth.done_at:
            quiet = now - growth.grown_at > _HALT_GRACE
            if quiet and _HALTED.search(growth.last_line):
                return Ending.HALTED
            if now - growth.done_at > _GRACE:
                return Ending.LINGERED
        if now - growth.grown_at > self.limits.silence:
            self.waited = now - growth.grown_at
            return Ending.SILENT
        if ending := self._stall(growth, now):
            self.waited = now - growth.advanced_at
            return ending
        if now - self.started > self._total(growth) or growth.lost > self.limits.total:
            return Ending.TIMEOUT
        return None

    def _total(self, growth: _Growth) -> float:
        """Return the seconds that the whole run may take, which follow from its tests."""
        if not growth.planned:
            return self.limits.total
        return max(self.limits.total, (growth.planned + 2) * self._patience(growth))

    def _patience(self, growth: _Growth) -> float:
        """Return the seconds in which a test has to end; 0.0: there are none."""
        return max(self.limits.stall, _SLOWEST * growth.slowest) if self.limits.stall else 0.0

    def _stall(self, growth: _Growth, now: float) -> Ending | None:
        """Tell whether the tests have stopped to advance, or the kernel says that it has."""
        if growth.done_at:
            return None
        if growth.reported_at:
            since = now - max(growth.reported_at, growth.advanced_at)
            if since > _REPORT_GRACE:
                return Ending.LOCKED
        if not self.limits.stall:
            return None
        limit = self._patience(growth) * (1 if growth.planned else 2)
        if now - growth.advanced_at > limit:
            return Ending.STALLED
        return None

    def _say(self, growth: _Growth) -> None:
        self.observer.progress(
            Progress(
                stage="boot",
                subject=self.subject,
                elapsed=time.monotonic() - self.started,
                done=growth.results,
                expected=growth.planned,
                detail=growth.last_line,
            )
        )


class _Growth:
    """Follows the serial files; remembers sizes and little text, never the whole.

    Attributes:
        total: bytes of output so far.
        grown_at: when the output last grew (monotonic clock).
        done_at: when the guest's last line was seen; 0: not yet.
        planned: tests announced.
        results: tests that reported.
        failed: one of them, at least, did not pass.
        told: the lines that were progress; said once more they are none.
        advanced_at: when the tests last advanced; at first the start.
        ended_at: when the last test ended, or the first began; 0: none has.
        slowest: seconds of the slowest test so far.
        killed: the test whose result comes next was killed at its deadline.
        lost: seconds of such tests.
        times: seconds of each test so far.
        reported_at: when the kernel first reported a lockup; 0: it has not.
        last_line: the latest complete line of the console.
    """

    def __init__(self, machine: Machine) -> None:
        self.paths = (machine.console, machine.results)
        self.offsets = [0, 0]
        self.rest = [b"", b""]
        self.total = 0
        self.grown_at = time.monotonic()
        self.done_at = 0.0
        self.planned = 0
        self.results = 0
        self.failed = False
        self.told: set[str] = set()
        self.advanced_at = self.grown_at
        self.ended_at = 0.0
        self.slowest = 0.0
        self.killed = False
        self.lost = 0.0
        self.times: dict[str, float] = {}
        self.reported_at = 0.0
        self.last_line = ""

    def look(self) -> bool:
        """Read what is new; return whether there was anything."""
        grown = False
        for index, path in enumerate(self.paths):
            while data := self._read(index, path):
                grown = True
                self._take(index, data)
        if grown:
            self.grown_at = time.monotonic()
        return grown

    def _read(self, index: int, path: Path) -> bytes:
        try:
            with path.open("rb") as stream:
                stream.seek(self.offsets[index])
                data = stream.read(1 << 20)
        except OSError:
            return b""
        self.offsets[index] += len(data)
        self.total += len(data)
        return data if self.total <= _MAX_OUTPUT else b""

    def _take(self, index: int, data: bytes) -> None:
        lines = (self.rest[index] + data).split(b"\n")
        self.rest[index] = lines.pop()[-_TAIL:]
        for line in lines:
            text = clean_text(line[:_TAIL].decode("utf-8", "replace").rstrip())
            if index == 0 and text:
                self._take_message(text.strip())
            if index == 1:
                self._take_result(strip_printk(text))

    def _take_message(self, line: str) -> None:
        self.last_line = line
        if not self.reported_at and reports_lockup(line):
            self.reported_at = time.monotonic()

    def _take_result(self, line: str) -> None:
        now = time.monotonic()
        ended = line.startswith(("ok ", "not ok "))
        spare = ended and self.results >= self.planned > 0
        if _ADVANCE.match(line.lstrip()) and line not in self.told and not spare:
            self.told.add(line)
            if ended:
                self._take_time(line, now - self.ended_at)
                self.ended_at = now
            self.advanced_at = now
        if line == DONE_LINE:
            self.done_at = now
        elif ended:
            self.results += 1
            self.failed |= line.startswith("not ok ")
        elif _KILLED.match(line):
            self.killed = True
        elif line.startswith("1..") and line[3:].isdigit():
            self.planned = int(line[3:9])
            self.ended_at = now

    def _take_time(self, line: str, seconds: float) -> None:
        """Note how long a test has taken: of the first it is not known without a plan."""
        named = _NAME.match(line)
        if self.ended_at:
            self.slowest = max(self.slowest, seconds)
            self.lost += seconds if self.killed else 0.0
            if named and len(self.times) < _MAX_TESTS:
                self.times[named[1]] = round(seconds, 2)
        self.killed = False


async def _stop(process: asyncio.subprocess.Process, client: QMPClient) -> None:
    """End QEMU: QMP quit, SIGTERM, SIGKILL; returns after three steps at most.

    Signals are not sent by way of asyncio, whose ``Popen`` looks first whether the process has
    ended: if it just has, its status is lost to whoever waits for it, who then says 255.
    """
    if process.returncode is not None:
        return
    with contextlib.suppress(QMPError, OSError, EOFError, TimeoutError):
        await asyncio.wait_for(client.execute("quit"), _STEP)
        await asyncio.wait_for(process.wait(), _STEP)
    for stop in (signal.SIGTERM, signal.SIGKILL):
        if process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError, TimeoutError):
            os.kill(process.pid, stop)
            await asyncio.wait_for(process.wait(), _STEP)


@contextlib.contextmanager
def _socket_pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    with ours, theirs:
        ours.setblocking(False)
        yield ours, theirs


def _quiet_client() -> QMPClient:
    """Return a QMP client that logs nowhere: a stage does not print."""
    client = QMPClient("guest")
    logger = logging.Logger("qmp")
    logger.addHandler(logging.NullHandler())
    client.logger = logger
    return client


def _read_end(log: Path) -> str:
    try:
        with log.open("rb") as stream:
            stream.seek(max(0, log.stat().st_size - _TAIL))
            text = stream.read(_TAIL).decode("utf-8", "replace")
    except OSError:
        return ""
    return "\n".join(clean_text(line) for line in text.splitlines()).strip()
