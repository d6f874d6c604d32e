# SPDX-License-Identifier: GPL-2.0-only
"""Every base and every patch in one table, from the results that the work area has.

Nothing is built or booted: a result that is not there is ``missing``, one of another tree, source
or kernel is ``older``. Reads the stamps of builds, ``<workdir>/<base>/results/`` and in it what
``uprobekit matrix`` has kept (``report.matrix.Matrix``).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from generator.errors import UprobekitError, UserError
from generator.guest.boot import BootResult
from generator.guest.ktap import Status
from generator.kbuild.request import BuildRequest, plan_build
from generator.kbuild.state import read_state
from generator.report.compare import as_announced
from generator.report.kept import kept_path, read_kept
from generator.report.matrix import kept_column
from generator.report.results import read_whole, result_path
from generator.tree.refs import read_ref


class State(StrEnum):
    """What a cell of the table means."""

    GOOD = "good"
    BAD = "bad"
    OLDER = "older"
    MISSING = "missing"
    NONE = "none"


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A cell: what it means, and the words that say so."""

    state: State
    text: str


@dataclass(frozen=True, kw_only=True)
class PatchRow:
    """One patch on one base.

    Args:
        base: the base.
        number: of the patch, 0 for the baseline.
        name: subject of the patch, or ``baseline``.
        applies: the patch applied to the commit before it gives this commit.
        builds: the whole kernel, or the touched objects in each configuration.
        boots: the kernel of this commit was booted and ended well.
        tests: self-tests that passed; of the baseline, those that ended as announced. Where no
            variant was booted, both are those of the matrix.
        peer: on the last patch, what the unmodified base makes of the same self-tests.
    """

    base: str
    number: int
    name: str
    applies: Cell
    builds: Cell
    boots: Cell
    tests: Cell
    peer: Cell


@dataclass(frozen=True, kw_only=True)
class PatchState:
    """What rendering says about a commit: number, name, git ref and tree, and what went wrong."""

    number: int
    name: str
    ref: str
    tree: str
    problem: str = ""


@dataclass(frozen=True, kw_only=True)
class OverviewRequest:
    """One base.

    Args:
        build: how its kernels are built; variant and ref do not matter.
        source: identity of the source.
        patches: the baseline and the patches in their order.
    """

    build: BuildRequest
    source: str
    patches: tuple[PatchState, ...]


_MISSING = Cell(state=State.MISSING, text="not run")
_NONE = Cell(state=State.NONE, text="-")
_RANK = (State.BAD, State.OLDER, State.MISSING, State.GOOD)


def make_overview(request: OverviewRequest) -> tuple[PatchRow, ...]:
    """Return the rows of one base."""
    last = max(patch.number for patch in request.patches)
    compiled = _Compiled(
        kept_path(request.build.workdir, request.build.base, "matrix"), request.source
    )
    return tuple(
        _row(request, patch, compiled, last=patch.number == last) for patch in request.patches
    )


def _row(
    request: OverviewRequest, patch: PatchState, compiled: _Compiled, *, last: bool
) -> PatchRow:
    variants = ("tip", patch.ref) if last and patch.number else (patch.ref,)
    kernels = {name: _kernel(request.build, name, patch.ref) for name in variants}
    boots = {name: _boot(request.build, name, kernels[name], patch.tree) for name in variants}
    # of two variants with the same tree, the one of which more is known
    variant = max(variants, key=lambda name: (boots[name].rank, _rank(kernels[name])))
    boot = boots[variant]
    known = (boot.cell, _tests(boot, before=patch.number == 0, all_pass=last))
    if boot.cell.state is State.MISSING:
        known = compiled.boot(patch)
    return PatchRow(
        base=request.build.base,
        number=patch.number,
        name=patch.name,
        applies=Cell(state=State.BAD, text=patch.problem)
        if patch.problem
        else Cell(state=State.GOOD, text="yes"),
        builds=_builds(kernels[variant], compiled.cell(patch)),
        boots=known[0],
        tests=known[1],
        peer=_peer(request.build) if last and patch.number else _NONE,
    )


def _rank(cell: Cell) -> int:
    return {State.MISSING: 0, State.OLDER: 1}.get(cell.state, 2)


def _kernel(build: BuildRequest, variant: str, ref: str) -> Cell:
    """Return whether the whole kernel of a variant is built from what the ref has now."""
    try:
        plan = plan_build(replace(build, variant=variant, ref=ref))
    except UprobekitError:
        return _MISSING
    known = read_state(plan.state_file)
    if known.running:
        return Cell(state=State.MISSING, text="being built, or interrupted")
    if not known.key:
        return _MISSING
    if known.key != plan.key:
        return Cell(state=State.OLDER, text="older kernel")
    return Cell(state=State.GOOD, text="kernel")


