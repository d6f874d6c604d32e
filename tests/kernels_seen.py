# SPDX-License-Identifier: GPL-2.0-only
"""Kernels that were run, from their saved logs, and what ``check-kernel`` says of one."""

from conftest import TESTS

from generator.checks.catalogue.judge import Observed, judge_all, read_complaints
from generator.checks.catalogue.run import Checked, Failed
from generator.guest.ktap import parse_ktap
from generator.text import read_lines

LOGS = TESTS / "logs" / "check"


def recorded(release):
    """Return what was seen of a kernel that was run; further boots have a plus in their names."""
    tests, complaints = {}, []
    for log in (LOGS / f"{release}.ktap", *sorted(LOGS.glob(f"{release}+*.ktap"))):
        tests |= {test.name: test for test in parse_ktap(read_lines(log)).tests}
        complaints += read_complaints(read_lines(log.with_suffix(".console")))
    return Observed(tests=tests, complaints=tuple(complaints))


def checked(name="7.2.13"):
    """Return what is said of a kernel that was run."""
    observed = recorded(name)
    return Checked(
        image="/boot/vmlinuz",
        version="6.1.0-57-cloud-amd64",
        banner="6.1.0-57-cloud-amd64 (x@y) #1 SMP",
        arch="x86_64",
        accel="tcg",
        boots=1,
        seconds=99.5,
        tests=len(observed.tests),
        verdicts=judge_all(observed),
        unexplained=(Failed(test="odd", lines=("saw 7",)),),
    )
