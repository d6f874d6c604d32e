# SPDX-License-Identifier: GPL-2.0-only
"""The guest's programs, compiled by their own Makefile and packed as an initramfs.

Runs ``make -C <copy of qemu/guest> O=<folder>``, which leaves exactly the guest's file tree in the
folder, and writes ``initramfs.cpio`` from it. Called by the command line; ``generator.boot`` takes
the archive.

make goes by the times of files, which say nothing where several clones share a work area, or after
another compiler was installed. So it works on a copy, in which a file is written when its content
changes, and makes everything when the compiler, the C library or the Makefile are others.
"""

from __future__ import annotations

import hashlib
import os
import shlex
import signal
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from generator import tools
from generator.errors import CheckFailed, InfraError, UserError
from generator.guest.cpio import pack_folder
from generator.kbuild.kernel import read_tail, variant_lock
from generator.kbuild.runner import clean_environment
from generator.kbuild.toolchain import find_compiler, missing_package
from generator.paths import data_dir, ensure_dir, read_now, write_atomic
from generator.progress import Observer, Progress, SilentObserver
from generator.workers import guarded

_LIST_SECONDS = 10.0
_VARIABLES = ("M32", "MX32")
"""Of the environment, read by the Makefile."""


@dataclass(frozen=True, kw_only=True)
class GuestRequest:
    """What the guest's file tree is made from.

    Args:
        directory: work folder, usually ``<workdir>/guest-<arch>``.
        source: the folder with the Makefile; None: the project's ``qemu/guest``.
        jobs: parallel compilers.
        timeout: seconds make may take.
        arch: of the kernel that starts them, ``x86_64`` or ``i386``.
        made: a file that the Makefile has to make.
    """

    directory: Path
    source: Path | None = None
    jobs: int = 2
    timeout: float = 600.0
    arch: str = "x86_64"
    made: str = "init"

    @property
    def archive(self) -> Path:
        """Where the initramfs is, made or not."""
        return self.directory.absolute() / "initramfs.cpio"

    @property
    def folder(self) -> Path:
        """The folder with the Makefile."""
        return self.source or data_dir("qemu") / "guest"


@dataclass(frozen=True, kw_only=True)
class GuestResult:
    """The initramfs.

    Args:
        initramfs: the archive, "newc" cpio, not compressed.
        root: the file tree it was packed from.
        log: what make said.
        changed: whether the archive was written; False: it had these bytes already.
        seconds: time of this run.
        command: the make command.
    """

    initramfs: Path
    root: Path
    log: Path
    changed: bool
    seconds: float
    command: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class TestList:
    """The self-tests of a guest.

    Args:
        names: of those that the programs named when they were asked.
        hidden: how the names of those begin whose program this machine does not run.
    """

    __test__ = False

    names: frozenset[str]
    hidden: tuple[str, ...]

    @property
    def complete(self) -> bool:
        """Every program was asked."""
        return not self.hidden


PROGRAMS = {"selftest-64": "", "selftest-32": "m32-", "selftest-x32": "x32-"}
"""The programs with self-tests, and how the names of the tests begin (qemu/README.md)."""


def list_tests(root: Path, *, also: tuple[str, ...] = ()) -> TestList:
    """Return the self-tests that the guest in ``root`` has: its programs name them on any machine.

    Args:
        root: the guest's files.
        also: more of its programs.
    """
    names: set[str] = set()
    hidden = []
    for name, prefix in (PROGRAMS | dict.fromkeys(also, "")).items():
        program = root / "bin" / name
        if not program.is_file():
            continue
        names.add(name)
        try:
            done = tools.run([program, "--list"], limit=_LIST_SECONDS, check=True)
        except InfraError:
            hidden.append(prefix)
            continue
        rows = (line.split() for line in done.stdout.splitlines())
        names |= {row[1] for row in rows if len(row) > 1 and row[0] == "test"}
    return TestList(names=frozenset(names), hidden=tuple(hidden))


def guest_of(area: Path, arch: str) -> GuestRequest:
    """Return how the guest's programs for an architecture are made in a work area."""
    return GuestRequest(directory=area / f"guest-{arch}", arch=arch)


def hunted_of(area: Path, arch: str) -> GuestRequest:
    """Return how the programs of ``qemu/hunted`` for an architecture are made in a work area."""
    return GuestRequest(
        directory=area / f"hunted-{arch}",
        source=data_dir("qemu") / "hunted",
        arch=arch,
        made="bin/hunted",
    )


def guest_command(request: GuestRequest) -> tuple[str, ...]:
    """Return the make command of ``request``, for people and dry runs; nothing runs."""
    root = request.directory.absolute() / "root"
    words = (f"-j{request.jobs}", f"O={root}", f"ARCH={request.arch}")
    return ("make", "-C", str(request.folder), *words)


def is_built(request: GuestRequest) -> bool:
    """Tell whether the guest that ``build_guest`` would make is there already."""
    try:
        known = read_now(_stamp(request))
    except OSError:
        return False
    return request.archive.is_file() and known == b"\n".join(_key(request))


