# SPDX-License-Identifier: GPL-2.0-only
"""What a section of the report is made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

GOOD, BAD = "good", "bad"
LONGEST = 20_000
"""Characters of a text that are shown."""
Data = Mapping[str, Any]
View = tuple[str, str, Any]
"""``GOOD`` or ``BAD``, a line about it, what the page's section shows."""


@dataclass(frozen=True, kw_only=True)
class Section:
    """A section of the report that a kept result fills.

    Attributes:
        anchor: its name in the page.
        title: its heading.
        command: what makes the result, without the base.
        result: name of the kept file; ``{flavour}`` stands for the kernel configuration.
        look: reads the result.
    """

    anchor: str
    title: str
    command: str
    result: str
    look: Callable[[Data], View]


def judged(good: bool) -> str:
    """Return the word."""
    return GOOD if good else BAD


def cut(text: object) -> str:
    """Return a text of another program, of at most 20,000 characters."""
    whole = str(text)
    return whole if len(whole) <= LONGEST else f"{whole[:LONGEST]} ... and more"
