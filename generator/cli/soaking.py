# SPDX-License-Identifier: GPL-2.0-only
"""What people see of ``soak`` while its guests run."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from generator.checks.soak.tasks import Task
    from generator.cli.output import Screen

_LOOK = 5.0
"""Seconds after which people are told again what the guests do."""


@contextmanager
def show_guests(screen: Screen, base: str, waiting: Sequence[Task], began: float) -> Iterator[None]:
    """Show how many boots are done, and what the guests do, while ``waiting`` gets shorter."""
    from generator.progress import Progress

    ended, total, started = threading.Event(), len(waiting), time.time()

    def look() -> None:
        while not ended.wait(_LOOK):
            doing = [_doing(task, started) for task in tuple(waiting)]
            screen.progress(
                Progress(
                    stage=f"{total - len(waiting)} of {total} boots",
                    subject=f"{base}/soak",
                    elapsed=time.monotonic() - began,
                    detail="; ".join(filter(None, doing)),
                )
            )

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _doing(task: Task, started: float) -> str:
    """Return what a guest has said last, ``ours: python3, entries``; "" unless it runs."""
    from generator.guest.boot import console_path

    try:
        console = console_path(task.request)
        if console.stat().st_mtime < started:
            return ""
        said = console.read_text(errors="replace").splitlines()
    except OSError:
        return ""
    lines = [line.removeprefix("soak: ") for line in said if line.startswith("soak: ")]
    return f"{task.side}: {lines[-1] if lines else 'starts'}"
