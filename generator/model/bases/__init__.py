# SPDX-License-Identifier: GPL-2.0-only
"""The base kernels: what differs between them is data, one module a base.

Adding a base means adding a module here and naming it in ``BASES``; no engine changes.
"""

from __future__ import annotations

from generator.model.bases.base import Base, Hook
from generator.model.bases.v3_3 import BASE as V3_3
from generator.model.bases.v6_1 import BASE as V6_1
from generator.model.bases.v6_12 import BASE as V6_12

BASES: tuple[Base, ...] = (V6_1, V6_12, V3_3)
UNFINISHED: tuple[Base, ...] = ()
"""Bases that have edits for a part of the series only: nothing offers them."""


def name_on(base: Base, function: str) -> str:
    """Return the base's name of a function that the model calls by the first base's."""
    keys = {name: key for key, name in BASES[0].names.items()}
    return base.names[keys[function]] if function in keys else function


__all__ = ["BASES", "UNFINISHED", "Base", "Hook", "name_on"]
