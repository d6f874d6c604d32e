# SPDX-License-Identifier: GPL-2.0-only
"""Faults that nothing notices, and why that is right; what is not here is a hole in the proof."""

from __future__ import annotations

from generator.verify.mutation.fault import Fault

# function and change, as a report shows them, and the reason
_EXPLAINED: dict[tuple[str, str], str] = {}


def explain_survivor(fault: Fault) -> str:
    """Return why a fault that survives is none, "" when that is not known."""
    return _EXPLAINED.get((fault.function, fault.said), "")
