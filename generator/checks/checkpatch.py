# SPDX-License-Identifier: GPL-2.0-only
"""Run the base's own ``checkpatch.pl --strict`` on every patch.

A finding is inherited when checkpatch has the very same words for the unmodified file: the series
follows a habit of that file there (a goto label in CamelCase of which a neighbour was renamed, the
flavour of RCU that the file uses). Everything else counts.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from generator import tools
from generator.errors import InfraError

_FINDING = re.compile(r"^(?P<file>[^:]*):(?P<line>\d+): (?P<text>(?:ERROR|WARNING|CHECK):.*)$")


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Something checkpatch does not like: patch, file and line (from 1) in the tree, its words.

    For the text of a commit ``file`` is the patch itself.
    """

    patch: str
    file: str
    line: int
    text: str


@dataclass(frozen=True, kw_only=True)
class CheckpatchResult:
    """What checkpatch found in a series.

    Attributes:
        checked: names of the patches that were looked at.
        findings: those that count.
        inherited: those in lines of the base's own.
    """

    checked: tuple[str, ...]
    findings: tuple[Finding, ...]
    inherited: tuple[Finding, ...]


UNSIGNED = ("MISSING_SIGN_OFF", "NO_AUTHOR_SIGN_OFF")
"""What checkpatch says of patches that nobody has signed yet."""

NO_HISTORY = ("UNKNOWN_COMMIT_ID",)
"""What it says of every commit that a message names, where the tree is no repository."""


def check_patches(
    patches: Mapping[str, bytes], pristine: Path, *, signed: bool = True
) -> CheckpatchResult:
    """Run checkpatch on ``patches`` (name to content), with the script of the tree ``pristine``.

    Args:
        patches: name to content.
        pristine: the tree that has the script.
        signed: they are as they are sent; otherwise a missing Signed-off-by is no finding.

    Raises:
        InfraError: perl or the script cannot be run.
    """
    checked = [name for name in sorted(patches) if not name.startswith("0000-")]
    findings: list[Finding] = []
    unknown = () if (pristine / ".git").exists() else NO_HISTORY
    left_out = (*unknown, *(() if signed else UNSIGNED))
    ignored = (f"--ignore={','.join(left_out)}",) if left_out else ()
    with tempfile.TemporaryDirectory() as place:
        for name in checked:
            file = Path(place, name)
            file.write_bytes(patches[name])
            findings += [
                Finding(
                    patch=name,
                    # of the message it names no file
                    file=name if where in ("", str(file)) else where,
                    line=line,
                    text=text,
                )
                for where, line, text in _run(pristine, *ignored, "--showfile", str(file))
            ]
    habits = {
        path: {text for _, _, text in _run(pristine, "--file", path)}
        for path in sorted({f.file for f in findings})
        if (pristine / path).is_file()
    }
    inherited = tuple(f for f in findings if f.text in habits.get(f.file, set()))
    return CheckpatchResult(
        checked=tuple(checked),
        findings=tuple(f for f in findings if f not in inherited),
        inherited=inherited,
    )


def _run(pristine: Path, *arguments: str) -> list[tuple[str, int, str]]:
    """Run checkpatch and return file, line and words of each finding."""
    script = pristine / "scripts" / "checkpatch.pl"
    command = ["perl", str(script), "--strict", "--terse", "--show-types", "--no-summary"]
    # a .checkpatch.conf in the user's home directory would count
    with tempfile.TemporaryDirectory() as home:
        settings = {**os.environ, "HOME": home}
        done = tools.run([*command, *arguments], cwd=pristine, env=settings)
    if done.returncode not in (0, 1) or "Can't" in done.stderr:
        raise InfraError(
            f"checkpatch.pl failed: {done.stderr.strip() or 'no reason given'}",
            where=" ".join([*command, *arguments]),
        )
    found = (_FINDING.match(line) for line in done.stdout.splitlines())
    return [(match["file"], int(match["line"]), match["text"]) for match in found if match]
