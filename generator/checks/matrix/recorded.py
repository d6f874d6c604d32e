# SPDX-License-Identifier: GPL-2.0-only
"""Objects compiled again with the commands that kbuild has recorded.

Make asks the compiler for about 140 options each time it starts, which takes longer than to compile
an object of ours. Where a step changes C and headers only, the commands are those of the step
before: kbuild keeps each in ``.X.cmd`` beside the object, with what the object was made from. Here
the command runs, and the dependencies are brought up to date by kbuild's own ``fixdep``, as
``cmd_and_fixdep`` does it (scripts/Kbuild.include). Of what else kbuild does for an object
(rule_cc_o_c of scripts/Makefile.build) only sparse runs: its arguments are kept beside the object
by the program that make is given as ``CHECK``. ``check-local-export`` is not done.

Called by ``generator.checks.matrix.follow``. That the objects are those of make is a test
(``tests/checks/matrix/test_replay.py``, marked ``build``).
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from generator.errors import InfraError
from generator.kbuild.cmdfile import cmd_file, saved_command
from generator.kbuild.runner import compiler_environment, run_tool
from generator.paths import write_atomic

_FIXDEP = "scripts/basic/fixdep"
_DEPENDENCIES = re.compile(r"-Wp,-MM?D,(\S+)")

_CHECKER = """#!/bin/sh
# sparse, as kbuild calls it; its arguments are kept beside the object, one a line
for word; do
	case $word in
	-Wp,-MD,* | -Wp,-MMD,*) dependencies=${word##*D,} ;;
	esac
done
printf '%s\\n' "$@" >"${dependencies%.d}.sparse" && exec sparse "$@"
"""


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """What kbuild has recorded of an object.

    Args:
        target: the object, relative to the build directory.
        line: the first line of its ``.cmd`` file, in make's syntax.
        command: the command, as a shell has it.
        dependencies: the file that the compiler writes them to, relative as well.
        added: lines behind the dependencies (``cmd_gen_objtooldep``).
        sparse: arguments of sparse; empty where it shall not look.
    """

    target: str
    line: str
    command: str
    dependencies: str
    added: str
    sparse: tuple[str, ...] = ()

    @property
    def wrapped(self) -> bool:
        """A compiler cache is asked."""
        return self.command.startswith("ccache ")


def write_checker(directory: Path) -> Path:
    """Write what make is given as ``CHECK`` into ``directory`` and return its path.

    Raises:
        InfraError: it cannot be written.
    """
    checker = directory / "sparse"
    write_atomic(checker, _CHECKER.encode())
    checker.chmod(0o755)
    return checker


def read_recorded(build_dir: Path, target: str, *, sparse: bool = False) -> Recorded | None:
    """Return what is recorded of ``target``, None when nothing is that could be used again.

    Args:
        build_dir: the build directory.
        target: an object, relative to it.
        sparse: sparse shall look as well.
    """
    place = cmd_file(build_dir / target)
    try:
        text = place.read_text()
        checked = place.with_suffix(".sparse").read_text().splitlines() if sparse else ()
    except (OSError, UnicodeDecodeError):
        return None
    saved = saved_command(text)
    if not saved or saved.target != target:
        return None
    dependencies = _DEPENDENCIES.search(saved.command)
    if not dependencies or (sparse and not checked):
        return None
    return Recorded(
        target=target,
        line=saved.line,
        command=saved.command,
        dependencies=dependencies[1],
        added=text.rpartition(f"$(deps_{target}):\n")[2],
        sparse=tuple(checked),
    )


def forget_object(build_dir: Path, target: str) -> None:
    """Remove an object, and what is recorded of it: make makes it again."""
    record = cmd_file(build_dir / target)
    for path in (build_dir / target, record, record.with_suffix(".sparse")):
        path.unlink(missing_ok=True)


def compile_recorded(
    build_dir: Path,
    recorded: Iterable[Recorded],
    on_line: Callable[[str], object],
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


def look_again(
    build_dir: Path, recorded: Iterable[Recorded], on_line: Callable[[str], object]
) -> None:
    """Have sparse look at sources, as it does behind the compiler; objects stay as they are.

    Args:
        build_dir: the build directory, absolute.
        recorded: of which objects.
        on_line: receives what it prints.

    Raises:
        InfraError: it does not start.
    """
    environment = compiler_environment("none")
    for one in recorded:
        for line in _look(build_dir, one, environment).stdout.splitlines():
            on_line(line)


def _look(
    build_dir: Path, one: Recorded, environment: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    return run_tool(build_dir, ("sparse", *one.sparse), environment)


def _run(
    build_dir: Path, one: Recorded, environment: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    """Make an object; its record is written last, as kbuild does it."""
    done = run_tool(build_dir, ("sh", "-e", "-c", one.command), environment)
    if done.returncode == 0:
        _record(build_dir, one, environment)
        if one.sparse:
            compiled, done = done, _look(build_dir, one, environment)
            done.stdout = compiled.stdout + done.stdout
    if done.returncode:
        (build_dir / one.target).unlink(missing_ok=True)
    return done


def _record(build_dir: Path, one: Recorded, environment: dict[str, str]) -> None:
    """Record the object's new dependencies."""
    fixed = run_tool(build_dir, (_FIXDEP, one.dependencies, one.target, ""), environment)
    if fixed.returncode:
        raise InfraError(
            f"{_FIXDEP} fails: {fixed.stdout.strip()}", where=str(build_dir / one.dependencies)
        )
    record = cmd_file(build_dir / one.target)
    write_atomic(record, (one.line + fixed.stdout.partition("\n")[2] + one.added).encode())
    os.utime(record)
    (build_dir / one.dependencies).unlink(missing_ok=True)
