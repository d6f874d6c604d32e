# SPDX-License-Identifier: GPL-2.0-only
"""The QEMU command line: a pure function from a machine to its arguments.

Nothing runs here; ``generator.guest.vm`` runs what this returns. Option names are those of QEMU
7.2 (qemu-options.hx); none of them is younger than 5.0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

KERNEL_PARAMETERS = (
    "console=ttyS0",
    "earlyprintk=serial,ttyS0",
    "panic=-1",
    "oops=panic",
    "nokaslr",
    "no_timer_check",
)
"""In this order: console on the first serial port, also before drivers are there; a panic restarts
at once, which ends the guest since QEMU does not restart it; an oops is a panic; addresses are
those of System.map; a timer whose interrupts come late, since the host has other work, is not taken
for a broken one, which is a panic (Documentation/admin-guide/kernel-parameters.txt)."""

PROCESSORS = {"x86_64": "max", "i386": "max,vendor=GenuineIntel"}
"""QEMU's processor, by architecture. A 32-bit kernel warns of an AMD one of this family that there
are several of (arch/x86/kernel/cpu/amd.c: init_amd_k7; 6.1)."""


@dataclass(frozen=True, kw_only=True)
class Machine:
    """A guest.

    Args:
        kernel: the kernel image.
        initramfs: cpio archive; None: the kernel finds no init and panics.
        console: file that gets the first serial port: the kernel's messages.
        results: file that gets the second serial port: the guest's KTAP.
        accel: ``tcg`` or ``kvm``; ``bochs``: not QEMU, see ``generator.guest.bochs``;
            ``gdb``: ``tcg``, see ``generator.guest.gdb``.
        cpus: number of processors.
        memory: MiB.
        parameters: kernel parameters beyond the standard ones.
        icount: one instruction takes two to the power of this nanoseconds, also as the time stamp
            counter counts them, and a guest that waits takes no time; None: it has the host's time.
            ``tcg`` only, all processors in one thread.
        qmp_fd: inherited file descriptor of a connected socket for QMP; None: no monitor.
        arch: ``x86_64`` or ``i386``: which processors QEMU emulates.
        shadow_stacks: Bochs' processor has them.
        one_thread: QEMU emulates all processors in one thread. Its several threads execute kernels
            that change their own text (static calls, jump labels) wrongly; ``tcg`` only.
    """

    kernel: Path
    initramfs: Path | None
    console: Path
    results: Path
    accel: str = "tcg"
    cpus: int = 2
    memory: int = 512
    parameters: tuple[str, ...] = ()
    icount: int | None = None
    qmp_fd: int | None = None
    arch: str = "x86_64"
    shadow_stacks: bool = False
    one_thread: bool = False


def emulator(arch: str = "x86_64") -> str:
    """Return QEMU's command for an architecture."""
    return f"qemu-system-{arch}"


def qemu_arguments(machine: Machine) -> tuple[str, ...]:
    """Return the command that runs ``machine``.

    The QMP socket is passed as a descriptor: a path would have to fit into 107 bytes (unix(7)).
    """
    counted = machine.icount is not None
    threads = "single" if counted or machine.one_thread else "multi"
    accel = "kvm" if machine.accel == "kvm" else f"tcg,thread={threads}"
    command = [
        *(
            emulator(machine.arch),
            "-nodefaults",
            "-no-user-config",
            "-display",
            "none",
            "-no-reboot",
        ),
        *("-machine", "q35", "-accel", accel, "-cpu", PROCESSORS[machine.arch]),
        *("-smp", str(machine.cpus), "-m", f"{machine.memory}M", "-nic", "none"),
        *_serial("console", machine.console),
        *_serial("results", machine.results),
    ]
    if counted:
        command += ["-icount", f"shift={machine.icount},sleep=off"]
    if machine.qmp_fd is not None:
        command += ["-chardev", f"socket,id=qmp,fd={machine.qmp_fd}"]
        command += ["-mon", "chardev=qmp,mode=control"]
    command += ["-kernel", str(machine.kernel)]
    if machine.initramfs is not None:
        command += ["-initrd", str(machine.initramfs)]
    command += ["-append", kernel_parameters(machine.parameters)]
    return tuple(command)


def kernel_parameters(extra: Sequence[str] = ()) -> str:
    """Return the kernel command line with ``extra`` at its end, where it overrides."""
    return " ".join((*KERNEL_PARAMETERS, *extra))


def _serial(name: str, path: Path) -> tuple[str, ...]:
    device = f"file,id={name},path={_escape(path)}"
    return ("-chardev", device, "-serial", f"chardev:{name}")


def _escape(path: Path) -> str:
    """Return ``path`` for a QEMU option list, in which a comma is written twice."""
    return str(path).replace(",", ",,")
