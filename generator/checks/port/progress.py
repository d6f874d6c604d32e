# SPDX-License-Identifier: GPL-2.0-only
"""How far a base is that is being made: what renders, and what of it compiles.

Of each prefix the objects that the series touches are compiled, by the build directory that
``matrix`` has for them: what that has done is not done again, and no kernel is built.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from generator.checks.matrix.chain import Chain, PrefixResult, kept_steps, read_files, step_keys
from generator.checks.matrix.configurations import configurations
from generator.checks.matrix.follow import take_step
from generator.errors import CheckFailed, InfraError, UprobekitError
from generator.paths import ensure_dir
from generator.plan import Plan
from generator.progress import Observer
from generator.tree.acquire import Source, ensure_pristine, pristine_identity
from generator.tree.manifest import read_manifest
from generator.tree.series import render_series


@dataclass(frozen=True, kw_only=True)
class Compiled:
    """What became of the touched objects of every prefix, with gcc, warnings and all.

    Attributes:
        prefixes: how many there are, the baseline included.
        objects: how many a prefix has.
        problems: errors and new warnings, each with its prefix.
    """

    prefixes: int
    objects: int
    problems: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Started:
    """A base that is being made, and how far it is.

    Attributes:
        base: its name.
        module: the file with its data.
        undecided: how many things a person has to look at.
        renders: whether every patch renders.
        why: why not, or "".
        patches: how many patches it renders.
        tip: git's id of the rendered tree, "" where it does not render.
        compiled: what of it compiles; None where that was not tried.
        booted: how the boot of this very tree ended; "" where it was not booted.
    """

    base: str
    module: str
    undecided: int
    renders: bool
    why: str = ""
    patches: int = 0
    tip: str = ""
    compiled: Compiled | None = None
    booted: str = ""


def try_rendering(plan: Plan, source: Source) -> Started:
    """Render a base into a directory that is thrown away, and say whether that was possible.

    Args:
        plan: the series for the base.
        source: the tree.

    Raises:
        InfraError: a tool is missing, or the disk is full: that says nothing about the base.
    """
    why, patches, tip = "", 0, ""
    with tempfile.TemporaryDirectory() as place:
        try:
            rendered = render_series(plan, source, Path(place))
            patches = len(rendered.patches) - 1
            tip = read_manifest(rendered.manifest)["tip"]
        except InfraError:
            raise
        except UprobekitError as error:
            why = str(error)
    return Started(
        base=plan.base.name,
        module=f"v{plan.base.name.replace('.', '_')}.py",
        undecided=len(plan.base.undecided),
        renders=not why,
        why=why,
        patches=patches,
        tip=tip,
    )


def compile_touched(plan: Plan, source: Source, area: Path, observer: Observer) -> Compiled:
    """Compile the touched objects of the baseline and of each prefix.

    Args:
        plan: the series for the base; it renders.
        source: the tree.
        area: the work area.
        observer: is told how far it is.

    Raises:
        InfraError: a tool is missing, or the disk is full.
    """
    chain = touched_chain(plan, source, area)
    done: list[PrefixResult] = []
    try:
        for ref in chain.refs:
            done.append(take_step(chain, ref, (*done[:1], *done[1:][-1:]), observer))
    except CheckFailed as error:
        return Compiled(prefixes=len(done), objects=0, problems=(str(error),))
    return _summary(done)


def compiled_before(plan: Plan, source: Source, area: Path, tip: str) -> Compiled | None:
    """Return what an earlier run has found of a tip, and of the prefixes before it.

    Args:
        plan: the series for the base.
        source: the tree.
        area: the work area.
        tip: git's id of the rendered tree.

    Returns:
        What ``compile_touched`` would; None where it would compile.
    """
    repo = area / plan.base.name / plan.series.own("repo.git")
    chain = _chain(plan, source, area, repo, Path())
    try:
        files = read_files(chain)
        keys = step_keys(chain, files).values()
    except UprobekitError:
        return None
    known = kept_steps(chain)
    if files[chain.refs[-1]].tree_id != tip or not known.keys() >= set(keys):
        return None
    return _summary([known[key] for key in keys])


def _summary(done: Sequence[PrefixResult]) -> Compiled:
    """Return what became of all prefixes."""
    return Compiled(
        prefixes=len(done),
        objects=done[-1].objects,
        problems=tuple(f"{one.ref}: {problem}" for one in done for problem in one.problems),
    )


def touched_chain(plan: Plan, source: Source, area: Path) -> Chain:
    """Render a series into the work area, and return the build directory of its touched objects."""
    rendered = render_series(plan, source, ensure_dir(area))
    pristine = ensure_pristine(source, area, plan.base)
    return _chain(plan, source, area, rendered.repo, pristine)


def _chain(plan: Plan, source: Source, area: Path, repo: Path, pristine: Path) -> Chain:
    """Return the build directory of the touched objects of what was rendered."""
    prefixes = (f"{plan.series.name}-{planned.number:02d}" for planned in plan.patches)
    return Chain(
        base=plan.base.name,
        configuration=configurations(plan.base.name)[0],
        refs=("baseline", *prefixes),
        repo=repo,
        pristine=pristine,
        pristine_id=pristine_identity(source),
        workdir=area,
        ccache="off",
    )
