# SPDX-License-Identifier: GPL-2.0-only
"""Commit messages: paragraphs filled to the width that the kernel wants."""

from __future__ import annotations

import textwrap

WIDTH = 72


def fill(text: str) -> str:
    """Return ``text`` with its paragraphs filled; one that begins with `` - `` hangs by three.

    Blank lines separate paragraphs and stay.
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
            item,
            WIDTH,
            subsequent_indent="   " if item.startswith(" - ") else "",
            break_on_hyphens=False,
            break_long_words=False,
        )
        for item in items
    )
