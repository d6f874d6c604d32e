# SPDX-License-Identifier: GPL-2.0-only
"""A guest in QEMU whose processors trap at branches only where they are told to; gdb does that.

TCG ignores IA32_DEBUGCTL.BTF, so PTRACE_SINGLEBLOCK is PTRACE_SINGLESTEP there. gdb starts QEMU,
speaks with its gdbstub over a pipe, and runs ``qemu/blockstep.py``: that leads exceptions back
which a processor would not have raised. ``generator.guest.vm`` runs it.
"""

from __future__ import annotations

import json
import signal
from dataclasses import replace
from pathlib import Path

from generator.errors import UserError
from generator.guest.flavours import GUEST_DEADLINE, SLOWER
from generator.guest.qemu import Machine, qemu_arguments
from generator.paths import data_dir
from generator.workers import guarded

PROGRAM = "gdb"
HINT = "apt-get install gdb qemu-system-x86"
PATIENCE = f"uprobekit.deadline={GUEST_DEADLINE * SLOWER['gdb']:.0f}"
"""Seconds for a test: a step takes some ten milliseconds."""


def script() -> Path:
    """Return what gdb runs."""
    return data_dir("qemu") / "blockstep.py"


def vmlinux(machine: Machine) -> Path:
    """Return the kernel with its symbols: where the kernel's makefiles leave it."""
    return machine.kernel.parents[3] / "vmlinux"


def gdb_arguments(machine: Machine) -> tuple[str, ...]:
    """Return the command that runs ``machine``; the script starts QEMU.

    Raises:
        UserError: the kernel is none of 64 bits.
    """
    if machine.arch != "x86_64":
        raise UserError(
            "block-stepping is stood in for in 64-bit kernels only", hint="leave --accel gdb out"
        )
    patient = replace(machine, parameters=(PATIENCE, *machine.parameters))
    qemu = (*qemu_arguments(patient), "-S", "-gdb", "stdio")
    started = f"python QEMU = {json.dumps(guarded(qemu, signal.SIGKILL))}"
    return (PROGRAM, "-nx", "-batch", "-ex", started, "-x", str(script()), str(vmlinux(machine)))
