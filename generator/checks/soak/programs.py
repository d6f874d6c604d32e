# SPDX-License-Identifier: GPL-2.0-only
"""The real programs: Debian's packages, what each is told to do, and the files it needs for that.

Which there are stands in ``qemu/guest/soak/programs.toml``, beside their workloads. What an
interpreter loads is found by running its workload here and asking it.
"""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import tempfile
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from pathlib import Path

from generator import tools
from generator.checks.soak.sites import is_dynamic
from generator.errors import InfraError, UserError
from generator.paths import data_dir, ensure_dir

ENTRIES, RETURNS, INSTRUCTIONS, CHURN = "entries", "returns", "instructions", "churn"
ROUNDS = (ENTRIES, RETURNS, INSTRUCTIONS, CHURN)
"""A round arms its probes on top of those of the rounds before it: on the entries of functions, on
returns, on every instruction; the last one arms and disarms them all while the programs run."""

IN = "/soak/in"
"""Where the workloads are in the guest."""

_LIBRARY = ("gcc", "-shared", "-fPIC", "-O2")
"""How a library is made that a program preloads."""

_SECONDS = 300


@dataclass(frozen=True, kw_only=True)
class Program:
    """A program and its workload: a section of the table, which says what each word means.

    Args:
        name: the section.
        package, kind, workload, files, helpers, libraries, loads, build, share, boot, everyday,
            deadline, cpus, user, preload, unpack, breaks: as in the table.
        command: its words, the first ``{program}`` where it is built; ``{in}`` stands for the
            folder of the workloads.
        input: the workload is its standard input.
    """

    name: str
    package: str
    command: tuple[str, ...]
    kind: str
    workload: str = ""
    input: bool = False
    files: tuple[str, ...] = ()
    helpers: tuple[str, ...] = ()
    libraries: tuple[str, ...] = ()
    loads: str = ""
    build: tuple[str, ...] = ()
    share: int = 1
    boot: str = ""
    everyday: int = 0
    deadline: int = _SECONDS
    cpus: int = 1
    user: int = 0
    preload: str = ""
    unpack: bool = False
    breaks: tuple[str, ...] = ()


@cache
def all_programs() -> tuple[Program, ...]:
    """Return the programs of the table.

    Raises:
        InfraError: it is not there, or wrong.
    """
    return read_programs(_workloads() / "programs.toml")


def read_programs(path: Path) -> tuple[Program, ...]:
    """Read a table of programs.

    Raises:
        InfraError: it cannot be read, lacks a word, or has one that nobody knows.
    """
    try:
        table = tomllib.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise InfraError(f"cannot be read: {error}", where=str(path)) from error
    known = {row.name for row in fields(Program)} - {"name"}
    programs = []
    for name, row in table.items():
        if wrong := [word for word in row if word not in known]:
            raise InfraError(f"{name}: unknown word: {wrong[0]}", where=str(path))
        if missing := [word for word in ("package", "command", "kind") if word not in row]:
            raise InfraError(f"{name}: lacks {missing[0]}", where=str(path))
        lists = {word: tuple(value) for word, value in row.items() if isinstance(value, list)}
        words = {
            word: tuple(shlex.split(row[word])) for word in ("command", "build") if word in row
        }
        programs.append(Program(**{**row, **lists, **words, "name": name}))
    return tuple(programs)


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
    known = {program.name: program for program in all_programs()}
    wanted = tuple(names)
    if unknown := [name for name in wanted if name not in known]:
        raise UserError(f"there is no '{unknown[0]}'", hint=f"use: {', '.join(known)}")
    if wanted:
        return tuple(known[name] for name in wanted)
    return tuple(p for p in known.values() if full or p.everyday)


