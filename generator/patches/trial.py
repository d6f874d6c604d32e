# SPDX-License-Identifier: GPL-2.0-only
"""Try a changed copy of the program: render it in a process of its own, compare what comes out."""

from __future__ import annotations

import difflib
import os
import pickle
import sys
from pathlib import Path

from generator import tools
from generator.patches.reading import Repository
from generator.paths import ensure_dir, write_atomic
from generator.plan import Plan, find_base, find_series, plan_series
from generator.tree.acquire import Source, find_source
from generator.tree.series import render_series


def in_process(handed: object, place: Path) -> tuple[int, object, str]:
    """Have a process that reads the model of a copy of the program take what it is handed.

    Args:
        handed: has a method ``take()``, and ``parent``, the process without which it ends.
        place: the copy.

    Returns:
        The exit status, what ``take()`` returns where that is 0, and what was said on stderr.
    """
    done = tools.run_bytes(
        [sys.executable, "-m", "generator.patches.step"],
        cwd=place,
        stdin=pickle.dumps(handed),
        # compiled anew, a module that is changed twice in a second would be taken for the first
        env={**os.environ, "PYTHONPATH": str(place), "PYTHONDONTWRITEBYTECODE": "1"},
    )
    made: object = pickle.loads(done.stdout) if done.returncode == 0 else None
    return done.returncode, made, done.stderr.decode(errors="replace").strip()


def render_draft(
    base: str, series: str, tree: Path, commit: str, workdir: Path
) -> tuple[Plan, Source, Repository]:
    """Render the program that is running into a work area in its folder.

    Args:
        base: its name.
        series: its name.
        tree: the repository of the source, or a directory.
        commit: of the source, "" for a directory.
        workdir: the user's work area; what the headers declare is taken from there.

    Raises:
        UserError: it cannot be rendered.
    """
    work = ensure_dir(Path.cwd() / "work")
    plan = plan_series(find_base(base), find_series(series))
    kept = workdir / base / plan.series.own("names.json")
    if kept.is_file():
        write_atomic(ensure_dir(work / base) / kept.name, kept.read_bytes())
    source = find_source(plan.base, work, tree=tree, rev=commit or None)
    return plan, source, Repository(render_series(plan, source, work).repo)


def difference(path: str, now: str | None, wanted: str) -> str:
    """Return how a rendered file differs from the wanted one, as a diff; "" where it does not."""
    rows = difflib.unified_diff(
        (now or "").splitlines(keepends=True),
        wanted.splitlines(keepends=True),
        f"a/{path}",
        f"b/{path}",
    )
    return "".join(rows)
