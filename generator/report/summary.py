# SPDX-License-Identifier: GPL-2.0-only
"""What boots and their comparison mean, in a few lines for somebody who has not seen one before.

The table of every test is ``table``'s; it goes to a file. Here a difference comes first, with both
sides and the line that runs it alone; the last lines are what has been proved, what was skipped and
which command shows that, and where the rest is.
"""

from __future__ import annotations

import io
import shlex
from collections import Counter
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path

from generator.guest.boot import BootResult
from generator.guest.ktap import KtapTest, Status
from generator.guest.outcome import Kind
from generator.report.compare import (
    NO_DIFFERENCE,
    CompareRequest,
    Comparison,
    Row,
    Verdict,
    as_announced,
    say_not_run,
)
from generator.text import clean_text

BASELINE = "baseline"

SHOWN_BY: Mapping[str, tuple[str, ...]] = {
    "make qemu-test-bochs": ("shadow-*", "watch-*"),
    "make qemu-test-block": ("ptrace-block*",),
    "make qemu-test": ("selftest-64", "selftest-x32"),
}
"""Which command runs what is skipped here: tests without the prefix of their ABI."""

_MEANS = {
    "sigtrap": ("probes end in SIGTRAP, as they must", "every one of these tasks goes on"),
    "armed": ("instructions that cannot be probed are armed, as announced", "each is refused"),
    "pass": ("pass, as on every kernel", "they pass as well"),
    "fail": ("fail, as announced: the series mends what they show", "they pass"),
}
"""What an outcome of the baseline means there, and what a pass means on the tip."""

_REASONS = {"deadline": "killed, its time was up: does it hang, or is this machine too busy?"}
"""What the guest's runner says of a test that could say nothing itself (qemu/README.md)."""

_SHOWN = 10
_NAMES = 8
_LINES = 8
_ABIS = ("m32-", "x32-")


def describe_boot(result: BootResult) -> str:
    """Return what a boot whose tests all reported shows, in one line.

    The baseline is held against what the tests announce for it, every other kernel against a pass.
    """
    tests = [test for test in result.ktap.tests if test.status is not Status.SKIP]
    skipped = len(result.ktap.tests) - len(tests)
    if result.variant == BASELINE:
        wrong = [test.name for test in tests if not as_announced(test)]
        words = Counter(test.before for test in tests)
        good = Counter(test.before for test in tests if as_announced(test))
        parts = [
            f"{good[word]} of {count} {_MEANS.get(word, (f'end as {word}', ''))[0]}"
            for word, count in sorted(words.items(), key=lambda pair: -pair[1])
        ]
        bad = "not as announced"
    else:
        wrong = [_said(test) for test in tests if not test.passed]
        parts = [f"{len(tests) - len(wrong)} of {len(tests)} self-tests pass"]
        bad = "not ok"
    parts += [f"{skipped} skipped"] if skipped else []
    parts += [f"{bad}: {_names(wrong)}"] if wrong else []
    if result.outcome.of_base:
        parts.append(f"the base complains while it starts: {result.outcome.of_base[-1]}")
    return "; ".join(parts) or "no test"


def _said(test: KtapTest) -> str:
    """Return the name of a test that has failed, and whether it was its time that was up."""
    late = test.values.get("reason") == "deadline"
    return f"{test.name} (killed, its time was up)" if late else test.name


def is_as_it_must_be(result: BootResult) -> bool:
    """Tell whether a boot has shown what its kernel has to show, and anything at all.

    Of the unmodified base, and of a kernel with some of the patches, all that is asked for is that
    every test reports.
    """
    if not result.outcome.complete:
        return False
    tests = [test for test in result.ktap.tests if test.status is not Status.SKIP]
    if result.variant == BASELINE:
        return bool(tests) and all(map(as_announced, tests))
    return result.variant != "tip" or result.outcome.kind is Kind.PASSED


def format_summary(
    request: CompareRequest,
    comparison: Comparison,
    *,
    program: str,
    kept: Mapping[str, Path],
    area: tuple[str, ...] = (),
) -> str:
    """Return the comparison as lines for people.

    Args:
        request: the boots.
        comparison: of them.
        program: what starts uprobekit in a shell.
        area: options that name the work area, if any do.
        kept: where the rest is, by what it is.
    """
    text = io.StringIO()
    for line in (
        *_differences(request, comparison, (program, area)),
        f"Linux {comparison.base} ({comparison.flavour}), before and after the series:",
        *_proved(comparison),
        *_skipped(comparison),
        *_peer(comparison),
        *_rest(comparison, kept),
    ):
        text.write(f"{clean_text(line).rstrip()}\n")
    return text.getvalue()


