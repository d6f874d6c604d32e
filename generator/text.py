# SPDX-License-Identifier: GPL-2.0-only
"""Text that came out of a guest: read in bounded pieces, made harmless.

A crashing guest may print anything: NUL, terminal escapes, megabytes without a newline. Everything
that looks at guest output reads it through here.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

MAX_LINE = 4096
"""Bytes; a longer line is cut into pieces of this length."""

_ESCAPES = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|[@-Z\\-_])")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_PRINTK = re.compile(r"^(<\d+>)?\[ *\d+\.\d+\](\[ *[TC]\d+\])? ?")


def clean_text(text: str) -> str:
    """Return ``text`` without terminal escapes; other control characters are written in hex."""
    text = _ESCAPES.sub("", text)
    return _CONTROL.sub(lambda match: f"\\x{ord(match[0]):02x}", text)


def read_lines(path: Path) -> Iterator[str]:
    """Yield the lines of ``path``, cleaned, without their ends; a missing file has none.

    Every kind of line end counts (serial consoles send carriage return and newline).
    """
    try:
        # nobody waits for who writes a FIFO
        stream = os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb")
    except OSError:
        return
    with stream:
        while piece := stream.readline(MAX_LINE):
            yield clean_text(piece.decode("utf-8", "replace").rstrip("\r\n"))


def strip_printk(line: str) -> str:
    """Return ``line`` without the level, time stamp and caller that printk puts in front."""
    return _PRINTK.sub("", line, count=1)
