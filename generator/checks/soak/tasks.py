# SPDX-License-Identifier: GPL-2.0-only
"""The boots of a soak as tasks on Dask: one for a load on a kernel, unless its result is kept.

All loads stand beside each other; a machine of two cores runs two guests at a time.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from generator.checks.matrix.cluster import connect
from generator.guest.boot import BootRequest, BootResult, boot_kernel


@dataclass(frozen=True, kw_only=True)
class Task:
    """A boot: the name of its load, its side, how it is booted."""

    load: str
    side: str
    request: BootRequest


def run_tasks(
    tasks: Sequence[Task],
    tell: Callable[[Task, BootResult], None],
    *,
    workdir: Path,
    kept: Mapping[tuple[str, str], BootResult],
    scheduler: str = "",
    workers: int = 0,
) -> dict[tuple[str, str], BootResult]:
    """Boot what is not kept.

    Args:
        tasks: all boots.
        tell: called in this thread with each result when it is there.
        workdir: the work area.
        kept: results that still hold, by load and side.
        scheduler: see ``generator.checks.matrix.cluster.connect``.
        workers: the same.

    Returns:
        All results, by load and side.

    Raises:
        UprobekitError: what a boot raises; the others are cancelled.
    """
    from distributed import as_completed

    waiting = [task for task in tasks if (task.load, task.side) not in kept]
    results = dict(kept)
    if not waiting:
        return results
    run = uuid.uuid4().hex[:8]
    with connect(workdir, sees=workdir, scheduler=scheduler, workers=workers) as client:
        owners = {
            client.submit(
                boot_kernel,
                task.request,
                key=f"soak-{task.load}-{task.side}-{run}",
                pure=False,
                priority=-place,
            ): task
            for place, task in enumerate(waiting)
        }
        for future in as_completed(owners, loop=client.loop):
            task, result = owners[future], future.result()
            results[task.load, task.side] = result
            tell(task, result)
    return results
