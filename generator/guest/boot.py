# SPDX-License-Identifier: GPL-2.0-only
"""Boot a kernel with the guest's tests, and say what became of it.

Takes the kernel image and the initramfs of ``generator.build``; leaves ``console.log``,
``results.ktap`` (as printed) and what the emulator says in the run's directory. Called by the
command line; ``generator.report`` compares the results of several boots.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import signal
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from generator.errors import InfraError
from generator.guest import gdb as blockstep
from generator.guest.accel import AccelVerdict, choose_accel
from generator.guest.flavours import GUEST_DEADLINE, SLACK
from generator.guest.ktap import KtapReport, parse_ktap
from generator.guest.outcome import (
    Kind,
    Outcome,
    classify_boot,
    plain_complaint,
    scan_console,
)
from generator.guest.qemu import Machine
from generator.guest.vm import (
    MachineEnd,
    RunLimits,
    log_path,
    machine_command,
    run_machine,
)
from generator.kbuild.kernel import variant_lock
from generator.paths import ensure_dir
from generator.progress import Observer, SilentObserver
from generator.text import read_lines

_FULL_DISK = 64 * 1024
_CHOSEN = re.compile(r"\buprobekit\.tests=(\S+)")


@dataclass(frozen=True, kw_only=True)
class BootRequest:
    """One boot.

    Args:
        base: the kernel release.
        variant: what is booted: ``baseline``, ``tip``, ``peer`` or a prefix.
        kernel: the kernel image.
        initramfs: the guest's file tree as a cpio archive.
        workdir: the work area; the run's files go to ``<base>/<variant>/boot-<flavour>`` in it.
        flavour: configuration of the kernel, a name.
        accel: one of ``generator.guest.accel.MODES``.
        cpus: number of processors.
        memory: MiB.
        timeout: seconds for the whole run, see ``RunLimits``.
        silence: seconds without output after which the guest counts as hung.
        stall: seconds without a test that ends, see ``RunLimits``.
        parameters: more kernel parameters.
        icount: see ``Machine``; where KVM runs the guest it has the host's time.
        arch: of the kernel, ``x86_64`` or ``i386``.
        tree: git's id of the rendered tree that ``kernel`` was built from; "": not known.
        shadow_stacks: see ``Machine``.
        first_failure: see ``RunLimits``.
        asked: options of ``uprobekit boot`` that ask for such a kernel.
        one_thread: see ``Machine``.
        unpatched: a kernel without the series: what it complains of while it starts, uprobes apart,
            is the base's own.
        known: what such a kernel of this base has complained of, as ``plain_complaint`` has it.
    """

    base: str
    variant: str
    kernel: Path
    initramfs: Path
    workdir: Path
    flavour: str = "plain"
    accel: str = "auto"
    cpus: int = 2
    memory: int = 512
    timeout: float = 600.0
    silence: float = 90.0
    stall: float = GUEST_DEADLINE + SLACK
    parameters: tuple[str, ...] = ()
    icount: int | None = None
    arch: str = "x86_64"
    tree: str = ""
    shadow_stacks: bool = False
    first_failure: bool = False
    asked: tuple[str, ...] = ()
    one_thread: bool = False
    unpatched: bool = False
    known: tuple[str, ...] = ()

    def is_of_base(self, text: str) -> bool:
        """Tell whether a complaint of the kernel while it starts is the base's own."""
        own = self.unpatched and "uprobe" not in text
        return own or plain_complaint(text) in self.known


@dataclass(frozen=True, kw_only=True)
class BootResult:
    """What became of a boot.

    Args:
        base: as requested.
        variant: as requested.
        flavour: as requested.
        outcome: the verdict.
        ktap: the tests.
        end: how the run ended.
        accel: the accelerator and why.
        console: the kernel's messages.
        results: the guest's KTAP as printed.
        command: the QEMU command.
        tree: as requested.
        asked: as requested.
    """

    base: str
    variant: str
    flavour: str
    outcome: Outcome
    ktap: KtapReport
    end: MachineEnd
    accel: AccelVerdict
    console: Path
    results: Path
    command: tuple[str, ...]
    tree: str = ""
    asked: tuple[str, ...] = ()

    @property
    def chosen(self) -> str:
        """The self-tests that were asked for; empty: all."""
        return chosen_tests(self.command)


