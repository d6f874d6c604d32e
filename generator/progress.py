# SPDX-License-Identifier: GPL-2.0-only
"""How a long stage tells its caller what it does: events through a protocol, nothing printed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, kw_only=True)
class Progress:
    """One sign of life.

    Args:
        stage: what runs: ``clone``, ``seed``, ``config``, ``kernel``, ``guest``, ``boot``, ``kvm``.
        subject: what it runs on, such as ``6.1/baseline``.
        elapsed: seconds since the stage began.
        done: steps so far, for example objects compiled.
        expected: steps in all; 0 when unknown. ``done`` may come to exceed it.
        detail: one line of text, such as the file being compiled; unescaped tool output.
    """

    stage: str
    subject: str
    elapsed: float
    done: int = 0
    expected: int = 0
    detail: str = ""


class Observer(Protocol):
    """Receives the events; called from the thread that runs the stage, so it should be quick."""

    def progress(self, event: Progress) -> None:
        """Take note of ``event``."""


class SilentObserver:
    """An observer that ignores everything, for callers that do not care."""

    def progress(self, event: Progress) -> None:
        """Ignore ``event``."""
