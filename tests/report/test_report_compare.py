# SPDX-License-Identifier: GPL-2.0-only
"""Before and after, as data, JSON, JUnit and text."""

import json
import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from guests import DEAD, LOGS, SKIPPED, boot, guest
from makefile import variables

from generator.errors import CheckFailed, UserError
from generator.report.compare import CompareRequest, Verdict, check_comparison, compare_boots
from generator.report.junit import junit_bytes, write_junit
from generator.report.results import (
    boot_data,
    read_boot,
    read_whole,
    result_path,
    write_boot,
    write_comparison,
)
from generator.report.summary import SHOWN_BY, describe_boot, format_summary, is_as_it_must_be
from generator.report.table import format_boot, format_comparison

UNSAFE = guest(before="skip", outcome="", tail=" # SKIP this kernel may crash")


def compare(baseline, tip, peer=None):
    """Return the request and its comparison."""
    request = CompareRequest(
        baseline=boot(baseline, "baseline"),
        tip=boot(tip),
        peer=boot(peer, "peer") if peer else None,
    )
    return request, compare_boots(request)


def test_the_proof():
    """Dies before, passes after."""
    _, comparison = compare("ktap-baseline", "ktap-good")
    assert comparison.passed
    assert [row.verdict for row in comparison.rows] == [Verdict.GOOD] * 5
    assert (comparison.rows[0].baseline, comparison.rows[0].tip) == ("sigtrap", "pass")
    check_comparison(comparison)


def test_a_skip_that_is_announced():
    """A test that would end the baseline is skipped there, and has to pass on the tip."""
    _, comparison = compare(UNSAFE, guest(before="skip"))
    assert [row.verdict for row in comparison.rows] == [Verdict.GOOD]
    _, comparison = compare(UNSAFE, guest(before="skip", status="not ok"))
    assert [row.verdict for row in comparison.rows] == [Verdict.BAD]


@pytest.mark.parametrize(
    ("baseline", "tip", "problem"),
    [
        (guest(), guest(), "pass on the baseline instead of sigtrap"),
        (DEAD, DEAD, "sigtrap on the tip"),
        (DEAD, guest(status="not ok"), "pass on the tip (not ok)"),
        (DEAD, guest(outcome="outcome=armed hits=0"), "armed on the tip"),
        (DEAD, guest(outcome=""), "no outcome on the tip"),
        (DEAD, guest(tail=" # TODO later"), "pass on the tip (not ok, later)"),
        (DEAD, guest(outcome="", tail=" # SKIP"), "skipped on the tip without a reason"),
        (SKIPPED, guest(), "SKIP on the baseline instead of sigtrap"),
        (guest(before="pass"), guest(before="pass"), "no test shows a difference"),
        (guest(before=""), guest(before=""), "does not announce the same outcome"),
        (guest(before="armed"), guest(), "does not announce the same outcome"),
        (guest(name="two"), guest(), "one: did not report on the baseline"),
        (guest(name="two"), guest(), "two: did not report on the tip"),
        (SKIPPED, SKIPPED, "no test shows a difference"),
        (guest(before="skip"), guest(before="skip"), "pass on the baseline instead of skip"),
        (UNSAFE, guest(before="skip"), "no test shows a difference"),
        (UNSAFE, guest(), "does not announce the same outcome"),
        ("ktap-baseline", "ktap-cut-between", "tip: guest-stopped-early"),
        ("ktap-baseline", "ktap-cut-before-done", "tip: guest-stopped-early"),
        ("ktap-baseline", "ktap-empty", "tip: no-result"),
        ("ktap-empty", "ktap-good", "baseline: no-result"),
        ("ktap-garbage", "ktap-good", "baseline: unreadable"),
        ("ktap-baseline", "ktap-todo", "m32-nop: pass on the tip"),
    ],
)
def test_what_is_no_proof(baseline, tip, problem):
    """Either column being otherwise is a failure with a name."""
    _, comparison = compare(baseline, tip)
    assert not comparison.passed
    assert any(problem in text for text in comparison.problems), comparison.problems
    with pytest.raises(CheckFailed, match="before/after does not hold"):
        check_comparison(comparison)


@pytest.mark.parametrize("variant", ["baseline", "peer"])
@pytest.mark.parametrize("change", [{"base": "6.12"}, {"flavour": "i386"}])
def test_boots_of_different_kernels_are_not_compared(variant, change):
    """Both are named."""
    request, _ = compare("ktap-baseline", "ktap-good", "ktap-good")
    other = replace(getattr(request, variant), **change)
    base, flavour = change.get("base", "0.0"), change.get("flavour", "plain")
    said = f"{variant} was booted on {base} ({flavour}), tip on 0.0 (plain)"
    with pytest.raises(UserError, match=re.escape(said)):
        compare_boots(replace(request, **{variant: other}))


