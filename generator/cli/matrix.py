# SPDX-License-Identifier: GPL-2.0-only
"""The command ``matrix``: every prefix in every configuration, planned, done, kept and shown."""

from __future__ import annotations

import os
import time
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from generator.cli import booting
from generator.cli.ahead import check_first
from generator.cli.options import Options, render_source
from generator.errors import CheckFailed
from generator.plan import find_base, find_series

if TYPE_CHECKING:
    from generator.checks.matrix.chain import Chain, PrefixResult
    from generator.checks.matrix.run import MatrixPlan, MatrixRequest
    from generator.cli.output import Screen
    from generator.guest.boot import BootResult
    from generator.report.matrix import Matrix
    from generator.tree.acquire import Source
    from generator.tree.series import Rendered


def matrix(
    options: Options,
    *,
    full: bool,
    only: tuple[str, ...],
    ccache: str,
    scheduler: str,
    workers: int,
    junit: Path | None,
) -> None:
    """Compile every prefix in every configuration; with ``full`` build and boot them."""
    from generator.checks.matrix.run import BOOTED, Booting, plan_matrix, run_matrix
    from generator.report.matrix import format_plan

    check_first(options, {"--junit": junit}, boots=full)
    screen = options.screen()
    source, rendered = render_source(options)
    request = _request(
        options, source, rendered, full=full, only=only, ccache=ccache, workers=workers
    )
    plan = plan_matrix(request)
    initramfs = None
    boots: dict[str, BootResult] = {}
    if any(chain.name == BOOTED for chain in plan.chains):
        archive = booting.guest_request(options).archive
        initramfs = archive if options.dry_run else booting.guest(options, screen)
        boots = _kept_boots(options, plan, initramfs)
        plan = plan_matrix(request, frozenset(boots))
    text = format_plan(plan, workers or os.cpu_count() or 1)
    if options.dry_run:
        screen.result({"cells": [asdict(cell) for cell in plan.cells], "notes": plan.notes})
        screen.say(text)
        return
    screen.note(text)
    began = time.monotonic()

    cells, booted = run_matrix(
        plan,
        partial(_tell, options, screen, initramfs, began),
        booting=Booting(initramfs=initramfs, accel=options.accel) if initramfs else None,
        kept=boots,
        scheduler=scheduler,
        workers=workers,
    )
    tasks = sum(not cell.done for cell in plan.cells)
    seconds = time.monotonic() - began
    made = _judge(options, request, plan, source, cells, booted)
    made = replace(made, tasks=tasks, seconds=seconds)
    options.keep("matrix", asdict(made), source, rendered)
    _show(screen, made, junit)


def _tell(
    options: Options,
    screen: Screen,
    initramfs: Path | None,
    began: float,
    chain: Chain,
    result: PrefixResult | BootResult,
) -> None:
    """Say what became of a step or a boot, and keep the boot."""
    from generator.checks.matrix.run import image_of
    from generator.guest.boot import BootResult, boot_key
    from generator.report.results import write_boot

    screen.note(_line(chain, result, time.monotonic() - began))
    if isinstance(result, BootResult) and initramfs:
        image = image_of(chain, result.variant)
        write_boot(result, options.area, key=boot_key(image, initramfs) if image else "")


def _show(screen: Screen, made: Matrix, junit: Path | None) -> None:
    """Show the matrix.

    Raises:
        CheckFailed: a prefix has a problem.
    """
    from generator.report.matrix import format_matrix, write_junit

    if junit:
        write_junit(junit, made)
    screen.result(asdict(made))
    screen.say(format_matrix(made))
    nowhere = _nowhere(made.cells)
    if nowhere:
        screen.warn(f"compiled in no configuration: {', '.join(nowhere)}")
    if made.problems:
        raise CheckFailed("not every prefix is in order:\n  " + "\n  ".join(made.problems))


def _request(
    options: Options,
    source: Source,
    rendered: Rendered,
    *,
    full: bool,
    only: tuple[str, ...],
    ccache: str,
    workers: int,
) -> MatrixRequest:
    from generator.checks.matrix.run import MatrixRequest
    from generator.tree.acquire import ensure_pristine, pristine_identity

    count = sum(name.startswith("00") for name in rendered.patches) - 1
    return MatrixRequest(
        base=options.base,
        refs=("baseline", *(f"{options.series}-{n:02d}" for n in range(1, count + 1))),
        repo=rendered.repo,
        pristine=ensure_pristine(source, options.area, find_base(options.base)),
        pristine_id=pristine_identity(source),
        workdir=options.area,
        ccache=ccache,
        jobs=options.jobs,
        workers=workers,
        full=full,
        only=only,
    )


def _judge(
    options: Options,
    request: MatrixRequest,
    plan: MatrixPlan,
    source: Source,
    cells: tuple[PrefixResult, ...],
    booted: tuple[BootResult, ...],
) -> Matrix:
    from generator.report.matrix import Matrix, count_cost, judge_boot
    from generator.tree.refs import read_refs

    idents = [patch.ident for patch in find_series(options.series).patches]
    applied = {ref: idents[:number] for number, ref in enumerate(request.refs)}
    rows = {boot.variant: judge_boot(boot, applied[boot.variant]) for boot in booted}
    return Matrix(
        full=request.full,
        identity=source.identity,
        trees={ref: files.tree_id for ref, files in read_refs(request.repo, request.refs).items()},
        cells=cells,
        boots=tuple(rows[ref] for ref in request.refs if ref in rows),
        cost=count_cost(cells),
        notes=plan.notes,
        tasks=0,
        seconds=0.0,
    )


def _line(chain: Chain, result: PrefixResult | BootResult, seconds: float) -> str:
    from generator.guest.boot import BootResult

    if isinstance(result, BootResult):
        said = f"boot: {result.outcome.kind}"
        return f"{chain.base}/{chain.name}/{result.variant}: {said}; {seconds:.0f} s"
    state = f"{len(result.problems)} problems" if result.problems else "good"
    return (
        f"{chain.base}/{chain.name}/{result.ref}: {state}, {result.compiled} objects compiled, "
        f"{result.seconds:.1f} s; {seconds:.0f} s"
    )


def _nowhere(cells: tuple[PrefixResult, ...]) -> list[str]:
    """Return the touched sources that no configuration compiles."""
    sets = [set(cell.left_out) for cell in cells]
    return sorted(set.intersection(*sets)) if sets else []


def _kept_boots(options: Options, plan: MatrixPlan, initramfs: Path) -> dict[str, BootResult]:
    """Return the boots of these kernels with this guest that are kept, by ref."""
    from generator.checks.matrix.run import BOOTED, image_of
    from generator.guest.boot import boot_key
    from generator.report.results import kept_boot

    chain = next(chain for chain in plan.chains if chain.name == BOOTED)
    found = {}
    for ref in chain.refs if initramfs.is_file() else ():
        if image := image_of(chain, ref):
            key = boot_key(image, initramfs)
            if kept := kept_boot(options.area, options.base, ref, chain.name, key=key):
                found[ref] = kept
    return found
