# SPDX-License-Identifier: GPL-2.0-only
"""Every prefix in every configuration, as tasks on Dask: what is to be done, and doing it.

A task is a step of a build directory (``matrix.follow``), or the boot of a kernel that a step has
made. Steps of one directory follow each other, directories stand beside each other: on processes of
this machine, or on the workers of a scheduler, who have to see the work area at the same path.
What was done with the same inputs is not done again. Called by ``uprobekit matrix``.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from generator.checks.matrix.chain import Chain, PrefixResult, kept_steps, step_keys
from generator.checks.matrix.cluster import connect
from generator.checks.matrix.configurations import configurations, why_no_uml
from generator.checks.matrix.follow import take_step
from generator.errors import InfraError, UserError
from generator.guest.boot import BootRequest, BootResult, boot_kernel
from generator.kbuild import toolchain

if TYPE_CHECKING:
    from distributed import Future

WHOLE = ("on", "off")
"""The configurations of which whole kernels are built."""

CHECKED = ("on", "off", "i386")
"""Those that sparse looks at; the others are as "on" but for an ABI."""

DOCUMENTED = "on"
"""The one in which kernel-doc looks at the comments, which are the same in all."""

BOOTED = "whole-on"
"""The chain whose kernels are booted."""

# seconds on one core, as long as this machine has not measured them: the first step of a
# directory, one that a few objects see, a whole kernel from nothing, one of those after it, a boot
_FIRST, _OBJECTS, _PLAIN, _KERNEL, _BOOT = 25.0, 2.5, 600.0, 60.0, 25.0


@dataclass(frozen=True, kw_only=True)
class MatrixRequest:
    """What is wanted.

    Args:
        base, refs, repo, pristine, pristine_id, workdir: as for ``Chain``.
        ccache: the same; ``auto`` uses it for whole kernels.
        jobs: parallel compilers of a directory; 0: so many that all directories that are worked on
            have the cores of this machine among them, one per core for whole kernels.
        workers: so many directories are worked on at a time; 0: one per core.
        full: whole kernels as well, with uprobes on and off, and boots of those that have them on.
        only: names of chains, all when empty.
    """

    base: str
    refs: tuple[str, ...]
    repo: Path
    pristine: Path
    pristine_id: str
    workdir: Path
    ccache: str = "auto"
    jobs: int = 0
    workers: int = 0
    full: bool = False
    only: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A task.

    Args:
        chain: name of the build directory.
        ref: the prefix.
        what: ``objects``, ``kernel`` or ``boot``.
        done: it was done with the same inputs.
        seconds: how long it took, or is expected to take.
    """

    chain: str
    ref: str
    what: str
    done: bool
    seconds: float


@dataclass(frozen=True, kw_only=True)
class MatrixPlan:
    """What will be done.

    Args:
        chains: the build directories.
        cells: the tasks.
        notes: what is left out, and why.
    """

    chains: tuple[Chain, ...]
    cells: tuple[Cell, ...]
    notes: tuple[str, ...]

    def seconds(self, workers: int) -> float:
        """Return about how long it takes: no shorter than its longest chain."""
        waiting = [cell for cell in self.cells if not cell.done]
        each = [sum(c.seconds for c in waiting if c.chain == chain.name) for chain in self.chains]
        return max(sum(each) / max(workers, 1), *each, 0.0)


def plan_matrix(request: MatrixRequest, booted: frozenset[str] = frozenset()) -> MatrixPlan:
    """Return what is to be done; nothing is written.

    Args:
        request: what is wanted.
        booted: the refs whose boots are kept and still hold.

    Raises:
        UserError: a ref or a chain does not exist.
        InfraError: gcc is missing, or clang for a chain that is asked for by name.
    """
    notes: list[str] = []
    chains = _chains(request, notes)
    if unknown := set(request.only) - {chain.name for chain in chains}:
        names = ", ".join(chain.name for chain in chains)
        raise UserError(f"there is no '{min(unknown)}' in this matrix", hint=f"use: {names}")
    chosen = [chain for chain in chains if not request.only or chain.name in request.only]
    chosen = _without_clang(chosen, request, notes)
    share = share_cores(request.workers, len(chosen))
    # whole kernels take long enough to be the last at work, with all cores for one directory
    chosen = [replace(c, jobs=request.jobs or (0 if c.whole else share)) for c in chosen]
    cells = tuple(cell for chain in chosen for cell in _cells(chain, booted))
    return MatrixPlan(chains=tuple(chosen), cells=cells, notes=tuple(notes))


def _without_clang(chosen: list[Chain], request: MatrixRequest, notes: list[str]) -> list[Chain]:
    """Return the chains without clang's when that is missing; those asked for by name are missed.

    Raises:
        InfraError: clang is missing and asked for.
    """
    wanted = [chain.name for chain in chosen if chain.toolchain == "clang"]
    if not wanted or _there("clang", lambda: toolchain.find_compiler("clang"), notes):
        return chosen
    if request.only:
        raise InfraError(f"{wanted[0]} wants clang", hint="apt-get install clang")
    return [chain for chain in chosen if chain.toolchain != "clang"]


