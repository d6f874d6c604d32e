# SPDX-License-Identifier: GPL-2.0-only
"""Read the ``series`` file beside the patches; ``tree.series`` writes it."""

from __future__ import annotations

import hashlib
import re


def digest(data: bytes) -> str:
    """Return by what a ``series`` file knows a patch."""
    return hashlib.sha256(data).hexdigest()[:16]


def read_digests(data: bytes) -> dict[str, set[str]]:
    """Return what a ``series`` file says that each patch was; more than one after a merge."""
    found: dict[str, set[str]] = {}
    for name, digest in re.findall(
        r"^# sha256 (\S+) ([0-9a-f]{16})$", data.decode(errors="replace"), re.M
    ):
        found.setdefault(name, set()).add(digest)
    return found


def read_names(data: bytes) -> tuple[str, ...]:
    """Return the patches that a ``series`` file lists."""
    lines = data.decode(errors="replace").splitlines()
    return tuple(line for line in lines if re.fullmatch(r"\d{4}-[^/]+\.patch", line))


def read_manifest(data: bytes) -> dict[str, str]:
    """Return the comments of a ``series`` file as key and value."""
    return dict(re.findall(r"^# (\w+): (.*)$", data.decode(errors="replace"), re.M))
