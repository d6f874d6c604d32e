# SPDX-License-Identifier: GPL-2.0-only
"""Run the base's own ``checkpatch.pl --strict`` on every patch.

A finding is inherited when the same patch takes out a line with the same finding's subject: the
line that is put in was not written here, only a word of it was renamed (a goto label in CamelCase,
say). Everything else counts.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from generator.errors import InfraError

_FINDING = re.compile(r"^(?P<file>[^:]+):(?P<line>\d+): (?P<text>(?:ERROR|WARNING|CHECK):.*)$")
_SUBJECT = re.compile(r"<([^>]+)>")


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Something checkpatch does not like: patch, line of the patch (from 1), its words."""

    patch: str
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


def check_patches(patches: Mapping[str, bytes], pristine: Path) -> CheckpatchResult:
    """Run checkpatch on ``patches`` (name to content), with the script of the tree ``pristine``.

    Raises:
        InfraError: perl or the script cannot be run.
    """
    findings: list[Finding] = []
    checked = [name for name in sorted(patches) if not name.startswith("0000-")]
    with tempfile.TemporaryDirectory() as place:
        for name in checked:
            Path(place, name).write_bytes(patches[name])
        output = _run(pristine, [str(Path(place, name)) for name in checked])
    for line in output.splitlines():
        match = _FINDING.match(line)
        if match:
            findings.append(
                Finding(patch=Path(match["file"]).name, line=int(match["line"]), text=match["text"])
            )
    inherited = [f for f in findings if _inherited(f, patches[f.patch].decode(errors="replace"))]
    return CheckpatchResult(
        checked=tuple(checked),
        findings=tuple(f for f in findings if f not in inherited),
        inherited=tuple(inherited),
    )


def _run(pristine: Path, files: list[str]) -> str:
    script = pristine / "scripts" / "checkpatch.pl"
    command = ["perl", str(script), "--strict", "--terse", "--show-types", "--no-summary", *files]
    try:
        done = subprocess.run(
            command, cwd=pristine, capture_output=True, check=False, text=True, errors="replace"
        )
    except OSError as error:
        raise InfraError("perl cannot be run", hint="apt-get install perl") from error
    trouble = [line for line in done.stderr.splitlines() if "locate" in line or "open" in line]
    if done.returncode not in (0, 1) or trouble:
        raise InfraError(
            f"checkpatch.pl failed: {(trouble or ['no reason given'])[0]}",
            where=" ".join(command[:6]),
        )
    return done.stdout


def _inherited(finding: Finding, patch: str) -> bool:
    """Tell whether the subject of a finding stands in a line that the patch takes out beside it."""
    subject = _SUBJECT.search(finding.text)
    lines = patch.split("\n")
    if subject is None or not 0 < finding.line <= len(lines):
        return False
    place = finding.line - 1
    while place > 0 and lines[place].startswith("+"):
        place -= 1
    while place > 0 and lines[place].startswith("-"):
        if re.search(rf"\b{re.escape(subject.group(1))}\b", lines[place]):
            return True
        place -= 1
    return False
