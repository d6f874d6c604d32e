# SPDX-License-Identifier: GPL-2.0-only
"""A git repository as it is read by ``changes`` and ``importer``: nothing of it is changed."""

from __future__ import annotations

import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from generator.errors import InfraError
from generator.plan import Plan
from generator.tree.git import git_environment


def run_git(
    *arguments: str, stdin: bytes = b"", index: Path | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Run git, with an index of its own where one is given.

    Raises:
        InfraError: there is no git.
    """
    environment = git_environment(isolated=False)
    if index:
        environment["GIT_INDEX_FILE"] = str(index)
    try:
        return subprocess.run(
            ["git", *arguments], input=stdin, capture_output=True, check=False, env=environment
        )
    except OSError as error:
        raise InfraError("git cannot be run", hint="apt-get install git") from error


@dataclass(frozen=True)
class ChangedFile:
    """A file of a commit: what became of it (A, D, M, T), and whether its mode is another."""

    path: str
    status: str
    mode: bool


class Repository:
    """Reads a git repository; writes nothing but objects into our own."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def run(
        self, *arguments: str, stdin: bytes = b"", index: Path | None = None
    ) -> subprocess.CompletedProcess[bytes]:
        """Run git in it."""
        return run_git("-C", str(self._path), *arguments, stdin=stdin, index=index)

    def text(self, *arguments: str) -> str:
        """Return what git prints, "" when it fails."""
        done = self.run(*arguments)
        return "" if done.returncode else done.stdout.decode("utf-8", "surrogateescape")

    def file(self, rev: str, path: str) -> str | None:
        """Return the text of a file; None when the commit or tree has none."""
        done = self.run("cat-file", "blob", f"{rev}:{path}")
        return None if done.returncode else done.stdout.decode("utf-8", "surrogateescape")

    def message(self, rev: str) -> tuple[str, str]:
        """Return the first line of a commit's message, and what follows."""
        title, _, body = self.text("log", "-1", "--format=%B", rev).partition("\n")
        return title, body

    def parent(self, commit: str) -> str:
        """Return the first parent of a commit, "" for one without."""
        return self.text("rev-parse", "--verify", "--quiet", f"{commit}^").strip()

    def changed_files(self, commit: str) -> list[ChangedFile]:
        """Return the files that a commit changes, seen from its first parent.

        See gitdiffcore(7), and "raw output" in git-diff-tree(1).
        """
        parent = self.parent(commit) or self.text("hash-object", "-t", "tree", "/dev/null").strip()
        found = []
        for row in self.text(
            "diff-tree", "--no-renames", "--raw", "-r", parent, commit
        ).splitlines():
            head, _, path = row.partition("\t")
            old, new, _, _, status = head.removeprefix(":").split()
            found.append(ChangedFile(path=path, status=status, mode=old != new))
        return found


def prefix_ref(plan: Plan, number: int) -> str:
    """Return the name in our repository of a prefix: -1 is the source, 0 the baseline."""
    if number < 0:
        return "base"
    return f"{plan.series.name}-{number:02d}" if number else "baseline"


def merge(ours: str, base: str, theirs: str) -> str | None:
    """Return ``ours`` with what has changed from ``base`` to ``theirs``; None where both differ."""
    if base in (theirs, ours):
        return ours if base == theirs else theirs
    with tempfile.TemporaryDirectory() as place:
        paths = [Path(place) / name for name in ("ours", "base", "theirs")]
        for path, text in zip(paths, (ours, base, theirs), strict=True):
            path.write_bytes(text.encode("utf-8", "surrogateescape"))
        done = run_git("merge-file", "--stdout", "--quiet", *map(str, paths))
    return None if done.returncode else done.stdout.decode("utf-8", "surrogateescape")
