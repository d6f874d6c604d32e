# SPDX-License-Identifier: GPL-2.0-only
"""KTAP: what each saved log means. A log is a pass only when it is named as one here."""

import pytest
from conftest import TESTS
from hypothesis import given, settings
from hypothesis import strategies as st

from generator.guest.ktap import Status, parse_ktap
from generator.text import MAX_LINE, clean_text, read_lines

LOGS = TESTS / "logs"

PASSING = {
    "ktap-good": 5,
    "ktap-good-crlf": 5,
    "ktap-interleaved": 5,
    "ktap-nested": 2,
    "ktap-nul-bytes": 5,
    "ktap-skip": 5,
    "ktap-timestamps": 5,
}
COMPLETE_BUT_NOT_PASSED = {
    "ktap-all-skipped": ("skip", "skip", "skip", "skip", "skip"),
    "ktap-baseline": ("fail", "fail", "fail", "fail", "fail"),
    "ktap-one-failed": ("pass", "pass", "fail", "pass", "pass"),
    "ktap-todo": ("pass", "pass", "pass", "pass", "todo"),
}
BROKEN = {
    "ktap-announced-only": "ghost: announced, never reported",
    "ktap-bail-out": "gave up: tracefs went away",
    "ktap-blank": "last line is missing",
    "ktap-crashed": "5 test(s) planned, 2 reported",
    "ktap-cut-before-done": "last line is missing",
    "ktap-cut-between": "5 test(s) planned, 3 reported",
    "ktap-cut-in-line": "announced, never reported",
    "ktap-duplicated": "nop-pause: reported twice",
    "ktap-empty": "last line is missing",
    "ktap-garbage": "no 'KTAP version 1' line",
    "ktap-garbage-inside": "jmp-rel8: announced, never reported",
    "ktap-interleaved-in-line": "jmp-rel8: announced, never reported",
    "ktap-nested-cut": "ends inside of subtests",
    "ktap-nested-lie": "ok, although a subtest failed",
    "ktap-no-header": "no 'KTAP version 1' line",
    "ktap-no-plan": "result(s) without a plan",
    "ktap-out-of-order": "number 3 instead of 2",
    "ktap-restarted": "the guest started again",
    "ktap-result-after-done": "a result after the end",
    "ktap-too-few": "6 test(s) planned, 5 reported",
    "ktap-too-many": "4 test(s) planned, 5 reported",
    "ktap-twice": "the guest started again",
    "ktap-version-2": "version 2 is not known",
}


def parse(name: str):
    """Return the report of a saved log."""
    return parse_ktap(read_lines(LOGS / f"{name}.log"))


def test_every_saved_log_has_its_meaning_here():
    """No log lies about unused."""
    known = {*PASSING, *COMPLETE_BUT_NOT_PASSED, *BROKEN, "ktap-plan-zero"}
    assert {path.stem for path in LOGS.glob("ktap-*.log")} == known


@pytest.mark.parametrize(("name", "count"), PASSING.items())
def test_a_complete_log_passes(name, count):
    """A good log, and what may be in between."""
    report = parse(name)
    assert report.problems == ()
    assert report.passed
    assert len(report.tests) == report.planned == count


@pytest.mark.parametrize(("name", "statuses"), COMPLETE_BUT_NOT_PASSED.items())
def test_a_complete_log_may_still_fail(name, statuses):
    """Failures, expected failures and skips are no passes."""
    report = parse(name)
    assert report.complete
    assert not report.passed
    assert tuple(test.status.value for test in report.tests) == statuses


@pytest.mark.parametrize(("name", "problem"), BROKEN.items())
def test_a_broken_log_is_no_pass_and_says_why(name, problem):
    """Cut, doubled, shuffled, crashed or garbled: never complete."""
    report = parse(name)
    assert not report.complete
    assert not report.passed
    assert problem in "; ".join(report.problems)


def test_no_tests_are_no_pass():
    """An empty plan proves nothing."""
    report = parse("ktap-plan-zero")
    assert not report.complete
    assert not report.passed


def test_words_of_our_guest_are_kept():
    """Announcement, outcome, hits and diagnostics belong to their test."""
    test = parse("ktap-baseline").tests[0]
    assert (test.name, test.before, test.outcome) == ("nop", "sigtrap", "sigtrap")
    assert test.values["hits"] == "0"
    assert test.diagnostics[-1].startswith("# nop: outcome=")
    assert parse("ktap-skip").tests[4].reason == "no 32-bit programs in this guest"


