# SPDX-License-Identifier: GPL-2.0-only
"""Take the census: find the files, count them in several processes, add up."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, fields
from pathlib import Path

from generator.checks.census.count import NOT_STEPPED, REFUSED, Tally, count_program
from generator.checks.census.elf import read_program
from generator.checks.proof.library import Classifier
from generator.errors import UserError
from generator.workers import die_with_parent

# any Debian machine has these
PLACES = (Path("/usr/bin"), Path("/usr/lib/x86_64-linux-gnu"))

SIDES = ("ours", "base")

# what is shown of the instructions that are stepped or refused
_MOST = 12


@dataclass(frozen=True, kw_only=True)
class FileCount:
    """One program: its size in bytes, made by Go or not, the figures of both sides."""

    path: str
    size: int
    is_go: bool
    tallies: tuple[Tally, ...]


@dataclass(frozen=True, kw_only=True)
class Census:
    """All figures.

    Attributes:
        files: programs and libraries that have functions.
        go_files: those of them made by Go.
        unreadable: files that could not be read.
        tallies: all programs together, ours and the base's.
        without_go: the same, programs made by Go left out.
        mean: the mean over the files of the share of entries that are not stepped.
    """

    files: int
    go_files: int
    unreadable: int
    tallies: tuple[Tally, ...]
    without_go: tuple[Tally, ...]
    mean: tuple[float, ...]


def find_files(places: Sequence[Path], *, limit: int = 0) -> list[Path]:
    """List the regular files in ``places``, largest first; links are left out.

    Args:
        places: files and folders.
        limit: keep so many, evenly spread over the sizes; 0 for all.

    Raises:
        UserError: one of them is not there, or none is an ELF file.
    """
    found: dict[Path, int] = {}
    for place in places:
        if not place.exists():
            raise UserError(f"there is no {place}")
        if not (place.is_file() or place.is_dir()):
            raise UserError(f"{place} is neither a file nor a folder")
        paths: Iterable[Path] = [place] if place.is_file() else _below(place)
        found |= {path: path.stat().st_size for path in paths}
    listed = sorted(found, key=lambda path: (-found[path], path))
    if not any(map(_is_elf, listed)):
        raise UserError(
            f"no ELF file in {', '.join(map(str, places))}", hint="give programs or libraries"
        )
    step = max(1, len(listed) // limit) if limit else 1
    return listed[step // 2 :: step] if limit else listed


def _below(place: Path) -> Iterator[Path]:
    for folder, _, names in os.walk(place):
        for name in names:
            path = Path(folder, name)
            if path.is_file() and not path.is_symlink() and _is_elf(path):
                yield path


def _is_elf(path: Path) -> bool:
    try:
        with path.open("rb") as stream:
            return stream.read(4) == b"\x7fELF"
    except OSError:
        return False


def take_census(
    libraries: Sequence[Path],
    files: Sequence[Path],
    *,
    jobs: int = 0,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Census:
    """Count ``files``.

    Args:
        libraries: our compiled C, and the base's.
        files: what to count; what is no program is passed over.
        jobs: processes, 0 for one a core.
        progress: told how many files are done, of how many.
    """
    counts: list[FileCount] = []
    unreadable = 0
    workers = jobs or len(os.sched_getaffinity(0))
    arguments = (tuple(libraries), os.getpid())
    with ProcessPoolExecutor(workers, initializer=_start, initargs=arguments) as pool:
        for done, result in enumerate(pool.map(_count, files), 1):
            progress(done, len(files))
            unreadable += result is None
            if result and result.tallies[0].entries.total():
                counts.append(result)
    return _add_up(counts, unreadable, len(libraries))


def _add_up(counts: Sequence[FileCount], unreadable: int, sides: int) -> Census:
    whole = tuple(Tally() for _ in range(sides))
    without_go = tuple(Tally() for _ in range(sides))
    for count in counts:
        for side, tally in enumerate(count.tallies):
            whole[side].add(tally)
            if not count.is_go:
                without_go[side].add(tally)
    return Census(
        files=len(counts),
        go_files=sum(count.is_go for count in counts),
        unreadable=unreadable,
        tallies=whole,
        without_go=without_go,
        mean=tuple(
            sum(_share(count.tallies[side]) for count in counts) / max(1, len(counts))
            for side in range(sides)
        ),
    )


def _share(tally: Tally) -> float:
    return share(tally.entries[NOT_STEPPED], tally.entries.total())


def share(part: int, whole: int) -> float:
    """Return ``part`` of ``whole``, 0 where there is nothing."""
    return part / whole if whole else 0.0


_sides: tuple[Classifier, ...]


def _start(libraries: tuple[Path, ...], parent: int) -> None:
    """Begin a process of the census, which ends with the one that has started it."""
    global _sides
    die_with_parent(parent)
    _sides = tuple(Classifier(path) for path in libraries)


def _count(path: Path) -> FileCount | None:
    try:
        program = read_program(path)
        size = path.stat().st_size
    except OSError:
        return None
    if program is None:
        return FileCount(
            path=str(path), size=size, is_go=False, tallies=tuple(Tally() for _ in _sides)
        )
    return FileCount(
        path=str(path),
        size=size,
        is_go=program.is_go,
        tallies=tuple(count_program(program, _sides)),
    )


@dataclass(frozen=True, kw_only=True)
class Side:
    """The figures of a side as they are printed: all programs, those not made by Go, the mean."""

    all: Tally
    without_go: Tally
    mean: float


def as_data(census: Census) -> dict[str, object]:
    """Return the figures for JSON."""
    return {
        "files": census.files,
        "go_files": census.go_files,
        "unreadable": census.unreadable,
        "sides": {
            name: {
                "all": _tally_data(census.tallies[side]),
                "without_go": _tally_data(census.without_go[side]),
                "mean": census.mean[side],
            }
            for side, name in enumerate(SIDES)
        },
    }


def _tally_data(tally: Tally) -> dict[str, dict[str, int]]:
    return {field.name: dict(getattr(tally, field.name).most_common()) for field in fields(tally)}


def as_text(census: Census) -> str:
    """Return the figures as a table, ours beside the base's."""
    rows: list[tuple[str, ...]] = [("", *SIDES)]
    everything, without_go = census.tallies, census.without_go
    rows += [
        _row("function entries without a step", [_share(t) for t in everything]),
        _row("... programs made by Go left out", [_share(t) for t in without_go]),
        _row("... mean over the files", census.mean),
        _row("returns without a step", [_part(t.returns, NOT_STEPPED) for t in everything]),
        _row(
            "instructions without a step", [_part(t.instructions, NOT_STEPPED) for t in everything]
        ),
        _row("instructions refused", [_part(t.instructions, REFUSED) for t in everything]),
    ]
    first = everything[0]
    lines = [
        f"{census.files} files, {census.go_files} of them made by Go; "
        f"{first.entries.total()} function entries, {first.returns.total()} returns, "
        f"{first.instructions.total()} instructions",
        *(f"{name:36}" + "".join(f"{cell:>12}" for cell in cells) for name, *cells in rows),
    ]
    for side, tally in zip(SIDES, everything, strict=True):
        lines.append(f"{side}, stepped at entries: {_most(tally.stepped.most_common(_MOST))}")
        lines.append(f"{side}, refused: {_most(tally.refused.most_common(_MOST))}")
    return "\n".join(lines)


def _part(counter: dict[str, int], name: str) -> float:
    return share(counter[name], sum(counter.values()))


def _row(name: str, values: Sequence[float]) -> tuple[str, ...]:
    return (name, *(f"{100 * value:.3f} %" for value in values))


def _most(counts: Sequence[tuple[str, int]]) -> str:
    return ", ".join(f"{name} {number}" for name, number in counts)
