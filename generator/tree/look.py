# SPDX-License-Identifier: GPL-2.0-only
"""Read and search the files of a tree with git: of a commit, or of a directory.

What a commit holds does not change: what was read or found there is kept while the program runs.
"""

from __future__ import annotations

import signal
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from subprocess import CompletedProcess

from generator import tools
from generator.errors import InfraError, UserError
from generator.tree.git import git_environment, run_git, split_batch
from generator.workers import guarded


def run(command: list[str]) -> CompletedProcess[bytes]:
    """Run a command and return how it ended; what it says is captured.

    Raises:
        InfraError: it cannot be started.
    """
    return tools.run_bytes(command, env=git_environment(isolated=False))


@lru_cache(maxsize=4096)
def show_file(repo: Path, commit: str, path: str) -> str:
    """Return the text of a file of a commit.

    Args:
        repo: the repository.
        commit: its full id.
        path: of the file.

    Raises:
        UserError: the commit has no such file.
    """
    done = run(["git", "-C", str(repo), "cat-file", "blob", f"{commit}:{path}"])
    if done.returncode:
        raise UserError(f"the commit {commit[:12]} has no such file", where=f"{repo}: {path}")
    return done.stdout.decode("utf-8", "surrogateescape")


@lru_cache(maxsize=8)
def show_files(repo: Path, commit: str, paths: tuple[str, ...]) -> Mapping[str, str]:
    """Return the texts of those files that a commit has, read by one process; as ``show_file``."""
    names = "".join(f"{commit}:{path}\n" for path in paths)
    done = run_git("cat-file", "--batch", repo=repo, isolated=False, stdin=names.encode())
    texts = zip(paths, split_batch(done.stdout, len(paths)), strict=True)
    return {path: text for path, text in texts if text is not None}


def find_files(tree: Path, commit: str, folder: str, word: str) -> tuple[str, ...]:
    """List the C files and headers below ``folder`` that contain ``word`` as a whole word.

    Args:
        tree: a repository, or a directory.
        commit: a full id; "" for the directory as it is now.
        folder: relative to the top.
        word: an identifier.

    Raises:
        InfraError: git cannot search there.
    """
    what = ("-lwF", "-e", word)
    lines = _grep(tree, commit, what, (f"{folder}/*.[ch]",)).splitlines()
    return tuple(sorted(line.removeprefix(f"{commit}:") for line in lines))


def find_lines(
    tree: Path,
    commit: str,
    folders: tuple[str, ...],
    words: tuple[str, ...],
    pattern: str = "*.[ch]",
) -> tuple[tuple[str, str], ...]:
    """List file and text of the lines below ``folders`` that have one of ``words``, whole.

    Args:
        tree: a repository, or a directory.
        commit: a full id; "" for the directory as it is now.
        folders: relative to the top.
        words: identifiers.
        pattern: of the files' names.

    Raises:
        InfraError: git cannot search there.
    """
    if not words:
        return ()
    # one expression: git looks for many fixed strings one after the other
    what = ("-I", "-wEz", "-e", "|".join(words))
    rows = []
    for row in _grep(tree, commit, what, tuple(f"{f}/{pattern}" for f in folders)).splitlines():
        path, _, text = row.partition("\0")
        rows.append((path.removeprefix(f"{commit}:"), text))
    return tuple(rows)


def _grep(tree: Path, commit: str, what: tuple[str, ...], paths: tuple[str, ...]) -> str:
    """Return what ``git grep`` prints; of a commit it is asked once."""
    return (_grep_commit if commit else _grep_anew)(tree, commit, what, paths)


def _grep_anew(tree: Path, commit: str, what: tuple[str, ...], paths: tuple[str, ...]) -> str:
    command = ["git", "-C", str(tree), "grep", "--no-color", *([] if commit else ["--no-index"])]
    command = [*command, *what, *([commit] if commit else []), "--", *paths]
    done = run(list(guarded(tuple(command), signal.SIGTERM)))
    # what git says besides, such as that it packs objects, is no error
    if done.returncode > 1:
        raise InfraError(
            f"git grep failed: {done.stderr.decode(errors='replace').strip()}", where=str(tree)
        )
    return done.stdout.decode("utf-8", "surrogateescape")


_grep_commit = lru_cache(maxsize=64)(_grep_anew)
