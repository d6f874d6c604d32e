# SPDX-License-Identifier: GPL-2.0-only
"""Ask the base's own ``get_maintainer.pl`` whom the series goes to.

By the file MAINTAINERS alone: what git remembers of authors would depend on the clone.
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

_LINE = re.compile(r"^(?P<who>.*?\S) \((?P<role>[a-z ]+)(?P<section>:.*)?\)$")
_TO = frozenset({"maintainer", "supporter", "odd fixer"})


@dataclass(frozen=True, kw_only=True)
class Recipient:
    """Somebody to send the series to: address, role, the section of MAINTAINERS that says so."""

    who: str
    role: str
    section: str

    @property
    def to(self) -> bool:
        """Tell whether it goes to them; lists and reviewers get a copy."""
        return self.role in _TO


def find_recipients(patches: Mapping[str, bytes], pristine: Path) -> tuple[Recipient, ...]:
    """Return the recipients of a series, maintainers first, in the script's order.

    Args:
        patches: name to content; the cover letter is left out.
        pristine: the unmodified tree, with MAINTAINERS and the script.

    Raises:
        InfraError: perl, the script or MAINTAINERS is missing, or says something unknown.
    """
    script = pristine / "scripts" / "get_maintainer.pl"
    if not (pristine / "MAINTAINERS").exists() or not script.is_file():
        raise InfraError(
            "this source has no MAINTAINERS or no scripts/get_maintainer.pl",
            where=str(pristine),
            hint="take a whole kernel source: --tree, or Debian's package",
        )
    with tempfile.TemporaryDirectory() as place:
        files = [Path(place, name) for name in sorted(patches) if not name.startswith("0000-")]
        for file in files:
            file.write_bytes(patches[file.name])
        found = _ask(script, pristine, files)
    return tuple(sorted(found, key=lambda one: not one.to))


def _ask(script: Path, pristine: Path, files: list[Path]) -> list[Recipient]:
    command = ["perl", str(script), "--roles", "--norolestats", "--nogit", "--nogit-fallback"]
    # a .get_maintainer.conf in the user's home directory would count
    with tempfile.TemporaryDirectory() as home:
        done = tools.run([*command, *files], cwd=pristine, env={**os.environ, "HOME": home})
    lines = [_LINE.match(line) for line in done.stdout.splitlines()]
    if done.returncode or not lines or not all(lines):
        said = done.stderr.strip() or done.stdout.strip() or "it knows nobody"
        raise InfraError(f"get_maintainer.pl failed: {said}", where=str(script))
    return [
        Recipient(
            who=match["who"], role=match["role"], section=(match["section"] or "").lstrip(":")
        )
        for match in lines
        if match
    ]