@pytest.mark.parametrize("change", [{"base": "6.12"}, {"flavour": "i386"}, {"variant": "peer"}])
def test_a_result_in_the_place_of_another(tmp_path, change):
    """Three results of 6.12 where those of 6.1 should be are no results of 6.1."""
    result = replace(boot("ktap-good"), base="6.1")
    path = write_boot(replace(result, **change), tmp_path)
    place = result_path(tmp_path, "6.1", "tip")
    place.parent.mkdir(parents=True, exist_ok=True)
    path.rename(place)
    other = replace(result, **change)
    said = f"a boot of {other.base}/{other.variant} ({other.flavour}), not of 6.1/tip (plain)"
    with pytest.raises(UserError, match=re.escape(said)):
        read_whole(tmp_path, "6.1", "tip")


def test_a_complaint_of_the_kernel_is_a_failure():
    """Although every test is as it must be."""
    request, _ = compare("ktap-baseline", "ktap-good")
    bad = boot("ktap-good", console=["WARNING: CPU: 0 PID: 1 at kernel/x.c:1 f+0x1/0x2"])
    comparison = compare_boots(replace(request, tip=bad))
    assert not comparison.passed
    assert "oops-or-warn" in comparison.problems[0]


def test_a_skipped_test_is_shown_loudly():
    """It is no failure, and no proof."""
    _, comparison = compare("ktap-baseline", "ktap-skip")
    assert comparison.passed
    text = format_comparison(comparison, terminal=False)
    assert "SKIPPED m32-nop: no 32-bit programs in this guest" in text
    assert "4 of 5 test(s) proved, 1 skipped" in text


def test_where_the_peer_fails():
    """Where it fails is listed; it fails nothing."""
    _, comparison = compare("ktap-baseline", "ktap-good", "ktap-one-failed")
    assert comparison.passed
    assert comparison.peer_fails == ("jmp-rel8",)
    assert comparison.rows[2].peer == "wrong-registers"
    text = format_comparison(comparison, terminal=False)
    assert "fails in the base's own uprobes: jmp-rel8" in text


@pytest.mark.parametrize(
    ("tip", "seen"),
    [
        (guest(status="not ok", outcome="outcome=wrong-registers hits=1"), "wrong-registers"),
        (SKIPPED, "no 32-bit programs"),
        (guest(name="other"), "did not report on the tip"),
    ],
)
def test_the_peer_is_the_floor(tip, seen):
    """What passes on the unmodified base and not on the tip is a failure, skipped or not."""
    _, comparison = compare(DEAD, tip, guest())
    row = next(row for row in comparison.rows if row.name == "one")
    assert row.verdict is Verdict.BAD
    assert "passes on the unmodified base" in row.note
    assert seen in row.note
    with pytest.raises(CheckFailed, match="unmodified base"):
        check_comparison(comparison)


def test_skipped_on_both_is_no_failure():
    """A test that the peer cannot run either says nothing about the series."""
    _, comparison = compare(SKIPPED, SKIPPED, SKIPPED)
    assert comparison.rows[0].verdict is Verdict.SKIPPED


def test_a_peer_without_results_has_dashes():
    """And is listed nowhere as worse than it is."""
    _, comparison = compare("ktap-baseline", "ktap-good", "ktap-empty")
    assert {row.peer for row in comparison.rows} == {"-"}
    assert comparison.passed


@pytest.mark.parametrize("ktap", ["ktap-good", "ktap-nested", "ktap-empty", "ktap-garbage"])
def test_results_survive_the_disk(tmp_path, ktap):
    """What is written is what is read."""
    result = boot(ktap, console=["Kernel panic - not syncing: x"])
    path = write_boot(result, tmp_path)
    assert path == result_path(tmp_path, "0.0", "tip")
    assert read_boot(path) == result
    assert path.with_suffix(".ktap").read_bytes() == (LOGS / f"{ktap}.log").read_bytes()


def test_the_json_has_a_version_and_all_words():
    """As the schema says."""
    data = json.loads(json.dumps(boot_data(boot("ktap-one-failed")), default=str))
    assert data["format"] == 1
    assert data["outcome"]["kind"] == "failed-tests"
    assert data["ktap"]["tests"][2]["values"]["outcome"] == "wrong-registers"


