# SPDX-License-Identifier: GPL-2.0-only
"""Apply the patches as files, one after the other, and compare with the commits they came from.

Works in the bare repository of ``series`` with an index of its own; no branch and no file moves.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from generator.tree.git import ask_git, run_git


@dataclass(frozen=True, kw_only=True)
class Replayed:
    """A patch that was applied.

    Attributes:
        name: file name of the patch.
        ref: the commit that it must lead to.
        tree: git's id of that commit's tree.
        problem: why it does not lead there, "" when it does.
    """

    name: str
    ref: str
    tree: str
    problem: str


def replay_patches(repo: Path, series: str, patches: Mapping[str, bytes]) -> tuple[Replayed, ...]:
    """Apply each patch to the commit before it.

    Args:
        repo: the bare repository.
        series: name of the series, the start of its tags.
        patches: name and content, as rendered; a cover letter is left out.

    Raises:
        InfraError: git cannot be run, or the repository is not that of the series.
    """
    names = [name for name in sorted(patches) if not name.startswith("0000-")]
    done: list[Replayed] = []
    with tempfile.TemporaryDirectory() as place:
        index = {"GIT_INDEX_FILE": str(Path(place) / "index")}
        refs = [f"{series}-{number:02d}" for number in range(1, len(names) + 1)]
        trees = _git(repo, {}, "rev-parse", *(f"{ref}^{{tree}}" for ref in refs)).split()
        _git(repo, index, "read-tree", "baseline")
        for name, ref, tree in zip(names, refs, trees, strict=True):
            problem = _apply(repo, index, patches[name], tree)
            if problem:
                _git(repo, index, "read-tree", tree)
            done.append(Replayed(name=name, ref=ref, tree=tree, problem=problem))
    return tuple(done)


def _apply(repo: Path, index: dict[str, str], patch: bytes, wanted: str) -> str:
    """Apply a patch to the index and return what is wrong with the result."""
    words = ("apply", "--cached", "--whitespace=nowarn")
    done = run_git(*words, repo=repo, isolated=True, stdin=patch, environment=index)
    if done.returncode:
        lines = done.stderr.decode(errors="replace").strip().splitlines()
        return lines[0] if lines else "git apply gives no reason"
    if _git(repo, index, "write-tree") != wanted:
        return f"does not lead to {wanted[:12]}"
    return ""


def _git(repo: Path, environment: dict[str, str], *arguments: str) -> str:
    return ask_git(*arguments, repo=repo, isolated=True, environment=environment).decode().strip()
