# SPDX-License-Identifier: GPL-2.0-only
"""The command that runs checks and prints one table: each in a process of its own, as alone."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial

from generator.cli.options import Options
from generator.errors import UserError
from generator.report.check import CheckRow, format_checks, worst_status


@dataclass(frozen=True, kw_only=True)
class Check:
    """A check: its command, what it asks, and whether it needs kernels that were built."""

    words: tuple[str, ...]
    what: str
    built: bool = False


CHECKS = {
    "drift": Check(
        words=("render", "--check"),
        what="kernel_patches/ and interface.txt are what the model renders",
    ),
    "checkpatch": Check(words=("checkpatch",), what="the base's own checkpatch.pl --strict"),
    "review": Check(words=("review",), what="the points of the review, with evidence"),
    "states": Check(words=("states",), what="a task's states, with every guard and without each"),
    "schedules": Check(words=("schedules",), what="the core's C in every order of threads"),
    "verify": Check(words=("verify",), what="the tip, as libclang sees it", built=True),
    "patches": Check(words=("patches",), what="each patch: applied, mailed, compiled", built=True),
}
"""By name; those that need no kernel are run when nobody names one. ``states`` takes longest."""


def check(options: Options, names: Sequence[str]) -> int:
    """Run checks, as many at a time as there are processors; return the exit status.

    Raises:
        UserError: there is no such check.
    """
    chosen = list(dict.fromkeys(names)) or [n for n, one in CHECKS.items() if not one.built]
    for name in chosen:
        if name not in CHECKS:
            raise UserError(f"there is no check '{name}'", hint=f"they are: {', '.join(CHECKS)}")
    screen = options.screen()
    # the longest one first: the others go beside it
    order = sorted(chosen, key=lambda name: name != "states")
    with ThreadPoolExecutor(options.jobs or os.cpu_count() or 1) as pool:
        found = {row.name: row for row in pool.map(partial(_run, options), order)}
    rows = [found[name] for name in chosen]
    screen.result({"checks": [asdict(row) for row in rows]})
    screen.say(format_checks(rows))
    return worst_status(rows)


def _run(options: Options, name: str) -> CheckRow:
    """Run a check; what it prints is kept where it is not good."""
    words = [*CHECKS[name].words, "--base", options.base, "--series", options.series]
    words += ["--tree", str(options.tree)] if options.tree else []
    words += ["--rev", options.rev] if options.rev else []
    words += ["--workdir", str(options.workdir)] if options.workdir else []
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "generator", *words, "--quiet"],
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    return CheckRow(
        name=name,
        what=CHECKS[name].what,
        status=done.returncode if done.returncode >= 0 else 3,
        seconds=round(time.monotonic() - started, 1),
        command=shlex.join(["uprobekit", *words]),
        text=done.stderr.strip() if done.returncode else "",
    )