def chosen_tests(command: Iterable[str]) -> str:
    """Return which self-tests a command asks the guest for, as its user did; empty: for all."""
    match = _CHOSEN.search(" ".join(command))
    return match[1] if match else ""


def boot_command(request: BootRequest) -> tuple[str, ...]:
    """Return the command of ``request``, for people and dry runs; nothing runs."""
    accel = "tcg" if request.accel in ("auto", "kvm") else request.accel
    return machine_command(_machine(request, accel))


def console_path(request: BootRequest) -> Path:
    """Return where the kernel's messages of ``request`` are, while it is booted and afterwards."""
    return _directory(request) / "console.log"


def _machine(request: BootRequest, accel: str) -> Machine:
    directory = _directory(request)
    return Machine(
        kernel=request.kernel.absolute(),
        initramfs=request.initramfs.absolute(),
        console=console_path(request),
        results=directory / "results.ktap",
        accel=accel,
        cpus=request.cpus,
        memory=request.memory,
        parameters=request.parameters,
        icount=request.icount if accel == "tcg" else None,
        arch=request.arch,
        shadow_stacks=request.shadow_stacks,
        one_thread=request.one_thread,
    )


def _directory(request: BootRequest) -> Path:
    folder = f"boot-{request.flavour}"
    return (request.workdir / request.base / request.variant / folder).absolute()


def boot_key(image: Path, initramfs: Path) -> str:
    """Return a hash of a kernel and a guest."""
    total = hashlib.sha256()
    for path in (image, initramfs):
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def request_key(request: BootRequest) -> str:
    """Return a hash of everything that a boot depends on: kernel, guest, QEMU, and the command."""
    command = boot_command(request)
    program = Path(shutil.which(command[0]) or "/dev/null").resolve()
    status = program.stat()
    said = [boot_key(request.kernel, request.initramfs), *command, request.accel]
    said += (*request.parameters, *request.known)
    if request.accel == "gdb":
        said.append(blockstep.script().read_text())
    said += [str(program), str(status.st_size), str(status.st_mtime_ns)]
    return hashlib.sha256("\0".join(said).encode()).hexdigest()


def boot_kernel(request: BootRequest, observer: Observer | None = None) -> BootResult:
    """Boot the kernel and return what became of it; a failure of the guest is a result.

    Raises:
        UserError: an input is missing or the work area cannot be used.
        InfraError: QEMU is missing or does not work, or the disk is full.
    """
    observer = observer or SilentObserver()
    directory = ensure_dir(_directory(request))
    trial = ensure_dir(request.workdir.absolute() / "kvm")
    with variant_lock(trial, wait=120.0):
        accel = choose_accel(
            request.accel, kernel=request.kernel, directory=trial, observer=observer
        )
    machine = _machine(request, accel.accel)
    limits = RunLimits(
        total=request.timeout,
        silence=request.silence,
        stall=request.stall,
        first_failure=request.first_failure,
    )
    subject = f"{request.base}/{request.variant}"
    with variant_lock(directory, wait=2 * request.timeout):
        end = run_machine(machine, limits, observer, subject=subject)
        result = read_boot(request, end, accel)
    _check_machine(result, log_path(machine))
    return result


def read_boot(request: BootRequest, end: MachineEnd, accel: AccelVerdict) -> BootResult:
    """Return the result of a run that has ended, from the files it left."""
    machine = _machine(request, accel.accel)
    report = parse_ktap(read_lines(machine.results))
    scan = scan_console(read_lines(machine.console), request.is_of_base)
    return BootResult(
        base=request.base,
        variant=request.variant,
        flavour=request.flavour,
        outcome=classify_boot(end, scan, report),
        ktap=report,
        end=replace(end),
        accel=accel,
        console=machine.console,
        results=machine.results,
        command=machine_command(machine),
        tree=request.tree,
        asked=request.asked,
    )


def _check_machine(result: BootResult, log: Path) -> None:
    """Raise when not the guest but the machine below it has failed."""
    if result.outcome.complete:
        return
    status = os.statvfs(log.parent)
    if status.f_bavail * status.f_frsize < _FULL_DISK:
        raise InfraError("the disk is full: the guest's output is lost", where=str(log.parent))
    if result.outcome.kind is Kind.MACHINE:
        killed = result.end.status == -signal.SIGKILL
        hint = "was there memory left? 'dmesg' says it; then boot again" if killed else ""
        raise InfraError(result.outcome.reason, where=str(log), hint=hint)
