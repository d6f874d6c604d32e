# SPDX-License-Identifier: GPL-2.0-only
"""A build directory for a new variant, from the finished one of another variant.

Two variants differ in about twenty files, yet a build directory made from nothing compiles all
objects and the host tools (kconfig, fixdep, objtool) again. So the second variant starts from a
copy of the first one's build directory, and make finds what has to be compiled. What makes this
sound:

- the new source tree is a clone of the donor's, with the donor's file times; files that differ are
  written after the copy began, so they are newer than every object;
- kbuild compiles again when the command line saved in a ``.cmd`` file changes. Build directories
  are directly below the source tree, which makes kbuild write paths relative to it (top Makefile:
  ``srctree := ..``; 3.3 does not have it yet); what is absolute nevertheless (objtool; in 3.3
  everything) names the donor's tree, and is replaced in the ``.cmd`` files, whose times stay.

Called by ``generator.kbuild.kernel``.
"""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

from generator.kbuild.cmdfile import made_by
from generator.kbuild.worktree import (
    clone_tree,
    cloned_from,
    copy_noted_files,
    forget_clone,
    note_clone,
)


def clone_variant(donor: Path, directory: Path, build_name: str) -> int:
    """Make the tree of variant ``directory`` from that of ``donor``, its build directory included.

    The new tree appears whole or not at all. Objects are copied, never linked: a compiler may write
    into an existing file.

    Args:
        donor: directory of a variant with a finished build; the caller holds its lock.
        directory: directory of the new variant.
        build_name: name of the build directory below ``linux``.

    Returns:
        How many ``.cmd`` files named the donor's tree.

    Raises:
        InfraError: the disk is full or the place cannot be written.
    """
    old, new = donor.absolute() / "linux", directory.absolute() / "linux"
    moved = 0

    def copy_build(growing: Path) -> None:
        nonlocal moved
        shutil.copytree(old / build_name, growing / build_name, symlinks=True)
        moved = relocate_commands(growing / build_name, old, new)

    forget_clone(directory)
    clone_tree(old, new, copy_build)
    copy_noted_files(old, new)
    note_clone(directory, cloned_from(donor))
    return moved


def relocate_commands(build_dir: Path, old: Path, new: Path) -> int:
    """Replace the path ``old`` by ``new`` in all ``.cmd`` files below; keep their times.

    Returns:
        How many files changed.
    """
    pattern = re.compile(re.escape(os.fsencode(old)) + rb"(?![\w.-])")
    replacement = os.fsencode(new)
    count = 0
    for command in build_dir.rglob("*.cmd"):
        if not command.is_file() or command.is_symlink():
            continue
        data = command.read_bytes()
        moved = pattern.sub(lambda _: replacement, data)
        if moved != data:
            times = command.stat()
            command.write_bytes(moved)
            os.utime(command, ns=(times.st_atime_ns, times.st_mtime_ns))
            count += 1
    return count


def drop_unfinished(build_dir: Path) -> tuple[str, ...]:
    """Remove objects that a killed build may have left half-written; return their paths.

    Kbuild writes ``.X.cmd`` after ``X`` is complete (scripts/Kbuild.include: if_changed), and make
    trusts any ``X`` that is newer than its sources. So an ``X`` newer than its ``.cmd``, or an
    empty one, is not trusted after an interruption.
    """
    dropped = []
    for command in build_dir.rglob(".*.cmd"):
        made = made_by(command)
        if not made.is_file() or made.is_symlink():
            continue
        status = made.stat()
        if status.st_mtime_ns > command.stat().st_mtime_ns or status.st_size == 0:
            made.unlink()
            dropped.append(str(made.relative_to(build_dir)))
    return tuple(sorted(dropped))
