# SPDX-License-Identifier: GPL-2.0-only
"""A workload for CPython: some of its regression tests, with what became of each.

Writes no times: the same bytes in every run.
"""

import io
import sys
import unittest

MODULES = (
    *("test_struct", "test_math", "test_cmath", "test_bisect", "test_heapq", "test_binascii"),
    *("test_textwrap", "test_fractions", "test_generators", "test_setcomps", "test_string"),
)


class Names(unittest.TextTestResult):
    """Print each test's name when it begins, and what becomes of it if that is not success."""

    def startTest(self, test: unittest.TestCase) -> None:  # noqa: N802 - unittest's
        """Print the name."""
        super().startTest(test)
        print(test.id())


loader = unittest.TestLoader()
for module in MODULES:
    suite = loader.loadTestsFromName(f"test.{module}")
    runner = unittest.TextTestRunner(stream=io.StringIO(), resultclass=Names)
    result = runner.run(suite)
    print(module, result.testsRun, len(result.failures), len(result.errors), len(result.skipped))
    for test, said in (*result.failures, *result.errors):
        print(test.id(), said, file=sys.stderr)