def test_the_comparison_is_kept(tmp_path):
    """With its version and its verdict."""
    _, comparison = compare("ktap-baseline", "ktap-one-failed")
    data = json.loads(write_comparison(comparison, tmp_path).read_bytes())
    assert (data["format"], data["passed"], len(data["rows"])) == (1, False, 5)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "boot this variant first"),
        ("", "no JSON"),
        ("[" * 100_000, "no JSON"),
        ("[]", "the format is not 1"),
        ('{"format": 99}', "the format is not 1"),
        ('{"format": 1}', "missing or wrong"),
        ('{"format": 1, "end": [], "outcome": {}, "ktap": 3}', "missing or wrong"),
    ],
)
def test_damaged_results(tmp_path, text, message):
    """Each with a hint; none is a pass."""
    path = tmp_path / "tip-plain.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(UserError, match=message):
        read_boot(path)


@pytest.mark.parametrize(
    ("where", "value"),
    [
        (("end", "seconds"), "long"),
        (("outcome", "reason"), 5),
        (("ktap", "tests", 0, "values"), []),
        (("ktap", "tests", 0, "values"), {"outcome": 5}),
        (("ktap", "tests", 0, "reason"), 5),
        (("ktap", "tests", 0, "diagnostics"), [5]),
    ],
)
def test_a_field_of_another_type(tmp_path, where, value):
    """It is told where the file is read, not where the field is used."""
    data = json.loads(json.dumps(boot_data(boot("ktap-one-failed")), default=str))
    place = data
    for key in where[:-1]:
        place = place[key]
    place[where[-1]] = value
    path = tmp_path / "tip-plain.json"
    path.write_text(json.dumps(data))
    with pytest.raises(UserError, match="missing or wrong"):
        read_boot(path)


def test_junit_shows_both_columns(tmp_path):
    """Failures, skips and a broken boot as an error."""
    request, comparison = compare("ktap-baseline", "ktap-one-failed")
    write_junit(tmp_path / "junit.xml", request, comparison)
    suites = ElementTree.parse(tmp_path / "junit.xml").getroot().findall("testsuite")
    assert [suite.get("name") for suite in suites] == ["0.0.baseline.plain", "0.0.tip.plain"]
    for suite in suites:
        names = [case.get("name") for case in suite.findall("testcase")]
        assert (len(names), names[-1]) == (6, "boot")
    # it is the tip that differs
    assert [suite.get("failures") for suite in suites] == ["0", "1"]


@pytest.mark.parametrize(
    ("baseline", "tip", "failures"),
    [
        (DEAD, guest(), ["0", "0"]),
        (guest(), guest(), ["1", "0"]),
        (DEAD, guest(status="not ok", outcome="outcome=fail hits=1"), ["0", "1"]),
        (guest(), guest(status="not ok", outcome="outcome=fail hits=1"), ["1", "1"]),
        (DEAD, guest(before="fail"), ["1", "0"]),
    ],
)
def test_junit_blames_the_kernel_that_is_wrong(baseline, tip, failures):
    """A difference is a failure of the side that is not as it must be."""
    root = ElementTree.fromstring(junit_bytes(*compare(baseline, tip)))
    assert [suite.get("failures") for suite in root.findall("testsuite")] == failures


def test_junit_says_how_long_each_test_took():
    """A suite's cases are as long together as its boot; a result of before has the boot alone."""
    request, comparison = compare("ktap-baseline", "ktap-good")
    name = comparison.rows[0].name
    timed = replace(request.tip, end=replace(request.tip.end, times={name: 1.25}))
    root = ElementTree.fromstring(junit_bytes(replace(request, tip=timed), comparison))
    for suite in root.findall("testsuite"):
        cases = suite.findall("testcase")
        assert sum(float(case.get("time") or 0) for case in cases) == pytest.approx(3.5, abs=0.1)
    assert [c.get("time") for c in cases if c.get("name") == name] == ["1.25"]
    data = json.loads(json.dumps(boot_data(timed), default=str))
    assert data["end"]["times"] == {name: 1.25}


def test_junit_of_a_crashed_boot_is_red():
    """Even though no test reported."""
    request, comparison = compare("ktap-baseline", "ktap-empty")
    root = ElementTree.fromstring(junit_bytes(request, comparison))
    errors = list(root.iter("error"))
    assert errors[0].get("type") == "no-result"


