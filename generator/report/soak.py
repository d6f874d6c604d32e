# SPDX-License-Identifier: GPL-2.0-only
"""A soak as JUnit XML: a suite for each round, a case for each program, of the tip alone."""

from __future__ import annotations

from pathlib import Path

from junitparser import Failure, JUnitXml, TestCase, TestSuite

from generator.checks.soak.judge import Soak
from generator.paths import write_atomic
from generator.report.junit import clean_xml


def write_junit(path: Path, soak: Soak) -> None:
    """Write the results as JUnit XML.

    Raises:
        InfraError: the file cannot be written.
    """
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
