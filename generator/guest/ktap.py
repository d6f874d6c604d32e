# SPDX-License-Identifier: GPL-2.0-only
"""KTAP, version 1: from lines to results; prints nothing, never guesses a pass.

Eats any iterable of lines (Documentation/dev-tools/ktap.rst, 6.1) and what the guest of this
project adds: ``# plan: NAME before=WORD`` per test, ``# NAME: outcome=WORD hits=N ...`` before its
result, and ``# uprobekit: done`` as the last line.

Why not a library: tap.py 3.2 (PyPI) reads TAP, line by line. It has no subtests (an indented line
is "unknown"), takes a line such as ``okay, rebooting`` for a passed test, and leaves plan, order
and completeness to the caller; the kernel's own ``kunit_parser.py`` is in no package, and prints
while it parses.

A log proves something only when everything in it fits: whatever does not is a ``problem``, and a
report with problems is not ``complete``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from generator.text import clean_text, strip_printk

_VERSION = re.compile(r"^KTAP version (\d+)$")
_PLAN = re.compile(r"^1\.\.(\d{1,9})(?:\s*#\s*SKIP\b\s*(.*))?$", re.IGNORECASE)
_RESULT = re.compile(r"^(not )?ok(?: +(\d{1,9}))?(?: +(?:- )?(.*))?$")
_DIRECTIVE = re.compile(r"(?:^|\s)#\s*(SKIP|TODO|XFAIL)\b:?\s*(.*)$", re.IGNORECASE)
_BEFORE = re.compile(r"^# plan: (\S+) before=(\S+)$")
_OUTCOME = re.compile(r"^# (\S+): (outcome=\S+(?: \S+=\S*)*)$")
_BAIL = re.compile(r"^Bail out!\s*(.*)$")
_DONE = "# uprobekit: done"
_KEPT_LINES = 200
_MAX_PROBLEMS = 50
_MAX_TESTS = 10_000
_MAX_DEPTH = 20


class Status(StrEnum):
    """What a test's result line says."""

    PASS = "pass"
    FAIL = "fail"
    SKIP = "skip"
    TODO = "todo"


@dataclass(frozen=True, kw_only=True)
class KtapTest:
    """One result.

    Args:
        number: as printed; 0 when the line has none.
        name: as printed; may be empty.
        status: of the result line.
        reason: text of a SKIP or TODO.
        before: the outcome the guest expects on the baseline; empty when not announced.
        values: of the outcome line: ``outcome``, ``hits`` and others, all as text.
        diagnostics: the lines before the result, the first 200.
        subtests: nested results.
    """

    number: int
    name: str
    status: Status
    reason: str = ""
    before: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    diagnostics: tuple[str, ...] = ()
    subtests: tuple[KtapTest, ...] = ()

    @property
    def label(self) -> str:
        """The name, or the number where there is none."""
        return self.name or f"test {self.number}"

    @property
    def outcome(self) -> str:
        """The outcome word, empty when the guest gave none."""
        return self.values.get("outcome", "")

    @property
    def passed(self) -> bool:
        """The result line says so, and the outcome word, if any, does not contradict."""
        return self.status is Status.PASS and self.outcome in ("", "pass")


@dataclass(frozen=True, kw_only=True)
class KtapReport:
    """All that a log says.

    Args:
        planned: number of tests announced; None without a plan.
        tests: results in the order printed.
        problems: what does not fit, one sentence each; the first 50.
        done: the guest's last line was there.
        empty: not a single line had text.
        noise: lines that are no KTAP.
        running: the test that had begun and did not report: of those announced the first without
            a result; empty when there is none, or none was announced.
        announced: names of the tests that were announced, in order.
        nothing: why the guest has no tests at all (``1..0 # SKIP why``); empty: it has.
    """

    planned: int | None
    tests: tuple[KtapTest, ...]
    problems: tuple[str, ...]
    done: bool
    empty: bool
    noise: int
    running: str = ""
    announced: tuple[str, ...] = ()
    nothing: str = ""

    @property
    def complete(self) -> bool:
        """Everything announced was reported, once, in order, and the end was reached."""
        return not self.problems and self.done and bool(self.tests)

    @property
    def by_name(self) -> dict[str, KtapTest]:
        """The results by what their tests are called."""
        return {test.label: test for test in self.tests}

    @property
    def passed(self) -> bool:
        """Complete, at least one test passed, and none failed; a TODO is no pass."""
        statuses = {test.status for test in self.tests}
        return self.complete and Status.PASS in statuses <= {Status.PASS, Status.SKIP}


