# SPDX-License-Identifier: GPL-2.0-only
"""JUnit XML for CI systems, through junitparser: one suite per column that must hold.

A boot that did not come to its end is an error of its suite, so that a CI system shows red even
where no test could report.
"""

from __future__ import annotations

import re
from pathlib import Path

from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite

from generator.guest.boot import BootResult
from generator.guest.ktap import KtapTest
from generator.paths import write_atomic
from generator.report.compare import CompareRequest, Comparison, Row, Verdict
from generator.text import clean_text

_NOT_XML = re.compile("[^\t\n\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit_bytes(request: CompareRequest, comparison: Comparison) -> bytes:
    """Return the XML of ``comparison`` and the boots it was made from."""
    xml = JUnitXml("uprobekit")
    for boot in (request.baseline, request.tip):
        xml.add_testsuite(_suite(boot, request.tip, comparison))
    xml.update_statistics()  # type: ignore[no-untyped-call]
    text: bytes = xml.tostring()  # type: ignore[no-untyped-call]
    return text


def write_junit(path: Path, request: CompareRequest, comparison: Comparison) -> None:
    """Write the XML to ``path``.

    Raises:
        InfraError: the file cannot be written.
    """
    write_atomic(path, junit_bytes(request, comparison))


def _is_of(row: Row, *, is_tip: bool) -> bool:
    """Tell whether what is wrong with a row is of the tip, or of the baseline."""
    return row.tip != "pass" if is_tip else row.tip == "pass" or row.baseline != row.expected


def _suite(boot: BootResult, tip: BootResult, comparison: Comparison) -> TestSuite:
    suite = TestSuite(f"{boot.base}.{boot.variant}.{boot.flavour}")
    tests = {test.name: test for test in boot.ktap.tests}
    for row in comparison.rows:
        seconds = boot.end.times.get(row.name)
        bad = row.verdict is Verdict.BAD and _is_of(row, is_tip=boot is tip)
        suite.add_testcase(_case(row, tests.get(row.name), suite.name, seconds, bad=bad))
    # what is left is the boot's own: a suite's time is the sum
    rest = max(boot.end.seconds - sum(boot.end.times.values()), 0.0)
    case = TestCase("boot", classname=suite.name, time=round(rest, 1))
    if not boot.outcome.complete:
        error = Error(clean_xml(boot.outcome.reason), boot.outcome.kind.value)
        error.text = clean_xml("\n".join(boot.outcome.excerpt))
        case.result = [error]
    suite.add_testcase(case)
    suite.add_property("accelerator", boot.accel.accel)
    suite.add_property("seconds", f"{boot.end.seconds:.1f}")
    return suite


def _case(
    row: Row, test: KtapTest | None, suite: str, seconds: float | None, *, bad: bool
) -> TestCase:
    case = TestCase(clean_xml(row.name), classname=suite, time=seconds)
    if row.verdict is Verdict.SKIPPED:
        case.result = [Skipped(clean_xml(row.note))]
    elif bad:
        case.result = [Failure(clean_xml(row.note), "before-after")]
    if test is not None and test.diagnostics:
        case.system_out = clean_xml("\n".join(test.diagnostics))
    return case


def clean_xml(text: str) -> str:
    """Return ``text`` without what XML 1.0 cannot hold; lines stay lines."""
    clean = "\n".join(clean_text(line) for line in text.split("\n"))
    return _NOT_XML.sub("\ufffd", clean)
