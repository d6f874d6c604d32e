# SPDX-License-Identifier: GPL-2.0-only
"""Dask for tasks that take minutes: processes of this machine, or the workers of a scheduler."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from generator.errors import UserError

if TYPE_CHECKING:
    from distributed import Client

_CALM = {
    "distributed.admin.tick.interval": "1s",
    "distributed.admin.system-monitor.interval": "10s",
    "distributed.worker.profile.enabled": False,
}
"""Dask looks at itself 50 times a second, which takes a tenth of a core; nobody reads it here."""


@contextmanager
def connect(
    workdir: Path, *, sees: Path, scheduler: str = "", workers: int = 0
) -> Iterator[Client]:
    """Connect to a scheduler, or start one and its workers on this machine's loopback.

    Args:
        workdir: the work area.
        sees: a folder that each worker has to see at the same path.
        scheduler: address of a Dask scheduler; "" for processes of this machine.
        workers: how many such processes; 0: one per core.

    Raises:
        UserError: the scheduler does not answer, or its workers do not see the folder.
    """
    import logging

    import dask
    from distributed import Client, LocalCluster

    if scheduler:
        try:
            client = Client(scheduler, timeout=10, set_as_default=False)
        except (OSError, ValueError) as error:
            raise UserError(
                f"no Dask scheduler answers: {error}",
                where=scheduler,
                hint="start one with: dask scheduler",
            ) from error
        with client:
            _check_workers(client, sees)
            yield client
        return
    with (
        dask.config.set(_CALM),
        LocalCluster(
            n_workers=workers or os.cpu_count() or 1,
            threads_per_worker=1,
            host="127.0.0.1",
            scheduler_kwargs={"dashboard": False},
            silence_logs=logging.CRITICAL,
            memory_limit=0,
            local_directory=str(workdir / "dask"),
        ) as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        yield client


def _check_workers(client: Client, place: Path) -> None:
    """See that there are workers, and that each sees what it works with."""
    sees = client.run(os.path.isdir, str(place))
    if not sees:
        raise UserError(
            "the scheduler has no workers",
            where=client.scheduler.address,
            hint="start some: dask worker ADDRESS --nthreads 1",
        )
    blind = [address for address, seen in sees.items() if not seen]
    if blind:
        raise UserError(
            f"the worker {blind[0]} does not see the work area",
            where=str(place),
            hint="all workers need it at the same path",
        )