def _differences(
    request: CompareRequest, comparison: Comparison, start: tuple[str, tuple[str, ...]]
) -> Iterator[str]:
    for boot in (request.baseline, request.tip):
        if not boot.outcome.complete:
            yield f"NOT OK {boot.variant}: {boot.outcome.kind}: {boot.outcome.reason}"
            yield f"  console   {boot.console}"
            yield f"  results   {boot.results}"
            said = say_not_run(boot, comparison.not_run[boot.variant])
            yield from (f"NOT OK {line}" for line in said)
    sides = [(boot.variant, boot.ktap.by_name) for boot in (request.baseline, request.tip)]
    bad = _bad(comparison)
    for row in bad[:_SHOWN]:
        yield f"NOT OK {row.name}: {row.note}"
        for (variant, tests), word, must in zip(
            sides, (row.baseline, row.tip), (row.expected, "pass"), strict=True
        ):
            yield f"  {variant:9} {word}{'' if word == must else f', must be {must}'}"
            if word != must:
                yield from (f"            | {line}" for line in _explanation(tests.get(row.name)))
        if row.peer:
            yield f"  peer      {row.peer}"
        yield f"  alone     {_alone(request, row, *start)}"
    if len(bad) > _SHOWN:
        yield f"NOT OK {len(bad) - _SHOWN} more: {_names([row.name for row in bad[_SHOWN:]])}"
    about_all = [p for p in comparison.problems if p == NO_DIFFERENCE]
    yield from (f"NOT OK {problem}" for problem in about_all)
    if comparison.problems:
        yield ""


def _bad(comparison: Comparison) -> list[Row]:
    """Return the rows that are bad, and not since a boot has ended before them."""
    not_run = {name for names in comparison.not_run.values() for name in names}
    return [
        row for row in comparison.rows if row.verdict is Verdict.BAD and row.name not in not_run
    ]


def _explanation(test: KtapTest | None) -> tuple[str, ...]:
    """Return what the guest said about a test that is not as it must be."""
    if test is None:
        return ()
    lines = [line[1:].strip() for line in test.diagnostics if line.startswith("#   ")][-_LINES:]
    if reason := test.values.get("reason"):
        lines.append(_REASONS.get(reason, f"reason: {reason}"))
    return tuple(lines)


def _alone(request: CompareRequest, row: Row, program: str, area: tuple[str, ...]) -> str:
    """Return the command that runs a test on the kernel where it is not as it must be."""
    boot = request.tip if row.tip != "pass" else request.baseline
    words = ("boot", *boot.asked, *area, boot.variant, "--tests", row.name)
    return f"{program} {shlex.join(words)}"


def _proved(comparison: Comparison) -> Iterator[str]:
    good = [row for row in comparison.rows if row.verdict is Verdict.GOOD]
    bad = len(_bad(comparison))
    lost = sum(row.verdict is Verdict.BAD for row in comparison.rows) - bad
    said = f", {bad} not as they must be" if bad else ""
    said += f", {lost} did not end" if lost else ""
    yield f"  proved    {len(good)} of {len(comparison.rows)} self-tests{said}"
    for word, count in Counter(row.expected for row in good).most_common():
        before, after = _MEANS.get(word, (f"end as {word}", "they pass"))
        yield f"            baseline: {count} {before}; tip: {after}"


def _skipped(comparison: Comparison) -> Iterator[str]:
    """Say what proves nothing here, by reason, and what shows it."""
    reasons: dict[tuple[str, str], list[str]] = {}
    for row in comparison.skipped:
        key = (_shown_by(row.name, comparison.base), row.note)
        reasons.setdefault(key, []).append(row.name)
    if not reasons:
        yield "  skipped   none"
        return
    yield f"  skipped   {len(comparison.skipped)}, which prove nothing here:"
    for (command, reason), names in sorted(reasons.items()):
        yield f"            {_names(names)}: {reason}" + (f"; run: {command}" if command else "")


def _shown_by(name: str, base: str) -> str:
    for abi in _ABIS:
        name = name.removeprefix(abi)
    for command, patterns in SHOWN_BY.items():
        if any(fnmatchcase(name, pattern) for pattern in patterns):
            return f"{command} BASE={base}"
    return ""


def _peer(comparison: Comparison) -> Iterator[str]:
    if comparison.has_peer:
        names = comparison.peer_fails
        said = f": {_names(names)}" if names else ""
        yield f"  peer      {len(names)} of them fail with the base's own uprobes{said}"


def _rest(comparison: Comparison, kept: Mapping[str, Path]) -> Iterator[str]:
    for number, (what, path) in enumerate(kept.items()):
        yield f"  {'' if number else 'report':9} {what}: {path}"
    page = f"make check-verdicts check-review report BASE={comparison.base}"
    yield f"            one page about everything: {page}"


def _names(names: list[str] | tuple[str, ...]) -> str:
    more = len(names) - _NAMES
    return ", ".join(names[:_NAMES]) + (f" and {more} more" if more > 0 else "")