def prepare_program(program: Program, find_libraries: Libraries, place: Path) -> Prepared:
    """Find a program's files on this machine.

    Args:
        program: which.
        find_libraries: returns what programs and libraries load (``checks.clients.pack``).
        place: where a program is put that is built, and a package that is unpacked.

    Raises:
        InfraError: it is not installed, or does not run here.
    """
    root = _find_root(program, place)
    workload = _workloads() / program.workload if program.workload else None
    files: dict[str, Path] = {f"{IN}/{workload.name}": workload} if workload else {}
    if program.build and workload:
        path = _build(program, program.build, workload, place / program.name)
    else:
        path = _find(program, program.command[0])
    code = [path, *(_find(program, name, root) for name in program.helpers)]
    code += [f for name in program.libraries for f in _matching(program, name, root).values()]
    made = {path: f"/soak/bin/{program.name}"} if program.build else {}
    if program.preload:
        library = place / f"{program.name}.so"
        code.append(_build(program, _LIBRARY, _workloads() / program.preload, library))
        made[library] = f"/soak/bin/{library.name}"
    for pattern in program.files:
        files |= _matching(program, pattern, root)
    if program.loads and workload:
        read, loaded = _LOADERS[program.loads](path, workload)
        files |= {str(name): source for name, source in read.items()}
        code += loaded
    if dynamic := tuple(file for file in code if is_dynamic(file)):
        code += [Path(real_name(library)) for library in find_libraries(dynamic)]
    words = [word.replace("{in}", IN) for word in program.command[1:]]
    names = {file: _guest_name(file, root) for file in code} | made
    return Prepared(
        program=program,
        command=(names[path], *words),
        files=files,
        code={name: file for file, name in names.items()},
        input=f"{IN}/{program.workload}" if program.input else "",
    )


def _workloads() -> Path:
    return data_dir("qemu") / "guest" / "soak"


def _build(program: Program, build: Iterable[str], source: Path, target: Path) -> Path:
    """Build a program from its workload, or a library for it."""
    command = [*build, str(source), "-o", str(target), "-lm"]
    try:
        tools.run(command, package=program.package, limit=300, check=True)
    except InfraError as error:
        raise InfraError(
            f"{program.name} cannot be built: {error.what}", where=error.where, hint=error.hint
        ) from error
    return target


Libraries = Callable[[tuple[Path, ...]], Iterable[Path]]


def real_name(path: Path) -> str:
    """Return a path without links in its folder, as the guest has it: /lib is /usr/lib."""
    return str(path.parent.resolve() / path.name)


def _find_root(program: Program, place: Path) -> Path:
    """Return where a program's package is: installed, or unpacked because it is not.

    A package with a service would start it if it were installed for this alone.
    """
    if not program.unpack or all(Path(name).exists() for name in program.helpers):
        return Path("/")
    root = place / program.package
    if not root.is_dir():
        with tempfile.TemporaryDirectory(dir=ensure_dir(place)) as download:
            _fetch(("apt-get", "download", "-q", program.package), Path(download))
            (archive,) = Path(download).glob("*.deb")
            _fetch(("dpkg-deb", "-x", str(archive), "root"), Path(download))
            Path(download, "root").rename(root)
    return root


def _fetch(command: tuple[str, ...], place: Path) -> None:
    tools.run(command, cwd=place, limit=600, check=True)


def _guest_name(path: Path, root: Path) -> str:
    """Return a file's path in the guest: the same, without the folder of an unpacked package."""
    return str(Path("/", path.relative_to(root))) if path.is_relative_to(root) else str(path)


def _find(program: Program, name: str, root: Path = Path("/")) -> Path:
    """Return the real path of a program; the distribution's, whatever else is in PATH."""
    found = shutil.which(name, path="/usr/bin:/bin:/usr/sbin:/sbin")
    found = found or shutil.which(str(root / name.lstrip("/")))
    if found is None:
        raise InfraError(f"{name} is not installed", hint=f"apt-get install {program.package}")
    return Path(found).resolve()


def _matching(program: Program, pattern: str, root: Path) -> dict[str, Path]:
    """Return the files that a name stands for: itself, those in a folder, or those it matches."""
    place = root / pattern.lstrip("/")
    if not place.parent.is_dir():
        place = Path(pattern)
    if "*" in place.name:
        found = sorted(place.parent.glob(place.name))
    else:
        found = sorted(place.rglob("*")) if place.is_dir() else [place]
    files = {_guest_name(Path(real_name(p)), root): p for p in found if p.is_file()}
    if not files:
        raise InfraError(f"there is no {pattern}", hint=f"apt-get install {program.package}")
    return files


def _ask(command: list[str], what: str) -> str:
    """Run a workload here, in a folder that is gone afterwards, and return what it says."""
    with tempfile.TemporaryDirectory() as place:
        try:
            done = tools.run_bytes(
                command, cwd=Path(place), limit=120, check=True, stdout=subprocess.DEVNULL
            )
        except InfraError as error:
            raise InfraError(f"{what} fails here: {error.what}", where=command[0]) from error
    return done.stderr.decode("utf-8", "replace")


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
