# SPDX-License-Identifier: GPL-2.0-only
"""Find out what a side of a comparison is, and read its patches.

In this order: a directory of patches or an mbox; a base, or ``base@revision``, whose model is
rendered; a revision of this repository, whose committed patches are read. Nothing is checked out:
another revision's files go into a folder that is removed afterwards. What renders is imported when
a model is rendered.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from generator import tools
from generator.errors import UserError
from generator.patches.mail import PatchSeries, parse_series, read_series
from generator.tree.git import git_environment

if TYPE_CHECKING:
    from generator.model.bases import Base

PATCHES = "kernel_patches"
_HINT = "give a directory of patches, a base such as 6.12 or 6.12@v2, or a revision"


@dataclass(frozen=True, kw_only=True)
class SideRequest:
    """What is meant by the names of sides.

    Args:
        base, series: which committed patches of a revision are read.
        repo: a folder in this repository.
        tree, rev: the source that models are rendered for; None is Debian's package.
        workdir: the work area.
    """

    base: str
    series: str
    repo: Path
    tree: Path | None
    rev: str | None
    workdir: Path


@dataclass(frozen=True, kw_only=True)
class Side:
    """A side: its name and its patches, with the interface where that was written."""

    name: str
    patches: PatchSeries


def read_side(name: str, request: SideRequest) -> Side:
    """Read a side.

    Raises:
        UserError: it is none, or its patches cannot be read.
        InfraError: git, or the model of another revision, fails.
    """
    path = Path(name)
    if path.exists():
        return Side(name=name, patches=read_series(path))
    from generator.plan import all_bases, find_base

    base, at, revision = name.partition("@")
    if at or base in {known.name for known in all_bases()}:
        return _rendered(name, find_base(base), revision, request)
    if os.sep in name and not _commit(request.repo, name):
        raise UserError("there is no such file or directory", where=name, hint=_HINT)
    return _committed(name, request)


def _rendered(name: str, base: Base, revision: str, request: SideRequest) -> Side:
    """Render the running program's model, or that of a revision."""
    from generator.plan import find_series, plan_series
    from generator.tree.acquire import find_source
    from generator.tree.series import render_series

    if not revision:
        plan = plan_series(base, find_series(request.series))
        source = find_source(base, request.workdir, tree=request.tree, rev=request.rev)
        with tempfile.TemporaryDirectory(prefix="uprobekit-diff-") as place:
            made = render_series(plan, source, Path(place))
        return Side(name=name, patches=parse_series(made.files, where=name))
    with _exported(request.repo, revision, "generator", "templates") as root:
        _render_there(root, base, request)
        return Side(name=name, patches=read_series(root / "out"))


def _render_there(root: Path, base: Base, request: SideRequest) -> None:
    """Have the program in ``root`` render its model; it uses a work area of its own."""
    from generator.tree.acquire import find_source

    source = find_source(base, request.workdir, tree=request.tree, rev=request.rev)
    command = [sys.executable, "-B", "-m", "generator", "render", "--base", base.name]
    command += ["--series", request.series, "--tree", str(source.path), "--quiet"]
    command += ["--rev", source.commit] if source.commit else []
    command += ["--workdir", str(root / "work"), "--output", str(root / "out")]
    done = _run(command, root)
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()[-1:] or ["no message"]
        raise UserError(f"the model of that revision does not render: {said[0]}", where=str(root))


def _committed(name: str, request: SideRequest) -> Side:
    """Read the patches that a revision has committed."""
    folder = f"{PATCHES}/{request.base}/{request.series}"
    with _exported(request.repo, name, folder) as root:
        files = {path.name: path.read_bytes() for path in (root / folder).iterdir()}
        return Side(name=name, patches=parse_series(files, where=f"{name}:{folder}"))


def _commit(repo: Path, revision: str) -> str:
    """Return the commit that a revision names, or ""."""
    command = ["git", "rev-parse", "--verify", "--quiet", "--end-of-options"]
    done = _run([*command, f"{revision}^{{commit}}"], repo)
    return done.stdout.decode().strip() if done.returncode == 0 else ""


@contextmanager
def _exported(repo: Path, revision: str, *folders: str) -> Iterator[Path]:
    """Provide a folder with folders of a revision."""
    commit = _commit(repo, revision)
    if not commit:
        raise UserError(f"'{revision}' is no revision of {repo}", hint=_HINT)
    top = _run(["git", "rev-parse", "--show-toplevel"], repo).stdout.decode().strip() or repo
    done = _run(["git", "archive", "--format=tar", commit, "--", *folders], Path(top))
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip()
        raise UserError(f"'{revision}' has no such patches: {said}", where=str(repo))
    import tarfile

    with tempfile.TemporaryDirectory(prefix="uprobekit-diff-") as place:
        with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
            # the argument "filter" is younger than the Python of Debian 12, which is 3.11.2
            archive.extraction_filter = getattr(tarfile, "data_filter", None)
            archive.extractall(place)
        yield Path(place)


def _run(command: list[str], place: Path) -> subprocess.CompletedProcess[bytes]:
    return tools.run_bytes(command, cwd=place, env=git_environment(isolated=False))
