# SPDX-License-Identifier: GPL-2.0-only
"""The files of a ref, out of the repository that ``tree.series`` has made.

Called by whoever wants a prefix as it was rendered: the build for its source trees, the checks for
what they look at.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import git
from git.exc import InvalidGitRepositoryError, NoSuchPathError

from generator.errors import UserError
from generator.tree.git import ask_git, git_environment


@dataclass(frozen=True, kw_only=True)
class RefFile:
    """A regular file of a ref.

    Args:
        hexsha: git id of its content, 40 hexadecimal digits.
        mode: as git has it, such as 0o100644.
        data: the content.
    """

    hexsha: str
    mode: int
    data: bytes


@dataclass(frozen=True, kw_only=True)
class RefFiles:
    """The regular files of a ref by path, and the id of the whole tree."""

    tree_id: str
    blobs: Mapping[str, RefFile]

    @property
    def texts(self) -> dict[str, str]:
        """The text of each file, by path."""
        return {
            path: blob.data.decode("utf-8", "surrogateescape") for path, blob in self.blobs.items()
        }

    @property
    def kconfig(self) -> dict[str, str]:
        """The git ids of the files that kconfig reads, by path."""
        return {
            path: blob.hexsha
            for path, blob in self.blobs.items()
            if Path(path).name.startswith("Kc")
        }


def read_ref(repo: Path, ref: str) -> RefFiles:
    """Return the files of ``ref`` in the bare repository ``repo``.

    Raises:
        UserError: there is no such repository or ref.
        InfraError: git is missing.
    """
    return read_refs(repo, (ref,))[ref]


def read_refs(repo: Path, refs: Iterable[str]) -> dict[str, RefFiles]:
    """Return the files of each of ``refs``; what they have in common is read once.

    Raises:
        UserError: there is no such repository, or not one of the refs.
        InfraError: git is missing.
    """
    try:
        with git.Repo(repo) as opened:
            opened.git.update_environment(**git_environment(isolated=True))
            ids = _tree_ids(repo, tuple(refs))
            return {
                ref: _read_tree(git.Tree(opened, ident, git.Tree.tree_id << 12, ""))
                for ref, ident in ids.items()
            }
    except (InvalidGitRepositoryError, NoSuchPathError) as error:
        raise UserError(
            "this is no git repository", where=str(repo), hint="render the series first"
        ) from error


def _tree_ids(repo: Path, refs: tuple[str, ...]) -> dict[str, bytes]:
    """Return the id of each ref's tree, asked of one process; GitPython takes two for each.

    Raises:
        UserError: there is not one of the refs.
    """
    names = "".join(f"{ref}^{{tree}}\n" for ref in refs).encode()
    said = ask_git("cat-file", "--batch-check", repo=repo, isolated=True, stdin=names).decode()
    found: dict[str, bytes] = {}
    for ref, row in zip(refs, said.splitlines(), strict=True):
        ident, _, kind = row.partition(" ")
        if not kind.startswith("tree "):
            raise UserError(
                f"there is no ref '{ref}'", where=str(repo), hint="render the series first"
            )
        found[ref] = bytes.fromhex(ident)
    return found


@lru_cache(maxsize=64)
def _read_tree(tree: git.objects.Tree) -> RefFiles:
    """Read a tree, once: what an id names does not change."""
    blobs = {
        str(item.path): RefFile(hexsha=item.hexsha, mode=item.mode, data=item.data_stream.read())
        for item in tree.traverse()
        if isinstance(item, git.objects.Blob) and item.mode != git.objects.Blob.link_mode
    }
    return RefFiles(tree_id=tree.hexsha, blobs=blobs)


def differing(wanted: RefFiles, original: RefFiles) -> tuple[str, ...]:
    """Return the paths whose content is not the same in both refs, sorted."""
    return tuple(
        path
        for path in sorted({*wanted.blobs, *original.blobs})
        if _blob_id(wanted, path) != _blob_id(original, path)
    )


def _blob_id(files: RefFiles, path: str) -> str:
    return files.blobs[path].hexsha if path in files.blobs else ""
