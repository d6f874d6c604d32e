# SPDX-License-Identifier: GPL-2.0-only
"""How often each line and each branch of the kernel's C was executed: by gcov, of the compiler.

Takes the counters of a guest (``coverage.counters``) and the notes that the compiler has left
beside the objects (``.gcno``). gcov's own JSON is what is read; gcov(1), "--json-format", has its
fields.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from generator import tools
from generator.errors import CheckFailed, InfraError
from generator.paths import ensure_dir, write_atomic

GCOV = "gcov"

_TIMEOUT = 60.0


@dataclass(frozen=True, kw_only=True)
class LineCount:
    """A line that has code.

    Attributes:
        number: of the line, from 1.
        function: that it stands in.
        count: how often it was executed.
        branches: how often each branch that begins there was taken.
    """

    number: int
    function: str
    count: int
    branches: tuple[int, ...]


def count_lines(
    counters: Mapping[str, bytes], build_dir: Path, source: str, place: Path
) -> tuple[LineCount, ...]:
    """Return the lines of a source file that have code.

    Args:
        counters: files of the guest, by their path in the kernel.
        build_dir: of the kernel that was booted.
        source: path of the C file in the tree, such as ``kernel/events/uprobes.c``.
        place: folder for copies.

    Raises:
        CheckFailed: the object has no counters, or they are of another kernel.
        InfraError: gcov is missing or says something else than expected.
    """
    stem = source.removesuffix(".c")
    path = next((path for path in counters if path.endswith(f"/{stem}.gcda")), "")
    notes = build_dir / f"{stem}.gcno"
    if not path or not notes.is_file():
        raise CheckFailed(
            f"{source} was not compiled with counters",
            where=str(build_dir),
            hint="run: uprobekit build --flavour gcov tip",
        )
    copy = ensure_dir(place) / stem.replace("/", "-")
    write_atomic(copy.with_name(f"{copy.name}.gcda"), counters[path])
    write_atomic(copy.with_name(f"{copy.name}.gcno"), notes.read_bytes())
    return read_gcov(_run_gcov(copy.with_name(f"{copy.name}.gcda")), source)


def read_gcov(text: str, source: str) -> tuple[LineCount, ...]:
    """Return the lines of ``source`` in gcov's JSON; those of other files are left out.

    Raises:
        InfraError: this is no such JSON.
    """
    try:
        files = [file for file in json.loads(text)["files"] if _is_file(file["file"], source)]
        lines = [_read_line(line, file["functions"]) for file in files for line in file["lines"]]
    except (ValueError, KeyError, TypeError) as error:
        raise InfraError(f"gcov's JSON is not as expected: {error}", where=source) from error
    if not lines:
        raise InfraError("gcov knows no line of this file", where=source)
    return tuple(lines)


def _is_file(named: str, source: str) -> bool:
    return named == source or named.endswith(f"/{source}")


def _read_line(line: Mapping[str, Any], functions: list[Mapping[str, Any]]) -> LineCount:
    number = int(line["line_number"])
    around = [f for f in functions if int(f["start_line"]) <= number <= int(f["end_line"])]
    return LineCount(
        number=number,
        function=str(line.get("function_name") or (around[0]["name"] if around else "")),
        count=int(line["count"]),
        branches=tuple(int(branch["count"]) for branch in line["branches"]),
    )


def _run_gcov(data: Path) -> str:
    if shutil.which(GCOV) is None:
        raise InfraError(f"{GCOV} is not found in PATH", hint="apt-get install gcc")
    command = (GCOV, "--json-format", "--branch-probabilities", "--stdout", data.name)
    try:
        done = tools.run(command, package="gcc", cwd=data.parent, limit=_TIMEOUT)
    except InfraError as error:
        raise InfraError(error.what, where=str(data), hint=error.hint) from error
    if "stamp mismatch" in done.stderr:
        raise CheckFailed("the counters are of another kernel", where=str(data))
    if done.returncode or done.stderr:
        raise InfraError(f"gcov says: {done.stderr.strip()[:300]}", where=str(data))
    return done.stdout
