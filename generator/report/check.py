# SPDX-License-Identifier: GPL-2.0-only
"""Several checks in one table; ``cli.check`` runs them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from generator.text import clean_text

WORDS = {0: "good", 1: "input", 2: "BAD", 3: "machine"}
"""What an exit status is called."""


@dataclass(frozen=True, kw_only=True)
class CheckRow:
    """A check that was run.

    Attributes:
        name: of the check.
        what: what it asks.
        status: exit status of its command.
        seconds: how long it took.
        command: to run it alone.
        text: what it says where it is not good.
    """

    name: str
    what: str
    status: int
    seconds: float
    command: str
    text: str


def format_checks(rows: Sequence[CheckRow]) -> str:
    """Return a table, and below it what is not good."""
    width = max((len(row.name) for row in rows), default=0)
    lines = []
    for row in rows:
        word = WORDS.get(row.status, WORDS[3])
        lines.append(f"{row.name:{width}}  {word:7}  {row.seconds:5.1f} s  {row.what}")
    for row in rows:
        if row.status:
            said = "\n".join(f"  {clean_text(line)}" for line in row.text.splitlines())
            lines += ["", f"{row.name}: {row.command}", said or "  nothing was said"]
    return "\n".join(lines)


def worst_status(rows: Sequence[CheckRow]) -> int:
    """Return the exit status of all: a check that fails counts more than one that cannot run."""
    return worst([row.status for row in rows])


def worst(statuses: Sequence[int]) -> int:
    """Return the exit status that counts most: 2, then 3, then 1."""
    found = {status if status in WORDS else 3 for status in statuses}
    return next((status for status in (2, 3, 1) if status in found), 0)
