# SPDX-License-Identifier: GPL-2.0-only
"""Find the source of a base: a directory, a git repository at a commit, or Debian's package.

The user's tree is only ever read. Debian's package is a tarball; it is unpacked once into the work
area (``pristine``), which is also what kernels are built from.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from generator import tools
from generator.errors import InfraError, UserError
from generator.jsonfile import read_json
from generator.model.bases import Base
from generator.paths import ensure_dir, locked, write_atomic
from generator.tree.git import git_environment
from generator.tree.look import find_files, find_lines, run, show_file, show_files
from generator.tree.promisor import fetch_files, store_of
from generator.workers import guarded

PACKAGE_DIR = Path("/usr/src")


@dataclass(frozen=True, kw_only=True)
class Source:
    """The unmodified source of a base.

    Attributes:
        version: the kernel release, such as ``6.1.192``.
        kind: ``package``, ``directory`` or ``git``.
        path: the unpacked tree, or the git repository.
        store: where git reads the objects, when that is not ``path``: see ``partial``.
        commit: the full commit id, "" unless kind is ``git``.
        identity: what tells this source from another one: of a package, its Debian version; of a
            directory, its path and the release; of git, the commit.
    """

    version: str
    kind: str
    path: Path
    commit: str = ""
    identity: str
    store: Path | None = None

    @property
    def objects(self) -> Path:
        """The repository or directory that is read."""
        return self.store or self.path

    def load(self, path: str) -> str:
        """Return the text of a file of the tree.

        Raises:
            UserError: the tree has no such file.
        """
        if self.kind == "git":
            return show_file(self.objects, self.commit, path)
        return _read(self.path / path).decode("utf-8", "surrogateescape")

    def loader(self, paths: Iterable[str]) -> Callable[[str], str]:
        """Return a function that loads as ``load`` does, and reads ``paths`` together first."""
        if self.kind != "git":
            return self.load
        texts = show_files(self.objects, self.commit, tuple(sorted(set(paths))))
        return lambda path: texts[path] if path in texts else self.load(path)

    def search(self, folder: str, word: str) -> tuple[str, ...]:
        """List the C files and headers below ``folder`` that contain ``word`` as a whole word."""
        self._fetch((folder,), "ch")
        return find_files(self.objects, self.commit, folder, word)

    def lines(
        self, folders: tuple[str, ...], words: tuple[str, ...], suffixes: str = "ch"
    ) -> tuple[tuple[str, str], ...]:
        """List file and text of the lines below ``folders`` that have one of ``words``, whole.

        ``suffixes`` are those of the files.
        """
        self._fetch(folders, suffixes)
        return find_lines(self.objects, self.commit, folders, words, pattern=f"*.[{suffixes}]")

    def _fetch(self, folders: tuple[str, ...], suffixes: str) -> None:
        if self.store:
            fetch_files(self.store, self.commit, folders, suffixes)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UserError(
            f"cannot be read: {error.strerror}",
            where=str(path),
            hint="is this the whole source of a kernel?",
        ) from error


_VERSION_LINE = re.compile(r"^(VERSION|PATCHLEVEL|SUBLEVEL)\s*=\s*(\d+)\s*$", re.M)


def kernel_version(makefile: str, *, where: str) -> str:
    """Return the release that the text of a kernel's top Makefile states, without EXTRAVERSION.

    Raises:
        UserError: this is not the Makefile of a kernel.
    """
    found = dict(_VERSION_LINE.findall(makefile))
    if not {"VERSION", "PATCHLEVEL"} <= set(found):
        raise UserError(
            "this is not the source of a Linux kernel: its Makefile states no VERSION",
            where=where,
            hint="give the top directory of a kernel source",
        )
    return ".".join(found[key] for key in ("VERSION", "PATCHLEVEL", "SUBLEVEL") if key in found)


def find_source(base: Base, workdir: Path, *, tree: Path | None, rev: str | None) -> Source:
    """Find the source of ``base``: what the user points to, else Debian's package.

    Args:
        base: the base that is wanted.
        workdir: the work area; a package is unpacked there.
        tree: a directory or a git repository, None for Debian's package.
        rev: the commit, needed when ``tree`` is a bare repository, otherwise optional.

    Raises:
        UserError: no such tree, not a kernel, another version than the base's.
        InfraError: git or tar are missing, or the disk is full.
    """
    if tree is None:
        if rev:
            raise UserError("--rev needs --tree, the git repository it belongs to")
        return _package_source(base, workdir)
    source = find_tree(tree, rev)
    if not base.supports(source.version):
        raise UserError(
            f"this is Linux {source.version}, and the base {base.name} was asked for",
            where=str(tree),
            hint=f"give the tree of a {base.name}.y kernel, or another --base",
        )
    return source


def find_tree(tree: Path, rev: str | None) -> Source:
    """Return the source that the user points to, whatever its version.

    Raises:
        UserError: no such tree, or not a kernel.
        InfraError: git is missing.
    """
    if not tree.is_dir():
        raise UserError("there is no such directory", where=str(tree))
    bare = not (tree / "Makefile").is_file()
    return _git_source(tree, rev or "HEAD") if rev or bare else _directory_source(tree)


def _directory_source(tree: Path) -> Source:
    makefile = tree / "Makefile"
    version = kernel_version(_read(makefile).decode(errors="replace"), where=str(makefile))
    return Source(
        version=version,
        kind="directory",
        path=tree.resolve(),
        identity=f"directory {tree.resolve()} {version}",
    )


def _git_source(tree: Path, rev: str) -> Source:
    parse = ["git", "-C", str(tree), "rev-parse", "--show-prefix", "--verify", "--end-of-options"]
    done = run([*parse, f"{rev}^{{commit}}"])
    if done.returncode:
        reason = done.stderr.decode(errors="replace").strip().splitlines()
        raise UserError(
            f"this is neither a kernel source nor a git repository with a commit '{rev}'"
            + (f" ({reason[0]})" if reason else ""),
            where=str(tree),
        )
    prefix, _, commit = done.stdout.decode("utf-8", "surrogateescape").strip().rpartition("\n")
    if prefix:
        raise UserError("this is a directory inside of a git repository", where=str(tree))
    store = store_of(tree)
    version = kernel_version(
        show_file(store, commit, "Makefile"), where=f"{tree}: {commit[:12]}:Makefile"
    )
    return Source(
        version=version,
        kind="git",
        path=tree.resolve(),
        commit=commit,
        identity=f"git {commit}",
        store=store if store != tree else None,
    )


def package_place(base: Base, workdir: Path) -> Path:
    """Return where the package with a base's source is unpacked to; its folder is made.

    Raises:
        UserError: there is no such package, or no such place.
    """
    if not base.package:
        raise UserError(
            f"the base {base.name} names no package of Debian",
            hint="give a source with --tree",
        )
    return ensure_dir(workdir / base.name) / "pristine"


def _package_source(base: Base, workdir: Path) -> Source:
    """Return the unpacked package; unpack it when that has not been done for this version."""
    # before anything is installed for a place that cannot be one
    target = package_place(base, workdir)
    tarball = PACKAGE_DIR / f"{base.package}.tar.xz"
    if not tarball.is_file():
        tarball = _install_package(base, tarball)
    state = tarball.stat()
    identity = f"package {base.package} {_package_version(base.package) or state.st_mtime_ns}"
    unpack_once(target, identity, lambda place: _unpack(tarball, place))
    makefile = target / "Makefile"
    version = kernel_version(_read(makefile).decode(errors="replace"), where=str(makefile))
    return Source(version=version, kind="package", path=target, identity=identity)


def _package_version(package: str) -> str:
    if shutil.which("dpkg-query") is None:
        return ""
    done = run(["dpkg-query", "-W", "-f=${Version}", package])
    return done.stdout.decode().strip() if done.returncode == 0 else ""


def _install_package(base: Base, tarball: Path) -> Path:
    """Install Debian's source package when that is possible here."""
    command = ["apt-get", "install", "-y", "--no-install-recommends", base.package]
    if os.geteuid() == 0 and shutil.which("apt-get"):
        done = run(command)
        if done.returncode == 0 and tarball.is_file():
            return tarball
        detail = done.stderr.decode(errors="replace").strip().splitlines()
        raise InfraError(
            f"the source of {base.name} cannot be installed: {detail[-1] if detail else '?'}",
            where=" ".join(command),
            hint="apt-get update, or give a source with --tree",
        )
    raise UserError(
        f"there is no source of Linux {base.name} on this machine",
        where=str(tarball),
        hint=f"run: sudo {' '.join(command)}; or give a source with --tree",
    )


