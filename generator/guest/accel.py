# SPDX-License-Identifier: GPL-2.0-only
"""KVM or not: decided by booting a kernel under it, never by looking at ``/dev/kvm``.

The device may open and still not run a guest (nested virtualisation, missing rights in the host):
it then hangs or aborts. The proof is a kernel that starts under KVM and, having no root file
system, panics and restarts within a short deadline. The verdict is remembered for this machine and
this boot of it. Called by ``generator.guest.boot``.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from generator.errors import UserError
from generator.guest.outcome import scan_console
from generator.guest.qemu import Machine, emulator
from generator.guest.vm import Ending, MachineEnd, RunLimits, run_machine
from generator.jsonfile import read_json
from generator.paths import write_atomic
from generator.progress import Observer
from generator.text import read_lines

KVM_DEVICE = Path("/dev/kvm")
MODES = ("auto", "kvm", "tcg", "bochs", "gdb")

_IDENTITIES = (Path("/etc/machine-id"), Path("/proc/sys/kernel/random/boot_id"))
_PROBE = RunLimits(total=20.0, silence=5.0)
"""Seconds; under a KVM that works the probe takes about one."""


@dataclass(frozen=True, kw_only=True)
class AccelVerdict:
    """Which accelerator to use.

    Args:
        accel: ``kvm`` or ``tcg``; ``bochs``, which is no QEMU; ``gdb``: ``tcg``, followed by gdb.
        reason: why, one clause.
        remembered: the verdict is from an earlier run on this machine since it was booted.
    """

    accel: str
    reason: str
    remembered: bool = False


def choose_accel(
    mode: str, *, kernel: Path, directory: Path, observer: Observer, device: Path = KVM_DEVICE
) -> AccelVerdict:
    """Return the accelerator for ``mode``, trying KVM when that is to be found out.

    Args:
        mode: ``auto``, or one of the others, which are taken at their word.
        kernel: kernel image for the trial.
        directory: where the trial's files and the verdict are kept.
        observer: told about the trial.
        device: KVM's device node.

    Raises:
        UserError: the mode is unknown or the kernel missing.
        InfraError: QEMU is missing.
    """
    check_mode(mode)
    if mode != "auto":
        return AccelVerdict(accel=mode, reason="as requested")
    if not os.access(device, os.R_OK | os.W_OK):
        return AccelVerdict(accel="tcg", reason=f"{device} cannot be opened for writing")
    memory = directory / "verdict.json"
    identity = machine_identity()
    if known := _recall(memory, identity):
        return known
    verdict = _try_kvm(kernel, directory, observer)
    data = {"machine": identity, "accel": verdict.accel, "reason": verdict.reason}
    write_atomic(memory, (json.dumps(data, indent=1) + "\n").encode())
    return verdict


def check_mode(mode: str) -> None:
    """Check that there is such an accelerator.

    Raises:
        UserError: there is none.
    """
    if mode not in MODES:
        raise UserError(f"there is no accelerator '{mode}'", hint=f"use {', '.join(MODES)}")


def machine_identity() -> str:
    """Return what identifies this machine, its present boot, and its QEMU."""
    parts = []
    for path in _IDENTITIES:
        try:
            parts.append(path.read_text().strip())
        except OSError:
            parts.append("unknown")
    qemu = shutil.which(emulator())
    parts.append(f"{qemu}:{Path(qemu).stat().st_mtime_ns}" if qemu else "none")
    return " ".join(parts)


def _recall(memory: Path, identity: str) -> AccelVerdict | None:
    try:
        data = read_json(memory)
        if data["machine"] != identity or data["accel"] not in ("kvm", "tcg"):
            return None
        return AccelVerdict(accel=data["accel"], reason=str(data["reason"]), remembered=True)
    except (ValueError, KeyError, TypeError):
        return None


def _try_kvm(kernel: Path, directory: Path, observer: Observer) -> AccelVerdict:
    machine = Machine(
        kernel=kernel,
        initramfs=None,
        console=directory / "console.log",
        results=directory / "results.log",
        accel="kvm",
    )
    end = run_machine(machine, _PROBE, observer, subject="kvm")
    return judge_trial(end, scan_console(read_lines(machine.console)).panic)


def judge_trial(end: MachineEnd, panic: str) -> AccelVerdict:
    """Return the verdict from the end of the trial and the panic line on its console."""
    if end.ending is Ending.EXITED and panic:
        return AccelVerdict(accel="kvm", reason=f"a guest ran under KVM in {end.seconds:.1f} s")
    if end.ending is Ending.BROKEN:
        said = end.message.splitlines()[-1] if end.message else f"status {end.status}"
        return AccelVerdict(accel="tcg", reason=f"KVM does not run a guest: {said}")
    return AccelVerdict(
        accel="tcg", reason=f"KVM does not run a guest: {end.ending} after {end.seconds:.0f} s"
    )
