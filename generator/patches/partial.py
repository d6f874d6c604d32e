# SPDX-License-Identifier: GPL-2.0-only
"""Apply patches without the tree that they are for: what no hunk shows stays unknown.

Reads a ``PatchSeries``; makes for each patch the files as it leaves them, line by line. A line of
the baseline is one ``Cell`` in all of them: what a later hunk shows is known in the earlier steps
as well. Two series on the same baseline can share what they show of it (``share_knowledge``).

Why not ``git am``: a reviewer has two directories of patches and no kernel source, and that is
enough to say what they do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from generator.errors import UserError
from generator.patches.mail import FileChange, Hunk, PatchSeries

MAX_LINES = 1_000_000
"""No hunk begins beyond it."""


@dataclass(eq=False, slots=True)
class Cell:
    """A line.

    Attributes:
        text: without the newline; None while no hunk has shown it.
        ours: a patch has brought it.
        heading: what its hunk stands in, as git's headings say; "" for most lines.
    """

    text: str | None
    ours: bool = False
    heading: str = ""


@dataclass(frozen=True, kw_only=True)
class Step:
    """The files that a patch changes, as it leaves them; None for one that it removes."""

    files: Mapping[str, tuple[Cell, ...] | None]


@dataclass(frozen=True, kw_only=True)
class Replay:
    """A series, applied.

    Attributes:
        origin: the baseline's files that the series touches, as far as they are known.
        steps: one per patch.
        whole: the baseline was given, so every line is known.
    """

    origin: Mapping[str, tuple[Cell, ...]]
    steps: tuple[Step, ...]
    whole: bool

    @property
    def tip(self) -> dict[str, tuple[Cell, ...]]:
        """The files after the last patch."""
        found = dict(self.origin)
        for step in self.steps:
            for path, cells in step.files.items():
                found.pop(path, None)
                if cells is not None:
                    found[path] = cells
        return found


@dataclass(eq=False)
class _File:
    """A file on its way: ``seen`` is how many lines of ``origin`` are in ``cells``."""

    origin: list[Cell]
    open: bool
    cells: list[Cell] = field(default_factory=list)

    def reach(self, line: int) -> None:
        """Let the file have ``line`` lines; what is added is unknown, and of the baseline."""
        if self.open and len(self.cells) < line:
            fresh = [Cell(None) for _ in range(line - len(self.cells))]
            self.origin += fresh
            self.cells += fresh


def replay_series(series: PatchSeries, baseline: Mapping[str, str] | None = None) -> Replay:
    """Apply the patches of a series.

    Args:
        series: the patches.
        baseline: the files that they are for; None when only the patches are there.

    Raises:
        UserError: a patch does not fit those before it, or the baseline.
    """
    files: dict[str, _File] = {}
    snapshots: list[dict[str, tuple[list[Cell], int] | None]] = []
    for mail in series.mails:
        snapshot: dict[str, tuple[list[Cell], int] | None] = {}
        for change in mail.files:
            file = _open(files, change, baseline, mail.where)
            shift = 0
            for hunk in change.hunks:
                shift += _apply(file, hunk, shift, f"{mail.where}: {change.path}")
            snapshot[change.path] = (list(file.cells), len(file.origin))
            if change.removed:
                files[change.path] = _File(file.origin, open=False)
                snapshot[change.path] = None
        snapshots.append(snapshot)
    return Replay(
        origin={path: tuple(file.origin) for path, file in files.items() if file.origin},
        steps=tuple(_step(snapshot, files) for snapshot in snapshots),
        whole=baseline is not None,
    )


def _step(snapshot: Mapping[str, tuple[list[Cell], int] | None], files: dict[str, _File]) -> Step:
    """Append what of the end of a file was seen only later."""
    return Step(
        files={
            path: (*kept[0], *files[path].origin[kept[1] :]) if kept else None
            for path, kept in snapshot.items()
        }
    )


def _open(
    files: dict[str, _File], change: FileChange, baseline: Mapping[str, str] | None, where: str
) -> _File:
    file = files.get(change.path)
    if file is None:
        text = baseline.get(change.path) if baseline is not None else None
        if baseline is not None and text is None and not change.added:
            raise UserError(f"the baseline has no {change.path}", where=where)
        origin = [Cell(line) for line in text.split("\n")[:-1]] if text is not None else []
        opened = baseline is None and not change.added
        file = files[change.path] = _File(origin, open=opened, cells=list(origin))
    if change.added and file.cells:
        raise UserError(f"adds {change.path}, which is there", where=where)
    return file


def _apply(file: _File, hunk: Hunk, shift: int, where: str) -> int:
    """Apply a hunk, ``shift`` lines below where it says; return how much longer the file is."""
    old = [line.text for line in hunk.lines if line.sign != "+"]
    # a hunk without old lines stands behind the line that it names
    start = hunk.start + shift - (1 if old else 0)
    if not 0 <= start < MAX_LINES:
        raise UserError(f"a hunk begins at line {hunk.start}", where=where)
    file.reach(start + len(old))
    have = file.cells[start : start + len(old)]
    for number, (cell, text) in enumerate(zip(have, old, strict=False), start + 1):
        if cell.text is None:
            cell.text = text
        elif cell.text != text:
            raise UserError(
                f"does not apply: line {number} is '{cell.text.strip()}', not '{text.strip()}'",
                where=where,
                hint="are all patches there, in their order?",
            )
    if len(have) < len(old):
        raise UserError(f"does not apply: line {start + len(have) + 1} is not there", where=where)
    if have and not have[0].ours:
        have[0].heading = have[0].heading or hunk.heading
    left = iter(have)
    fresh: list[Cell] = []
    for line in hunk.lines:
        if line.sign == "+":
            fresh.append(Cell(line.text, ours=True))
            continue
        cell = next(left)
        if line.sign == " ":
            fresh.append(cell)
    file.cells[start : start + len(old)] = fresh
    return len(fresh) - len(old)


def share_knowledge(first: Replay, second: Replay) -> tuple[Replay, Replay] | None:
    """Let two series on the same baseline know what the other one shows of it.

    Returns:
        Both, with the same files and as many lines of them; None when they contradict each other,
        so that the baselines differ.
    """
    shared = first.origin.keys() & second.origin.keys()
    pairs = [
        (mine, theirs)
        for path in shared
        for mine, theirs in zip(first.origin[path], second.origin[path], strict=False)
    ]
    for mine, theirs in pairs:
        if None not in (mine.text, theirs.text) and mine.text != theirs.text:
            return None
    for mine, theirs in pairs:
        text = mine.text if mine.text is not None else theirs.text
        mine.text = theirs.text = text
        mine.heading = theirs.heading = mine.heading or theirs.heading
    return _extended(first, second), _extended(second, first)


def _extended(mine: Replay, theirs: Replay) -> Replay:
    """Append the ends of files that the other one has seen, and its files."""
    tails = {path: cells[len(mine.origin.get(path, ())) :] for path, cells in theirs.origin.items()}
    origin = {
        path: (*mine.origin.get(path, ()), *tails.get(path, ()))
        for path in {**mine.origin, **theirs.origin}
    }
    steps = tuple(
        Step(
            files={
                path: (*cells, *tails.get(path, ())) if cells is not None else None
                for path, cells in step.files.items()
            }
        )
        for step in mine.steps
    )
    return Replay(origin=origin, steps=steps, whole=mine.whole)