class _Compiled:
    """The kept results of the matrix."""

    def __init__(self, path: Path, source: str) -> None:
        data = read_kept(path, "matrix").data
        try:
            self._same_source = data["identity"] == source
            self._trees = {str(ref): str(tree) for ref, tree in data["trees"].items()}
            self._cells = [
                (str(row["ref"]), kept_column(row), bool(row["problems"])) for row in data["cells"]
            ]
            self._boots = {str(row["ref"]): row for row in data["boots"]}
        except (KeyError, TypeError, AttributeError):
            self._cells, self._boots = [], {}

    def cell(self, patch: PatchState) -> Cell:
        """Return what is known about the objects of a patch."""
        rows = [(name, bad) for ref, name, bad in self._cells if ref == patch.ref]
        if not rows:
            return _MISSING
        count = f"objects in {len(rows)} configuration{'s' if len(rows) > 1 else ''}"
        if not self._holds(patch):
            return Cell(state=State.OLDER, text=f"older {count}")
        wrong = [name for name, bad in rows if bad]
        if wrong:
            return Cell(state=State.BAD, text=f"NO: {', '.join(wrong)}")
        return Cell(state=State.GOOD, text=count)

    def boot(self, patch: PatchState) -> tuple[Cell, Cell]:
        """Return how the kernel of a patch ended, and its self-tests."""
        row = self._boots.get(patch.ref)
        if row is None:
            return _MISSING, _MISSING
        text = f"{row['passed']} of {row['tests']} pass"
        if not self._holds(patch):
            older = Cell(state=State.OLDER, text="an older kernel")
            return older, Cell(state=State.OLDER, text=f"{text} (older)")
        state = State.BAD if row["problems"] else State.GOOD
        return Cell(state=state, text="NO" if row["problems"] else "yes"), Cell(
            state=state, text=f"{text}, {'NOT ' if row['problems'] else ''}as expected"
        )

    def _holds(self, patch: PatchState) -> bool:
        return self._same_source and self._trees.get(patch.ref) == patch.tree


def _builds(kernel: Cell, objects: Cell) -> Cell:
    """Return the worse of what is known; what is missing does not hide what is there."""
    known = [cell for cell in (kernel, objects) if cell.state is not State.MISSING]
    if not known:
        return kernel
    state = min((cell.state for cell in known), key=_RANK.index)
    return Cell(state=state, text=", ".join(cell.text for cell in known))


@dataclass(frozen=True, kw_only=True)
class _Boot:
    """A kept boot, and the cell that says what became of it."""

    cell: Cell
    result: BootResult | None = None

    @property
    def rank(self) -> int:
        return _rank(self.cell)


def _boot(build: BuildRequest, variant: str, kernel: Cell, tree: str = "") -> _Boot:
    path = result_path(build.workdir, build.base, variant, build.flavour)
    if not path.is_file():
        return _Boot(cell=_MISSING)
    try:
        result = read_whole(build.workdir, build.base, variant, build.flavour)
    except UserError as error:
        return _Boot(cell=Cell(state=State.BAD, text=error.what))
    image = read_state(
        build.workdir / build.base / variant / f"state-{build.flavour}-{build.toolchain}.json"
    ).image
    built = kernel.state is State.GOOD and path.stat().st_mtime_ns >= image[1]
    if not (result.tree == tree if result.tree else built):
        return _Boot(cell=Cell(state=State.OLDER, text="an older kernel"), result=result)
    if not result.outcome.complete:
        return _Boot(cell=Cell(state=State.BAD, text=str(result.outcome.kind)), result=result)
    text = "yes, your image" if "--image" in result.asked else "yes"
    return _Boot(cell=Cell(state=State.GOOD, text=text), result=result)


def _tests(boot: _Boot, *, before: bool, all_pass: bool) -> Cell:
    """Return how many self-tests ended as they must; in between, how many pass."""
    if boot.result is None:
        return _MISSING
    tests = boot.result.ktap.tests
    ran = [test for test in tests if test.status is not Status.SKIP]
    good = sum(as_announced(test) if before else test.passed for test in ran)
    skipped = len(tests) - len(ran)
    words = f"{good} of {len(tests)} {'as announced' if before else 'pass'}"
    text = f"{words}, {skipped} skipped" if skipped else words
    if boot.cell.state is State.OLDER:
        return Cell(state=State.OLDER, text=f"{text} (older)")
    judged = before or all_pass
    wrong = judged and (good + skipped < len(tests) or not tests)
    return Cell(state=State.BAD if wrong else State.GOOD, text=text)


def _peer(build: BuildRequest) -> Cell:
    """Return what the unmodified base makes of the self-tests: for comparison, never wrong."""
    tree = read_ref(build.repo, build.base_ref).tree_id
    boot = _boot(build, "peer", _kernel(build, "peer", build.base_ref), tree)
    cell = _tests(boot, before=False, all_pass=False)
    if boot.result and boot.cell.state is State.BAD:
        return Cell(state=State.GOOD, text=f"{boot.cell.text}: {cell.text}")
    return cell
