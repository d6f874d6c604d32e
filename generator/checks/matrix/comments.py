# SPDX-License-Identifier: GPL-2.0-only
"""What kernel-doc says of the comments in a file: the base's own script, as W=1 has it called.

Kbuild calls it behind the compiler, once for each object (``cmd_checkdoc`` of
scripts/Makefile.build). It reads the file alone, so what it finds is the same in every
configuration, and it need not look at a file again before that changes.

Called by ``generator.checks.matrix.follow``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from generator.errors import InfraError
from generator.kbuild.runner import REPRODUCIBLE, clean_environment, run_tool

_SCRIPT = "scripts/kernel-doc"


def check_comments(tree: Path, paths: Iterable[str], on_line: Callable[[str], object]) -> None:
    """Have kernel-doc look at files.

    Args:
        tree: the source tree.
        paths: the files, relative to it.
        on_line: receives what it prints.

    Raises:
        InfraError: it does not start, or fails: what it finds is no failure.
    """
    environment = clean_environment(REPRODUCIBLE)
    for path in paths:
        done = run_tool(tree, (f"./{_SCRIPT}", "-none", path), environment)
        if done.returncode:
            said = done.stdout.strip().splitlines() or [f"exit status {done.returncode}"]
            raise InfraError(f"{_SCRIPT} fails: {said[-1]}", where=str(tree / path))
        for line in done.stdout.splitlines():
            on_line(line)
