# SPDX-License-Identifier: GPL-2.0-only
"""The real programs: Debian's packages, what each is told to do, and the files it needs for that.

What an interpreter loads is found by running its workload here and asking it.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from generator.errors import InfraError, UserError
from generator.paths import data_dir

ENTRIES, RETURNS, INSTRUCTIONS, CHURN = "entries", "returns", "instructions", "churn"
ROUNDS = (ENTRIES, RETURNS, INSTRUCTIONS, CHURN)
"""A round arms its probes on top of those of the rounds before it: on the entries of functions, on
returns, on every instruction; the last one arms and disarms them all while the programs run."""

IN = "/soak/in"
"""Where the workloads are in the guest."""

_SECONDS = 120


@dataclass(frozen=True, kw_only=True)
class Program:
    """A program and its workload.

    Args:
        name: one word.
        package: Debian's.
        command: what is run; the first is the program's path or name, ``{in}`` in the others is the
            folder of the workloads.
        kind: what there is of it that others have not.
        workload: file of ``qemu/guest/soak``; "" for none.
        as_input: the workload is its standard input.
        files: further files and folders that it reads.
        helpers: further programs that it starts.
        loads: ``python`` or ``perl``: how to ask it what it has loaded.
        everyday: it belongs to the everyday mode.
        deadline: seconds for a run in the guest.
    """

    name: str
    package: str
    command: tuple[str, ...]
    kind: str
    workload: str = ""
    as_input: bool = False
    files: tuple[str, ...] = ()
    helpers: tuple[str, ...] = ()
    loads: str = ""
    everyday: bool = False
    deadline: int = _SECONDS


PROGRAMS = (
    Program(
        name="python3",
        package="python3-minimal",
        command=("/usr/bin/python3", "-I", "-S", f"{IN}/everyday.py"),
        kind="interpreter; threads, signals, fork, floating point",
        workload="everyday.py",
        loads="python",
        everyday=True,
    ),
    Program(
        name="perl",
        package="perl-base",
        command=("/usr/bin/perl", f"{IN}/everyday.pl"),
        kind="interpreter; regular expressions, floating point, fork",
        workload="everyday.pl",
        loads="perl",
        everyday=True,
    ),
    Program(
        name="sqlite3",
        package="sqlite3",
        command=("/usr/bin/sqlite3", "-batch", "soak.db"),
        kind="data base; files written",
        workload="everyday.sql",
        as_input=True,
        everyday=True,
    ),
    Program(
        name="xz",
        package="xz-utils",
        command=("/usr/bin/xz", "-2", "-T2", "--block-size=16KiB", "-c", f"{IN}/everyday.py"),
        kind="compression; two threads",
        workload="everyday.py",
        everyday=True,
    ),
    Program(
        name="bash",
        package="bash",
        command=("/usr/bin/bash", f"{IN}/full.sh"),
        kind="shell; subshells, pipes, jobs, traps",
        workload="full.sh",
    ),
    Program(
        name="bc",
        package="bc",
        command=("/usr/bin/bc", "-l", f"{IN}/full.bc"),
        kind="numbers of any length",
        workload="full.bc",
    ),
    Program(
        name="gawk",
        package="gawk",
        command=("/usr/bin/gawk", "-f", f"{IN}/full.awk"),
        kind="text, floating point",
        workload="full.awk",
    ),
    Program(
        name="openssl",
        package="openssl",
        command=("/usr/bin/bash", f"{IN}/openssl.sh"),
        kind="ciphers and hashes in vector instructions, big numbers",
        workload="openssl.sh",
        helpers=("/usr/bin/openssl",),
    ),
    Program(
        name="git",
        package="git",
        command=("/usr/bin/bash", f"{IN}/git.sh"),
        kind="many processes; files mapped and compressed",
        workload="git.sh",
        helpers=("/usr/bin/git",),
    ),
    Program(
        name="zstd",
        package="zstd",
        command=("/usr/bin/zstd", "-q", "-9", "-T2", "-c", f"{IN}/everyday.py"),
        kind="compression; BMI2 code",
        workload="everyday.py",
    ),
    Program(
        name="qemu-img",
        package="qemu-utils",
        command=("/usr/bin/bash", f"{IN}/qemu-img.sh"),
        kind="coroutines on stacks of their own",
        workload="qemu-img.sh",
        helpers=("/usr/bin/qemu-img",),
    ),
    Program(
        name="ripgrep",
        package="ripgrep",
        command=("/usr/bin/rg", "--no-config", "--sort", "path", "-n", "d.f|my |SELECT", IN),
        kind="Rust; vector instructions",
        workload="everyday.py",
    ),
    Program(
        name="gron",
        package="gron",
        command=("/usr/bin/gron", f"{IN}/full.json"),
        kind="Go; stacks that move, threads",
        workload="full.json",
    ),
    Program(
        name="luajit",
        package="luajit",
        command=("/usr/bin/luajit", f"{IN}/full.lua"),
        kind="code that is made while it runs",
        workload="full.lua",
    ),
    Program(
        name="cc1",
        package="cpp-12",
        command=(
            *("/usr/lib/gcc/x86_64-linux-gnu/12/cc1", "-quiet", "-O2", f"{IN}/full.c"),
            *("-o", "full.s"),
        ),
        kind="compiler",
        workload="full.c",
        deadline=300,
    ),
)


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A program as this machine has it.

    Attributes:
        program: which.
        command: the guest's command; paths are real.
        files: what it reads, by the path in the guest.
        code: its programs and what they load, in the order of ``files``, by the path in the guest.
        input: path in the guest of its standard input; "" for none.
    """

    program: Program
    command: tuple[str, ...]
    files: Mapping[str, Path] = field(default_factory=dict)
    code: Mapping[str, Path] = field(default_factory=dict)
    input: str = ""


