# SPDX-License-Identifier: GPL-2.0-only
"""Write commits into a repository of our own, with one fast-import stream.

GitPython has no fast-import; its way, an object at a time, takes a process for each of them.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from generator.errors import InfraError
from generator.model.identity import Identity
from generator.tree.git import ask_git

# one file as it comes, in place of one for each object, which another process writes
_QUICK = [
    *("-c", "core.compression=0"),
    *("-c", "core.fsync=none"),
    *("-c", "fastimport.unpackLimit=0"),
]


@dataclass(frozen=True, kw_only=True)
class Commit:
    """A commit to be made: its message and the files that it changes, whole.

    ``author`` is who made it where that is not the series' author.
    """

    message: str
    files: Mapping[str, str]
    refs: tuple[str, ...]
    author: Identity | None = None


def import_commits(
    commits: list[Commit], path: Path, tip: str, author: Identity, *, pack: bool = True
) -> None:
    """Write the commits into the repository at ``path`` with one fast-import stream.

    The repository is the tool's own: one that git cannot use is made again.

    Args:
        commits: oldest first.
        path: the repository, there or not.
        tip: the branch of the last one.
        author: who made them.
        pack: compress what is written and keep it for good, which takes most of the time.

    Raises:
        InfraError: git fails.
    """
    stream = _stream(commits, tip, author)
    read = [*([] if pack else _QUICK), "-C", str(path), "fast-import"]
    read += ["--quiet", "--force", "--done", *([] if pack else ["--depth=0"])]
    if (path / "HEAD").is_file():
        with contextlib.suppress(InfraError):
            run_git(read, stream)
            return
    shutil.rmtree(path, ignore_errors=True)
    with contextlib.suppress(FileNotFoundError, IsADirectoryError):
        path.unlink()
    run_git(["init", "--quiet", "--bare", "--template=", "--initial-branch=base", str(path)])
    run_git(read, stream)


def commit_files(repo: Path, ref: str, onto: str, files: Mapping[str, str]) -> None:
    """Let ``ref`` name a commit on top of ``onto`` that changes ``files``, for a trial.

    Raises:
        InfraError: git fails.
    """
    stream = bytearray(f"commit {ref}\ncommitter trial <trial@localhost> 0 +0000\n".encode())
    stream += f"data 6\ntrial\n\nfrom {onto}^0\n".encode()
    for name in sorted(files):
        data = files[name].encode("utf-8", "surrogateescape")
        stream += f"M 100644 inline {name}\ndata {len(data)}\n".encode() + data + b"\n"
    stream += b"done\n"
    run_git(["-C", str(repo), "fast-import", "--quiet", "--force", "--done"], bytes(stream))


def _stream(commits: list[Commit], tip: str, author: Identity) -> bytes:
    """Return the fast-import stream that makes ``commits`` and their refs."""
    who = f"{author.name} <{author.email}> {author.date}"
    stream = bytearray()
    for mark, commit in enumerate(commits, 1):
        message = commit.message.encode("utf-8", "surrogateescape")
        by = commit.author
        author_line = f"{by.name} <{by.email}> {by.date}" if by else who
        stream += f"commit refs/heads/importing\nmark :{mark}\n".encode()
        stream += f"author {author_line}\ncommitter {who}\ndata {len(message)}\n".encode()
        stream += message
        if mark > 1:
            stream += f"\nfrom :{mark - 1}\n".encode()
        for name in sorted(commit.files):
            data = commit.files[name].encode("utf-8", "surrogateescape")
            stream += f"M 100644 inline {name}\ndata {len(data)}\n".encode() + data + b"\n"
    for mark, commit in enumerate(commits, 1):
        for ref in commit.refs:
            stream += f"reset {ref}\nfrom :{mark}\n\n".encode()
    stream += f"reset refs/heads/{tip}\nfrom :{len(commits)}\n\ndone\n".encode()
    return bytes(stream)


def run_git(
    arguments: list[str], stdin: bytes = b"", *, environment: Mapping[str, str] | None = None
) -> None:
    """Run git; nothing of the user's configuration counts."""
    ask_git(
        *arguments, isolated=True, stdin=stdin, environment=environment, hint="is the disk full?"
    )
