# SPDX-License-Identifier: GPL-2.0-only
"""The ``series`` file beside the patches, which says what each file was as it was rendered."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping

NAME = "series"
"""What the file is called."""


def digest(data: bytes) -> str:
    """Return by what a ``series`` file knows a file."""
    return hashlib.sha256(data).hexdigest()[:16]


def with_digests(head: str, files: Mapping[str, bytes]) -> bytes:
    """Return a ``series`` file: what is above, and what each file was; itself comes last."""
    text = head + "".join(_line(name, data) for name, data in files.items())
    return (text + _line(NAME, text.encode())).encode()


def _line(name: str, data: bytes) -> str:
    return f"# sha256 {name} {digest(data)}\n"


def read_digests(data: bytes) -> dict[str, set[str]]:
    """Return what a ``series`` file says that each file was; more than one after a merge."""
    found: dict[str, set[str]] = {}
    for name, digest in re.findall(
        r"^# sha256 ([^\s/]+) ([0-9a-f]{16})$", data.decode(errors="replace"), re.M
    ):
        found.setdefault(name, set()).add(digest)
    return found


def is_as_written(data: bytes) -> bool:
    """Tell whether a ``series`` file is as it was written, or two such that git has merged."""
    merged = len(read_digests(data).get(NAME, ())) > 1
    above = data.rpartition(f"# sha256 {NAME} ".encode())[0]
    return merged or not data.strip() or data == above + _line(NAME, above).encode()


def read_names(data: bytes) -> tuple[str, ...]:
    """Return the patches that a ``series`` file lists."""
    lines = data.decode(errors="replace").splitlines()
    return tuple(line for line in lines if re.fullmatch(r"\d{4}-[^/]+\.patch", line))


def read_manifest(data: bytes) -> dict[str, str]:
    """Return the comments of a ``series`` file as key and value."""
    return dict(re.findall(r"^# (\w+): (.*)$", data.decode(errors="replace"), re.M))