def share_cores(workers: int, chains: int) -> int:
    """Return how many compilers each directory gets: two on one core are no faster than one.

    Args:
        workers: as for ``MatrixRequest``.
        chains: how many directories there are.
    """
    cores = os.cpu_count() or 1
    return max(cores // max(min(workers or cores, chains), 1), 1)


def _chains(request: MatrixRequest, notes: list[str]) -> list[Chain]:
    known = configurations(request.base)
    sparse = _there("sparse: its findings", toolchain.find_sparse, notes)
    uml = why_no_uml(request.pristine)
    notes += [f"UML: {uml}"] if uml else []

    def chain(number: int, compiler: str, *, whole: bool = False) -> Chain:
        checked = compiler == "gcc" and not whole and known[number].name in CHECKED
        return Chain(
            base=request.base,
            configuration=known[number],
            toolchain=compiler,
            whole=whole,
            sparse=sparse and checked,
            comments=checked and known[number].name == DOCUMENTED,
            refs=request.refs,
            repo=request.repo,
            pristine=request.pristine,
            pristine_id=request.pristine_id,
            workdir=request.workdir,
            # what a step compiles is new: to ask for it first costs a quarter
            ccache="off" if request.ccache == "auto" and not whole else request.ccache,
        )

    every = range(len(known))
    made = [chain(i, "gcc", whole=True) for i in every if request.full and known[i].name in WHOLE]
    # side by side, so that the first two directories need not have the tools of one another
    return made + [chain(i, compiler) for i in every for compiler in ("gcc", "clang")]


def _there(what: str, find: Callable[[], object], notes: list[str]) -> bool:
    """Tell whether a tool is there; note it when not."""
    try:
        find()
    except InfraError as error:
        notes.append(f"{what}: {error.what}; {error.hint}")
        return False
    return True


def _cells(chain: Chain, booted: frozenset[str]) -> Iterator[Cell]:
    kept, keys = kept_steps(chain), step_keys(chain)
    last = {result.ref: result.seconds for result in kept.values()}
    for number, ref in enumerate(chain.refs):
        first, later = (_PLAIN, _KERNEL) if chain.whole else (_FIRST, _OBJECTS)
        result = kept.get(keys[ref])
        done = result is not None and (not result.image or Path(result.image).is_file())
        yield Cell(
            chain=chain.name,
            ref=ref,
            what="kernel" if chain.whole else "objects",
            done=done,
            seconds=last.get(ref, later if number else first),
        )
        if chain.name == BOOTED:
            boots = done and ref in booted
            yield Cell(chain=chain.name, ref=ref, what="boot", done=boots, seconds=_BOOT)


def image_of(chain: Chain, ref: str) -> Path | None:
    """Return the kernel that a step has made with the inputs of now, if it is there."""
    result = kept_steps(chain).get(step_keys(chain)[ref])
    path = Path(result.image) if result and result.image else None
    return path if path and path.is_file() else None


@dataclass(frozen=True, kw_only=True)
class Booting:
    """How kernels are booted: the guest, the accelerator."""

    initramfs: Path
    accel: str = "auto"


def run_matrix(
    plan: MatrixPlan,
    tell: Callable[[Chain, PrefixResult | BootResult], None],
    *,
    booting: Booting | None = None,
    kept: Mapping[str, BootResult],
    scheduler: str = "",
    workers: int = 0,
) -> tuple[tuple[PrefixResult, ...], tuple[BootResult, ...]]:
    """Do what the plan says; ``tell`` gets each result when it is there.

    Args:
        plan: what is to be done.
        tell: called in this thread.
        booting: None when nothing is booted.
        kept: boots that need not be done again, by ref.
        scheduler: address of a Dask scheduler; "" for processes of this machine.
        workers: how many such processes; 0: one per core.

    Returns:
        The steps in the order of the plan, and the boots.

    Raises:
        UserError: the scheduler does not answer, or its workers do not see the work area.
        UprobekitError: what a task raises; the others are cancelled.
    """
    from distributed import as_completed

    with connect(
        plan.chains[0].workdir, sees=plan.chains[0].repo, scheduler=scheduler, workers=workers
    ) as client:
        owners: dict[Future, Chain] = {}
        steps: list[Future] = []
        boots: list[Future] = []
        run = uuid.uuid4().hex[:8]
        for place, chain in enumerate(plan.chains):
            before: list[Future] = []
            for ref in chain.refs:
                name = f"{chain.base}-{chain.name}-{ref}-{run}"
                future = client.submit(
                    take_step, chain, ref, before, key=name, pure=False, priority=-place
                )
                owners[future] = chain
                steps.append(future)
                # of the first step, and of the one before
                before = [before[0], future] if before else [future]
                if booting and chain.name == BOOTED and ref not in kept:
                    boot = client.submit(
                        _boot, chain, booting, future, key=f"boot-{name}", pure=False, priority=1
                    )
                    owners[boot] = chain
                    boots.append(boot)
        for future in as_completed(owners, loop=client.loop):
            if result := future.result():
                tell(owners[future], result)
        booted = [result for future in boots if (result := future.result())]
        return tuple(future.result() for future in steps), (*kept.values(), *booted)


def _boot(chain: Chain, booting: Booting, built: PrefixResult) -> BootResult | None:
    """Boot a kernel; None when it was not built."""
    if not built.image:
        return None
    return boot_kernel(
        BootRequest(
            base=chain.base,
            variant=built.ref,
            kernel=Path(built.image),
            initramfs=booting.initramfs,
            workdir=chain.workdir,
            flavour=chain.name,
            accel=booting.accel,
        )
    )