def find_wanted(names: Iterable[str], *, full: bool) -> tuple[Program, ...]:
    """Return the programs of a mode, or those that are named.

    Raises:
        UserError: there is no such program.
    """
    known = {program.name: program for program in PROGRAMS}
    wanted = tuple(names)
    if unknown := [name for name in wanted if name not in known]:
        raise UserError(f"there is no '{unknown[0]}'", hint=f"use: {', '.join(known)}")
    if wanted:
        return tuple(known[name] for name in wanted)
    return tuple(program for program in PROGRAMS if full or program.everyday)


def prepare_program(program: Program, find_libraries: Libraries) -> Prepared:
    """Find a program's files on this machine.

    Args:
        program: which.
        find_libraries: returns what programs and libraries load (``build.clients``).

    Raises:
        InfraError: it is not installed, or does not run here.
    """
    path = _find(program, program.command[0])
    workload = data_dir("qemu") / "guest" / "soak" / program.workload if program.workload else None
    files: dict[str, Path] = {f"{IN}/{workload.name}": workload} if workload else {}
    code = [path, *(_find(program, helper) for helper in program.helpers)]
    for place in program.files:
        files |= _below(program, Path(place))
    if program.loads and workload:
        read, loaded = _LOADERS[program.loads](path, workload)
        files |= {str(name): source for name, source in read.items()}
        code += loaded
    code += [Path(real_name(library)) for library in find_libraries(tuple(code))]
    return Prepared(
        program=program,
        command=(str(path), *program.command[1:]),
        files=files,
        code={str(name): name for name in dict.fromkeys(code)},
        input=f"{IN}/{program.workload}" if program.as_input else "",
    )


Libraries = Callable[[tuple[Path, ...]], Iterable[Path]]


def real_name(path: Path) -> str:
    """Return a path without links in its folder, as the guest has it: /lib is /usr/lib."""
    return str(path.parent.resolve() / path.name)


