# SPDX-License-Identifier: GPL-2.0-only
"""The build matrix: its plan and its results, for people, for the report and for CI systems.

Judges the boots of the prefixes by ``model.selftests``, and counts what whole builds of the series
cost in plain builds: the first step of ``whole-on`` is one, from nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from junitparser import Failure, JUnitXml, TestCase, TestSuite

from generator.checks.matrix.chain import PrefixResult
from generator.checks.matrix.run import MatrixPlan
from generator.guest.boot import BootResult
from generator.guest.ktap import Status
from generator.model.selftests import expected_complaints, expected_word
from generator.paths import write_atomic
from generator.report.junit import clean_xml


@dataclass(frozen=True, kw_only=True)
class BootRow:
    """The boot of a prefix.

    Attributes:
        ref: the prefix.
        kind: how it ended.
        tests: how many self-tests reported.
        passed: how many of them pass.
        seconds: how long it took.
        problems: what is not as it must be after this patch.
    """

    ref: str
    kind: str
    tests: int
    passed: int
    seconds: float
    problems: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What whole kernels of all prefixes cost, in seconds of processor time.

    Attributes:
        plain: a plain build: everything, from nothing, uprobes on.
        series: all prefixes, with uprobes on and off.
        times: how many plain builds that is.
        compiled: objects that were compiled.
        ccache: a compiler cache was used.
    """

    plain: float
    series: float
    times: float
    compiled: int
    ccache: bool


@dataclass(frozen=True, kw_only=True)
class Matrix:
    """The result of a run.

    Attributes:
        full: whole kernels were built and booted.
        identity: of the source.
        trees: git's tree id by ref.
        cells: one for each prefix, configuration and compiler.
        boots: one for each prefix.
        cost: None unless whole kernels of all prefixes are there.
        notes: what was left out, and why.
        tasks: how many tasks were done now; the others were done already.
        seconds: how long this run took.
    """

    full: bool
    identity: str
    trees: Mapping[str, str]
    cells: tuple[PrefixResult, ...]
    boots: tuple[BootRow, ...]
    cost: Cost | None
    notes: tuple[str, ...]
    tasks: int
    seconds: float

    @property
    def problems(self) -> tuple[str, ...]:
        """Everything that is not as it must be, with its place."""
        return (
            *(f"{c.ref} ({column(c)}): {problem}" for c in self.cells for problem in c.problems),
            *(f"{b.ref} (boot): {problem}" for b in self.boots for problem in b.problems),
        )


def column(cell: PrefixResult) -> str:
    """Return what the configuration of a cell is called."""
    return column_name(cell.configuration, cell.toolchain, whole=cell.whole)


def column_name(configuration: str, toolchain: str, *, whole: bool) -> str:
    """Return what a configuration is called: gcc and touched objects go without saying."""
    kind = "whole" if whole else toolchain
    return configuration if kind == "gcc" else f"{configuration} {kind}"


def kept_column(row: Mapping[str, Any]) -> str:
    """Return what the configuration of a cell is called that a kept result has."""
    return column_name(str(row["configuration"]), str(row["toolchain"]), whole=bool(row["whole"]))


def judge_boot(result: BootResult, applied: Sequence[str]) -> BootRow:
    """Compare the boot of a prefix with what its patches bring; ``applied`` are their idents."""
    outcome = result.outcome
    expected = expected_complaints(applied)
    new = [line for line in outcome.complaints if not any(text in line for text in expected)]
    problems = [f"{outcome.kind}: {line}" for line in new]
    if not (outcome.complete or outcome.complaints):
        problems.append(f"{outcome.kind}: {outcome.reason}")
    for test in result.ktap.tests:
        wanted = expected_word(test.name, test.before, applied)
        if test.status is not Status.SKIP and test.outcome != wanted:
            problems.append(f"{test.name}: {test.outcome or 'no outcome'} instead of {wanted}")
    return BootRow(
        ref=result.variant,
        kind=str(outcome.kind),
        tests=len(result.ktap.tests),
        passed=sum(test.passed for test in result.ktap.tests),
        seconds=result.end.seconds,
        problems=tuple(problems),
    )