def unpack_once(target: Path, identity: str, fill: Callable[[Path], None]) -> None:
    """Make ``target`` a directory that ``fill`` has filled, unless it is there for ``identity``.

    An interrupted run leaves a directory under another name, which the next one removes.
    """
    stamp = target.with_name(f"{target.name}.json")
    # the stamp goes first and comes last, so that what is filled needs no lock
    if _is_filled(target, stamp, identity):
        return
    with locked(target.with_name(f"{target.name}.lock")):
        if _is_filled(target, stamp, identity):
            return
        stamp.unlink(missing_ok=True)
        for left in target.parent.glob(f".{target.name}.*"):
            shutil.rmtree(left, ignore_errors=True)
        shutil.rmtree(target, ignore_errors=True)
        place = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}."))
        try:
            fill(place)
            place.chmod(0o755)
            place.rename(target)
        except OSError as error:
            raise InfraError(
                f"cannot be filled: {error.strerror}", where=str(target), hint="is the disk full?"
            ) from error
        finally:
            shutil.rmtree(place, ignore_errors=True)
        write_atomic(stamp, json.dumps({"identity": identity}).encode())


def _is_filled(target: Path, stamp: Path, identity: str) -> bool:
    """Tell whether ``target`` is there, and ``stamp`` says that it is for ``identity``."""
    with contextlib.suppress(ValueError, KeyError, TypeError):
        return read_json(stamp)["identity"] == identity and target.is_dir()
    return False


