# SPDX-License-Identifier: GPL-2.0-only
"""Run one guest to its end, whatever it does; nothing here can wait for ever.

Starts the command of ``generator.guest.qemu``, ``.bochs`` or ``.gdb``, watches the two serial files
grow (``.growth``), and follows QEMU through QMP (library qemu.qmp). A guest that does not end by
itself is stopped: QMP ``quit``, then SIGTERM, then SIGKILL, each with a deadline. Called by
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
from generator.guest.growth import MAX_OUTPUT, TAIL, Growth
from generator.guest.qemu import Machine, emulator, qemu_arguments
from generator.progress import Observer, Progress
from generator.text import clean_text
from generator.workers import guarded

_HINTS = {"bochs": bochs.HINT, "gdb": blockstep.HINT}
"""What to install, by the accelerator, where that is another program than QEMU."""

_SLOWEST = 3.0
"""A test may take so many times as long as the slowest before it, however slow the machine is."""

_REPORT_GRACE = 20.0
"""Seconds after the first report of a lockup without a test that ends."""

_POLL = 0.1
_STEP = 3.0
_GRACE = 120.0
"""Seconds from a guest's last line to its end: it switches itself off, beside other work slowly."""

_HALT_GRACE = 1.0
_SIGNALLED = re.compile(r"^qemu\S*: terminating on signal \d", re.MULTILINE)
"""What QEMU says when a signal ends it from outside; its status is then that of a power off
(softmmu/runstate.c: qemu_kill_report; 7.2)."""

_HALTED = re.compile(r"reboot: (System halted|Power down|Restarting system)")
"""What a kernel says last (kernel/reboot.c: kernel_halt, kernel_power_off, kernel_restart; 6.1)."""


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
        observer: told about the test that runs, and before about the console's last line.
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
            process = await _start(machine, log, theirs)
            theirs.close()
            client = _quiet_client()
            listening = asyncio.create_task(self._listen(client, ours))
            growth = Growth(self.machine)
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
        message = _read_end(log)
        ended = self._is_power_off(status, growth) and not _SIGNALLED.search(message)
        if ending is Ending.EXITED and not ended:
            ending = Ending.BROKEN
        return MachineEnd(
            ending=ending,
            status=status,
            seconds=time.monotonic() - self.started,
            events=tuple(self.events),
            message=message,
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

    def _is_power_off(self, status: int, growth: Growth) -> bool:
        """Tell whether it was the guest that ended the run."""
        if self.machine.accel == "bochs":
            growth.look()
            return status == bochs.POWERED_OFF and growth.total > 0
        if self.machine.accel == "gdb":
            return any(event.startswith("SHUTDOWN(guest-") for event in self.events)
        return status == 0

    async def _watch(self, process: asyncio.subprocess.Process, growth: Growth) -> Ending:
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

    def _limit(self, growth: Growth) -> Ending | None:
        now = time.monotonic()
        if growth.total > MAX_OUTPUT:
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

    def _total(self, growth: Growth) -> float:
        """Return the seconds that the whole run may take, which follow from its tests."""
        if not growth.planned:
            return self.limits.total
        return max(self.limits.total, (growth.planned + 2) * self._patience(growth))

    def _patience(self, growth: Growth) -> float:
        """Return the seconds in which a test has to end; 0.0: there are none."""
        return max(self.limits.stall, _SLOWEST * growth.slowest) if self.limits.stall else 0.0

    def _stall(self, growth: Growth, now: float) -> Ending | None:
        """Tell whether the tests have stopped to advance, or the kernel says that it has."""
        if growth.done_at:
            return None
        if growth.reported_at and now - growth.reported_at > _REPORT_GRACE:
            return Ending.LOCKED
        if not self.limits.stall:
            return None
        limit = self._patience(growth) * (1 if growth.planned else 2)
        if now - growth.advanced_at > limit:
            return Ending.STALLED
        return None

    def _say(self, growth: Growth) -> None:
        self.observer.progress(
            Progress(
                stage="boot",
                subject=self.subject,
                elapsed=time.monotonic() - self.started,
                done=growth.results,
                expected=growth.planned,
                detail=growth.running,
            )
        )


async def _start(machine: Machine, log: Path, theirs: socket.socket) -> asyncio.subprocess.Process:
    """Start the emulator with its end of the socket; what it says goes to ``log``."""
    with log.open("wb") as output:
        return await asyncio.create_subprocess_exec(
            *guarded(machine_command(machine), signal.SIGKILL),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=(theirs.fileno(),),
            start_new_session=True,
        )


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
            stream.seek(max(0, log.stat().st_size - TAIL))
            text = stream.read(TAIL).decode("utf-8", "replace")
    except OSError:
        return ""
    return "\n".join(clean_text(line) for line in text.splitlines()).strip()