def count_cost(cells: Sequence[PrefixResult]) -> Cost | None:
    """Return what whole kernels cost; None when one of them is missing."""
    whole = [cell for cell in cells if cell.whole]
    plain = next((cell for cell in whole if cell.configuration == "on"), None)
    names = {cell.configuration for cell in whole}
    if plain is None or names != {"on", "off"} or any(not cell.image for cell in whole):
        return None
    total = sum(cell.processor for cell in whole)
    return Cost(
        plain=plain.processor,
        series=total,
        times=total / plain.processor,
        compiled=sum(cell.compiled for cell in whole),
        ccache=any(cell.ccache for cell in whole),
    )


def format_plan(plan: MatrixPlan, workers: int) -> str:
    """Return the plan as a table, and about how long it takes."""
    lines = [f"{'what':18} {'compiler':9} {'tasks':>6} {'to do':>6} {'about':>8}"]
    for chain in plan.chains:
        for what in ("objects", "kernel", "boot"):
            cells = [c for c in plan.cells if c.chain == chain.name and c.what == what]
            waiting = [cell for cell in cells if not cell.done]
            if cells:
                time = _minutes(sum(cell.seconds for cell in waiting))
                name = f"{chain.configuration.name}, {what}s".replace("objectss", "objects")
                checks = "" if chain.whole else ", W=1"
                checks += ", kernel-doc" if chain.comments else ""
                checks += ", sparse" if chain.sparse else ""
                lines.append(
                    f"{name:18} {chain.toolchain:9} {len(cells):6} {len(waiting):6} {time:>8}"
                    f"{checks if what == 'objects' else ''}"
                )
    lines += [f"left out: {note}" for note in plan.notes]
    todo = sum(not cell.done for cell in plan.cells)
    lines.append(
        f"{todo} of {len(plan.cells)} tasks to do, {workers} at a time: "
        f"about {_minutes(plan.seconds(workers))}"
    )
    return "\n".join(lines)


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.1f} min" if seconds >= 90 else f"{seconds:.0f} s"


def format_matrix(matrix: Matrix) -> str:
    """Return the results as a table: a row for each prefix."""
    columns = list(dict.fromkeys(map(column, matrix.cells)))
    boots = {row.ref: row for row in matrix.boots}
    lines = ["  ".join(["prefix".ljust(10), *(name.rjust(9) for name in columns), "boot"])]
    for ref in dict.fromkeys(cell.ref for cell in matrix.cells):
        cells = {column(cell): cell for cell in matrix.cells if cell.ref == ref}
        words = [_word(cells.get(name)).rjust(9) for name in columns]
        row = boots.get(ref)
        words.append(f"{row.kind}: {row.passed} of {row.tests} pass" if row else "-")
        lines.append("  ".join([ref.ljust(10), *words]))
    if matrix.cost:
        lines.append(
            f"whole kernels, uprobes on and off: {matrix.cost.times:.2f} plain builds of "
            f"{matrix.cost.plain:.0f} s of processor time, {matrix.cost.compiled} objects"
            f"{', with ccache' if matrix.cost.ccache else ', no ccache'}"
        )
    lines.append(f"{matrix.tasks} tasks done, {matrix.seconds:.0f} s")
    return "\n".join(lines)


def _word(cell: PrefixResult | None) -> str:
    if cell is None:
        return "-"
    if cell.problems:
        return f"{len(cell.problems)} BAD"
    return f"{cell.compiled} o"


def write_junit(path: Path, matrix: Matrix) -> None:
    """Write the results as JUnit XML: a suite for each configuration, a case for each prefix.

    Raises:
        InfraError: the file cannot be written.
    """
    xml = JUnitXml("uprobekit matrix")
    for name in dict.fromkeys(map(column, matrix.cells)):
        rows = [(c.ref, c.seconds, c.problems) for c in matrix.cells if column(c) == name]
        xml.add_testsuite(_suite(name, rows))
    if matrix.boots:
        rows = [(row.ref, row.seconds, row.problems) for row in matrix.boots]
        xml.add_testsuite(_suite("boot", rows))
    xml.update_statistics()  # type: ignore[no-untyped-call]
    text: bytes = xml.tostring()  # type: ignore[no-untyped-call]
    write_atomic(path, text)


def _suite(name: str, rows: Sequence[tuple[str, float, tuple[str, ...]]]) -> TestSuite:
    suite = TestSuite(f"matrix.{name}")
    for ref, seconds, problems in rows:
        case = TestCase(ref, classname=suite.name, time=seconds)
        if problems:
            case.result = [Failure(clean_xml("\n".join(problems)), "prefix")]
        suite.add_testcase(case)
    return suite
