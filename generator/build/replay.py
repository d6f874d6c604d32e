# SPDX-License-Identifier: GPL-2.0-only
"""Objects compiled again with the commands that kbuild has recorded.

Make asks the compiler for about 140 options each time it starts, which takes longer than to compile
an object of ours. Where a step changes C and headers only, the commands are those of the step
before: kbuild keeps each in ``.X.cmd`` beside the object, with what the object was made from. Here
the command runs, and the dependencies are brought up to date by kbuild's own ``fixdep``, as
``cmd_and_fixdep`` does it (scripts/Kbuild.include). What else kbuild does for an object (sparse,
kernel-doc, ``check-local-export``: rule_cc_o_c of scripts/Makefile.build) is not in the command,
and is not done.

Called by ``generator.build.follow``. That the objects are those of make is a test
(``tests/test_matrix.py``, marked ``build``).
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from generator.build.runner import compiler_environment, guarded
from generator.errors import InfraError
from generator.paths import write_atomic

_FIXDEP = "scripts/basic/fixdep"
_RECORD = re.compile(r"\A(?:saved)?cmd_(\S+) := (.+)\n")
_DEPENDENCIES = re.compile(r"-Wp,-MM?D,(\S+)")


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """What kbuild has recorded of an object.

    Args:
        target: the object, relative to the build directory.
        line: the first line of its ``.cmd`` file, in make's syntax.
        command: the command, as a shell has it.
        dependencies: the file that the compiler writes them to, relative as well.
        added: lines behind the dependencies (``cmd_gen_objtooldep``).
    """

    target: str
    line: str
    command: str
    dependencies: str
    added: str

    @property
    def wrapped(self) -> bool:
        """A compiler cache is asked."""
        return self.command.startswith("ccache ")


def read_recorded(build_dir: Path, target: str) -> Recorded | None:
    """Return what is recorded of ``target``, None when nothing is that could be used again."""
    try:
        text = _record_of(build_dir, target).read_text()
    except (OSError, UnicodeDecodeError):
        return None
    record = _RECORD.match(text)
    if not record or record[1] != target:
        return None
    command = record[2].replace("$(pound)", "#").replace("$$", "$")
    dependencies = _DEPENDENCIES.search(command)
    if not dependencies:
        return None
    return Recorded(
        target=target,
        line=record[0],
        command=command,
        dependencies=dependencies[1],
        added=text.rpartition(f"$(deps_{target}):\n")[2],
    )


def _record_of(build_dir: Path, target: str) -> Path:
    made = build_dir / target
    return made.with_name(f".{made.name}.cmd")


def compile_recorded(
    build_dir: Path,
    recorded: Iterable[Recorded],
    on_line: Callable[[str], None],
    *,
    wrapper: str,
    jobs: int,
) -> bool:
    """Run recorded commands and return whether all succeeded; an object that failed is not there.

    Args:
        build_dir: the build directory, absolute.
        recorded: what to make.
        on_line: receives what make would print: the object's name, and what the compiler says.
        wrapper: ``ccache``, or ``none``, as for make.
        jobs: so many at a time.

    Raises:
        InfraError: a command does not start, or kbuild's ``fixdep`` fails.
    """
    environment = compiler_environment(wrapper)
    passed = True
    with ThreadPoolExecutor(jobs) as pool:
        for one, done in pool.map(lambda one: (one, _run(build_dir, one, environment)), recorded):
            on_line(f"  CC      {one.target}")
            for line in done.stdout.splitlines():
                on_line(line)
            passed = passed and done.returncode == 0
    return passed


def _run(
    build_dir: Path, one: Recorded, environment: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    """Make an object; its record is written last, as kbuild does it."""
    done = _shell(build_dir, ("sh", "-e", "-c", one.command), environment)
    if done.returncode:
        (build_dir / one.target).unlink(missing_ok=True)
        return done
    fixed = _shell(build_dir, (_FIXDEP, one.dependencies, one.target, ""), environment)
    if fixed.returncode:
        raise InfraError(
            f"{_FIXDEP} fails: {fixed.stdout.strip()}", where=str(build_dir / one.dependencies)
        )
    record = _record_of(build_dir, one.target)
    write_atomic(record, (one.line + fixed.stdout.partition("\n")[2] + one.added).encode())
    os.utime(record)
    (build_dir / one.dependencies).unlink(missing_ok=True)
    return done


def _shell(
    build_dir: Path, command: tuple[str, ...], environment: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            guarded(command, signal.SIGTERM),
            cwd=build_dir,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
    except OSError as error:
        raise InfraError(
            f"{command[0]} does not start: {error.strerror}", where=str(build_dir)
        ) from error
