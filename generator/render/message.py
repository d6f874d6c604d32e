# SPDX-License-Identifier: GPL-2.0-only
"""Commit messages: paragraphs filled to the width that the kernel wants."""

from __future__ import annotations

import re
import textwrap

WIDTH = 72

_GLUE = "\0"
"""Stands for a blank at which no line is broken."""


def fill(text: str) -> str:
    """Return ``text`` with its paragraphs filled; one that begins with `` - `` hangs by three.

    Blank lines separate paragraphs and stay. No line is broken in front of ``From``: programs that
    read or write an mbox take such a line for the start of a mail, and put a ``>`` in front of it.
    """
    return "\n\n".join(_paragraph(piece) for piece in text.strip("\n").rstrip().split("\n\n"))


def _paragraph(piece: str) -> str:
    items: list[str] = []
    for line in piece.split("\n"):
        if line.startswith(" - ") or not items:
            items.append(line)
        else:
            items[-1] += " " + line.strip()
    return "\n".join(
        textwrap.fill(
            re.sub(r"(?<=\S)\s+From\b", f"{_GLUE}From", item),
            WIDTH,
            subsequent_indent="   " if item.startswith(" - ") else "",
            break_on_hyphens=False,
            break_long_words=False,
        ).replace(_GLUE, " ")
        for item in items
    )
