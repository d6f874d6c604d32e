#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Show JUnit results where people look on GitHub: the run's summary, and errors beside the diff.

Usage: python3 show_junit.py FILE... >> "$GITHUB_STEP_SUMMARY"

The table goes to stdout; what failed goes to stderr as ``::error``, which GitHub shows. Needs
nothing but Python. Ends with 2 when a test failed, or when a file is not there or has no test.
"""

import sys
import xml.etree.ElementTree as ElementTree

SHOWN = 50


def cell(text: str) -> str:
    """Return a text for a cell of a table."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


def main(paths: list[str]) -> int:
    """Show the results in files; return the exit status."""
    print("| suite | tests | failed | skipped | seconds |")
    print("|---|---|---|---|---|")
    bad: list[tuple[str, str, str]] = []
    for path in paths:
        try:
            suites = list(ElementTree.parse(path).getroot().iter("testsuite"))
        except (OSError, ElementTree.ParseError) as error:
            suites = []
            bad.append((path, "no results", str(error)))
        else:
            if not suites:
                bad.append((path, "no results", "there is no suite in it"))
        for suite in suites:
            cases = list(suite.iter("testcase"))
            failed = [
                (case, found)
                for case in cases
                for found in (*case.findall("failure"), *case.findall("error"))
            ]
            skipped = sum(case.find("skipped") is not None for case in cases)
            seconds = sum(float(case.get("time") or 0) for case in cases)
            row = (suite.get("name", ""), len(cases), len(failed), skipped, f"{seconds:.0f}")
            print(f"| {' | '.join(cell(str(each)) for each in row)} |")
            bad += [
                (suite.get("name", ""), case.get("name", ""), found.get("message") or "")
                for case, found in failed
            ]
            if not cases:
                bad.append((suite.get("name", ""), "no tests", "a suite without a test"))
    if bad:
        print("\n| failed | where | why |\n|---|---|---|")
    for suite, name, why in bad[:SHOWN]:
        print(f"| {cell(name)} | {cell(suite)} | {cell(why)} |")
        line = f"{suite} {name}: {why}".replace("%", "%25").replace("\r", "").replace("\n", "%0A")
        print(f"::error title=uprobekit::{line}", file=sys.stderr)
    if len(bad) > SHOWN:
        print(f"\n... and {len(bad) - SHOWN} more")
    return 2 if bad or not paths else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
