# SPDX-License-Identifier: GPL-2.0-only
"""A git repository as it is read by ``changes`` and ``importer``: nothing of it is changed."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess

from generator.plan import Plan
from generator.tree.git import run_git, split_batch

PLAIN = "100644"
SUBMODULE = "160000"
_SETTINGS = ("log.showSignature=false", "i18n.logOutputEncoding=UTF-8", "i18n.commitEncoding=UTF-8")
_PLAIN = tuple(word for setting in _SETTINGS for word in ("-c", setting))
"""Settings of the user's that would be among what git prints."""


@dataclass(frozen=True)
class ChangedFile:
    """A file of a commit: what became of it (A, D, M, T).

    ``mode`` tells whether it has another mode, is new and has not that of a plain file, or is a
    submodule; ``blobs`` names its contents before and after.
    """

    path: str
    status: str
    mode: bool
    blobs: tuple[str, str]


class Repository:
    """Reads a git repository; writes nothing but objects into our own.

    What was asked once is not asked again: commits do not change, and no name of one is moved
    while it is read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._texts: dict[tuple[str, ...], str] = {}

    def run(
        self, *arguments: str, stdin: bytes = b"", index: Path | None = None
    ) -> CompletedProcess[bytes]:
        """Run git in it, with an index of its own where one is given."""
        environment = {"GIT_INDEX_FILE": str(index)} if index else {}
        words = (*_PLAIN, *arguments)
        return run_git(
            *words, repo=self._path, isolated=False, stdin=stdin, environment=environment
        )

    def text(self, *arguments: str) -> str:
        """Return what git prints, "" when it fails."""
        if arguments not in self._texts:
            done = self.run(*arguments)
            said = "" if done.returncode else done.stdout.decode("utf-8", "surrogateescape")
            self._texts[arguments] = said
        return self._texts[arguments]

    def file(self, rev: str, path: str) -> str | None:
        """Return the text of a file; None when the commit or tree has none."""
        done = self.run("cat-file", "blob", f"{rev}:{path}")
        return None if done.returncode else done.stdout.decode("utf-8", "surrogateescape")

    def files(self, rev: str, paths: Sequence[str]) -> dict[str, str | None]:
        """Return the texts of several files as ``file`` does, read by one process."""
        if any("\n" in path for path in paths):  # which ends a name for git
            return {path: self.file(rev, path) for path in paths}
        names = "".join(f"{rev}:{path}\n" for path in paths)
        done = self.run("cat-file", "--batch", stdin=names.encode("utf-8", "surrogateescape"))
        return dict(zip(paths, split_batch(done.stdout, len(paths)), strict=True))

    def message(self, rev: str) -> tuple[str, str]:
        """Return the first line of a commit's message, and what follows."""
        title, _, body = self.text("log", "-1", "--format=%B", rev).partition("\n")
        return title, body

    def has(self, name: str) -> bool:
        """Tell whether a name is that of a commit."""
        command = ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
        return not self.run(*command).returncode

    def parent(self, commit: str) -> str:
        """Return the first parent of a commit, "" for one without."""
        return self.text("rev-parse", "--verify", "--quiet", f"{commit}^").strip()

    def changed_files(self, commit: str) -> list[ChangedFile]:
        """Return the files that a commit changes, seen from its first parent."""
        parent = self.parent(commit) or self.text("hash-object", "-t", "tree", "/dev/null").strip()
        return self.changed_between(parent, commit)

    def changed_between(self, before: str, after: str) -> list[ChangedFile]:
        """Return the files that differ between two commits or trees.

        See gitdiffcore(7), and "raw output" in git-diff-tree(1).
        """
        found = []
        raw = self.text("diff-tree", "--no-renames", "--raw", "-r", "-z", before, after)
        pieces = raw.split("\0")
        for head, path in zip(pieces[::2], pieces[1::2], strict=False):
            old, new, was, becomes, status = head.removeprefix(":").split()
            known = {"A": PLAIN, "D": new}.get(status, old)
            told = new != known or SUBMODULE in (old, new)
            blobs = (was, becomes)
            found.append(ChangedFile(path=path, status=status, mode=told, blobs=blobs))
        return found

    def changed_lines(
        self, before: str, after: str, paths: Sequence[str]
    ) -> Counter[tuple[str, str]]:
        """Return the lines that go and come between two commits, with the file of each."""
        found: Counter[tuple[str, str]] = Counter()
        for path in paths:
            options = ("--no-renames", "--unified=0", "-p")
            text = self.text("diff-tree", *options, before, after, "--", path)
            body = text.partition("\n@@")[2].split("\n")[1:]
            found.update((path, row) for row in body if row[:1] in ("+", "-") and row[1:].strip())
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
        done = run_git("merge-file", "--stdout", "--quiet", *map(str, paths), isolated=False)
    return None if done.returncode else done.stdout.decode("utf-8", "surrogateescape")
