# SPDX-License-Identifier: GPL-2.0-only
"""The result of a command, kept in the work area: ``<workdir>/<base>/results/<command>.json``.

Schema, version 1: the command's own ``--json`` (``docs/json.md``), and beside that

    format          1
    command         the command
    version         of the program that wrote it
    base            the base
    source          the kernel release
    tip             git's id of the tree that the series leaves

What is read back may be missing, damaged or of another version: that is an answer, no error.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from generator import __version__
from generator.paths import read_now, write_atomic
from generator.report.results import FORMAT, dump_json

MAX_BYTES = 64 << 20
"""A file above this is no result of ours."""


class State(StrEnum):
    """Whether a result can be used."""

    THERE = "there"
    MISSING = "missing"
    UNUSABLE = "unusable"


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A result: ``problem`` says why it is not there; ``data`` is empty then.

    ``when`` is the time it was written, in seconds since 1970.
    """

    command: str
    state: State
    problem: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    when: float = 0.0

    @property
    def origin(self) -> str:
        """The kernel and the day, for people: ``Linux 6.1.192, 3 May 2026``."""
        day = time.strftime("%d %B %Y", time.localtime(self.when)).lstrip("0")
        return f"Linux {self.data['source']}, {day}"


def kept_path(workdir: Path, base: str, command: str) -> Path:
    """Return where the result of a command is kept."""
    return workdir / base / "results" / f"{command}.json"


def write_kept(
    workdir: Path,
    base: str,
    command: str,
    data: Mapping[str, object],
    *,
    source: str,
    tip: str,
) -> Path:
    """Keep a result and return the file's path.

    Raises:
        InfraError: the file cannot be written.
    """
    head = {
        "format": FORMAT,
        "command": command,
        "version": __version__,
        "base": base,
        "source": source,
        "tip": tip,
    }
    path = kept_path(workdir, base, command)
    write_atomic(path, dump_json({**data, **head}))
    return path


def read_kept(path: Path, command: str) -> Kept:
    """Read a result."""

    def unusable(problem: str) -> Kept:
        return Kept(command=command, state=State.UNUSABLE, problem=f"{path.name}: {problem}")

    try:
        about = path.stat()
        if about.st_size > MAX_BYTES:
            return unusable(f"larger than {MAX_BYTES >> 20} MB")
        data = json.loads(read_now(path))
    except FileNotFoundError:
        return Kept(command=command, state=State.MISSING, problem="it has not been run")
    except OSError as error:
        return unusable(f"cannot be read: {error.strerror}")
    except (ValueError, RecursionError):
        return unusable("this is no JSON, or only half of it")
    if not isinstance(data, dict):
        return unusable("this is no result")
    if data.get("format") != FORMAT:
        return unusable(f"its format is {str(data.get('format'))[:20]}, not {FORMAT}")
    return Kept(command=command, state=State.THERE, data=data, when=about.st_mtime)
