# SPDX-License-Identifier: GPL-2.0-only
"""Why the series makes no call of a NOP of five bytes: what a call does to a leaf function.

``call-at-nop.c`` does to itself what mainline does to a program that is probed, without a kernel.
``nop-red-zone`` of the self-tests asks the same of a kernel.
"""

import platform
import subprocess

import pytest
from conftest import TESTS

pytestmark = pytest.mark.skipif(platform.machine() != "x86_64", reason="NOT TESTED: x86-64 code")


def test_a_call_destroys_what_a_jump_keeps(tmp_path):
    """Gcc keeps the locals of a leaf function where a call pushes its return address."""
    program = tmp_path / "call-at-nop"
    flags = ("-O2", "-fno-pie", "-no-pie", "-Wall", "-Wextra", "-Werror")
    subprocess.run(["gcc", *flags, "-o", program, TESTS / "call-at-nop.c"], check=True)
    done = subprocess.run([program], check=True, capture_output=True, text=True)
    unprobed, called, jumped = done.stdout.split()
    assert unprobed == jumped == "108"
    assert called != unprobed
