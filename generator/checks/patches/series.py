# SPDX-License-Identifier: GPL-2.0-only
"""The patches of a series as rows of ``uprobekit verify``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from generator.checks.interface.ast import Check, Difference
from generator.checks.patches.apply import apply_patches
from generator.checks.patches.mail import check_mails


def check_series(repo: Path, series: str, patches: Mapping[str, bytes]) -> tuple[Check, ...]:
    """Apply every patch in its place, and read it as a mail.

    Args:
        repo: the rendered repository.
        series: its name.
        patches: name to content.

    Raises:
        InfraError: git cannot be run, or the repository is not as it was rendered.
    """
    applied = apply_patches(repo, series, patches)
    return (
        Check(
            what="patches, by git am in their place",
            checked=len(applied),
            differences=tuple(
                Difference(place=result.patch, what=result.problem)
                for result in applied
                if result.problem
            ),
        ),
        Check(
            what="mails: numbers, trailers, white space",
            checked=len(patches),
            differences=tuple(
                Difference(
                    place=f"{finding.patch}:{finding.line}" if finding.line else finding.patch,
                    what=finding.what,
                )
                for finding in check_mails(patches)
            ),
        ),
    )