def test_hostile_names_stay_text():
    """Markup, escapes and what XML cannot hold, in names and reasons."""
    name = "[red]x[/red]<a>&\x1b[31m\x00\ufffe"
    nasty = [line.replace("one", name) for line in guest(status="not ok", tail=" # TODO \x07[b]")]
    request, comparison = compare(nasty, nasty)
    for terminal in (True, False):
        text = format_comparison(comparison, terminal=terminal, width=200)
        assert "[red]x[/red]<a>&" in text
        assert "\x00" not in text
        assert "\x07" not in text
    assert "\x1b" not in format_comparison(comparison, terminal=False)
    ElementTree.fromstring(junit_bytes(request, comparison))


def test_text_for_pipes_and_for_terminals():
    """Colour only for the latter; a pipe gets one line per test."""
    _, comparison = compare("ktap-baseline", "ktap-good", "ktap-good")
    plain = format_comparison(comparison, terminal=False)
    rows = [line.split() for line in plain.splitlines()]
    assert ["nop", "sigtrap", "sigtrap", "pass", "pass", "ok"] in rows
    assert "\x1b[" in format_comparison(comparison, terminal=True)


def test_text_of_a_boot_shows_the_console():
    """The excerpt, and where the rest is; nothing of it for a good boot."""
    bad = boot("ktap-empty", console=["hello", "Kernel panic - not syncing: [bold]x"])
    text = format_boot(bad, terminal=False)
    assert "panic" in text
    assert "  | Kernel panic - not syncing: [bold]x" in text
    assert "console.log" in text
    assert "console.log" not in format_boot(boot("ktap-good"), terminal=False)


def summary(request, comparison):
    """Return the lines of the summary."""
    text = format_summary(request, comparison, program="uprobekit", kept={"table": Path("t.txt")})
    assert "\x1b" not in text
    return text.splitlines()


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("watch-perf", "; run: make qemu-test-bochs BASE=0.0"),
        ("m32-shadow-call", "; run: make qemu-test-bochs BASE=0.0"),
        ("ptrace-block", "; run: make qemu-test-block BASE=0.0"),
        ("selftest-x32", "; run: make qemu-test BASE=0.0"),
        ("mm-huge-file", ""),
    ],
)
def test_what_is_skipped_names_what_shows_it(name, command):
    """A test that runs nowhere has its reason alone."""
    both = [*guest()[:-1], f"ok 2 {name} # SKIP not here", guest()[-1]]
    both[1] = "1..2"
    both.insert(2, f"# plan: {name} before=pass")
    lines = summary(*compare(DEAD, both))
    assert f"            {name}: not here{command}" in lines
    assert "  skipped   1, which prove nothing here:" in lines


def test_the_commands_that_show_more_run_those_tests():
    """What is named for a test has it in its list."""
    ways = variables("WAY_")
    listed = re.search(r"--tests '(.*)'", ways["bochs"])[1].split(",")
    assert set(SHOWN_BY["make qemu-test-bochs"]) <= set(listed)
    assert "--tests '*ptrace-block*'" in ways["block"]


def test_the_summary_ends_with_what_is_proved():
    """The last lines are for whoever meets it for the first time."""
    lines = summary(*compare("ktap-baseline", "ktap-good", "ktap-one-failed"))
    assert lines == [
        "Linux 0.0 (plain), before and after the series:",
        "  proved    5 of 5 self-tests",
        "            baseline: 5 probes end in SIGTRAP, as they must; "
        "tip: every one of these tasks goes on",
        "  skipped   none",
        "  peer      1 of them fail with the base's own uprobes: jmp-rel8",
        "  report    table: t.txt",
        "            one page about everything: make check-verdicts check-review report BASE=0.0",
    ]


def test_nothing_to_compare_is_said_first():
    """No row is wrong, and nothing is proved."""
    assert summary(*compare(SKIPPED, SKIPPED))[0] == "NOT OK no test shows a difference"


def test_a_boot_that_ended_early_is_said_first():
    """With its reason, and where its logs are; then one line for all that did not run."""
    request, comparison = compare("ktap-baseline", "ktap-cut-between")
    lines = summary(request, comparison)
    assert lines[0].startswith("NOT OK tip: guest-stopped-early: the guest stopped early in 'jcc-")
    assert lines[1] == "  console   console.log"
    assert lines[3:5] == ["NOT OK tip: 1 test after 'jcc-short-taken' did not run", ""]
    assert "  proved    3 of 5 self-tests, 2 did not end" in lines
    assert not any(line.startswith("NOT OK m32-nop") for line in lines)
    assert len(comparison.problems) == 2
    assert comparison.not_run == {"tip": ("jcc-short-taken", "m32-nop")}


