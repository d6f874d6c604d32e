# SPDX-License-Identifier: GPL-2.0-only
"""The QEMU command line, word by word."""

from dataclasses import replace
from pathlib import Path

import pytest

from generator.guest.qemu import Machine, kernel_parameters, qemu_arguments

MACHINE = Machine(
    kernel=Path("/k/bzImage"),
    initramfs=Path("/k/initramfs.cpio"),
    console=Path("/o/console.log"),
    results=Path("/o/results.ktap"),
)
GOLDEN = """
qemu-system-x86_64
-nodefaults
-no-user-config
-display
none
-no-reboot
-machine
q35
-accel
tcg,thread=multi
-cpu
max
-smp
2
-m
512M
-nic
none
-chardev
file,id=console,path=/o/console.log
-serial
chardev:console
-chardev
file,id=results,path=/o/results.ktap
-serial
chardev:results
-kernel
/k/bzImage
-initrd
/k/initramfs.cpio
-append
console=ttyS0 earlyprintk=serial,ttyS0 panic=-1 oops=panic nokaslr no_timer_check
"""


def test_the_standard_machine():
    """The golden list."""
    assert list(qemu_arguments(MACHINE)) == GOLDEN.strip().split("\n")


def test_a_32_bit_machine():
    """Another program, and a processor of which several may be had."""
    golden = GOLDEN.replace("x86_64", "i386").replace("\nmax\n", "\nmax,vendor=GenuineIntel\n")
    assert list(qemu_arguments(replace(MACHINE, arch="i386"))) == golden.strip().split("\n")


def between(first: str, command) -> str:
    """Return the argument after ``first``."""
    return command[command.index(first) + 1]


@pytest.mark.parametrize(
    ("change", "option", "value"),
    [
        ({"accel": "kvm"}, "-accel", "kvm"),
        ({"cpus": 1}, "-smp", "1"),
        ({"memory": 256}, "-m", "256M"),
        ({"console": Path("/a,b/c")}, "-chardev", "file,id=console,path=/a,,b/c"),
        ({"initramfs": Path("/a,b")}, "-initrd", "/a,b"),
        ({"qmp_fd": 7}, "-mon", "chardev=qmp,mode=control"),
    ],
)
def test_one_thing_changed(change, option, value):
    """Each field reaches its option."""
    assert between(option, qemu_arguments(replace(MACHINE, **change))) == value


def test_no_initramfs_no_option():
    """The trial of KVM has none."""
    assert "-initrd" not in qemu_arguments(replace(MACHINE, initramfs=None))


def test_more_kernel_parameters_come_last():
    """There they override."""
    assert kernel_parameters(["panic=5"]).endswith(" panic=5")


def test_counting_instructions():
    """Time is what was executed; that takes one thread."""
    command = qemu_arguments(replace(MACHINE, icount=0, cpus=1))
    assert command[command.index("-icount") + 1].startswith("shift=0,sleep=off")
    assert "shift=3,sleep=off" in qemu_arguments(replace(MACHINE, icount=3))
    assert command[command.index("-accel") + 1] == "tcg,thread=single"
    assert "-icount" not in qemu_arguments(MACHINE)
