# SPDX-License-Identifier: GPL-2.0-only
"""The base kernels: what differs between them is data, one module a base.

Adding a base means adding a module here and naming it in ``BASES``; no engine changes.
"""

from __future__ import annotations

from generator.model.bases.base import Base, Hook
from generator.model.bases.v3_3 import BASE as V3_3
from generator.model.bases.v6_1 import BASE as V6_1
from generator.model.bases.v6_12 import BASE as V6_12

BASES: tuple[Base, ...] = (V6_1, V6_12)
UNFINISHED: tuple[Base, ...] = (V3_3,)
"""Bases that have edits for a part of the series only: nothing offers them."""

__all__ = ["BASES", "UNFINISHED", "Base", "Hook"]
