# SPDX-License-Identifier: GPL-2.0-only
"""What a cover letter says about the patches, from the model: their numbers are counted."""

from __future__ import annotations

from collections.abc import Sequence

from generator.model.series import Patch


def describe_patches(patches: Sequence[Patch]) -> str:
    """Return a list of what each patch does; those that prepare, in front, are one entry."""
    front = next((n for n, patch in enumerate(patches) if not patch.unchanged), len(patches))
    lines = []
    if front:
        what, they = ("Patch 1 prepares", "it") if front == 1 else (_upto(front), "they")
        ends = "s" if front == 1 else ""
        lines.append(f" - {what}: {they} rename{ends} and reorder{ends}, and change{ends} no code.")
    for number, patch in enumerate(patches, 1):
        if number > front:
            does = patch.gist or f'is "{patch.subject}"'
            lines.append(f" - Patch {number} {does}.")
    return "\n".join(lines)


def _upto(number: int) -> str:
    return f"Patches 1 {'and' if number == 2 else 'to'} {number} prepare"


def number_patches(patches: Sequence[Patch]) -> dict[str, int]:
    """Return the number of each patch, by its identifier."""
    return {patch.ident: number for number, patch in enumerate(patches, 1)}
