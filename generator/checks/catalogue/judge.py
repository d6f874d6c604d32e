# SPDX-License-Identifier: GPL-2.0-only
"""From what was seen in the guests to a verdict for each entry of the catalogue; starts nothing.

An entry is affected when one of its tests failed, when the kernel died in one, or when it said what
the entry names. It is not affected when one, at least, passed and none did any of that. Anything
else is "cannot tell here", with the guest's reason: never a pass, never a fault.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from generator.checks.catalogue.code import Difference, is_corpus, read_differences
from generator.guest.growth import reports_lockup
from generator.guest.ktap import KtapTest, Status
from generator.guest.outcome import is_complaint
from generator.model.catalogue import CATALOGUE, CONTROLS, MIXED, Entry, Kind, plain_name, tests_of
from generator.text import strip_printk

_MARK = re.compile(r"^uprobekit: test (\S+)$")
_CUT = "cut here ]---"
_LINES = 12
_LATE = 3
_COMPARED = ("pass", "wrong")
"""Outcomes of a stretch of the corpus that has come to its end."""


class Word(StrEnum):
    """What is said of an entry."""

    AFFECTED = "affected"
    NOT_AFFECTED = "not affected"
    UNKNOWN = "cannot tell here"


@dataclass(frozen=True, kw_only=True)
class Complaint:
    """Something that the kernel has said.

    Args:
        test: the self-test that ran; empty: none.
        text: the line, without its time stamp.
        before: the self-tests that ran before it, the last first. What is wrong with the memory of
            a process is said when that is freed, which may be later, and is with PREEMPT_RT.
    """

    test: str
    text: str
    before: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Observed:
    """What was seen of a kernel, in all its boots.

    Args:
        tests: the results, by name, in the order of the guest.
        died: why the boot ended in a test, twice, by the test's name.
        doubtful: why nothing can be said of a test although it ran, by its name.
        missing: tests that were announced and never ran.
        complaints: what the kernel has said.
    """

    tests: Mapping[str, KtapTest]
    died: Mapping[str, str] = field(default_factory=dict)
    doubtful: Mapping[str, str] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    complaints: tuple[Complaint, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """All tests that the guest has."""
        return tuple(dict.fromkeys((*self.tests, *self.died, *self.doubtful, *self.missing)))


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What shows a fault.

    Args:
        test: the self-test that ran.
        lines: what it, or the kernel, has said.
    """

    test: str
    lines: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What is said of one entry.

    Args:
        ident: of the entry.
        title: of the entry.
        kind: of the entry.
        word: the verdict.
        why: of "cannot tell here", else empty.
        evidence: of "affected", else empty.
        passed: the tests that passed.
        untried: the tests that were not run or say nothing, each with the reason.
    """

    ident: str
    title: str
    kind: Kind
    word: Word
    why: str = ""
    evidence: tuple[Evidence, ...] = ()
    passed: tuple[str, ...] = ()
    untried: Mapping[str, str] = field(default_factory=dict)


def read_complaints(lines: Iterable[str]) -> tuple[Complaint, ...]:
    """Return what a kernel has complained of, each with the self-test that ran.

    Args:
        lines: of the console; the guest marks where a test begins (``uprobekit.marks``).
    """
    before: tuple[str, ...] = ()
    test, found = "", []
    for line in lines:
        text = strip_printk(line).strip()
        if mark := _MARK.match(text):
            before, test = (test, *before)[:_LATE], mark[1]
        elif is_complaint(text) and _CUT not in text:
            found.append(Complaint(test=test, text=text, before=before))
    return tuple(found)


def judge_all(seen: Observed, catalogue: tuple[Entry, ...] = CATALOGUE) -> tuple[Verdict, ...]:
    """Return the verdict for each entry."""
    broken = broken_controls(seen)
    return tuple(
        _unknown(entry, broken)
        if broken and (entry.tests or entry.code)
        else _generic(entry, seen, catalogue)
        if not (entry.tests or entry.code)
        else _judge(entry, seen)
        for entry in catalogue
    )


def broken_controls(seen: Observed) -> str:
    """Return why no test shows anything here, or an empty text."""
    for name in seen.names:
        if plain_name(name) in CONTROLS:
            test = seen.tests.get(name)
            if test is None or test.status is Status.FAIL:
                said = f"outcome={test.outcome}" if test else "it did not end"
                return f"probes do not work as such in this kernel: {name}: {said}"
    controls = {plain_name(name) for name in seen.tests} & set(CONTROLS)
    return "" if controls else "no test of a plain probe has run"


def unexplained(seen: Observed, verdicts: Iterable[Verdict]) -> dict[str, tuple[str, ...]]:
    """Return what was seen and belongs to no entry, by test: of that nothing is claimed."""
    affected = {verdict.ident for verdict in verdicts if verdict.word is Word.AFFECTED}
    known = {test for entry in CATALOGUE for test in entry.tests}
    known |= {test for test, idents in MIXED.items() if affected & set(idents)}
    failed = [
        test
        for test in seen.tests.values()
        if test.status is Status.FAIL
        and test.name not in seen.doubtful
        and not is_late(test)
        and plain_name(test.name) not in known
    ]
    found = {test.name: _others(test) for test in failed}
    return {name: lines for name, lines in found.items() if lines}


def _others(test: KtapTest) -> tuple[str, ...]:
    """Return what a test that failed has said, of the corpus what belongs to no entry."""
    if not is_corpus(test.name) or test.outcome not in _COMPARED:
        return own_words(test)
    return _shortened([str(each) for each in read_differences(test) if each.owner is None])


def _unknown(entry: Entry, why: str) -> Verdict:
    return Verdict(
        ident=entry.ident, title=entry.title, kind=entry.kind, word=Word.UNKNOWN, why=why
    )


def _judge(entry: Entry, seen: Observed) -> Verdict:
    causes = filter(None, (_cause(entry, complaint) for complaint in seen.complaints))
    names = dict.fromkeys((*tests_of(entry, seen.names), *causes))
    evidence, passed, untried = [], [], {}
    for name in names:
        test = seen.tests.get(name)
        if lines := _shows(entry, name, seen):
            evidence.append(Evidence(test=name, lines=lines))
        elif why := _says_nothing(name, test, seen):
            untried[name] = why
        else:
            passed.append(name)
    more = _executed(entry, seen)
    evidence, passed, untried = evidence + more[0], passed + more[1], untried | more[2]
    word = Word.AFFECTED if evidence else Word.NOT_AFFECTED if passed else Word.UNKNOWN
    reasons = dict.fromkeys(untried.values()) or ["no test for it in this guest"]
    return Verdict(
        ident=entry.ident,
        title=entry.title,
        kind=entry.kind,
        word=word,
        why="; ".join(reasons) if word is Word.UNKNOWN else "",
        evidence=tuple(evidence),
        passed=tuple(passed),
        untried=untried,
    )


def _executed(entry: Entry, seen: Observed) -> tuple[list[Evidence], list[str], dict[str, str]]:
    """Return what the corpus says of an entry: evidence, what passed, what says nothing.

    Only of an entry without tests it says that a kernel has it not: what it executes may mean
    nothing on this processor, which a test would say.
    """
    evidence, passed, untried = [], [], {}
    for name in seen.names if entry.code else ():
        test = seen.tests.get(name)
        if not is_corpus(name):
            continue
        if why := _says_nothing(name, test, seen):
            untried[name] = why
        elif test and (lines := _own(entry, read_differences(test))):
            evidence.append(Evidence(test=name, lines=lines))
        elif test and test.outcome in _COMPARED:
            passed.append(name)
        else:
            untried[name] = "it did not come to its end"
    return (evidence, [], {}) if entry.tests else (evidence, passed, untried)


def _own(entry: Entry, found: Iterable[Difference]) -> tuple[str, ...]:
    return _shortened([str(each) for each in found if each.owner == entry])


def _shows(entry: Entry, name: str, seen: Observed) -> tuple[str, ...]:
    """Return what shows an entry in one of its tests, no line when it does not."""
    said = tuple(each.text for each in seen.complaints if _cause(entry, each) == name)
    if said:
        return said
    if name in seen.died:
        return (seen.died[name],)
    test = seen.tests.get(name)
    if test is None or test.status is not Status.FAIL or name in seen.doubtful:
        return ()
    return own_words(test) if entry.silent and (entry.hangs or not is_late(test)) else ()


def _cause(entry: Entry, complaint: Complaint) -> str:
    """Return the test that shows an entry by what the kernel complains of, or an empty text.

    It is one of the entry's; any other one where nothing but these words shows the entry: a kernel
    warns once in a boot, of whatever comes first.
    """
    if not entry.says or not re.search(entry.says, complaint.text):
        return ""
    near = (complaint.test, *complaint.before)
    own = (name for name in near if plain_name(name) in entry.tests)
    return next(own, "" if entry.silent else complaint.test)


def _says_nothing(name: str, test: KtapTest | None, seen: Observed) -> str:
    """Return why a test says nothing, or an empty text."""
    if name in seen.doubtful:
        return seen.doubtful[name]
    if test is None:
        return "the kernel died in it" if name in seen.died else "it was not reached"
    if is_late(test):
        return "it did not end in time"
    # where only the kernel's own words count, a test that failed has run as well
    ended = test.status in (Status.PASS, Status.FAIL)
    return "" if ended else test.reason or str(test.status)


def is_late(test: KtapTest) -> bool:
    """Tell whether the guest has stopped a test because of the time."""
    return test.values.get("reason") == "deadline"


def own_words(test: KtapTest) -> tuple[str, ...]:
    """Return what a test that failed has said, at most a dozen lines."""
    head = f"# {test.name}: "
    words = [line.removeprefix(head) for line in test.diagnostics]
    own = [line.lstrip("# ").rstrip() for line in words]
    return _shortened([line for line in own if line])


def _shortened(lines: list[str]) -> tuple[str, ...]:
    more = len(lines) - _LINES
    return tuple([*lines[: _LINES - 1], f"... and {more + 1} more lines"] if more > 0 else lines)


def _generic(entry: Entry, seen: Observed, catalogue: tuple[Entry, ...]) -> Verdict:
    """Judge an entry that has no tests of its own: what the kernel does in any of them."""
    if entry.ident == "kernel-dies":
        shown = {name: (why,) for name, why in seen.died.items()}
    else:
        shown = {}
        for complaint in seen.complaints:
            if not _explained(complaint, seen, catalogue):
                shown[complaint.test] = (*shown.get(complaint.test, ()), complaint.text)
    ran = bool(seen.tests)
    word = Word.AFFECTED if shown else Word.NOT_AFFECTED if ran else Word.UNKNOWN
    return Verdict(
        ident=entry.ident,
        title=entry.title,
        kind=entry.kind,
        word=word,
        why="" if word is not Word.UNKNOWN else "no test has run",
        evidence=tuple(Evidence(test=test, lines=lines[:_LINES]) for test, lines in shown.items()),
    )


def _explained(complaint: Complaint, seen: Observed, catalogue: tuple[Entry, ...]) -> bool:
    """Tell whether a complaint belongs to another entry, to a death, or to no test at all.

    That something takes long is not told of a kernel: an emulator may be the reason.
    """
    ended = complaint.test in seen.died or complaint.test in seen.doubtful
    if not complaint.test or ended or reports_lockup(complaint.text):
        return True
    return any(_cause(entry, complaint) for entry in catalogue)
