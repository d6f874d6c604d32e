# SPDX-License-Identifier: GPL-2.0-only
"""A soak as JUnit XML, of the tip alone, and as a page in Markdown, of both kernels."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from generator.checks.soak.judge import SIDES, Row, Run, Soak, summary
from generator.jsonfile import as_object
from generator.paths import write_atomic
from generator.report.junit import clean_xml
from generator.report.kept import Kept
from generator.report.markdown import table

_GENERATED = re.compile(r"csmith-\d+-(?P<build>.+)")
"""The name of a program that csmith made: its seed, and how it was compiled."""

_ABOUT = """\
# Real programs under probes

    make measure-soak BASE=6.1 ARGS=--full

runs each program without probes, twice, and then under those of four rounds, each on top of the
ones before: on the entries of functions; on the returns of those that have a probe; on every
instruction of some of them; and with all probes disarmed and armed anew meanwhile. What it writes
and how it ends has to be byte for byte as without. `times` is how many times longer that took. What
each program does, and which large ones have a probe on one function of some, is in
`qemu/guest/soak/programs.toml`. This is printed by `uprobekit soak --page`.

A program of your own: `uprobekit soak --source FILE.c` compiles a C file, and runs it without
probes and with one on each of its instructions; `--side base` does so on the unmodified kernel,
`--build` compiles it otherwise. It has to end with 0, without arguments and input. A program that
is installed gets a section in `programs.toml`, and is then `--program NAME`.

Two that people ask for are left out: rr counts branches by a counter that QEMU's processors lack,
and Wine would have 650 MB of libraries unpacked into a guest's memory. What is special in Wine,
code of both modes and system calls that a handler dispatches, the self-tests have (`code-mode`,
`return-dispatch`). A difference of a program that csmith has made is reduced to one that can be
read; what came of it is in `qemu/guest/soak/reduced`, and runs each time.\
""".splitlines()

_COLUMNS = (
    *("program", "probes on", "places", "hits", "returns", "ours", "times"),
    *("base", "times", "hits there", "faults that the base meets"),
)


def write_junit(path: Path, soak: Soak) -> None:
    """Write the results as JUnit XML: a suite for each round, a case for each program.

    Raises:
        InfraError: the file cannot be written.
    """
    from junitparser import Failure, JUnitXml, TestCase, TestSuite

    xml = JUnitXml("uprobekit soak")
    for name in dict.fromkeys(row.round for row in soak.rows):
        suite = TestSuite(f"soak.{name}")
        for row in soak.rows:
            if row.round == name:
                case = TestCase(row.program, classname=suite.name, time=row.ours.seconds)
                said = [*row.problems, *row.ours.said]
                if row.problems:
                    case.result = [Failure(clean_xml("\n".join(said)), "soak")]
                suite.add_testcase(case)
        xml.add_testsuite(suite)
    rest = [what for what in soak.problems if not any(p in what for p in _row_problems(soak))]
    if rest:
        suite = TestSuite("soak.kernel")
        case = TestCase("kernel", classname=suite.name)
        case.result = [Failure(clean_xml("\n".join(rest)), "soak")]
        suite.add_testcase(case)
        xml.add_testsuite(suite)
    xml.update_statistics()  # type: ignore[no-untyped-call]
    text: bytes = xml.tostring()  # type: ignore[no-untyped-call]
    write_atomic(path, text)


def _row_problems(soak: Soak) -> list[str]:
    return [f"{row.program}, {row.round}: {what}" for row in soak.rows for what in row.problems]


def format_page(kept: Mapping[str, Kept]) -> str:
    """Return the page about real programs: what is kept of the full mode, base by base.

    Args:
        kept: results of ``soak --full``, by the name of the base.

    Raises:
        ValueError: one of them has another shape.
    """
    lines = [*_ABOUT]
    for base, result in kept.items():
        soak = as_object(result.data, Soak)
        lines += ["", f"## {base}", ""]
        lines.append(f"{result.origin}. {summary(soak)}.")
        lines += ["", *table(_COLUMNS, _cells(soak.rows)), ""]
        lines += [*_problems(soak), f"Packages: {_packages(soak.versions)}."]
    return "\n".join(lines) + "\n"


def _cells(rows: Sequence[Row]) -> Iterator[Sequence[str]]:
    """Yield the table's rows, one for each program and round, one for all of a way to compile."""
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        match = _GENERATED.fullmatch(row.program)
        name = f"csmith, {match['build']}" if match else row.program
        groups.setdefault((name, row.round), []).append(row)
    order = list(dict.fromkeys(name for name, _ in groups))
    for (name, probes), group in sorted(groups.items(), key=lambda item: order.index(item[0][0])):
        ours, base = ([getattr(row, side) for row in group] for side in SIDES)
        reasons = [reason for row in group for reason in row.reason.split("; ") if reason]
        yield (
            f"{name} ({len(group)})" if len(group) > 1 else name,
            probes,
            f"{sum(row.sites for row in group):,}",
            f"{sum(run.hits for run in ours):,}",
            f"{sum(run.returns for run in ours):,}",
            *_outcomes(ours),
            *_outcomes(base),
            f"{sum(run.hits for run in base):,}",
            ", ".join(dict.fromkeys(reason.split(":")[0] for reason in reasons)),
        )


def _outcomes(runs: Sequence[Run]) -> tuple[str, str]:
    """Return how runs ended, and how many times longer they took, all together."""
    counts = Counter(run.outcome for run in runs)
    plain = sum(run.plain for run in runs)
    times = f"{sum(run.seconds for run in runs) / plain:.1f}" if plain else ""
    if len(counts) == 1:
        return next(iter(counts)), times
    return ", ".join(f"{count} {word}" for word, count in counts.items()), times


def _problems(soak: Soak) -> Iterator[str]:
    if soak.problems:
        yield "With the series, wrong:"
        yield ""
        yield from (f"- {problem}" for problem in soak.problems)
        yield ""


def _packages(versions: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in sorted(versions.items()))