def parse_ktap(lines: Iterable[str], *, need_done: bool = True) -> KtapReport:
    """Return what ``lines`` say.

    Args:
        lines: with or without line ends; kernel messages and time stamps may be in between.
        need_done: the last line of our guest is expected; False for KTAP of other origin.
    """
    parser = _Parser()
    for line in lines:
        parser.feed(line)
    return parser.finish(need_done=need_done)


@dataclass
class _Level:
    """One nesting level under construction."""

    indent: int
    planned: int | None = None
    skipped: str | None = None
    tests: list[KtapTest] = field(default_factory=list)
    diagnostics: list[str] = field(default_factory=list)
    values: dict[str, dict[str, str]] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)


class _Parser:
    """Builds the report; one line at a time, a bounded amount of text."""

    def __init__(self) -> None:
        self.levels = [_Level(indent=0)]
        self.before: dict[str, str] = {}
        self.problems: list[str] = []
        self.versions = 0
        self.done = False
        self.seen_text = False
        self.noise = 0
        self.results = 0

    def feed(self, raw: str) -> None:
        """Take one line."""
        line = strip_printk(clean_text(raw.rstrip("\r\n"))).rstrip()
        if not line:
            return
        self.seen_text = True
        text = line.lstrip(" ")
        indent = len(line) - len(text)
        if indent > self.levels[-1].indent and len(self.levels) >= _MAX_DEPTH:
            self._complain(f"more than {_MAX_DEPTH} levels of subtests")
        elif match := _VERSION.match(text):
            self._take_version(match, indent)
        elif match := _PLAN.match(text):
            self._take_plan(match, indent)
        elif match := _RESULT.match(text):
            self._take_result(match, indent)
        elif text.startswith("#"):
            self._take_diagnostic(text, indent)
        elif match := _BAIL.match(text):
            self._complain(f"the guest gave up: {match[1]}")
        else:
            self.noise += 1

    def _complain(self, problem: str) -> None:
        if len(self.problems) < _MAX_PROBLEMS:
            self.problems.append(problem)

    def _level(self, indent: int) -> _Level:
        """Return the level of ``indent``, opened if it is deeper than the current one."""
        if indent > self.levels[-1].indent:
            self.levels.append(_Level(indent=indent))
        return next(level for level in reversed(self.levels) if level.indent <= indent)

    def _take_version(self, match: re.Match[str], indent: int) -> None:
        self.versions += 1
        if match[1] != "1":
            self._complain(f"KTAP version {match[1]} is not known")
        if indent == 0 and (self.versions > 1):
            self._complain("a second KTAP header: the guest started again")
        self._level(indent)

    def _take_plan(self, match: re.Match[str], indent: int) -> None:
        level = self._level(indent)
        if level.planned is not None:
            self._complain(f"a second plan, 1..{match[1]}")
            return
        level.planned = int(match[1])
        level.skipped = match[2] if level.planned == 0 and match[2] is not None else None
        if level.tests:
            self._complain("the plan comes after results")

    def _take_diagnostic(self, text: str, indent: int) -> None:
        if match := _BEFORE.match(text):
            if match[1] in self.before:
                self._complain(f"{match[1]}: announced twice")
            if len(self.before) < _MAX_TESTS:
                self.before[match[1]] = match[2]
            return
        if text == _DONE:
            self.done = True
            return
        level = self._level(indent)
        if match := _OUTCOME.match(text):
            if match[1] in level.values:
                self._complain(f"{match[1]}: two outcomes")
            pairs = (pair.partition("=") for pair in match[2].split())
            if len(level.values) < _MAX_TESTS:
                level.values[match[1]] = {key: value for key, _, value in pairs}
        if len(level.diagnostics) < _KEPT_LINES:
            level.diagnostics.append(text)

    def _take_result(self, match: re.Match[str], indent: int) -> None:
        self.results += 1
        if self.results > _MAX_TESTS:
            if self.results == _MAX_TESTS + 1:
                self._complain(f"more than {_MAX_TESTS} results")
            return
        level = self._level(indent)
        subtests = self._close_below(level)
        status, name, reason = _split_name(match[1] is not None, match[3] or "")
        test = KtapTest(
            number=int(match[2] or 0),
            name=name,
            status=status,
            reason=reason,
            before=self.before.get(name, ""),
            values=level.values.pop(name, {}),
            diagnostics=tuple(level.diagnostics),
            subtests=subtests,
        )
        level.diagnostics.clear()
        self._check(test, level)
        level.tests.append(test)

    def _check(self, test: KtapTest, level: _Level) -> None:
        label = test.label
        if test.number != len(level.tests) + 1:
            self._complain(f"{label}: number {test.number} instead of {len(level.tests) + 1}")
        if self.done:
            self._complain(f"{label}: a result after the end")
        if test.name in level.names:
            self._complain(f"{label}: reported twice")
        level.names.update({test.name} - {""})
        failed = any(sub.status is Status.FAIL for sub in test.subtests)
        if failed and test.status is Status.PASS:
            self._complain(f"{label}: ok, although a subtest failed")

    def _close_below(self, parent: _Level) -> tuple[KtapTest, ...]:
        """End the levels deeper than ``parent``; return the results of the one right below."""
        tests: list[KtapTest] = []
        while self.levels[-1] is not parent:
            level = self.levels.pop()
            self._check_count(level)
            tests = level.tests
        return tuple(tests)

    def _check_count(self, level: _Level) -> None:
        if level.planned is None:
            if level.tests:
                self._complain(f"{len(level.tests)} result(s) without a plan")
        elif level.planned != len(level.tests):
            self._complain(f"{level.planned} test(s) planned, {len(level.tests)} reported")

    def finish(self, *, need_done: bool) -> KtapReport:
        """Check what can only be known at the end and return the report."""
        top = self.levels[0]
        if len(self.levels) > 1:
            self._complain("the log ends inside of subtests")
            self._close_below(top)
        self._check_count(top)
        if self.seen_text and not self.versions:
            self._complain("there is no 'KTAP version 1' line")
        names = {test.name for test in top.tests}
        if self.before:
            for name in sorted(set(self.before) - names):
                self._complain(f"{name}: announced, never reported")
            for name in sorted(names - set(self.before)):
                self._complain(f"{name}: reported, never announced")
        for name in sorted(top.values):
            self._complain(f"{name}: an outcome without a result")
        if need_done and not self.done:
            self._complain("the last line is missing: the guest ended early")
        return KtapReport(
            planned=top.planned,
            tests=tuple(top.tests),
            problems=tuple(self.problems),
            done=self.done or not need_done,
            empty=not self.seen_text,
            noise=self.noise,
            running="" if self.done else next((n for n in self.before if n not in names), ""),
            announced=tuple(self.before),
            nothing=top.skipped or "",
        )


def _split_name(failed: bool, rest: str) -> tuple[Status, str, str]:
    """Return status, name and reason of a result line, from what follows its number."""
    match = _DIRECTIVE.search(rest)
    if not match:
        return (Status.FAIL if failed else Status.PASS), rest.strip(), ""
    name = rest[: match.start()].strip()
    skip = match[1].upper() == "SKIP"
    if failed and skip:
        return Status.FAIL, name, match[2]
    return (Status.SKIP if skip else Status.TODO), name, match[2]
