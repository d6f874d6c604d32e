# SPDX-License-Identifier: GPL-2.0-only
"""Compare a fresh rendering with the committed patches.

On the source version that the committed patches were rendered for, every byte counts. Debian's
source moves on: on a newer one the context of a hunk may have changed, so what the patches do is
compared: the lines they take out and put in, file by file, as ``git patch-id`` looks at them but
without context. Likewise ``interface.txt`` may name another line of the base beside a hook.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from generator.tree.facts import FILE_NAME
from generator.tree.manifest import read_manifest
from generator.tree.series import Rendered


@dataclass(frozen=True, kw_only=True)
class Drift:
    """How a rendering differs from the committed patches.

    Attributes:
        committed: the source version of the committed patches, "" when there are none.
        rendered: the source version that was rendered for.
        missing, stale: files that only the rendering has, or only the directory.
        changed: patches that do something else, or differ in a byte on the same source.
        moved: patches that do the same in another context, on another source.
    """

    committed: str
    rendered: str
    missing: tuple[str, ...]
    stale: tuple[str, ...]
    changed: tuple[str, ...]
    moved: tuple[str, ...]

    @property
    def clean(self) -> bool:
        """Nothing to be rendered again, except for a source that has moved on."""
        return not (self.missing or self.stale or self.changed)

    @property
    def base_moved(self) -> bool:
        """The source is another version than that of the committed patches."""
        return bool(self.committed) and self.committed != self.rendered


def compare_series(rendered: Rendered, target: Path) -> Drift:
    """Compare ``rendered`` with the files in ``target``; nothing is written."""
    manifest = target / "series"
    committed = read_manifest(manifest.read_bytes()) if manifest.is_file() else {}
    fresh = read_manifest(rendered.manifest)
    same_source = committed.get("source") == fresh["source"]
    have = {path.name: path.read_bytes() for path in sorted(target.glob("*.patch"))}
    interface = target / FILE_NAME
    have |= {FILE_NAME: interface.read_bytes()} if interface.is_file() else {}
    want = {**rendered.patches, FILE_NAME: rendered.interface}
    changed, moved = [], []
    for name in sorted(want.keys() & have.keys()):
        if want[name] == have[name]:
            continue
        compared = what_it_says if name == FILE_NAME else what_it_does
        if same_source or compared(want[name]) != compared(have[name]):
            changed.append(name)
        else:
            moved.append(name)
    unusable = manifest.is_file() and "source" not in committed
    if unusable or (same_source and manifest.read_bytes() != rendered.manifest):
        changed.append("series")
    missing = want.keys() - have.keys()
    if not manifest.is_file():
        missing |= {"series"}
    return Drift(
        committed=committed.get("source", ""),
        rendered=fresh["source"],
        missing=tuple(sorted(missing)),
        stale=tuple(sorted(have.keys() - want.keys())),
        changed=tuple(changed),
        moved=tuple(moved),
    )


def what_it_does(patch: bytes) -> list[bytes]:
    """Return the message and the changed lines of a patch, without line numbers and context."""
    text, _, diff = patch.partition(b"\n---\n")
    subject = re.sub(rb"\[PATCH[^]]*\]", b"[PATCH]", text)
    kept = [re.sub(rb"Linux \d[\d.]*", b"Linux", subject)]
    for line in diff.split(b"\n"):
        if line.startswith((b"+++", b"---")) or (line[:1] in (b"+", b"-")):
            kept.append(line)
    return kept


def what_it_says(interface: bytes) -> bytes:
    """Return an ``interface.txt`` without the lines of the base that hooks stand after."""
    return re.sub(rb"^(hook .*?\)) after '.*'$", rb"\1", interface, flags=re.M)
