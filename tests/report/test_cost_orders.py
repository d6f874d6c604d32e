# SPDX-License-Identifier: GPL-2.0-only
"""The rows of the cost of a hit depend on no order; needs QEMU and a kernel with uprobes."""

import os
import subprocess
from pathlib import Path

import pytest
from conftest import TESTS

from generator.cli.cost import COST_PARAMETERS
from generator.guest.boot import BootRequest, boot_kernel
from generator.guest.cpio import pack_folder
from generator.paths import default_workdir
from generator.report.cost import compare_orders

pytestmark = pytest.mark.boot

ROWS = ("nop", "push", "add", "stepped-imul", "return-nop", "two-entries-nop", "nop+trace")
ROWS += ("nop+perf", "m32-nop", "m32-return-push")


@pytest.fixture(scope="module")
def kernel() -> Path:
    """Return the image of a tip or of an unmodified base."""
    named = os.environ.get("UPROBEKIT_TEST_KERNEL")
    images = [Path(named)] if named else []
    for variant in ("tip", "peer"):
        images += sorted(
            default_workdir().glob(f"*/{variant}/linux/build-plain-gcc/arch/x86/boot/bzImage")
        )
    if not images:
        pytest.skip("NOT TESTED: no kernel image: build one, or name it in $UPROBEKIT_TEST_KERNEL")
    return images[0]


def measure(kernel, initramfs, workdir, *words):
    """Return what a guest prints of the rows."""
    return boot_kernel(
        BootRequest(
            base="0.0",
            variant="order",
            kernel=kernel,
            initramfs=initramfs,
            workdir=workdir,
            accel="tcg",
            cpus=1,
            icount=0,
            silence=300.0,
            stall=300.0,
            parameters=(*COST_PARAMETERS, *words),
        )
    ).ktap


def test_two_orders(kernel, tmp_path):
    """Exactly the same instructions, whatever ran before; and all rows were there."""
    root, initramfs = tmp_path / "root", tmp_path / "initramfs.cpio"
    programs = [str(root / name) for name in ("init", "bin/cost", "bin/cost-32")]
    subprocess.run(
        ["make", "-C", str(TESTS.parent / "qemu/guest"), f"O={root}", *programs], check=True
    )
    initramfs.write_bytes(pack_folder(root))
    rows = f"uprobekit.rows={','.join(ROWS)}"
    first, other = (
        measure(kernel, initramfs, tmp_path, rows, f"uprobekit.shuffle={seed}") for seed in (1, 2)
    )
    names = [[test.name for test in report.tests] for report in (first, other)]
    assert names[0] != names[1]
    assert sorted(names[0]) == sorted(names[1]) == sorted(ROWS)
    assert compare_orders(first, other, most=0) == ()
