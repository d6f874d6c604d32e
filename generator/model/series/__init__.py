# SPDX-License-Identifier: GPL-2.0-only
"""The series: one module each, data alone.

Adding a series means adding a module with a ``Series`` and its templates; no engine changes.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from generator.model.identity import Identity
from generator.model.series.kinds import Patch, Series, Start
from generator.model.series.review import REVIEW


def _found() -> tuple[Series, ...]:
    """Return the series of all modules: the review's first, the others by name."""
    modules = (import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__))
    found = {
        value.name: value
        for module in modules
        for value in vars(module).values()
        if isinstance(value, Series)
    }
    return tuple(sorted(found.values(), key=lambda series: (series != REVIEW, series.name)))


SERIES: tuple[Series, ...] = _found()

__all__ = ["REVIEW", "SERIES", "Identity", "Patch", "Series", "Start"]
