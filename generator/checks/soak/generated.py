# SPDX-License-Identifier: GPL-2.0-only
"""Programs that csmith makes, compiled in different ways; each prints a checksum of what it did.

The same seeds give the same programs. One that would take too long under probes is passed over: it
is compiled once more with a counter of basic blocks (gcc's ``-fsanitize-coverage=trace-pc``), so
that which ones are taken depends on no machine's speed. So is one of too many instructions. What a
difference was reduced to (``checks.soak.reduce``) stands in ``qemu/guest/soak/reduced``, and runs
with them.
"""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

from generator import tools
from generator.checks.soak.sites import instruction_sites, own_functions
from generator.errors import InfraError, UserError
from generator.paths import data_dir, ensure_dir, write_atomic
from generator.progress import Observer, Progress

PACKAGES = ("csmith", "libcsmith-dev", "gcc-multilib")

HEADERS = "/usr/include/csmith"
"""Where Debian's libcsmith-dev has csmith.h."""

OPTIONS = ("--max-funcs", "6", "--max-block-depth", "3", "--max-expr-complexity", "6")
"""Small programs: each of their instructions is a place."""

_MOST_BLOCKS = 40_000

_COUNTER = f"""\
#include <stdio.h>
#include <unistd.h>
static unsigned long n;
void __sanitizer_cov_trace_pc(void);
__attribute__((no_sanitize_coverage)) void __sanitizer_cov_trace_pc(void)
{{
	if (++n > {_MOST_BLOCKS})
		_exit(9);
}}
__attribute__((destructor)) static void say(void)
{{
	fprintf(stderr, "%lu", n);
}}
"""

_TOO_LONG = 20.0

_LONGEST = 60
"""Characters of a source's name that are part of its program's: the guest's names have an end."""

_HEAD = re.compile(r"\A.*\n// (\S+): ")
"""How a reduced program begins: behind the licence the way to compile it, and where it is from."""


@dataclass(frozen=True, kw_only=True)
class Size:
    """How large programs may be: basic blocks that run, not optimised, and instructions.

    A block is some five hits; an instruction is a place to arm.
    """

    least_blocks: int = 500
    most_blocks: int = 15_000
    most_sites: int = 2500


@dataclass(frozen=True, kw_only=True)
class Build:
    """A way to compile: the compiler, its level, the mode, further options."""

    compiler: str
    level: str
    bits: int = 64
    options: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """A word for it: ``gcc-O2-64``."""
        more = "".join(option.removeprefix("-m") for option in self.options)
        return f"{self.compiler}-{self.level}-{self.bits}{f'-{more}' if more else ''}"

    @property
    def command(self) -> tuple[str, ...]:
        """The compiler and its options."""
        return (self.compiler, f"-{self.level}", f"-m{self.bits}", *self.options)


EVERYDAY = (
    Build(compiler="gcc", level="O0"),
    Build(compiler="gcc", level="O1"),
    Build(compiler="gcc", level="O2"),
    Build(compiler="gcc", level="O3"),
    Build(compiler="gcc", level="O2", bits=32),
    Build(compiler="gcc", level="O0", bits=32),
    Build(compiler="gcc", level="O3", options=("-mavx2",)),
)
"""What every machine that builds kernels here can do."""

ALL = tuple(
    Build(compiler=compiler, level=level, bits=bits, options=options)
    for compiler in ("gcc", "clang")
    for level in ("O0", "O1", "O2", "O3")
    for bits, options in ((64, ()), (32, ()), (64, ("-mavx2",)))
)


def find_build(name: str) -> Build:
    """Return the way to compile of a name.

    Raises:
        UserError: there is none.
    """
    known = {build.name: build for build in (*EVERYDAY, *ALL)}
    if name not in known:
        raise UserError(f"there is no '{name}'", hint=f"use: {', '.join(sorted(known))}")
    return known[name]


@dataclass(frozen=True, kw_only=True)
class Generated:
    """A compiled program: its source's name, how it was compiled, source, program, and places.

    ``stem`` is csmith's seed, or the name of a reduced program; ``sites`` are the file offsets of
    all instructions of its own functions.
    """

    stem: str
    build: Build
    source: Path
    program: Path
    sites: tuple[int, ...]

    @property
    def name(self) -> str:
        """A word for it: ``csmith-12-gcc-O2-64``."""
        stem = re.sub(r"[^A-Za-z0-9_.+-]", "-", self.stem)[:_LONGEST]
        return f"csmith-{stem}-{self.build.name}"


def make_programs(
    place: Path,
    *,
    wanted: int,
    first_seed: int,
    builds: Sequence[Build],
    size: Size = Size(),
    observer: Observer | None = None,
) -> tuple[Generated, ...]:
    """Generate ``wanted`` programs and compile each in one of the ways, in turn.

    Args:
        place: work folder; what is there from before is used.
        wanted: how many.
        first_seed: of csmith; the following ones are tried as well.
        builds: ways to compile.
        size: how large they may be.
        observer: told how many there are.

    Raises:
        InfraError: csmith or a compiler is missing or fails.
    """
    for tool in ("csmith", *sorted({build.compiler for build in builds})):
        if shutil.which(tool) is None:
            packages = "clang" if tool == "clang" else " ".join(PACKAGES)
            raise InfraError(f"{tool} is not found in PATH", hint=f"apt-get install {packages}")
    ensure_dir(place)
    began = time.monotonic()
    made: list[Generated] = []
    for number, seed in enumerate(_useful_seeds(place, first_seed, size)):
        program = compile_program(_source(place, seed), builds[number % len(builds)], place)
        if len(program.sites) <= size.most_sites:
            made.append(program)
        if observer:
            observer.progress(
                Progress(
                    stage="generate",
                    subject="csmith",
                    elapsed=time.monotonic() - began,
                    done=len(made),
                    expected=wanted,
                    detail=program.name,
                )
            )
        if len(made) == wanted:
            break
    return tuple(made)


