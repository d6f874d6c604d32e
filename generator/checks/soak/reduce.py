# SPDX-License-Identifier: GPL-2.0-only
"""Reduce a program that differs under probes to a file one can read, with cvise.

What is left compiles, ends well without probes, has no undefined behaviour that the sanitizers see,
and differs still: that is asked of a command, which boots a guest for each attempt.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

from generator import tools
from generator.checks.soak.generated import HEADERS, Build
from generator.errors import InfraError, UserError
from generator.paths import ensure_dir
from generator.workers import guarded

REDUCER = "cvise"

_STRICT = ("-Werror=uninitialized", "-Werror=implicit-function-declaration")
"""What no program may have that is well; beside -w gcc would say nothing of it."""

_SANITIZERS = ("-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
_SECONDS = 20

_GROUP = 'trap "trap - TERM; kill -- -$$" TERM; "$@" & wait $!'

_SCRIPT = """\
#!/bin/sh
# Good if {name} differs still: what cvise asks of each attempt.
set -eu
{compile} {name} -o program 2> said
timeout {seconds} ./program > out < /dev/null
{sane} {name} -o checked 2> said
timeout {seconds} ./checked > out < /dev/null 2> said
exec {differs}
"""


def reduce_source(
    source: Path, build: Build, differs: Sequence[str], place: Path, *, jobs: int = 1
) -> Path:
    """Reduce a C program as long as ``differs`` says so.

    Args:
        source: the program; it is not changed.
        build: how it is compiled.
        differs: a command that exits with 0 if the program differs; ``{source}`` and ``{program}``
            in its words are the attempt and what is compiled of it.
        place: an empty work folder.
        jobs: attempts at a time.

    Returns:
        The reduced source, in ``place``.

    Raises:
        UserError: it does not compile, or does not differ to begin with.
        InfraError: cvise is missing or fails.
    """
    if shutil.which(REDUCER) is None:
        raise InfraError(f"{REDUCER} is not found in PATH", hint=f"apt-get install {REDUCER}")
    small = ensure_dir(place) / "small.c"
    _preprocess(source, build, small)
    script = _write_script(build, differs, place, small.name)
    if not _is_good(script, small, place):
        raise UserError("does not differ, or is no good program without probes", where=str(source))
    command = [REDUCER, "--n", str(jobs), "--timeout", "3600", str(script), small.name]
    status, said = _run_group(command, place)
    if status:
        raise InfraError(f"{REDUCER} fails: {said.strip()[-600:]}", where=shlex.join(command))
    return small


def _run_group(command: Sequence[str], place: Path) -> tuple[int, str]:
    """Run a command as a group of processes, all of which end with this one; return what it says.

    Cvise's attempts are started by shells, and go on when it has ended.
    """
    guarding = guarded(("sh", "-c", _GROUP, "sh", *command), signal.SIGTERM)
    with tools.start(guarding, cwd=place, stderr=subprocess.STDOUT, process_group=0) as group:
        try:
            said, _ = group.communicate()
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(group.pid, signal.SIGTERM)
    return group.returncode, said.decode("utf-8", "replace")


def _preprocess(source: Path, build: Build, target: Path) -> None:
    """Put what a program includes into it: there is something to be left out as well."""
    command = (*build.command, "-E", "-P", f"-I{HEADERS}", str(source), "-o", str(target))
    done = tools.run(command)
    if done.returncode:
        raise UserError(f"does not compile: {done.stderr.strip()[-400:]}", where=str(source))


def _write_script(build: Build, differs: Sequence[str], place: Path, name: str) -> Path:
    script = place / "interesting.sh"
    words = [word.format(source=name, program="./program") for word in differs]
    sane = ("gcc", f"-m{build.bits}", *_STRICT, *_SANITIZERS)
    script.write_text(
        _SCRIPT.format(
            name=name,
            compile=shlex.join((*build.command, *_STRICT, "-static")),
            sane=shlex.join(sane),
            differs=shlex.join(words),
            seconds=_SECONDS,
        )
    )
    script.chmod(0o755)
    return script


def _is_good(script: Path, small: Path, place: Path) -> bool:
    """Ask once as cvise does, in a folder of its own."""
    trial = ensure_dir(place / "trial")
    shutil.copy(small, trial)
    return not tools.run_bytes([script], cwd=trial).returncode