def package_versions(packages: Iterable[str]) -> dict[str, str]:
    """Return the versions of packages, as dpkg-query(1) has them; nothing on another system."""
    command = ["dpkg-query", "-W", "-f", "${Package} ${Version}\n", *packages]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.SubprocessError):
        return {}
    rows = (line.split() for line in done.stdout.splitlines())
    return {row[0]: row[1] for row in rows if len(row) == 2}


def _find(program: Program, name: str) -> Path:
    """Return the real path of a program; the distribution's, whatever else is in PATH."""
    found = shutil.which(name, path="/usr/bin:/bin:/usr/sbin:/sbin")
    if found is None:
        raise InfraError(f"{name} is not installed", hint=f"apt-get install {program.package}")
    return Path(found).resolve()


def _below(program: Program, place: Path) -> dict[str, Path]:
    if not place.exists():
        raise InfraError(f"there is no {place}", hint=f"apt-get install {program.package}")
    if place.is_file():
        return {real_name(place): place}
    return {real_name(path): path for path in sorted(place.rglob("*")) if path.is_file()}


def _ask(command: list[str], what: str) -> str:
    """Run a workload here, in a folder that is gone afterwards, and return what it says."""
    with tempfile.TemporaryDirectory() as place:
        try:
            done = subprocess.run(
                command,
                cwd=place,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
                timeout=120,
                check=True,
            )
        except subprocess.CalledProcessError as error:
            raise InfraError(f"{what} fails here: {error.stderr[-400:]}", where=command[0]) from (
                error
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise InfraError(f"{what} does not run here: {error}", where=command[0]) from error
    return done.stderr


_PYTHON = """\
import importlib.util, json, os, runpy, sys
code = sys.argv.pop(1)
runpy.run_path(code, run_name="__main__")
found = {}
for module in list(sys.modules.values()):
    path = getattr(module, "__file__", None)
    if path and path != code:
        cached = importlib.util.cache_from_source(path) if path.endswith(".py") else path
        found[path] = cached if os.path.exists(cached) else path
print(json.dumps(found), file=sys.stderr)
"""

_PERL = """\
my ($code, $own) = (shift, $$);
END { print STDERR map({ "read $_\\n" } values %INC), map({ "load $_\\n" }
    @DynaLoader::dl_shared_objects) if $$ == $own; }
do $code;
die $@ if $@;
"""


def _python_loads(path: Path, workload: Path) -> tuple[dict[str, Path], list[Path]]:
    """Return the modules that a script loads: compiled ones beside their source, and libraries.

    The guest's files have no times, so that a compiled module in ``__pycache__`` would not be taken
    for its source's; one without a source is (Python's reference, 5.4.7).
    """
    said = _ask([str(path), "-I", "-S", "-B", "-c", _PYTHON, str(workload)], "the workload")
    found: dict[str, str] = json.loads(said.splitlines()[-1])
    read: dict[str, Path] = {}
    loaded: list[Path] = []
    for name, cached in found.items():
        if cached.endswith(".so"):
            loaded.append(Path(real_name(Path(cached))))
        elif cached.endswith(".pyc"):
            read[f"{name}c"] = Path(cached)
        else:
            read[name] = Path(cached)
    return read, loaded


def _perl_loads(path: Path, workload: Path) -> tuple[dict[str, Path], list[Path]]:
    """Return the modules that a script loads, and libraries."""
    said = _ask([str(path), "-e", _PERL, str(workload)], "the workload")
    rows = [line.split(" ", 1) for line in said.splitlines() if line.startswith(("read ", "load "))]
    read = {name: Path(name) for what, name in rows if what == "read" and name != str(workload)}
    loaded = [Path(real_name(Path(name))) for what, name in rows if what == "load"]
    return read, loaded


_LOADERS: Mapping[str, Callable[[Path, Path], tuple[dict[str, Path], list[Path]]]] = {
    "python": _python_loads,
    "perl": _perl_loads,
}
