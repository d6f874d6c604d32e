# SPDX-License-Identifier: GPL-2.0-only
"""Which names the headers of a tree have; what was found is remembered in the work area."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from pathlib import Path

from generator.jsonfile import read_json
from generator.paths import write_atomic
from generator.tree.acquire import Source

_NEAR = ("include/linux", "include/uapi", "arch/x86/include")
"""Where nearly all names are: a third of the headers."""

_ALL = ("include", "arch/x86", "kernel", "mm", "lib", "security")
"""Where the headers are that C of the series may include."""


def find_in_headers(
    source: Source, wanted: Collection[frozenset[str]], touched: frozenset[str], cache: Path
) -> frozenset[str]:
    """Return which names the headers have outside of comments, those that were found before too.

    Args:
        source: the tree.
        wanted: identifiers, of each set one.
        touched: headers that do not count.
        cache: where names that were found are remembered.
    """
    identity = f"{source.identity} {' '.join(sorted(touched))}"
    known = found = _read(cache, identity)
    for folders in (_NEAR, _ALL):
        missing = frozenset[str]().union(*(names for names in wanted if names.isdisjoint(found)))
        rows = source.lines(folders, tuple(sorted(missing)), "h") if missing else ()
        found |= {
            word
            for path, text in rows
            if path not in touched and not text.lstrip().startswith(("*", "/*", "//"))
            for word in missing.intersection(re.findall(r"\w+", text))
        }
    if found != known:
        data = {"identity": identity, "names": sorted(found)}
        write_atomic(cache, (json.dumps(data, indent=0) + "\n").encode())
    return found


def _read(cache: Path, identity: str) -> frozenset[str]:
    """Return the names that were found in the same headers."""
    try:
        kept = read_json(cache)
        if kept["identity"] == identity:
            return frozenset(map(str, kept["names"]))
    except (ValueError, KeyError, TypeError):
        pass
    return frozenset()
