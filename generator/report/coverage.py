# SPDX-License-Identifier: GPL-2.0-only
"""What the self-tests execute of the series' C in the booted kernel, and what not, and why.

Takes the counts of ``checks.coverage.gcov``, the tip's and the baseline's text, and what
``checks.coverage.excuses`` finds. To reach: 95 % of the lines, and a reason for every other one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from difflib import SequenceMatcher

from generator.checks.coverage.excuses import Excuse
from generator.checks.coverage.gcov import LineCount

AT_LEAST = 0.95


@dataclass(frozen=True, kw_only=True)
class FunctionCoverage:
    """A function.

    Attributes:
        path: its file.
        function: its name.
        lines, reached: lines of the series that have code, and those that were executed.
        branches, taken: the same for the branches that begin on them.
    """

    path: str
    function: str
    lines: int
    reached: int
    branches: int
    taken: int


@dataclass(frozen=True, kw_only=True)
class MissedLine:
    """A line that was not executed; ``reason`` is "" where the model has none."""

    path: str
    line: int
    function: str
    text: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """The whole.

    Attributes:
        lines, reached, branches, taken: sums over the functions.
        functions: those of the series, in the order of their files.
        missed: lines that were not executed.
        stale: reasons of the model whose line was executed, or is not there.
    """

    lines: int
    reached: int
    branches: int
    taken: int
    functions: tuple[FunctionCoverage, ...]
    missed: tuple[MissedLine, ...]
    stale: tuple[str, ...]

    @property
    def share(self) -> float:
        """Lines that were executed, of all."""
        return self.reached / self.lines if self.lines else 0.0

    @property
    def problems(self) -> tuple[str, ...]:
        """What is not as it must be, a sentence each."""
        low = f"{100 * self.share:.1f} % of the lines are reached, not {100 * AT_LEAST:.0f} %"
        return (
            *((low,) if self.share < AT_LEAST else ()),
            *(
                f"{miss.path}:{miss.line}: {miss.function}: not reached: {miss.text}"
                for miss in self.missed
                if not miss.reason
            ),
            *self.stale,
        )


def keep_own(
    counts: Iterable[LineCount], *, before: str, after: str, functions: Collection[str]
) -> tuple[LineCount, ...]:
    """Return the lines that the series writes.

    Args:
        counts: of a file.
        before: the file in the baseline.
        after: the file in the tip.
        functions: those that the series adds: all of their lines count.
    """
    matcher = SequenceMatcher(None, before.splitlines(), after.splitlines(), autojunk=False)
    changed = {
        number
        for word, _, _, begin, end in matcher.get_opcodes()
        if word in ("replace", "insert")
        for number in range(begin + 1, end + 1)
    }
    return tuple(
        count for count in counts if count.function in functions or count.number in changed
    )


def judge_coverage(
    counts: Mapping[str, Sequence[LineCount]],
    files: Mapping[str, str],
    excuses: Iterable[Excuse],
) -> Coverage:
    """Put counts and excuses side by side.

    Args:
        counts: the series' lines, by file.
        files: the tip's files.
        excuses: those for this base.
    """
    functions = [row for path, lines in counts.items() for row in _by_function(path, lines)]
    missed, stale = _explain(counts, files, tuple(excuses))
    return Coverage(
        lines=sum(row.lines for row in functions),
        reached=sum(row.reached for row in functions),
        branches=sum(row.branches for row in functions),
        taken=sum(row.taken for row in functions),
        functions=tuple(functions),
        missed=missed,
        stale=stale,
    )


def _by_function(path: str, lines: Sequence[LineCount]) -> list[FunctionCoverage]:
    groups: dict[str, list[LineCount]] = {}
    for line in sorted(lines, key=lambda line: line.number):
        groups.setdefault(line.function, []).append(line)
    return [
        FunctionCoverage(
            path=path,
            function=function,
            lines=len(group),
            reached=sum(line.count > 0 for line in group),
            branches=sum(len(line.branches) for line in group),
            taken=sum(branch > 0 for line in group for branch in line.branches),
        )
        for function, group in groups.items()
    ]


def _explain(
    counts: Mapping[str, Sequence[LineCount]],
    files: Mapping[str, str],
    excuses: tuple[Excuse, ...],
) -> tuple[tuple[MissedLine, ...], tuple[str, ...]]:
    """Return the lines that were not executed, and the excuses that hold for none."""
    missed = []
    used: set[Excuse] = set()
    reached = {(path, line.function) for path in counts for line in counts[path] if line.count}
    for path, lines in counts.items():
        text = files[path].splitlines()
        for line in sorted(lines, key=lambda line: line.number):
            if line.count:
                continue
            words = " ".join(text[line.number - 1].split())
            places = ((path, line.function, line.number), (path, line.function, 0))
            why = [each for each in excuses if (each.path, each.function, each.line) in places]
            used.update(why)
            missed.append(
                MissedLine(
                    path=path,
                    line=line.number,
                    function=line.function,
                    text=words,
                    reason=why[0].reason if why else "",
                )
            )
    stale = [
        f"{each.path}:{each.line or ''}: {each.function}: reached, or without code: {each.reason}"
        for each in excuses
        if (each not in used and not each.sometimes)
        or (not each.line and (each.path, each.function) in reached)
    ]
    return tuple(missed), tuple(stale)


def as_data(coverage: Coverage) -> dict[str, object]:
    """Return the figures for JSON."""
    return asdict(coverage) | {"share": coverage.share}


def as_text(coverage: Coverage) -> str:
    """Return a table for people, and the lines that were not executed."""
    width = max((len(row.function) for row in coverage.functions), default=8)
    rows = [f"{'function':{width}}  lines  reached  branches  taken"]
    for row in coverage.functions:
        rows.append(
            f"{row.function:{width}} {row.lines:6} {row.reached:8} {row.branches:9} {row.taken:6}"
        )
    total = f"{'all':{width}} {coverage.lines:6} {coverage.reached:8}"
    rows.append(f"{total} {coverage.branches:9} {coverage.taken:6}")
    for miss in coverage.missed:
        place = f"{miss.path}:{miss.line}: {miss.function}"
        rows.append(f"not reached: {place}: {miss.text}\n    {miss.reason or 'NO REASON'}")
    return "\n".join(rows)