def _stamp(request: GuestRequest) -> Path:
    """Return the file that says what the programs were made from: there, when all were."""
    return request.directory.absolute() / "made-from"


def _key(request: GuestRequest) -> tuple[bytes, bytes]:
    """Return a hash of what makes everything anew, and one of the sources."""
    library = tools.run(["gcc", "-print-file-name=libc.a"])
    path = Path(library.stdout.strip())
    status = path.stat() if path.is_file() else None
    sources = _read_sources(request.folder)
    made_with = [
        find_compiler("gcc").version,
        f"{status.st_size} {status.st_mtime_ns}" if status else "",
        *(f"{name}={os.environ.get(name)}" for name in _VARIABLES),
        *guest_command(request)[-2:],
        sources.get("Makefile", b"").decode("utf-8", "replace"),
    ]
    rows = [f"{name} {hashlib.sha256(data).hexdigest()}" for name, data in sources.items()]
    return _digest(made_with), _digest(rows)


def _digest(rows: Iterable[str]) -> bytes:
    return hashlib.sha256("\0".join(rows).encode()).hexdigest().encode()


def _read_sources(folder: Path) -> dict[str, bytes]:
    """Return the content of all files of a folder and those below it, by name.

    Raises:
        InfraError: one cannot be read.
    """
    try:
        return {
            str(path.relative_to(folder)): path.read_bytes()
            for path in sorted(folder.rglob("*"))
            if path.is_file() and "__pycache__" not in path.parts
        }
    except OSError as error:
        raise InfraError(f"cannot read: {error.strerror}", where=str(folder)) from error


def _copy_sources(request: GuestRequest) -> Path:
    """Bring the copy of the sources up to date: a file of the same content keeps its time."""
    sources, copy = _read_sources(request.folder), request.directory.absolute() / "source"
    for name, data in sources.items():
        write_atomic(copy / name, data)
    for name in _read_sources(copy).keys() - sources.keys():
        (copy / name).unlink()
    return copy


def build_guest(request: GuestRequest, observer: Observer | None = None) -> GuestResult:
    """Compile the guest's programs and pack them.

    Raises:
        UserError: the work folder cannot be used.
        CheckFailed: a program does not compile, or ``made`` is not there.
        InfraError: a tool is missing, the disk is full, or make does not end.
    """
    started = time.monotonic()
    find_compiler("gcc")
    if len(str(request.directory.absolute()).split()) != 1:
        raise UserError(
            "make cannot work in a path with a blank",
            where=str(request.directory),
            hint="choose another place with --workdir",
        )
    directory = ensure_dir(request.directory.absolute())
    if not (request.folder / "Makefile").is_file():
        raise UserError("there is no Makefile for the guest", where=str(request.folder))
    root, log, archive = directory / "root", directory / "make.log", request.archive
    (observer or SilentObserver()).progress(
        Progress(stage="guest", subject=f"qemu/{request.folder.name}", elapsed=0.0)
    )
    with variant_lock(directory, wait=request.timeout):
        command = _make_all(request, log)
        if not (root / request.made).exists():
            raise CheckFailed(f"the guest's Makefile made no {request.made}", where=str(root))
        try:
            changed = write_atomic(archive, pack_folder(root))
        except OSError as error:
            raise InfraError(f"cannot read: {error.strerror}", where=str(root)) from error
    return GuestResult(
        initramfs=archive,
        root=root,
        log=log,
        changed=changed,
        seconds=time.monotonic() - started,
        command=command,
    )


def _make_all(request: GuestRequest, log: Path) -> tuple[str, ...]:
    """Make the programs from the copy of their sources, and return the command."""
    stamp, key = _stamp(request), _key(request)
    known = stamp.read_bytes().splitlines() if stamp.is_file() else []
    stamp.unlink(missing_ok=True)
    make, option, _, *words = guest_command(request)
    again = [] if known[:1] == [key[0]] else ["-B"]
    command = (make, option, str(_copy_sources(request)), *again, *words)
    _run_make(command, log, request.timeout)
    write_atomic(stamp, b"\n".join(key))
    return command


def _run_make(command: tuple[str, ...], log: Path, timeout: float) -> None:
    try:
        with log.open("wb") as output:
            done = tools.run_bytes(
                # make ends its compilers when it is told to
                guarded(command, signal.SIGTERM),
                stdout=output,
                together=True,
                env=clean_environment({"LC_ALL": "C"}),
                limit=timeout,
            )
    except OSError as error:
        raise InfraError(f"cannot be written: {error.strerror}", where=str(log)) from error
    if done.returncode == 0:
        return
    lines = read_tail(log)
    packages = sorted({missing_package(line) for line in lines} - {""})
    if packages:
        raise InfraError(
            f"the guest's programs need {', '.join(packages)}",
            where=str(log),
            hint=f"apt-get install {' '.join(packages)}",
        )
    text = "".join(f"\n  {line}" for line in lines)
    raise CheckFailed(
        f"the guest's programs do not compile:{text}\n",
        where=str(log),
        hint=f"repeat with: {shlex.join(command)}",
    )
