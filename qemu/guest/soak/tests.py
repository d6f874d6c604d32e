# SPDX-License-Identifier: GPL-2.0-only
"""A workload for CPython: some of its regression tests, with what became of each.

Writes no times: the same bytes in every run.
"""

import io
import sys
import unittest
from collections.abc import Iterable

MODULES = (
    *("test_struct", "test_math", "test_cmath", "test_bisect", "test_heapq"),
    *("test_generators", "test_setcomps", "test_string"),
)

LONG = {
    *("test_integers", "testDist", "testFactorial", "testFsum", "testIsqrt", "test_prod"),
    *("test_merge_stability", "test_frame_resurrect", "testComb", "testPerm"),
}
"""Tests that take more than half of the time, and do the same again and again."""


class Names(unittest.TextTestResult):
    """Print each test's name when it begins, and what becomes of it if that is not success."""

    def startTest(self, test: unittest.TestCase) -> None:  # noqa: N802 - unittest's
        """Print the name."""
        super().startTest(test)
        print(test.id())


def short(suite: Iterable[unittest.TestCase | unittest.TestSuite]) -> unittest.TestSuite:
    """Return what does not take long."""
    found = unittest.TestSuite()
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            found.addTest(short(test))
        elif test.id().rpartition(".")[2] not in LONG:
            found.addTest(test)
    return found


loader = unittest.TestLoader()
for module in MODULES:
    suite = short(loader.loadTestsFromName(f"test.{module}"))
    runner = unittest.TextTestRunner(stream=io.StringIO(), resultclass=Names)
    result = runner.run(suite)
    print(module, result.testsRun, len(result.failures), len(result.errors), len(result.skipped))
    for test, said in (*result.failures, *result.errors):
        print(test.id(), said, file=sys.stderr)