def _unpack(tarball: Path, place: Path) -> None:
    command = ("tar", "-x", "-f", str(tarball), "-C", str(place), "--strip-components=1")
    done = run(list(guarded(command, signal.SIGTERM)))
    if done.returncode:
        detail = done.stderr.decode(errors="replace").strip().splitlines()
        raise InfraError(
            f"unpacking failed: {detail[0] if detail else 'no reason given'}",
            where=" ".join(command),
            hint="is the disk full? --workdir names another place",
        )


def ensure_pristine(source: Source, workdir: Path, base: Base) -> Path:
    """Return the whole unmodified source as a directory of our own, for building.

    A package is there already; a directory is copied, a commit is exported, once each.

    Raises:
        InfraError: the copy fails.
    """
    if source.kind == "package":
        return source.path
    target = ensure_dir(workdir / base.name) / "pristine"
    unpack_once(target, pristine_identity(source), lambda place: _copy(source, place))
    return target


def pristine_identity(source: Source) -> str:
    """Return what tells the whole source from another one.

    The user may work in a directory, so its files count: names, sizes and times.
    """
    if source.kind != "directory":
        return source.identity
    digest = hashlib.sha256()
    for folder, folders, names in os.walk(source.path):
        folders[:] = sorted(name for name in folders if name != ".git")
        for name in sorted(names):
            with contextlib.suppress(OSError):
                state = os.lstat(f"{folder}/{name}")
                digest.update(
                    f"{folder}/{name} {state.st_size} {state.st_mtime_ns}\n".encode(
                        errors="surrogateescape"
                    )
                )
    return f"{source.identity} {digest.hexdigest()[:16]}"


# left by a build in the tree itself, and committed by some; kbuild refuses to build elsewhere from
# a source with these
_BUILT = (".config", "include/config", "include/generated", "arch/*/include/generated")


def _copy(source: Source, place: Path) -> None:
    """Copy a directory or export a commit, both without git's own files and what a build left."""
    from_tar = ["tar", "-x", "-C", str(place)]
    if source.kind == "git":
        to_tar = ["git", "-C", str(source.objects), "archive", "--format=tar", source.commit]
        from_tar += ["--anchored", *(f"--exclude={name}" for name in _BUILT)]
    else:
        left_out = [f"--exclude=./{name}" for name in (".git", *_BUILT)]
        to_tar = ["tar", "-c", "-C", str(source.path), *left_out, "."]
    environment = git_environment(isolated=False)
    sending, taking = (guarded(tuple(c), signal.SIGTERM) for c in (to_tar, from_tar))
    with tools.start(sending, package=to_tar[0], env=environment) as writer:
        assert writer.stdout
        with tools.start(taking, package="tar", stdin=writer.stdout.fileno(), stdout=None) as done:
            # a writer whose reader has given up must not wait for it
            writer.stdout.close()
    if done.returncode or writer.returncode:
        raise InfraError(
            "copying the source failed",
            where=" ".join(to_tar),
            hint="what is above says why: the disk is full, or a clone lacks some of its files",
        )
