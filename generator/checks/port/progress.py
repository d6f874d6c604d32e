# SPDX-License-Identifier: GPL-2.0-only
"""How far a base is that is being made."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from generator.errors import UprobekitError
from generator.model.bases import Base
from generator.model.series import Series
from generator.plan import plan_series
from generator.tree.acquire import Source
from generator.tree.series import render_series


@dataclass(frozen=True, kw_only=True)
class Started:
    """A base that is being made, and how far it is.

    Attributes:
        base: its name.
        module: the file with its data.
        undecided: how many things a person has to look at.
        renders: whether every patch renders.
        why: why not, or "".
        patches: how many patches it renders.
    """

    base: str
    module: str
    undecided: int
    renders: bool
    why: str = ""
    patches: int = 0


def try_rendering(base: Base, series: Series, source: Source, module: Path) -> Started:
    """Render a base into a directory that is thrown away, and say whether that was possible.

    Args:
        base: the base.
        series: the series.
        source: the tree.
        module: the file that has the base's data.
    """
    why, patches = "", 0
    with tempfile.TemporaryDirectory() as place:
        try:
            rendered = render_series(plan_series(base, series), source, Path(place))
            patches = len(rendered.patches) - 1
        except UprobekitError as error:
            why = str(error)
    return Started(
        base=base.name,
        module=module.name,
        undecided=len(base.undecided),
        renders=not why,
        why=why,
        patches=patches,
    )
