# SPDX-License-Identifier: GPL-2.0-only
"""What a reader needs below the first patch: a tree that people have, and the baseline's patch.

The baseline is between the unmodified source and the series. Readers are told its git patch-id, as
``git format-patch --base`` does, and the patch itself is made for whoever wants it.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from generator.tree.acquire import Source
from generator.tree.git import ask_git, run_git


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What the patches apply to.

    Attributes:
        commit: of a tree that readers have; "" where the source is no git repository.
        source: what the source is, in words.
        prerequisites: git's stable ids of the patches between that and the first one.
        published: a tag or a remote's branch has the commit, so that readers can have it.
    """

    commit: str
    source: str
    prerequisites: tuple[str, ...] = ()
    published: bool = True


def find_ground(source: Source, repo: Path, touched: Iterable[str]) -> Ground:
    """Return what a rendered series is for.

    Args:
        source: the unmodified source.
        repo: the rendered repository, with the branches ``base`` and ``baseline``.
        touched: the files of the source that the series touches.

    Raises:
        InfraError: git fails.
    """
    commit = source.commit or _head(source, sorted(touched))
    difference = _git(repo, "diff", "--full-index", "--no-renames", "base", "baseline")
    ident = _git(repo, "patch-id", "--stable", data=difference).split()[:1]
    return Ground(
        commit=commit,
        source=_in_words(source),
        prerequisites=tuple(word.decode() for word in ident),
        published=not commit or _is_published(source.path, commit),
    )


def baseline_patch(repo: Path) -> bytes:
    """Return the baseline as a patch for the unmodified source, in its mail form.

    Raises:
        InfraError: git fails.
    """
    options = ("--stdout", "--zero-commit", "--no-signature", "--full-index", "--no-renames")
    return _git(repo, "format-patch", *options, "base..baseline")


def _in_words(source: Source) -> str:
    if source.kind == "package":
        _, package, version = source.identity.split(" ", 2)
        return f"Debian's {package} {version} (Linux {source.version})"
    return f"Linux {source.version}"


def _head(source: Source, touched: list[str]) -> str:
    """Return the commit of a directory that is a git work tree, if it has these files."""
    if source.kind != "directory":
        return ""
    done = _look(source.path, "rev-parse", "--verify", "--quiet", "HEAD")
    inside = (source.path / ".git").exists()
    clean = ("diff", "--quiet", "HEAD", "--", *touched)
    if not inside or done.returncode or _look(source.path, *clean).returncode:
        return ""
    return done.stdout.decode().strip()


def _is_published(tree: Path, commit: str) -> bool:
    """Tell whether a tag or a remote's branch has the commit."""
    command = ("for-each-ref", "--count=1", f"--contains={commit}", "refs/tags", "refs/remotes")
    return bool(_look(tree, *command).stdout.strip())


def _git(repo: Path, *arguments: str, data: bytes = b"") -> bytes:
    return ask_git(*arguments, repo=repo, isolated=True, stdin=data)


def _look(tree: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """Ask git about the user's tree, without a refresh of its index."""
    return run_git(*arguments, repo=tree, isolated=False, environment={"GIT_OPTIONAL_LOCKS": "0"})
