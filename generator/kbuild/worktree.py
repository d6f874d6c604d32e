# SPDX-License-Identifier: GPL-2.0-only
"""The source tree of a variant: pristine source plus the files of one git ref.

Reads the unpacked source of a base and the bare repository that holds only the files the series
touches; makes ``<variant>/linux``, a hard-link clone in which the files of the ref replace
pristine ones. Called by ``generator.kbuild.kernel``.

Only files whose content changes are written, and always as a new file renamed over the old one: the
other links of a replaced file keep their content, and the times of all other files stay, so that
make compiles only what depends on a change.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from generator.errors import InfraError, UserError
from generator.jsonfile import read_json
from generator.paths import ensure_dir, read_now, write_atomic
from generator.tree.refs import RefFiles, differing, read_refs

BUILD_PREFIX = "build-"
"""Build directories live below the source tree and begin with this (see ``seed``)."""

_STAMP = "worktree.json"
_FILES = "worktree.files"
_NO_HARD_LINK = frozenset({errno.EXDEV, errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP})


@dataclass(frozen=True, kw_only=True)
class WorktreeRequest:
    """What a source tree is made from.

    Args:
        pristine: the unmodified source of the base.
        pristine_id: identity of that source; another value makes the clone anew.
        repo: bare git repository with the touched files.
        ref: branch, tag or commit the tree shall show.
        base_ref: ref of the unmodified files in ``repo``.
        directory: the variant's directory; the tree is ``linux`` below it.
    """

    pristine: Path
    pristine_id: str
    repo: Path
    ref: str
    base_ref: str = "base"
    directory: Path


@dataclass(frozen=True, kw_only=True)
class WorktreeResult:
    """A source tree that shows one ref.

    Args:
        tree: the source tree, absolute.
        tree_id: git id of the ref's tree object, 40 hexadecimal digits.
        cloned: whether the tree was made anew.
        changed: files written or removed by this call, relative to ``tree``.
        touched: files of the ref that differ from the unmodified ones, relative to ``tree``.
    """

    tree: Path
    tree_id: str
    cloned: bool
    changed: tuple[str, ...]
    touched: tuple[str, ...]


def link_or_copy(source: str, target: str) -> None:
    """Hard-link ``source`` as ``target``; copy it, times included, where links are impossible."""
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError as error:
        if error.errno not in _NO_HARD_LINK:
            raise
        shutil.copy2(source, target, follow_symlinks=False)


def clone_tree(
    source: Path, target: Path, finish: Callable[[Path], None] = lambda growing: None
) -> None:
    """Make ``target`` a hard-link clone of the source tree ``source``; whole or not at all.

    The clone grows under a temporary name beside ``target``; leftovers of interrupted clones are
    removed, and so is a ``target`` that exists already. Build directories are left out.

    Args:
        source: the tree to clone.
        target: the new tree.
        finish: gets the complete clone before it receives its name.

    Raises:
        InfraError: the disk is full or the place cannot be written.
    """
    parent = ensure_dir(target.parent)
    for leftover in parent.glob(f".{target.name}.clone.*"):
        shutil.rmtree(leftover, ignore_errors=True)
    try:
        if target.exists():
            doomed = Path(tempfile.mkdtemp(dir=parent, prefix=f".{target.name}.clone."))
            target.rename(doomed / target.name)
            shutil.rmtree(doomed)
        growing = Path(tempfile.mkdtemp(dir=parent, prefix=f".{target.name}.clone."))
        top = str(source)
        shutil.copytree(
            source,
            growing,
            symlinks=True,
            copy_function=link_or_copy,
            ignore=lambda where, names: _build_directories(names) if where == top else (),
            dirs_exist_ok=True,
        )
        finish(growing)
        growing.rename(target)
    except (OSError, shutil.Error) as error:
        raise InfraError(f"cannot copy the source: {_reason(error)}", where=str(target)) from error


def _build_directories(names: Iterable[str]) -> list[str]:
    return [name for name in names if name.startswith(BUILD_PREFIX)]


def _reason(error: OSError) -> str:
    """Return why ``error`` happened; ``shutil.Error`` holds a list with one entry per file."""
    if isinstance(error, shutil.Error) and error.args and error.args[0]:
        return str(error.args[0][0][2])
    return error.strerror or str(error)


def prepare_worktree(request: WorktreeRequest) -> WorktreeResult:
    """Make or update the source tree of a variant.

    Raises:
        UserError: the pristine source, the repository or the ref is missing.
        InfraError: the disk is full or the place cannot be written.
    """
    refs = read_refs(request.repo, (request.ref, request.base_ref))
    wanted, original = refs[request.ref], refs[request.base_ref]
    tree = request.directory.absolute() / "linux"
    cloned = cloned_from(request.directory) != request.pristine_id
    if cloned:
        if not (request.pristine / "Makefile").is_file():
            raise UserError("this is no kernel source", where=str(request.pristine))
        forget_clone(request.directory)
        clone_tree(request.pristine, tree)
        note_clone(request.directory, request.pristine_id)
    return WorktreeResult(
        tree=tree,
        tree_id=wanted.tree_id,
        cloned=cloned,
        changed=tuple(_show_ref(tree, request.pristine, wanted, original)),
        touched=differing(wanted, original),
    )


def cloned_from(directory: Path) -> str:
    """Return the identity of the source that the tree in ``directory`` is a complete clone of.

    Empty when there is no tree, or one whose making was interrupted.
    """
    if not (directory / "linux").is_dir():
        return ""
    try:
        return str(read_json(directory / _STAMP)["pristine"])
    except (ValueError, KeyError, TypeError):
        return ""


def forget_clone(directory: Path) -> None:
    """Declare the tree in ``directory`` incomplete."""
    try:
        (directory / _STAMP).unlink(missing_ok=True)
    except OSError as error:
        raise InfraError(f"cannot write: {error.strerror}", where=str(directory)) from error


def note_clone(directory: Path, pristine_id: str) -> None:
    """Declare the tree in ``directory`` a complete clone of the source ``pristine_id``."""
    write_atomic(directory / _STAMP, json.dumps({"pristine": pristine_id}).encode())


def _show_ref(tree: Path, pristine: Path, wanted: RefFiles, original: RefFiles) -> list[str]:
    """Write and remove what differs from ``wanted`` and return the paths, sorted.

    The list of the files that are not pristine is widened before the first of them is written: an
    interrupted call is finished by the next one, for whatever ref that comes.
    """
    noted = _noted_files(tree)
    _note_files(tree, noted | set(wanted.blobs))
    changed = [
        path
        for path, blob in wanted.blobs.items()
        if replace_file(tree / path, blob.data, blob.mode & 0o777)
    ]
    for path in (noted | set(original.blobs)) - set(wanted.blobs):
        added_by_us = path in original.blobs or not (pristine / path).exists()
        if added_by_us and (tree / path).exists():
            _remove(tree / path)
            changed.append(path)
    _note_files(tree, set(wanted.blobs))
    return sorted(changed)


def copy_noted_files(source: Path, target: Path) -> None:
    """Note for the tree ``target``, a clone of ``source``, which files are not pristine."""
    _note_files(target, _noted_files(source))


def _noted_files(tree: Path) -> set[str]:
    """Return the files that an earlier ref put into ``tree``."""
    try:
        return set(read_now(tree.parent / _FILES).decode().splitlines())
    except OSError:
        return set()


def _note_files(tree: Path, paths: set[str]) -> None:
    text = "".join(f"{path}\n" for path in sorted(paths))
    write_atomic(tree.parent / _FILES, text.encode())


def _remove(path: Path) -> None:
    try:
        path.unlink()
    except OSError as error:
        raise InfraError(f"cannot remove: {error.strerror}", where=str(path)) from error


def replace_file(path: Path, data: bytes, mode: int) -> bool:
    """Give ``path`` the content ``data`` as a file of its own, unless it has it already.

    Returns:
        True when the file was written.

    Raises:
        InfraError: the disk is full or the place cannot be written.
    """
    try:
        if path.is_file() and not path.is_symlink() and path.read_bytes() == data:
            return False
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InfraError(f"cannot write: {error.strerror}", where=str(path)) from error
    write_atomic(path, data)
    if mode & 0o100:
        path.chmod(0o755)
    return True
