# SPDX-License-Identifier: GPL-2.0-only
"""The programs a kernel build needs: looked for before it starts, or named with their packages.

Package names are Debian's; the commands are those that Documentation/process/changes.rst of the
kernel lists (6.1) and an x86-64 tinyconfig really calls.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from generator import tools
from generator.errors import InfraError, UserError

COMPILERS: Mapping[str, tuple[str, str]] = {
    "gcc": ("x86_64-linux-gnu-gcc", "gcc"),
    "clang": ("clang", "clang"),
}
"""By toolchain name: the command tuxmake calls, and its package."""

_COMMANDS = {
    "make": "make",
    "gcc": "gcc",
    "x86_64-linux-gnu-ld": "binutils",
    "flex": "flex",
    "bison": "bison",
    "bc": "bc",
}

_MISSING_LATE = {
    "gelf.h": "libelf-dev",
    "libelf.h": "libelf-dev",
    "cannot find -lelf": "libelf-dev",
    "openssl/": "libssl-dev",
    "bc: not found": "bc",
    "bc: command not found": "bc",
    "perl: not found": "perl",
    "cpio: not found": "cpio",
    "python3: not found": "python3",
    "sys/types.h: No such file": "libc6-dev",
    "stdio.h: No such file": "libc6-dev",
    "stdlib.h: No such file": "libc6-dev",
}
"""What the log of a failed build says when a library or a late tool is missing, and its package."""


@dataclass(frozen=True, kw_only=True)
class Compiler:
    """A compiler that was found.

    Args:
        name: the toolchain, ``gcc`` or ``clang``.
        command: the command tuxmake calls.
        version: first line of its ``--version``.
    """

    name: str
    command: str
    version: str


def find_compiler(name: str) -> Compiler:
    """Return the compiler of toolchain ``name`` after checking every command a build needs.

    Raises:
        UserError: there is no such toolchain.
        InfraError: a command is missing or the compiler does not run; the hint is a command line.
    """
    if name not in COMPILERS:
        known = " or ".join(COMPILERS)
        raise UserError(f"there is no toolchain '{name}'", hint=f"use {known}")
    command, package = COMPILERS[name]
    missing = {
        tool: pack for tool, pack in (_COMMANDS | {command: package}).items() if not _found(tool)
    }
    if missing:
        packages = " ".join(sorted(set(missing.values())))
        raise InfraError(
            f"a kernel build needs {', '.join(missing)}, not found in PATH",
            hint=f"apt-get install {packages}",
        )
    return Compiler(name=name, command=command, version=_version(command))


def _found(tool: str) -> bool:
    return shutil.which(tool) is not None


def _version(command: str) -> str:
    """Return the first line of ``--version``; asked once, as long as the file is the same."""
    place = Path(shutil.which(command) or command)
    try:
        status = place.stat()
    except OSError as error:
        raise InfraError(f"the compiler does not run: {error}", where=command) from error
    return _ask_version(str(place), status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=16)
def _ask_version(command: str, _time: int, _size: int) -> str:
    try:
        done = tools.run([command, "--version"], limit=30, check=True)
    except InfraError as error:
        raise InfraError(f"the compiler does not run: {error.what}", where=command) from error
    return done.stdout.splitlines()[0] if done.stdout else "unknown"


def find_sparse() -> str:
    """Return the version of sparse.

    Raises:
        InfraError: it is not installed.
    """
    if not _found("sparse"):
        raise InfraError("sparse is not installed", hint="apt-get install sparse")
    return _version("sparse")


def find_ccache(mode: str) -> str:
    """Return the compiler wrapper for ``mode``: ``ccache``, or ``none``.

    Args:
        mode: ``auto`` (use ccache when it is there), ``on`` or ``off``.

    Raises:
        UserError: the mode is unknown.
        InfraError: ``on`` without ccache.
    """
    if mode not in ("auto", "on", "off"):
        raise UserError(f"there is no ccache mode '{mode}'", hint="use auto, on or off")
    if mode == "on" and not _found("ccache"):
        raise InfraError("ccache is not installed", hint="apt-get install ccache")
    return "ccache" if mode != "off" and _found("ccache") else "none"


def missing_package(line: str) -> str:
    """Return the package whose absence ``line`` of a build log shows, or an empty string."""
    return next((package for sign, package in _MISSING_LATE.items() if sign in line), "")
