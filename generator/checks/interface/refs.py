# SPDX-License-Identifier: GPL-2.0-only
"""The prefixes of a series as the checks see them: which patches, and the text of each file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from generator.plan import Plan
from generator.tree.refs import read_refs

Prefixes = Mapping[str, tuple[tuple[str, ...], Mapping[str, str]]]
"""Name of a prefix to its patches (identifiers, in order) and the touched files."""


def read_prefixes(plan: Plan, repo: Path) -> Prefixes:
    """Return the baseline and every prefix of a series.

    Raises:
        UserError: the repository is not as it was rendered.
    """
    idents = tuple(planned.patch.ident for planned in plan.patches)
    patches = {f"{plan.series.name}-{p.number:02d}": idents[: p.number] for p in plan.patches}
    files = read_refs(repo, ("baseline", *patches))
    return {ref: (patches.get(ref, ()), found.texts) for ref, found in files.items()}
