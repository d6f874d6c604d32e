# SPDX-License-Identifier: GPL-2.0-only
"""Tests of compiling for user space."""

import pytest

from generator.checks.userspace import compile_c
from generator.errors import CheckFailed, InfraError


def test_a_full_disk_is_no_fault_of_the_c(tmp_path):
    """The C is right, and the result does not find room: status 3, not 2."""
    (tmp_path / "good.c").write_text("int main(void)\n{\n\treturn 0;\n}\n")
    with pytest.raises(InfraError, match="No space left on device; --workdir names"):
        compile_c(["gcc", "-S", "-o", "/dev/full", "good.c"], tmp_path, "nothing")


def test_c_that_does_not_compile(tmp_path):
    """The first error, and what to do."""
    (tmp_path / "bad.c").write_text("int main(void)\n{\n\treturn nothing;\n}\n")
    with pytest.raises(CheckFailed, match=r"nothing. undeclared.*; ask for less"):
        compile_c(["gcc", "-c", "-o", "bad.o", "bad.c"], tmp_path, "ask for less")
