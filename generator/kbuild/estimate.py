# SPDX-License-Identifier: GPL-2.0-only
"""What a build would do, and about how long that takes; nothing is written and nothing runs.

An estimate for people: make decides what it compiles. Called by the command line before it starts.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from enum import StrEnum

from generator.kbuild import state
from generator.kbuild.kernel import cloned_here, find_donors
from generator.kbuild.request import IMAGE, TYPICAL_OBJECTS, BuildPlan, BuildRequest, plan_build
from generator.tree.refs import read_ref

OBJECT_SECONDS = 0.45
"""Of a core, for one object of a small kernel with gcc 12: 422 s for 982 (docs/results.md)."""

START_SECONDS = 20.0
"""For the tree, ``.config``, the host's tools and the last link, whatever is compiled."""

REACHED = 0.85
"""Share of the objects that include a header which the series changes: 834 of 982."""


class Start(StrEnum):
    """What a build starts from."""

    DONE = "done"
    NOTHING = "nothing"
    DONOR = "donor"
    CHANGED = "changed"


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """What a build would do.

    Args:
        start: what it starts from.
        objects: how many are compiled, about.
        seconds: about.
    """

    start: Start
    objects: int
    seconds: float


def estimate_build(request: BuildRequest, *, after_another: bool = False) -> Estimate:
    """Return what the build of ``request`` would do.

    Args:
        request: of the build.
        after_another: a variant that it can start from is built before.

    Raises:
        UserError: an input is missing or wrong.
        InfraError: a tool is missing.
    """
    plan = plan_build(request)
    known = state.read_state(plan.state_file)
    image = state.image_identity(plan.build_dir / IMAGE)
    if known.key == plan.key and image == known.image != (0, 0):
        return Estimate(start=Start.DONE, objects=0, seconds=0.0)
    whole = known.objects or TYPICAL_OBJECTS
    if known.objects and cloned_here(plan) and plan.build_dir.is_dir():
        return _estimate(Start.CHANGED, _changed(plan, request, whole), plan.jobs)
    donors = request.seed and plan.directory.parent.is_dir() and find_donors(plan)
    if after_another or donors:
        return _estimate(Start.DONOR, round(whole * REACHED), plan.jobs)
    return _estimate(Start.NOTHING, whole, plan.jobs)


def cold_build(*, after_another: bool, jobs: int = 0) -> Estimate:
    """Return what a build would do in an empty work area, perhaps after that of another variant."""
    if after_another:
        return _estimate(Start.DONOR, round(TYPICAL_OBJECTS * REACHED), jobs)
    return _estimate(Start.NOTHING, TYPICAL_OBJECTS, jobs)


def _estimate(start: Start, objects: int, jobs: int) -> Estimate:
    seconds = START_SECONDS + objects * OBJECT_SECONDS / (jobs or os.cpu_count() or 1)
    return Estimate(start=start, objects=objects, seconds=seconds)


def _changed(plan: BuildPlan, request: BuildRequest, whole: int) -> int:
    """Return about how many objects the files reach that differ from those in the tree."""
    sources = headers = 0
    for path, text in read_ref(request.repo, request.ref).texts.items():
        file = plan.directory / "linux" / path
        if file.is_file() and file.read_text(errors="surrogateescape") == text:
            continue
        headers += not path.endswith((".c", ".S"))
        sources += 1
    return round(whole * REACHED) if headers else sources
