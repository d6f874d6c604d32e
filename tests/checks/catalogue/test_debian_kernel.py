# SPDX-License-Identifier: GPL-2.0-only
"""What ``make check-debian`` takes for good of what ``check-kernel`` has said."""

from dataclasses import asdict, replace

import pytest
from debian_kernel import problems
from kernels_seen import recorded

from generator.checks.catalogue.judge import Complaint, Word, judge_all
from generator.errors import ExitCode
from generator.model.catalogue import Kind


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({}, []),
        ({"died": {"hunted-joined-later": "the kernel panicked"}}, []),
        ({"died": {"nop": "the kernel panicked"}}, ["the kernel dies in nop"]),
        ({"complaints": (Complaint(test="nop", text="BUG: x"),)}, ["the kernel warns in nop"]),
    ],
)
def test_what_belongs_to_no_entry(more, said):
    """A kernel that dies of a fault that is known is as it is known."""
    verdicts = judge_all(replace(recorded("6.1.192"), **more))
    faults = [v.ident for v in verdicts if v.kind is Kind.FAULT and v.word is Word.AFFECTED]
    data = {"verdicts": [asdict(each) for each in verdicts], "affected": faults, "unexplained": []}
    assert problems(ExitCode.FAILED, data) == said


def test_a_kernel_that_was_not_booted():
    """There is nothing to look at."""
    assert problems(ExitCode.INFRA, {}) == ["status 3"]