def test_subtests_belong_to_the_result_that_follows():
    """Three levels, the inner ones without plan lists."""
    first, second = parse("ktap-nested").tests
    assert [sub.name for sub in first.subtests] == ["one-byte", "two-byte"]
    assert first.subtests[0].subtests[0].name == "nop"
    assert [sub.name for sub in second.subtests] == ["slot"]


@pytest.mark.parametrize(
    ("line", "status", "name"),
    [
        ("ok 1 nop", Status.PASS, "nop"),
        ("ok 1 - nop", Status.PASS, "nop"),
        ("not ok 1 nop", Status.FAIL, "nop"),
        ("ok 1 nop # SKIP why", Status.SKIP, "nop"),
        ("ok 1 nop # skip: why", Status.SKIP, "nop"),
        ("not ok 1 nop # SKIP why", Status.FAIL, "nop"),
        ("not ok 1 nop # TODO later", Status.TODO, "nop"),
        ("ok 1 issue #7", Status.PASS, "issue #7"),
        ("ok 1", Status.PASS, ""),
    ],
)
def test_result_lines(line, status, name):
    """The forms of a result line."""
    (test,) = parse_ktap(["KTAP version 1", "1..1", line], need_done=False).tests
    assert (test.status, test.name) == (status, name)


@pytest.mark.parametrize("line", ["okay", "ok1 nop", "notok 1", "OK 1 nop", "ok: fine", "1..x"])
def test_lines_that_only_look_like_results(line):
    """They count as noise, never as a test."""
    report = parse_ktap(["KTAP version 1", "1..1", line], need_done=False)
    assert report.tests == ()
    assert report.noise == 1


def test_a_flood_of_problems_stays_small():
    """A million bad lines do not become a million messages."""
    report = parse_ktap(f"ok 7 test{index}" for index in range(5000))
    assert len(report.problems) == 50


def test_a_flood_of_results_and_levels_stays_small():
    """Neither memory nor the recursion of whoever reads the report."""
    report = parse_ktap(f"ok {index} t{index}" for index in range(1, 12_000))
    assert len(report.tests) == 10_000
    deep = parse_ktap(f"{' ' * index}KTAP version 1" for index in range(3000))
    assert "more than 20 levels of subtests" in deep.problems
    assert not deep.complete


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_damage_to_a_good_log_is_no_crash_and_a_lost_result_no_pass(data):
    """Drop any one line but noise: the report is not complete any more."""
    lines = (LOGS / "ktap-good.log").read_text().splitlines()
    wanted = [
        i for i, line in enumerate(lines) if "outcome=" not in line and "0 failed" not in line
    ]
    index = data.draw(st.sampled_from(wanted))
    assert not parse_ktap(lines[:index] + lines[index + 1 :]).complete


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text(max_size=60), max_size=30))
def test_random_text_is_never_a_pass(lines):
    """And never an exception."""
    assert not parse_ktap(lines).passed


@given(st.binary(max_size=300))
def test_cleaned_text_has_no_control_characters(data):
    """Whatever the bytes."""
    text = clean_text(data.decode("utf-8", "replace"))
    assert all(
        sign == "\t" or sign.isprintable() or ord(sign) > 0x9F for sign in text if sign != "\n"
    )


def test_a_line_without_end_is_read_in_pieces(tmp_path):
    """Bounded memory for a console that prints no newline."""
    path = tmp_path / "console.log"
    path.write_bytes(b"x" * (10 * MAX_LINE))
    assert [len(line) for line in read_lines(path)] == [MAX_LINE] * 10


def test_a_missing_log_has_no_lines(tmp_path):
    """It is judged like an empty one."""
    assert list(read_lines(tmp_path / "none")) == []


def test_a_result_that_contradicts_its_outcome_is_not_passed():
    """An ``ok`` after ``outcome=sigtrap`` counts for nothing."""
    lines = ["KTAP version 1", "1..2", "# a: outcome=sigtrap hits=0", "ok 1 a", "ok 2 b"]
    first, second = parse_ktap(lines, need_done=False).tests
    assert (first.passed, second.passed) == (False, True)
