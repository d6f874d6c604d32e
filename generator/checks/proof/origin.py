# SPDX-License-Identifier: GPL-2.0-only
"""What the compiled C was made from, so that it is found again without rendering anything."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import generator
from generator.checks.proof.build import STAMP, ProofBuild, proof_files
from generator.paths import data_dir, write_atomic
from generator.tree.acquire import Source

_RECORD = "origin.txt"


def describe_origin(source: Source, *names: str) -> str:
    """Return what tells one compiled C from another: this program, its templates, and the source.

    Args:
        source: the unmodified tree.
        names: of the base and the series.

    Returns:
        A digest; "" for a directory, whose files may change at any time.
    """
    if source.kind == "directory":
        return ""
    digest = hashlib.sha256("\0".join((*names, source.identity)).encode())
    for path in _program():
        digest.update(f"\0{path}\0".encode())
        with open(path, "rb", buffering=0) as file:  # noqa: PTH123  # hundreds, at each start
            digest.update(file.read())
    return digest.hexdigest()


def _program() -> Iterator[str]:
    package = str(Path(generator.__file__).parent)
    for top, suffixes in ((package, (".py", ".c", ".h")), (str(data_dir("templates")), (".j2",))):
        for folder, inner, names in os.walk(top):
            inner.sort()
            yield from (f"{folder}/{name}" for name in sorted(names) if name.endswith(suffixes))


def find_made(place: Path, origin: str) -> ProofBuild | None:
    """Return what was compiled from ``origin``; None if that is not what is there.

    Args:
        place: the directory of ``build_proof``.
        origin: of ``describe_origin``.
    """
    made = proof_files(place)
    try:
        said = (place / _RECORD).read_text()
        stamp = (place / STAMP).read_text()
    except (OSError, ValueError):
        return None
    there = made.library.is_file() and made.native.is_file()
    return made if origin and there and said == f"{origin} {stamp}" else None


def keep_origin(place: Path, origin: str, made: ProofBuild) -> None:
    """Remember that ``made``, in ``place``, is compiled from ``origin``; nothing for ""."""
    if origin:
        write_atomic(place / _RECORD, f"{origin} {made.digest}".encode())
