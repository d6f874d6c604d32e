# SPDX-License-Identifier: GPL-2.0-only
"""What is known about a build directory: the stamp that makes an unchanged build instant.

One JSON file per build directory, written atomically before and after every run of make.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from generator.jsonfile import as_object, read_json
from generator.kbuild.log import Message
from generator.paths import write_atomic

FORMAT = 1
"""Raised when the meaning of a stamp changes; older ones are then ignored."""


@dataclass(frozen=True, kw_only=True)
class BuildState:
    """The last run of make in a build directory.

    Args:
        key: hash of all inputs of the last successful build; empty when it failed.
        config_key: hash of the inputs of ``.config``; empty before it is complete.
        running: a run began and did not end: it was interrupted.
        objects: kernel objects in the directory, counted over all runs.
        seconds: of the last run that compiled something.
        image: size in bytes and modification time in ns of the kernel image.
        tree: git's id of the files that the image is built from.
        warnings: of all objects in the directory.
    """

    key: str = ""
    config_key: str = ""
    running: bool = False
    objects: int = 0
    seconds: float = 0.0
    image: tuple[int, int] = (0, 0)
    tree: str = ""
    warnings: tuple[Message, ...] = field(default=())


def hash_inputs(inputs: Mapping[str, object]) -> str:
    """Return a hash over ``inputs``, whose values must be JSON types; order is irrelevant."""
    text = json.dumps({"format": FORMAT, **inputs}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def read_state(path: Path) -> BuildState:
    """Return the state kept in ``path``; a missing, damaged or outdated file is an empty state."""
    try:
        data = read_json(path)
        if data["format"] == FORMAT:
            return as_object(data, BuildState)
    except (ValueError, KeyError, TypeError):
        pass
    return BuildState()


def write_state(path: Path, state: BuildState) -> None:
    """Keep ``state`` in ``path``.

    Raises:
        InfraError: the file cannot be written.
    """
    data = {"format": FORMAT, **asdict(state)}
    write_atomic(path, (json.dumps(data, indent=1, sort_keys=True) + "\n").encode())


def built_tree(stamp: Path, image: Path) -> str:
    """Return git's id of the files that a kernel image is built from; "" where nobody knows.

    Args:
        stamp: of the build directory.
        image: the kernel image in it.
    """
    known = read_state(stamp)
    return known.tree if known.key and known.image == image_identity(image) else ""


def image_identity(image: Path) -> tuple[int, int]:
    """Return size in bytes and modification time in ns of ``image``; zeros when there is none."""
    try:
        status = image.stat()
    except OSError:
        return (0, 0)
    return (status.st_size, status.st_mtime_ns)
