# SPDX-License-Identifier: GPL-2.0-only
"""The guest's programs, compiled by their own Makefile and packed as an initramfs.

Runs ``make -C qemu/guest O=<folder>``, which leaves exactly the guest's file tree in the folder,
and writes ``initramfs.cpio`` from it. Called by the command line; ``generator.boot`` takes the
archive.
"""

from __future__ import annotations

import shlex
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from generator.errors import CheckFailed, InfraError, UserError
from generator.guest.cpio import pack_folder
from generator.kbuild.kernel import read_tail, variant_lock
from generator.kbuild.runner import clean_environment
from generator.kbuild.toolchain import find_compiler, missing_package
from generator.paths import data_dir, ensure_dir, write_atomic
from generator.progress import Observer, Progress, SilentObserver

_LIST_SECONDS = 10.0


@dataclass(frozen=True, kw_only=True)
class GuestRequest:
    """What the guest's file tree is made from.

    Args:
        directory: work folder, usually ``<workdir>/guest-<arch>``.
        source: the folder with the Makefile; None: the project's ``qemu/guest``.
        jobs: parallel compilers.
        timeout: seconds make may take.
        arch: of the kernel that starts them, ``x86_64`` or ``i386``.
    """

    directory: Path
    source: Path | None = None
    jobs: int = 2
    timeout: float = 600.0
    arch: str = "x86_64"

    @property
    def archive(self) -> Path:
        """Where the initramfs is, made or not."""
        return self.directory.absolute() / "initramfs.cpio"


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
            done = subprocess.run(
                [str(program), "--list"],
                capture_output=True,
                text=True,
                timeout=_LIST_SECONDS,
                check=True,
            )
        except (OSError, subprocess.SubprocessError):
            hidden.append(prefix)
            continue
        rows = (line.split() for line in done.stdout.splitlines())
        names |= {row[1] for row in rows if len(row) > 1 and row[0] == "test"}
    return TestList(names=frozenset(names), hidden=tuple(hidden))


def guest_command(request: GuestRequest) -> tuple[str, ...]:
    """Return the make command of ``request``; nothing runs."""
    source = request.source or data_dir("qemu") / "guest"
    root = request.directory.absolute() / "root"
    return ("make", "-C", str(source), f"-j{request.jobs}", f"O={root}", f"ARCH={request.arch}")


def build_guest(request: GuestRequest, observer: Observer | None = None) -> GuestResult:
    """Compile the guest's programs and pack them.

    Raises:
        UserError: the work folder cannot be used.
        CheckFailed: a program does not compile, or there is no ``/init``.
        InfraError: a tool is missing, the disk is full, or make does not end.
    """
    started = time.monotonic()
    find_compiler("gcc")
    directory = ensure_dir(request.directory.absolute())
    command = guest_command(request)
    root, log, archive = directory / "root", directory / "make.log", request.archive
    (observer or SilentObserver()).progress(
        Progress(stage="guest", subject=str(request.source or "qemu/guest"), elapsed=0.0)
    )
    with variant_lock(directory, wait=request.timeout):
        _run_make(command, log, request.timeout)
        if not (root / "init").exists():
            raise CheckFailed("the guest's Makefile made no init", where=str(root))
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


def _run_make(command: tuple[str, ...], log: Path, timeout: float) -> None:
    if not Path(command[2], "Makefile").is_file():
        raise UserError("there is no Makefile for the guest", where=command[2])
    try:
        with log.open("wb") as output:
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=clean_environment({"LC_ALL": "C"}),
                timeout=timeout,
                check=False,
            )
    except subprocess.TimeoutExpired as error:
        raise InfraError(f"no end after {timeout:.0f} s", where=shlex.join(command)) from error
    except OSError as error:
        raise InfraError(f"make cannot run: {error.strerror}", where=str(log)) from error
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
