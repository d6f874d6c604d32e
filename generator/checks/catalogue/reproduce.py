# SPDX-License-Identifier: GPL-2.0-only
"""A fault as one C file and one shell script, for a system that is running.

The programs are in ``qemu/reproduce``, one for each fault that needs no more than a program and a
probe; ``run.sh`` is the same for all. Nothing of this project is needed to run them.
"""

from __future__ import annotations

import os
from pathlib import Path

from generator.errors import UserError
from generator.model.catalogue import CATALOGUE, Entry, Kind
from generator.paths import data_dir, ensure_dir, write_atomic

SCRIPT = "run.sh"


def sources() -> dict[str, Path]:
    """Return the C file of each fault that has one, by the fault's name."""
    return {path.stem: path for path in sorted((data_dir("qemu") / "reproduce").glob("*.c"))}


def reproducer(ident: str) -> dict[str, str]:
    """Return the files that show a fault, by name.

    Raises:
        UserError: there is no such fault, or no program for it.
    """
    entry = _find(ident)
    source = sources().get(entry.ident)
    if source is None:
        shown = ", ".join(entry.tests) or "all of them"
        raise UserError(
            f"there is no program for {ident}: it takes more than a program and a probe",
            hint=f"uprobekit check-kernel IMAGE shows it by its self-tests: {shown}",
        )
    return {
        source.name: source.read_text(encoding="utf-8"),
        SCRIPT: (source.parent / SCRIPT).read_text(encoding="utf-8"),
    }


def write_reproducer(ident: str, place: Path) -> tuple[Path, ...]:
    """Write the files that show a fault, and return where they are.

    Raises:
        UserError: as ``reproducer``; the place has other C files, and which one is meant? Or a file
            of such a name is there and is another: it is kept.
    """
    files = reproducer(ident)
    others = sorted(path.name for path in place.glob("*.c") if path.name not in files)
    if others:
        raise UserError(
            f"there is another program: {others[0]}", where=str(place), hint="use an empty folder"
        )
    for name, text in files.items():
        path = place / name
        if os.path.lexists(path) and not (path.is_file() and path.read_bytes() == text.encode()):
            raise UserError(
                "there is another file of this name, which is kept",
                where=str(path),
                hint="use an empty folder",
            )
    ensure_dir(place, "-o")
    for name, text in files.items():
        write_atomic(place / name, text.encode())
    return tuple(place / name for name in files)


def _find(ident: str) -> Entry:
    for entry in CATALOGUE:
        if entry.ident == ident and entry.kind is Kind.FAULT:
            return entry
    raise UserError(
        f"there is no fault '{ident}'", hint=f"there are: {', '.join(sorted(sources()))}"
    )
