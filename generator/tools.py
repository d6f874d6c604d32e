# SPDX-License-Identifier: GPL-2.0-only
"""The one door to other programs: how they are started, and what is said where that fails.

``run`` and ``run_bytes`` wait for the end and return what was said; ``start`` returns at once.
Their stdin is never the terminal. The environment and the folder are the caller's to choose; git's
is ``tree.git.git_environment``.

Not through here: QEMU, which ``guest.vm`` starts in asyncio, the commands of a kernel build, which
``kbuild.runner`` reads line by line for tuxmake, the pager, which has the terminal, and what
GitPython starts.
"""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from subprocess import PIPE, STDOUT, CompletedProcess, Popen
from typing import IO

from generator.errors import InfraError

Word = str | PathLike[str]

_SAID = 400
"""Characters of what a program has said last that an error repeats."""


def run_bytes(
    command: Sequence[Word],
    *,
    package: str = "",
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdin: bytes = b"",
    limit: float | None = None,
    check: bool = False,
    stdout: IO[bytes] | int = PIPE,
    together: bool = False,
) -> CompletedProcess[bytes]:
    """Run a program to its end.

    Args:
        command: the program and its arguments.
        package: the Debian package that has it, for the hint; the program's own name otherwise.
        cwd: the folder that it runs in; None for that of this process.
        env: all of its environment; None for that of this process.
        stdin: what it reads.
        limit: the seconds that it may take.
        check: a status other than 0 is an error.
        stdout: where its output goes: by default it is returned.
        together: what it says on stderr goes to stdout.

    Raises:
        InfraError: it cannot be started, does not end in time, or fails although ``check`` is set.
    """
    words = [os.fspath(word) for word in command]
    try:
        done = subprocess.run(
            words,
            input=stdin,
            stdout=stdout,
            stderr=STDOUT if together else PIPE,
            cwd=cwd,
            env=env,
            timeout=limit,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        where = shlex.join(words)
        raise OutOfTime(f"{_name(words)}: no end after {limit:.0f} s", where=where) from error
    except OSError as error:
        raise _not_run(words, error, package) from error
    if check and done.returncode:
        said = (done.stderr or done.stdout or b"").decode("utf-8", "replace").strip()
        raise InfraError(
            f"{_name(words)} fails: {said[-_SAID:] or f'status {done.returncode}'}",
            where=shlex.join(words),
            hint=f"apt-get install {package}" if package else "",
        )
    return done


def run(
    command: Sequence[Word],
    *,
    package: str = "",
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdin: str = "",
    limit: float | None = None,
    check: bool = False,
    together: bool = False,
) -> CompletedProcess[str]:
    """Run a program to its end, as ``run_bytes`` does; what it reads and says is text, in UTF-8.

    Raises:
        InfraError: as there.
    """
    done = run_bytes(
        command,
        package=package,
        cwd=cwd,
        env=env,
        stdin=stdin.encode("utf-8", "surrogateescape"),
        limit=limit,
        check=check,
        together=together,
    )
    stdout, stderr = (_text(said) for said in (done.stdout, done.stderr))
    return CompletedProcess(done.args, done.returncode, stdout, stderr)


def start(
    command: Sequence[Word],
    *,
    package: str = "",
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdin: int = subprocess.DEVNULL,
    stdout: IO[bytes] | int | None = PIPE,
    stderr: IO[bytes] | int | None = None,
    pass_fds: Sequence[int] = (),
    process_group: int | None = None,
) -> Popen[bytes]:
    """Start a program and return; the arguments are those of ``run_bytes``, and Popen's.

    Raises:
        InfraError: it cannot be started.
    """
    words = [os.fspath(word) for word in command]
    try:
        return Popen(
            words,
            bufsize=0,
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            cwd=cwd,
            env=env,
            pass_fds=pass_fds,
            process_group=process_group,
        )
    except OSError as error:
        raise _not_run(words, error, package) from error


class OutOfTime(InfraError):  # noqa: N818 - it says what has happened
    """A program has not ended in the time that it had."""


def _name(words: Sequence[str]) -> str:
    """Return what a command is called, without what guards it (see ``workers.guarded``)."""
    guard = Path(words[0]).name == "setpriv" and "--" in words
    return Path(words[words.index("--") + 1] if guard else words[0]).name


def _not_run(words: Sequence[str], error: OSError, package: str) -> InfraError:
    # as from a shell, a program without a folder comes of a package
    hint = f"apt-get install {package or words[0]}" if package or "/" not in words[0] else ""
    where = "" if "/" not in words[0] else words[0]
    return InfraError(f"{_name(words)} cannot be run: {error.strerror}", where=where, hint=hint)


def _text(said: bytes | None) -> str:
    """Return what was said, with newlines whatever they were."""
    return (said or b"").decode("utf-8", "replace").replace("\r\n", "\n")