def long_run(count, *, bad=(), cut=0):
    """Return the lines of a guest with many tests, of which the last do not run."""
    names = [f"t{number}" for number in range(count)]
    lines = ["KTAP version 1", f"1..{count}", *(f"# plan: {name} before=sigtrap" for name in names)]
    for number, name in enumerate(names[: count - cut], 1):
        good = name not in bad
        lines.append(f"# {name}: outcome={'pass' if good else 'sigtrap'} hits=1")
        lines.append(f"{'ok' if good else 'not ok'} {number} {name}")
    return lines if cut else [*lines, "# uprobekit: done"]


def test_what_did_not_run_does_not_hide_the_cause():
    """Of 292 tests, after one that hung; what failed before is told, each, before and after."""
    everything = {f"t{number}" for number in range(292)}
    lines = long_run(292, bad=everything), long_run(292, bad={"t2"}, cut=282)
    request, comparison = compare(*lines)
    assert comparison.problems[1:] == (
        "tip: 281 tests after 't10' did not run",
        "t2: sigtrap on the tip (not ok)",
    )
    said = summary(request, comparison)
    assert [line for line in said if line.startswith("NOT OK")][1:] == [
        "NOT OK tip: 281 tests after 't10' did not run",
        "NOT OK t2: sigtrap on the tip (not ok)",
    ]
    with pytest.raises(CheckFailed) as failed:
        check_comparison(comparison)
    assert len(str(failed.value).splitlines()) == 4
    _, comparison = compare(long_run(3, bad={"t0"}, cut=2), long_run(3, bad={"t2"}))
    assert comparison.problems[1:] == ("t2: sigtrap on the tip (not ok)",)
    assert comparison.not_run == {"baseline": ("t1",)}


@pytest.mark.parametrize(
    ("reason", "said"),
    [("deadline", "killed, its time was up"), ("status-0xb", "reason: status-0xb")],
)
def test_a_test_that_could_say_nothing(reason, said):
    """The runner says what became of it."""
    tip = guest(status="not ok", outcome=f"outcome=fail hits=0 reason={reason}")
    lines = summary(*compare(DEAD, tip))
    assert any(line.startswith(f"            | {said}") for line in lines)


def test_many_differences_are_counted():
    """Ten are shown, the others named: it is a summary."""
    names = [f"t{number}" for number in range(40)]

    def all_of(outcome, status):
        lines = ["KTAP version 1", "1..40", *(f"# plan: {name} before=sigtrap" for name in names)]
        for number, name in enumerate(names, 1):
            lines += [f"# {name}: outcome={outcome} hits=0", f"{status} {number} {name}"]
        return [*lines, "# uprobekit: done"]

    request, comparison = compare(all_of("sigtrap", "not ok"), all_of("sigtrap", "not ok"))
    lines = summary(request, comparison)
    assert sum(line.startswith("NOT OK t") for line in lines) == 10
    assert "NOT OK 30 more: t10, t11, t12, t13, t14, t15, t16, t17 and 22 more" in lines
    with pytest.raises(CheckFailed, match="and 21 more"):
        check_comparison(comparison)


@pytest.mark.parametrize(
    ("ktap", "variant", "said", "good"),
    [
        ("ktap-baseline", "baseline", "5 of 5 probes end in SIGTRAP, as they must", True),
        (
            guest(),
            "baseline",
            "0 of 1 probes end in SIGTRAP, as they must; not as announced: one",
            0,
        ),
        (
            guest(before="armed", status="not ok", outcome="outcome=armed hits=0"),
            "baseline",
            "1 of 1 instructions that cannot be probed are armed, as announced",
            True,
        ),
        ("ktap-good", "tip", "5 of 5 self-tests pass", True),
        ("ktap-one-failed", "tip", "4 of 5 self-tests pass; not ok: jmp-rel8", False),
        ("ktap-one-failed", "peer", "4 of 5 self-tests pass; not ok: jmp-rel8", True),
        ("ktap-skip", "tip", "4 of 4 self-tests pass; 1 skipped", True),
        (
            guest(status="not ok", outcome="outcome=fail hits=0 reason=deadline"),
            "tip",
            "0 of 1 self-tests pass; not ok: one (killed, its time was up)",
            False,
        ),
        (SKIPPED, "tip", "0 of 0 self-tests pass; 1 skipped", False),
        (SKIPPED, "baseline", "1 skipped", False),
    ],
)
def test_a_boot_says_what_its_kernel_has_to_show(ktap, variant, said, good):
    """The baseline's failures are what it announces; of every other kernel passes count."""
    result = boot(ktap, variant)
    assert describe_boot(result) == said
    assert is_as_it_must_be(result) is bool(good)
    assert said in format_boot(result, terminal=False)
