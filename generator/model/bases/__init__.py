# SPDX-License-Identifier: GPL-2.0-only
"""The base kernels: what differs between them is data, one module a base.

Adding a base means adding a module ``v*.py`` with a ``BASE``; no engine changes. One that still
says what is undecided is being made, and not offered.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from generator.model.bases.base import Base, Hook


def _found() -> list[Base]:
    """Return the bases of all modules: those with a package first, older ones first."""
    names = [module.name for module in iter_modules(__path__) if _is_base(module.name)]
    bases: list[Base] = [import_module(f"{__name__}.{name}").BASE for name in names]
    return sorted(bases, key=lambda base: (not base.package, numbers(base.name)))


def _is_base(module: str) -> bool:
    """Tell whether a module is that of a base: ``v6_12`` is, ``v6`` is what several have."""
    first, *rest = module.split("_")
    return first[:1] == "v" and bool(rest) and all(n.isdigit() for n in (first[1:], *rest))


def numbers(version: str) -> tuple[int, ...]:
    """Return the numbers of a kernel release, to be compared; words behind them are left out."""
    return tuple(int(part) for part in version.split(".") if part.isdigit())


_ALL = _found()
BASES: tuple[Base, ...] = tuple(base for base in _ALL if not base.undecided)
UNFINISHED: tuple[Base, ...] = tuple(base for base in _ALL if base.undecided)
"""Bases that are being made: nothing offers them, and who names one gets it."""


__all__ = ["BASES", "UNFINISHED", "Base", "Hook", "numbers"]
