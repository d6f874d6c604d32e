# SPDX-License-Identifier: GPL-2.0-only
"""Compile C of the kernel for user space, with empty files for the headers that nobody asks of."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Mapping
from pathlib import Path

from generator import tools
from generator.errors import CheckFailed, InfraError

_INCLUDE = re.compile(r"^\s*#\s*include\s*<((?:asm|linux)/[^>]+)>", re.M)

# the C library asks for this one itself
_HOST_HEADERS = frozenset({"linux/errno.h"})


def missing_headers(files: Mapping[str, str]) -> list[str]:
    """Return the kernel headers that ``files`` include and that are not among them."""
    wanted = {name for text in files.values() for name in _INCLUDE.findall(text)}
    return sorted(name for name in wanted - _HOST_HEADERS if f"include/{name}" not in files)


def compile_c(command: list[str], place: Path, hint: str) -> None:
    """Run a compiler.

    Args:
        command: the compiler and its arguments.
        place: where it runs.
        hint: what to do when the C asks for more of a kernel than there is.

    Raises:
        CheckFailed: the C does not compile.
        InfraError: there is no compiler, or the disk is full.
    """
    done = tools.run_bytes(command, cwd=place)
    full = os.strerror(errno.ENOSPC)
    if done.returncode and full.encode() in done.stderr:
        raise InfraError(full, where=str(place), hint="--workdir names another place")
    if done.returncode:
        lines = done.stderr.decode(errors="replace").strip().splitlines()
        errors = [line for line in lines if "error:" in line] or lines
        raise CheckFailed(
            f"the C does not compile for user space: {errors[0] if errors else 'no reason given'}",
            where=f"{place}: {' '.join(command)}",
            hint=hint,
        )
