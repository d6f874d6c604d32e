# SPDX-License-Identifier: GPL-2.0-only
"""Processes that work for another one, and must not outlive it.

Shared leaf: every stage may import it.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import signal

_PR_SET_PDEATHSIG = 1


def die_with_parent(parent: int) -> None:
    """Let the kernel end this process when the one that has started it is gone, killed or not.

    Args:
        parent: its process, as it was before the start.

    ``prctl(2)``: ``PR_SET_PDEATHSIG``. Where there is no such call nothing happens.
    """
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    except (OSError, AttributeError):
        return
    # it may have gone before the call
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGTERM)


def guarded(command: tuple[str, ...], stop: signal.Signals) -> tuple[str, ...]:
    """Return ``command`` such that it gets ``stop`` when this process dies, even if it is killed.

    ``setpriv`` (util-linux) replaces itself by the command; without it, and where there is no such
    command, it is as it was.
    """
    setpriv = shutil.which("setpriv") if shutil.which(command[0]) else None
    name = stop.name.removeprefix("SIG")
    return (setpriv, "--pdeathsig", name, "--", *command) if setpriv else command
