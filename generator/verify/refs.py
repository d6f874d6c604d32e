# SPDX-License-Identifier: GPL-2.0-only
"""The files of the prefixes, out of the rendered repository."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import git

from generator.errors import InfraError
from generator.plan import Plan

Prefixes = Mapping[str, tuple[tuple[str, ...], Mapping[str, str]]]
"""Name of a prefix to its patches (identifiers, in order) and the touched files."""


def files_at(repo: Path, ref: str) -> dict[str, str]:
    """Return the files of a ref, by path.

    Raises:
        InfraError: the repository is not as it was rendered.
    """
    try:
        tree = git.Repo(repo).commit(ref).tree
        blobs = [item for item in tree.traverse() if isinstance(item, git.objects.Blob)]
        return {
            str(blob.path): blob.data_stream.read().decode("utf-8", "surrogateescape")
            for blob in blobs
        }
    except (git.exc.GitError, git.exc.BadName, OSError, ValueError) as error:
        raise InfraError(
            f"there is no '{ref}' that can be read", where=str(repo), hint="render the series again"
        ) from error


def read_prefixes(plan: Plan, repo: Path) -> Prefixes:
    """Return the baseline and every prefix of a series.

    Raises:
        InfraError: the repository is not as it was rendered.
    """
    prefixes: dict[str, tuple[tuple[str, ...], Mapping[str, str]]] = {
        "baseline": ((), files_at(repo, "baseline"))
    }
    patches: tuple[str, ...] = ()
    for planned in plan.patches:
        ref = f"{plan.series.name}-{planned.number:02d}"
        patches = (*patches, planned.patch.ident)
        prefixes[ref] = (patches, files_at(repo, ref))
    return prefixes
