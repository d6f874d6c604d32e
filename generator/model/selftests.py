# SPDX-License-Identifier: GPL-2.0-only
"""Which patch brings which self-test: what each has to show at every prefix of the series.

A test announces what it shows on the baseline. From the patch named here on it has to pass, before
that one it shows the same as on the baseline; a row may name a word for the time from ``since`` to
its patch, where a patch in front changes half of it. ``uprobekit matrix --full`` boots every prefix
and compares.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from generator.model.bases import Base

PASS = "pass"


@dataclass(frozen=True, kw_only=True)
class Brought:
    """Tests that a patch brings.

    Attributes:
        tests: their names, without the prefix of the ABI; with a star at the end, how they begin.
        patch: from here on they pass.
        since: from this patch on, and before ``patch``, they show ``between``.
        between: the outcome word.
        complaint: what the kernel may say in this time; whether it does depends on the base.
        why: of that.
    """

    tests: tuple[str, ...]
    patch: str
    since: str = ""
    between: str = ""
    complaint: str = ""
    why: str = ""


BROUGHT: tuple[Brought, ...] = (
    Brought(
        tests=("refuse-armed",),
        patch="refuse",
        since="analyse",
        between="fail",
        why="refused when it is mapped, of which nobody is told",
    ),
    # what may be refused is, from here on
    Brought(tests=("refuse-*", "nop-0f19", "fault-evex"), patch="analyse"),
    Brought(
        tests=("skip-*",),
        patch="skip-nop",
        since="hit",
        between="fail",
        why="NOPs are stepped like everything else",
    ),
    Brought(
        tests=("nop-pause",),
        patch="skip-nop",
        since="hit",
        between="fail",
        why="QEMU loses the trap behind a pause that is stepped",
    ),
    Brought(
        tests=("emulate-load*", "emulate-cmov*"),
        patch="emulate-mov",
        since="hit",
        between="fail",
        why="everything but a NOP is stepped",
    ),
    Brought(
        tests=("emulate-push", "emulate-leave"),
        patch="emulate-stack",
        since="hit",
        between="fail",
        why="everything but a NOP and a move is stepped",
    ),
    Brought(
        tests=("emulate-ret",),
        patch="emulate-branch",
        since="hit",
        between="fail",
        why="a return is stepped",
    ),
    Brought(
        tests=("emulate-*",),
        patch="emulate-alu",
        since="hit",
        between="fail",
        why="everything but a NOP is stepped",
    ),
    Brought(tests=("rseq-outside", "rseq-signal"), patch="hit"),
    Brought(
        tests=("rseq-*",),
        patch="rseq",
        since="hit",
        between="fail",
        why="a task that is preempted in a step is judged by the address of the slot",
    ),
    # no return is expected, and the instruction is executed
    Brought(tests=("return-no-stack", "return-disarmed"), patch="hit"),
    Brought(
        tests=("return", "return-*", "perf-return", "bpf-return", "bpf-session", "shadow-return*"),
        patch="return",
        since="hit",
        between="fail",
        why="armed and hit, and nobody is told of the return",
    ),
    # everything but what the kernel is to refuse is armed by every kernel
    Brought(tests=("code-accepted",), patch="baseline"),
    Brought(
        tests=("system",),
        patch="skip-nop",
        since="hit",
        between=PASS,
        why="all of them are stepped",
    ),
    Brought(
        tests=("mm-map-join",),
        patch="move",
        since="hit",
        between=PASS,
        complaint="BUG: Bad rss-counter state",
        why="where joining arms, a page is lost: CVE-2025-38207",
    ),
    Brought(
        tests=("mm-map-join-tables",),
        patch="move",
        since="hit",
        between=PASS,
        complaint="WARNING: CPU: ",
        why="where joining arms, there is a page table already where one is moved to",
    ),
    Brought(
        tests=("counter-moved",),
        patch="move",
        since="hit",
        between="fail",
        why="what mremap() has left is armed once more, and counted",
    ),
    Brought(
        tests=("code-rewritten", "code-patched"),
        patch="compare",
        since="hit",
        between="fail",
        why="executed as it was analysed",
    ),
    Brought(
        tests=("mm-map-grow-move", "mm-map-stay"),
        patch="move",
        since="hit",
        between="fail",
        why="what mremap() makes anew is not armed",
    ),
    Brought(tests=("arm-delete-busy",), patch="delete-busy"),
    # it is skipped, and announces so, on any kernel without the patch behind this one
    Brought(tests=("perf-joined",), patch="joined"),
    Brought(
        tests=("perf-close-*",),
        patch="close",
        since="hit",
        between="fail",
        why="close() waits for handlers",
    ),
    Brought(tests=("*",), patch="hit"),
)
"""The first row that fits counts."""

LIMITS = {"nop-red-zone": "nop_call"}
"""Self-tests of a fault that the series leaves to the base, which has it with this fact."""


def limits_of(base: Base) -> tuple[str, ...]:
    """Return the self-tests that may fail with the series, since they do so on the base."""
    return tuple(test for test, fact in LIMITS.items() if fact in base.has)


_ABIS = ("m32-", "x32-")


def brought_by(test: str) -> Brought:
    """Return the row of a test."""
    name = test
    for abi in _ABIS:
        name = name.removeprefix(abi)
    return next(row for row in BROUGHT if any(_fits(name, pattern) for pattern in row.tests))


def _fits(name: str, pattern: str) -> bool:
    return name.startswith(pattern[:-1]) if pattern.endswith("*") else name == pattern


def expected_word(test: str, before: str, applied: Collection[str]) -> str:
    """Return the outcome that a self-test has to show.

    Args:
        test: its name.
        before: what it announces for the baseline.
        applied: the patches that the kernel has.
    """
    row = brought_by(test)
    if row.patch in applied:
        return PASS
    if row.since in applied:
        return row.between
    return before


def expected_complaints(applied: Collection[str]) -> tuple[str, ...]:
    """Return what a kernel with these patches may say while the self-tests run."""
    return tuple(
        row.complaint
        for row in BROUGHT
        if row.complaint and row.since in applied and row.patch not in applied
    )
