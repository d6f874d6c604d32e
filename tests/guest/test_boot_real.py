# SPDX-License-Identifier: GPL-2.0-only
"""Real guests that misbehave: a kernel of this project with init programs made for it.

Needs QEMU and a kernel image, taken from ``$UPROBEKIT_TEST_KERNEL`` or from the work area.
"""

import os
import subprocess
import time
from pathlib import Path

import pytest

from generator.errors import InfraError
from generator.guest.boot import BootRequest, boot_kernel
from generator.guest.cpio import pack_folder
from generator.guest.outcome import Kind
from generator.guest.qemu import Machine
from generator.guest.vm import RunLimits, run_machine
from generator.paths import default_workdir
from generator.progress import SilentObserver

pytestmark = pytest.mark.boot

PRELUDE = r"""
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <unistd.h>

static int results;

static void say(const char *text)
{
	if (write(results, text, strlen(text)) < 0)
		_exit(9);
}

int main(void)
{
	mount("dev", "/dev", "devtmpfs", 0, 0);
	results = open("/dev/ttyS1", O_WRONLY | O_NOCTTY);
"""
EPILOGUE = r"""
	sync();
	sleep(1);
	reboot(RB_AUTOBOOT);
	return 0;
}
"""
GOOD = r"""
	say("KTAP version 1\n1..1\n# plan: one before=sigtrap\n");
	say("# one: outcome=pass hits=1\nok 1 one\n# uprobekit: done\n");
"""


def find_kernel() -> Path | None:
    """Return a kernel image of this project, if there is one."""
    named = os.environ.get("UPROBEKIT_TEST_KERNEL")
    if named:
        return Path(named)
    found = default_workdir().glob("*/*/linux/build-plain-*/arch/x86/boot/bzImage")
    return next(iter(sorted(found)), None)


@pytest.fixture(scope="module")
def kernel() -> Path:
    """Return the kernel image."""
    image = find_kernel()
    if image is None:
        pytest.skip("NOT TESTED: no kernel image: build one, or name it in $UPROBEKIT_TEST_KERNEL")
    return image


def boot(kernel: Path, tmp_path: Path, body: str, **options):
    """Boot ``kernel`` with an init whose main function contains ``body``."""
    root = tmp_path / "root"
    root.mkdir()
    source = tmp_path / "init.c"
    source.write_text(PRELUDE + body + EPILOGUE)
    subprocess.run(["gcc", "-static", "-O1", "-o", root / "init", source], check=True)
    archive = tmp_path / "initramfs.cpio"
    archive.write_bytes(pack_folder(root))
    request = BootRequest(
        base="0.0",
        variant="trial",
        kernel=kernel,
        initramfs=archive,
        workdir=tmp_path / "work",
        accel="tcg",
        **{"timeout": 60.0, "silence": 20.0, **options},
    )
    return boot_kernel(request)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (GOOD, Kind.PASSED),
        ("", Kind.NO_RESULT),
        ('say("KTAP version 1\\n1..2\\n");' + "return 3;", Kind.PANIC),
        ('say("KTAP version 1\\n1..2\\nok 1 one\\n");', Kind.STOPPED_EARLY),
        ('write(results, "\\0\\x1b[2J\\xff\\xfe{\\n", 8);', Kind.UNREADABLE),
        (GOOD.replace("ok 1", "not ok 1").replace("=pass", "=sigtrap"), Kind.FAILED_TESTS),
        (GOOD + "reboot(RB_HALT_SYSTEM);", Kind.PASSED),
    ],
)
def test_what_an_init_does_is_told_apart(kernel, tmp_path, body, kind):
    """One init for each kind of end."""
    result = boot(kernel, tmp_path, body)
    assert result.outcome.kind is kind, result.outcome


def test_a_hang_is_stopped(kernel, tmp_path):
    """A guest that spins and prints nothing."""
    began = time.monotonic()
    result = boot(kernel, tmp_path, "for (;;) ;", silence=6.0)
    assert result.outcome.kind is Kind.HANG
    assert result.outcome.excerpt
    assert time.monotonic() - began < 60


def test_endless_talk_is_stopped(kernel, tmp_path):
    """A guest that prints and does not end."""
    body = 'for (;;) { say("still here\\n"); usleep(100000); }'
    assert boot(kernel, tmp_path, body, timeout=12.0).outcome.kind is Kind.TIMEOUT


def test_a_guest_that_stays_after_its_last_line(kernel, tmp_path):
    """All is reported; that it does not end is still wrong."""
    assert boot(kernel, tmp_path, GOOD + "for (;;) pause();").outcome.kind is Kind.HANG


def test_no_init_is_a_panic(kernel, tmp_path):
    """An empty initramfs."""
    request = BootRequest(
        base="0.0",
        variant="trial",
        kernel=kernel,
        initramfs=_empty_archive(tmp_path),
        workdir=tmp_path / "work",
        accel="tcg",
        timeout=60.0,
    )
    assert boot_kernel(request).outcome.kind is Kind.PANIC


def _empty_archive(tmp_path: Path) -> Path:
    (tmp_path / "root").mkdir()
    archive = tmp_path / "initramfs.cpio"
    archive.write_bytes(pack_folder(tmp_path / "root"))
    return archive


def test_long_and_odd_paths(kernel, tmp_path):
    """Longer than a socket address, with a comma and a blank."""
    folder = tmp_path / ("x" * 120) / "a,b c"
    folder.mkdir(parents=True)
    assert boot(kernel, folder, GOOD).outcome.kind is Kind.PASSED


def test_no_kernel_at_all(tmp_path):
    """A file that is none: QEMU refuses it, or it spins."""
    spin = tmp_path / "image"
    spin.write_bytes(b"\xeb\xfe" * 512)
    machine = Machine(
        kernel=spin, initramfs=None, console=tmp_path / "c.log", results=tmp_path / "r.log"
    )
    end = run_machine(machine, RunLimits(total=8, silence=5), SilentObserver(), subject="spin")
    assert end.seconds < 30
    assert end.ending in ("silent", "broken")


def test_memory_that_qemu_cannot_have(kernel, tmp_path):
    """QEMU's trouble is not the guest's."""
    with pytest.raises(InfraError, match="QEMU ended with status"):
        boot(kernel, tmp_path, GOOD, memory=1 << 40)
