# SPDX-License-Identifier: GPL-2.0-only
"""What ``check-kernel`` says of a kernel: text for a terminal, a page, and JUnit XML."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from junitparser import Failure, JUnitXml, Skipped, TestCase, TestSuite

from generator.checks.catalogue.judge import Verdict, Word
from generator.checks.catalogue.run import Checked
from generator.model.catalogue import CATALOGUE, Entry, Kind
from generator.report.junit import clean_xml
from generator.report.page import render_page

_ENTRIES = {entry.ident: entry for entry in CATALOGUE}

_HEADS = {
    Kind.FAULT: "Faults",
    Kind.LIMIT: "Limits: no fault, nobody is harmed",
    Kind.GAIN: "Gains: no fault, steps and waits that could be left out",
}
_WORDS = {
    Kind.FAULT: {word: str(word) for word in Word},
    Kind.LIMIT: {Word.AFFECTED: "there", Word.NOT_AFFECTED: "not there", Word.UNKNOWN: "unknown"},
    Kind.GAIN: {Word.AFFECTED: "missed", Word.NOT_AFFECTED: "taken", Word.UNKNOWN: "unknown"},
}
_TESTS = 2
_LINES = 3
"""Tests, and lines of each, that are shown as evidence unless all are asked for."""


def as_text(checked: Checked, *, width: int = 100, verbose: bool = False) -> str:
    """Return the verdicts for people.

    Args:
        checked: what was found.
        width: columns.
        verbose: all evidence, and every entry with what it means.
    """
    lines = [
        f"Linux {checked.banner}",
        f"{count(checked)}",
        f"{checked.arch}, {checked.accel}: {checked.tests} tests in {checked.boots} boot(s), "
        f"{checked.seconds:.0f} s",
    ]
    for kind in Kind:
        verdicts = [verdict for verdict in checked.verdicts if verdict.kind is kind]
        lines += ["", _HEADS[kind], ""]
        for verdict in verdicts:
            lines += _verdict(verdict, width=width, verbose=verbose)
    if checked.unexplained:
        lines += ["", "Other: what differs and belongs to no entry; nothing is claimed by it", ""]
        for failed in checked.unexplained:
            lines += _quoted(failed.test, failed.lines, width=width, verbose=verbose)
    if checked.late:
        said = f"Did not end in time, perhaps on a slow machine: {', '.join(checked.late)}"
        lines += ["", *textwrap.wrap(said, max(40, width))]
    return "\n".join(lines) + "\n"


def count(checked: Checked) -> str:
    """Return how many faults a kernel has, in a few words."""
    faults = [verdict for verdict in checked.verdicts if verdict.kind is Kind.FAULT]
    words = {word: sum(verdict.word is word for verdict in faults) for word in Word}
    return (
        f"affected by {words[Word.AFFECTED]} of {len(faults)} faults, "
        f"not by {words[Word.NOT_AFFECTED]}; of {words[Word.UNKNOWN]} it cannot be told here"
    )


def _verdict(verdict: Verdict, *, width: int, verbose: bool) -> Iterator[str]:
    entry = _ENTRIES[verdict.ident]
    word = _WORDS[verdict.kind][verdict.word]
    yield f"  {word:16}  {verdict.ident}: {verdict.title}"
    if verbose or (verdict.word is Word.AFFECTED and verdict.kind is Kind.FAULT):
        yield from _wrapped(entry.wrong, width)
        yield from _wrapped(f"Who: {entry.who}", width)
        yield from _wrapped(_known(entry), width)
    if verdict.word is Word.UNKNOWN:
        yield from _wrapped(f"Why: {verdict.why}", width)
    if verdict.word is Word.NOT_AFFECTED and verdict.untried:
        names = ", ".join(f"{test} ({why})" for test, why in verdict.untried.items())
        yield from _wrapped(f"Not tried: {names}", width)
    if verdict.kind is Kind.FAULT or verbose:
        shown = verdict.evidence if verbose else verdict.evidence[:_TESTS]
        for evidence in shown:
            yield from _quoted(evidence.test, evidence.lines, width=width, verbose=verbose)
        if len(shown) < len(verdict.evidence):
            more = ", ".join(evidence.test for evidence in verdict.evidence[_TESTS:])
            yield from _wrapped(f"And: {more}", width)


def _known(entry: Entry) -> str:
    """Return what is known of the fix, or an empty text."""
    if entry.fix is None:
        return ""
    title = f' ("{entry.fix.title}")' if entry.fix.title else ""
    cve = f"; {entry.fix.cve}" if entry.fix.cve else ""
    return f"Mended by commit {entry.fix.commit}{title}{cve}."


def _wrapped(text: str, width: int) -> Iterator[str]:
    yield from textwrap.wrap(
        text, width=max(40, width), initial_indent=" " * 20, subsequent_indent=" " * 20
    )


def _quoted(test: str, lines: tuple[str, ...], *, width: int, verbose: bool) -> Iterator[str]:
    shown = lines if verbose else lines[:_LINES]
    for number, line in enumerate(shown):
        head = f"{test}: " if number == 0 else " " * (len(test) + 2)
        yield f"{' ' * 20}> {head}{line}"[: max(60, width)]


def as_page(checked: Checked) -> str:
    """Return the verdicts as a page that needs nothing else; what is affected is unfolded."""
    sections = [
        {
            "anchor": kind.name.lower(),
            "head": _HEADS[kind],
            "rows": [_row(verdict) for verdict in checked.verdicts if verdict.kind is kind],
        }
        for kind in Kind
    ]
    title = f"Linux {checked.version}, {checked.arch}: faults of uprobes"
    return render_page(
        "kernel.html.j2", title=title, checked=checked, count=count(checked), sections=sections
    )


_CSS = {Word.AFFECTED: "bad", Word.NOT_AFFECTED: "good", Word.UNKNOWN: "warn"}


def _row(verdict: Verdict) -> dict[str, object]:
    entry = _ENTRIES[verdict.ident]
    return {
        "verdict": verdict,
        "entry": entry,
        "known": _known(entry),
        "word": _WORDS[verdict.kind][verdict.word],
        "css": _CSS[verdict.word] if verdict.kind is Kind.FAULT else "faint",
        "open": verdict.kind is Kind.FAULT and verdict.word is Word.AFFECTED,
    }


def junit_bytes(checked: Checked) -> bytes:
    """Return the faults as JUnit XML: affected is a failure, cannot tell is skipped."""
    suite = TestSuite(f"check-kernel.{checked.version}.{checked.arch}")
    for verdict in checked.verdicts:
        if verdict.kind is Kind.FAULT:
            suite.add_testcase(_case(verdict, suite.name))
    suite.add_property("accelerator", checked.accel)
    suite.add_property("seconds", f"{checked.seconds:.1f}")
    xml = JUnitXml("uprobekit")
    xml.add_testsuite(suite)
    xml.update_statistics()  # type: ignore[no-untyped-call]
    text: bytes = xml.tostring()  # type: ignore[no-untyped-call]
    return text


def _case(verdict: Verdict, suite: str) -> TestCase:
    case = TestCase(verdict.ident, classname=suite)
    said = "\n".join(
        f"{evidence.test}: {line}" for evidence in verdict.evidence for line in evidence.lines
    )
    if verdict.word is Word.AFFECTED:
        failure = Failure(clean_xml(verdict.title), "affected")
        failure.text = clean_xml(said)
        case.result = [failure]
    elif verdict.word is Word.UNKNOWN:
        case.result = [Skipped(clean_xml(verdict.why))]
    return case