def reduced_programs(place: Path) -> tuple[Generated, ...]:
    """Compile what differences have been reduced to: the second line of each source says how.

    Args:
        place: where what comes out is kept.

    Raises:
        InfraError: a compiler is missing or fails.
        UserError: a source does not say how, or there is no such way.
    """
    made = []
    for source in sorted((data_dir("qemu") / "guest" / "soak" / "reduced").glob("*.c")):
        head = _HEAD.search(source.read_text())
        if head is None:
            raise UserError("the second line does not say how it is compiled", where=str(source))
        made.append(compile_program(source, find_build(head[1]), ensure_dir(place), again=True))
    return tuple(made)


def compile_own(source: Path, build: Build, place: Path) -> Generated:
    """Compile a program of the user's; the arguments are those of ``compile_program``.

    Raises:
        InfraError: the compiler is missing.
        UserError: there is no such file, or it does not compile.
    """
    if not source.is_file():
        what = "this is no file" if source.exists() else "there is no such file"
        raise UserError(what, where=str(source))
    if shutil.which(build.compiler) is None:
        raise InfraError(f"{build.compiler} is not found in PATH")
    try:
        return compile_program(source, build, place, again=True)
    except InfraError as error:
        raise UserError(error.what, where=str(source), hint="see --build") from error


def compile_program(source: Path, build: Build, place: Path, *, again: bool = False) -> Generated:
    """Compile a source.

    Args:
        source: the program; a generated one's name is its seed.
        build: how.
        place: where what comes out is kept.
        again: compile what is there from before, too.

    Raises:
        InfraError: the compiler is missing or fails.
    """
    program = place / f"{source.stem}-{build.name}"
    code = program.with_suffix(".o")
    if again or not (program.is_file() and code.is_file()):
        command = (*build.command, "-w", f"-I{HEADERS}")
        _run((*command, "-xc", "-c", str(source), "-o", str(code)))
        _run((*command, "-static", str(code), "-o", f"{program}.new"))
        Path(f"{program}.new").replace(program)
    return Generated(
        stem=source.stem,
        build=build,
        source=source,
        program=program,
        sites=instruction_sites(program, own_functions(code)),
    )


def _useful_seeds(place: Path, first: int, size: Size) -> Iterator[int]:
    """Yield the seeds of programs of the right size; generate their sources, some at a time."""
    counter = place / "counter.c"
    counter.write_text(_COUNTER)
    batch = os.cpu_count() or 1
    with ThreadPoolExecutor(batch) as pool:
        for start in count(first, batch):
            seeds = range(start, start + batch)
            sizes = pool.map(partial(_blocks, place, counter), seeds)
            for seed, blocks in zip(seeds, sizes, strict=True):
                if size.least_blocks <= blocks <= size.most_blocks:
                    yield seed


def _blocks(place: Path, counter: Path, seed: int) -> int:
    """Return how many basic blocks a seed's program executes; what is there is used."""
    source, blocks = _source(place, seed), place / f"{seed}.count"
    if not source.is_file():
        _generate(source, seed)
    if not blocks.is_file():
        found = _count_blocks(source, counter, place / f"{seed}.try")
        write_atomic(blocks, str(found).encode())
    return int(blocks.read_text())


def _generate(source: Path, seed: int) -> None:
    """Have csmith write a program, in a folder of its own: it keeps a file where it runs."""
    with TemporaryDirectory(dir=source.parent) as folder:
        command = ("csmith", "--seed", str(seed), *OPTIONS, "-o", source.name)
        tools.run(command, cwd=Path(folder), limit=_TOO_LONG * 6, check=True)
        (Path(folder) / source.name).replace(source)


def _count_blocks(source: Path, counter: Path, program: Path) -> int:
    """Return how many basic blocks a program executes; 0 if too many, or if it fails."""
    traced = program.with_suffix(".o")
    _run(
        (
            *("gcc", "-w", "-O0", "-fsanitize-coverage=trace-pc", f"-I{HEADERS}"),
            *("-c", str(source), "-o", str(traced)),
        )
    )
    _run(("gcc", "-O0", str(traced), str(counter), "-o", str(program)))
    try:
        done = tools.run_bytes([program], limit=10)
    except tools.OutOfTime:
        return 0
    finally:
        program.unlink(missing_ok=True)
        traced.unlink(missing_ok=True)
    return int(done.stderr) if done.returncode == 0 and done.stderr.isdigit() else 0


def _source(place: Path, seed: int) -> Path:
    return place / f"{seed}.c"


def _run(command: tuple[str, ...]) -> None:
    tools.run(command, limit=_TOO_LONG * 6, check=True)
