# SPDX-License-Identifier: GPL-2.0-only
"""What has to be done for a base, one thing each, by the work that it makes."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum


class Work(StrEnum):
    """The kind of work; the heaviest first."""

    WRITE = "write"
    """C of the series or the model has to change."""
    DECIDE = "decide"
    """A person has to look: take out, keep or call."""
    PLACE = "place"
    """An edit needs another place, or another text."""
    NAME = "name"
    """A name or a word in the base's module."""


@dataclass(frozen=True, kw_only=True)
class Item:
    """A thing that does not hold in a tree.

    Attributes:
        work: what has to be done.
        kind: ``type``, ``function``, ``member``, ``constant``, ``remains``, ``orphan``, ``caller``,
            ``new``, ``edit`` or ``fact``.
        name: what it is about.
        where: its file and line in the tree; the file alone where it is not there.
        problem: what is wrong.
        like: what the nearest base has, with file and line there; "" where that is not known.
        used: where the series uses it, or what decides by it.
    """

    work: Work
    kind: str
    name: str
    where: str
    problem: str
    like: str = ""
    used: tuple[str, ...] = field(default=())


def by_work(items: list[Item]) -> tuple[Item, ...]:
    """Return items with the heaviest work first, and by their place in each."""
    order = list(Work)
    return tuple(sorted(items, key=lambda item: (order.index(item.work), _place(item.where))))


def _place(where: str) -> tuple[str, int]:
    path, _, line = where.partition(":")
    found = re.match(r"\d+", line)
    return path, int(found[0]) if found else 0
