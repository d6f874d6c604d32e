# SPDX-License-Identifier: GPL-2.0-only
"""A guest in Bochs: what it is started with, and programs that stand in for it."""

import subprocess
from dataclasses import replace

import pytest

from generator.cli.options import Options
from generator.errors import InfraError
from generator.guest import bochs
from generator.guest.qemu import Machine
from generator.guest.vm import Ending, RunLimits, log_path, machine_command, run_machine
from generator.progress import SilentObserver

LIMITS = RunLimits(total=5.0, silence=3.0)


@pytest.fixture
def guest(tmp_path):
    """Return a machine whose files are there."""
    kernel, initramfs = tmp_path / "bzImage", tmp_path / "initramfs.cpio"
    kernel.write_bytes(b"kernel")
    initramfs.write_bytes(b"programs")
    place = tmp_path / "out"
    place.mkdir()
    return Machine(
        kernel=kernel,
        initramfs=initramfs,
        console=place / "console.log",
        results=place / "results.ktap",
        accel="bochs",
        parameters=("uprobekit.tests=nop",),
    )


@pytest.fixture
def fake(tmp_path, monkeypatch, stand_in):
    """Return a function that installs a script as Bochs, and tools that do nothing."""
    loader = tmp_path / "isolinux.bin"
    loader.touch()
    monkeypatch.setattr(bochs, "_ISOLINUX", ((loader, "isolinux.bin"),))
    monkeypatch.setattr(bochs, "_ROMS", (loader, loader))

    def install(body, xorriso="exit 0"):
        stand_in("bochs", body)
        stand_in("xorriso", xorriso)

    return install


def run(guest):
    """Run it with short deadlines."""
    return run_machine(guest, LIMITS, SilentObserver(), subject="0.0/x")


def test_the_configuration(guest):
    """Both serial ports go to the files that QEMU's go to; the processor is the one wanted."""
    text = bochs.bochsrc(guest)
    assert f'com1: enabled=1, mode=file, dev="{guest.console}"\n' in text
    assert f'com2: enabled=1, mode=file, dev="{guest.results}"\n' in text
    assert "model=corei7_haswell_4770," in text
    assert "model=tigerlake," in bochs.bochsrc(replace(guest, shadow_stacks=True))
    assert machine_command(guest)[0] == "bochs"
    assert log_path(guest).name == "bochs.log"


def test_a_guest_that_switches_the_machine_off(guest, fake):
    """To Bochs that is a panic: status 1."""
    fake(f"echo reboot: Power down >{guest.console}; exit 1")
    assert run(guest).ending is Ending.EXITED


@pytest.mark.parametrize("body", ["echo no such option >&2; exit 1", "exit 0", "kill -SEGV $$"])
def test_bochs_that_fails(guest, fake, body):
    """Nothing was printed by a guest, or another status: Bochs is the trouble."""
    fake(body)
    assert run(guest).ending is Ending.BROKEN


def test_bochs_is_stopped(guest, fake):
    """There is no monitor to ask; a signal ends it."""
    fake("sleep 60")
    end = run_machine(guest, RunLimits(total=1.0, silence=0.5), SilentObserver(), subject="x")
    assert (end.ending, end.status < 0) == (Ending.SILENT, True)


def test_without_bochs(guest, tmp_path, monkeypatch):
    """The packages are named, all that is needed."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InfraError) as raised:
        run(guest)
    assert "bochs-term" in raised.value.hint


def test_without_isolinux(guest, fake, monkeypatch, tmp_path):
    """The file is named."""
    fake("exit 1")
    monkeypatch.setattr(bochs, "_ISOLINUX", ((tmp_path / "none.bin", "isolinux.bin"),))
    with pytest.raises(InfraError, match=r"there is no .*none\.bin"):
        run(guest)


def test_without_a_bios(guest, fake, monkeypatch, tmp_path):
    """Debian's bochs does not bring one where QEMU's is there."""
    fake("exit 1")
    monkeypatch.setattr(bochs, "_ROMS", (tmp_path / "none", tmp_path / "none"))
    with pytest.raises(InfraError, match=r"there is no .*none") as raised:
        run(guest)
    assert "bochsbios" in raised.value.hint


def test_a_disc_that_cannot_be_made(guest, fake):
    """The tool's words are quoted."""
    fake("exit 1", xorriso="echo no space >&2; exit 5")
    with pytest.raises(InfraError, match="xorriso: no space"):
        run(guest)


def test_results_do_not_meet(tmp_path):
    """Results of Bochs have another name than those of QEMU."""
    plain = Options(base="6.1")
    assert plain.boots == "plain"
    assert replace(plain, accel="bochs").boots == "plain-bochs"


@pytest.mark.skipif(
    not all(path.is_file() for path in (*bochs._ROMS, *(each for each, _ in bochs._ISOLINUX))),
    reason="NOT TESTED: no BIOS or isolinux here; 'make qemu-test-bochs' installs them",
)
@pytest.mark.needs("xorriso")
@pytest.mark.parametrize("has_initramfs", [True, False])
def test_the_disc(guest, tmp_path, has_initramfs):
    """Kernel, guest and the kernel's parameters are on it."""
    if not has_initramfs:
        guest = replace(guest, initramfs=None)
    bochs.write_bochs_files(guest)
    disc, there = guest.console.parent / "disc.iso", tmp_path / "there"
    subprocess.run(
        ["xorriso", "-osirrox", "on", "-indev", f"stdio:{disc}", "-extract", "/", there],
        check=True,
        capture_output=True,
    )
    assert (there / "vmlinuz").read_bytes() == b"kernel"
    assert (there / "initrd").exists() is has_initramfs
    config = (there / "isolinux.cfg").read_text()
    assert config.count("INITRD") == has_initramfs
    assert config.rstrip().endswith("panic=0 clearcpuid=ht,avx512f,pku uprobekit.tests=nop")
