# SPDX-License-Identifier: GPL-2.0-only
"""A guest followed by gdb: what is started, and programs that stand in for it."""

import json
from dataclasses import replace

import pytest

from generator.cli.options import Options
from generator.errors import InfraError, UserError
from generator.guest import gdb as blockstep
from generator.guest.boot import BootRequest, request_key
from generator.guest.qemu import Machine
from generator.guest.vm import Ending, RunLimits, log_path, machine_command, run_machine
from generator.progress import SilentObserver

LIMITS = RunLimits(total=5.0, silence=3.0)


@pytest.fixture
def guest(tmp_path):
    """Return a machine whose files are where a build leaves them."""
    kernel = tmp_path / "build" / "arch" / "x86" / "boot" / "bzImage"
    kernel.parent.mkdir(parents=True)
    kernel.write_bytes(b"kernel")
    (tmp_path / "build" / "vmlinux").write_bytes(b"symbols")
    initramfs = tmp_path / "initramfs.cpio"
    initramfs.write_bytes(b"programs")
    return Machine(
        kernel=kernel,
        initramfs=initramfs,
        console=tmp_path / "out" / "console.log",
        results=tmp_path / "out" / "results.ktap",
        accel="gdb",
        parameters=("uprobekit.tests=nop",),
    )


def run(guest):
    """Run it with short deadlines."""
    return run_machine(guest, LIMITS, SilentObserver(), subject="0.0/x")


def test_the_command(guest):
    """Gdb reads the symbols and starts a QEMU that waits for it, with time for each test."""
    command = machine_command(guest)
    assert (command[0], command[-1]) == ("gdb", str(blockstep.vmlinux(guest)))
    given = command[command.index("-ex") + 1].removeprefix("python QEMU = ")
    qemu = json.loads(given)
    assert qemu[-3:] == ["-S", "-gdb", "stdio"]
    assert qemu[qemu.index("-accel") + 1].startswith("tcg")
    assert qemu[qemu.index("-append") + 1].endswith(f"{blockstep.PATIENCE} uprobekit.tests=nop")
    assert log_path(guest).name == "gdb.log"
    compile(blockstep.script().read_text(), "blockstep.py", "exec")


def test_another_architecture(guest):
    """The frames of 32-bit kernels are others."""
    with pytest.raises(UserError, match="64-bit kernels only"):
        machine_command(replace(guest, arch="i386"))


def test_without_symbols(guest, stand_in):
    """The file that is missing is named."""
    stand_in("gdb", "exit 0")
    blockstep.vmlinux(guest).unlink()
    with pytest.raises(UserError, match="there is no such file") as raised:
        run(guest)
    assert raised.value.where.endswith("vmlinux")


def test_without_gdb(guest, tmp_path, monkeypatch):
    """The packages are named."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InfraError) as raised:
        run(guest)
    assert "gdb" in raised.value.hint


@pytest.mark.parametrize("body", ["echo no symbol >&2; exit 0", "exit 1", "kill -SEGV $$"])
def test_gdb_that_fails(guest, stand_in, body):
    """QEMU says whether the guest has switched the machine off; the status of gdb says nothing."""
    stand_in("gdb", body)
    assert run(guest).ending is Ending.BROKEN


def test_gdb_is_stopped(guest, stand_in):
    """When nothing moves."""
    stand_in("gdb", "sleep 60")
    end = run_machine(guest, RunLimits(total=1.0, silence=0.5), SilentObserver(), subject="x")
    assert (end.ending, end.status < 0) == (Ending.SILENT, True)


def test_results_do_not_meet():
    """Results have another name than those of QEMU alone."""
    assert replace(Options(base="6.1"), accel="gdb").boots == "plain-gdb"


def test_another_script_is_another_boot(guest, tmp_path, monkeypatch):
    """A result that was kept is not taken for that of what gdb runs now."""
    request = BootRequest(
        base="0.0",
        variant="x",
        kernel=guest.kernel,
        initramfs=guest.initramfs,
        workdir=tmp_path,
        accel="gdb",
    )
    before = request_key(request)
    other = tmp_path / "blockstep.py"
    other.write_text("pass\n")
    monkeypatch.setattr(blockstep, "script", lambda: other)
    assert request_key(request) != before
