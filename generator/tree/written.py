# SPDX-License-Identifier: GPL-2.0-only
"""Write a rendered series into its directory, where somebody may have edited it by hand."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from generator.errors import UserError
from generator.paths import ensure_dir, write_atomic
from generator.tree.manifest import NAME, digest, is_as_written, read_digests
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

    Files that were rendered before and are not any more are removed; those of other people stay.

    Args:
        rendered: what is written.
        target: the directory.
        overwrite: what somebody has edited by hand may be lost.
        chosen: the options that choose this base, series and source, as in a shell.

    Raises:
        UserError: a file was edited since it was rendered; nothing is written.
    """
    files = rendered.files
    known = known_files(target / NAME)
    edited = () if overwrite else edited_files(files, target, known)
    if edited:
        raise UserError(
            "edited since it was rendered, and would be lost:\n  " + "\n  ".join(edited) + "\n",
            where=str(target),
            hint=_hint(edited, target, rendered.origins, chosen),
        )
    ensure_dir(target, "--output")
    written = [name for name, data in files.items() if write_atomic(target / name, data)]
    stale = [name for name in known if name not in files and (target / name).is_file()]
    for name in stale:
        (target / name).unlink()
    return Written(written=tuple(written), removed=tuple(stale))


def _hint(edited: Sequence[str], target: Path, origins: Mapping[str, str], chosen: str) -> str:
    """Return where an edit belongs: the command that imports a patch, or the file; and how to lose.

    A cover letter, for one, has no change that could be imported.
    """
    options = f" {chosen}" if chosen else ""
    names = [str(target / name) for name in edited if name not in origins]
    rows = [f"run: uprobekit import{options} {shlex.join(names)}"] if names else []
    rows += [f"{name} is changed in {origins[name]}" for name in edited if name in origins]
    return "; ".join([*rows, f"uprobekit render{options} --overwrite loses what was edited"])


def edited_files(
    files: Mapping[str, bytes], target: Path, known: Mapping[str, set[str]]
) -> tuple[str, ...]:
    """Return the files in ``target`` that are neither as they were written nor as they would be.

    So is one of which nothing says how it was written. A file that a merge has left in conflict is
    output like the others: it is written again.

    Args:
        files: name and content, as they would be.
        target: the directory.
        known: what each was, see ``known_files``.
    """
    found = []
    for name in sorted({*known, *files}):
        path = target / name
        if not path.is_file():
            continue
        text = path.read_bytes()
        same = is_as_written(text) if name == NAME else digest(text) in known.get(name, ())
        same = same or _uncounted(text) == _uncounted(files.get(name, b""))
        if not same and not re.search(rb"^(?:<{7}|>{7})", text, re.M):
            found.append(name)
    return tuple(found)


_COUNTED = re.compile(
    rb"^(?:index [0-9a-f]+\.\.[0-9a-f]+.*|@@ -\d.*| \S+ +\| +\d+ [+-]*| \d+ files? changed, .*)\n",
    re.M,
)


def _uncounted(patch: bytes) -> bytes:
    """Return a patch without what git counts: nobody does so who edits one."""
    return _COUNTED.sub(b"", patch)


def known_files(manifest: Path) -> Mapping[str, set[str]]:
    """Return what a ``series`` file says that each file was; where there is none, nothing."""
    return read_digests(manifest.read_bytes()) if manifest.is_file() else {}
