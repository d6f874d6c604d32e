# SPDX-License-Identifier: GPL-2.0-only
"""The command line: a thin skin over the stages."""

from __future__ import annotations

import gc
import sys

from generator import __version__

__all__ = ["main"]


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return the exit status.

    Args:
        arguments: without the program's name; None for those of the process.
    """
    words = sys.argv[1:] if arguments is None else arguments
    if words == ["--version"] and sys.stdout is not None:
        # what asks for it wants to go on: nothing else is imported for that
        sys.stdout.write(f"uprobekit {__version__}\n")
        return 0
    # what a command makes lives as long as it does: a tenth of the time of a short one
    gc.set_threshold(50_000, 20, 50)
    from generator.cli.app import main as run

    return run(arguments)
