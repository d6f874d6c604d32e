# SPDX-License-Identifier: GPL-2.0-only
"""Write a rendered series into its directory, where somebody may have edited it by hand."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from generator.errors import UserError
from generator.paths import ensure_dir, write_atomic
from generator.tree.manifest import digest, read_digests, read_names
from generator.tree.series import Rendered


@dataclass(frozen=True, kw_only=True)
class Written:
    """Which files of a patch directory were written, and which were removed as stale."""

    written: tuple[str, ...]
    removed: tuple[str, ...]


def write_series(
    rendered: Rendered, target: Path, *, overwrite: bool = False, chosen: str = ""
) -> Written:
    """Write the patches into ``target``, each whole or not at all.

    Patches that an earlier manifest lists and this one does not are removed; other files stay.

    Args:
        rendered: what is written.
        target: the directory.
        overwrite: what somebody has edited by hand may be lost.
        chosen: the options that choose this base, series and source, as in a shell.

    Raises:
        UserError: a patch was edited since it was rendered; nothing is written.
    """
    files = rendered.files
    edited = () if overwrite else edited_patches(rendered, target)
    if edited:
        raise UserError(
            "edited since it was rendered, and would be lost:\n  " + "\n  ".join(edited) + "\n",
            where=str(target),
            hint=_import_hint([target / name for name in edited], chosen),
        )
    ensure_dir(target)
    manifest = target / "series"
    listed = read_names(manifest.read_bytes()) if manifest.is_file() else ()
    written = [name for name, data in files.items() if write_atomic(target / name, data)]
    stale = [name for name in listed if name not in files and (target / name).is_file()]
    for name in stale:
        (target / name).unlink()
    return Written(written=tuple(written), removed=tuple(stale))


def _import_hint(edited: Sequence[Path], chosen: str) -> str:
    """Return the command that brings edited patches into the templates, and that which loses them.

    A cover letter has no change that could be imported.
    """
    options = f" {chosen}" if chosen else ""
    lose = f"uprobekit render{options} --overwrite loses what was edited"
    names = [str(path) for path in edited if not path.name.startswith("0000-")]
    cover = "" if len(names) == len(edited) else "the cover letter is messages/cover.txt.j2; "
    bring = f"run: uprobekit import{options} {shlex.join(names)}; " if names else ""
    return f"{bring}{cover}{lose}"


def edited_patches(rendered: Rendered, target: Path) -> tuple[str, ...]:
    """Return the patches in ``target`` that are neither as they were rendered nor as they would be.

    So is one of which the list does not say how it was rendered. A file that a merge has left in
    conflict is output like the others: it is rendered again.
    """
    manifest = target / "series"
    data = manifest.read_bytes() if manifest.is_file() else b""
    known = read_digests(data)
    found = []
    for name in sorted({*known, *rendered.patches}):
        path = target / name
        if not path.is_file():
            continue
        text = path.read_bytes()
        same = text == rendered.patches.get(name) or digest(text) in known.get(name, ())
        if not same and not re.search(rb"^(?:<{7}|>{7})", text, re.M):
            found.append(name)
    return tuple(found)
