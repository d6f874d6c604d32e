# SPDX-License-Identifier: GPL-2.0-only
"""The catalogue of faults, and the verdicts about a kernel; nothing is booted."""

import re
from dataclasses import replace

import pytest
from conftest import TESTS
from hypothesis import given
from hypothesis import strategies as some
from kernels_seen import LOGS, keep, recorded

from generator.checks.catalogue.judge import (
    Complaint,
    Evidence,
    Observed,
    Word,
    broken_controls,
    judge_all,
    read_complaints,
    unexplained,
)
from generator.guest.initramfs import GuestRequest, build_guest, list_tests
from generator.guest.ktap import KtapTest, Status
from generator.model.catalogue import CATALOGUE, CONTROLS, MIXED, Kind, plain_name
from generator.model.catalogue.programs import HUNTED, PROGRAMS
from generator.paths import data_dir
from generator.render.catalogue_page import catalogue_page

RELEASES = sorted(
    (path.stem for path in LOGS.glob("*.ktap") if "+" not in path.stem),
    key=lambda name: ([int(part) for part in re.findall(r"\d+", name)], name),
)
FAULTS = [entry for entry in CATALOGUE if entry.kind is Kind.FAULT]
SHOWN = [entry for entry in CATALOGUE if entry.tests]


def ran(status=Status.PASS, *, name="x", reason="", said=("#   it was so",)):
    """Return a result of a self-test."""
    return KtapTest(number=1, name=name, status=status, reason=reason, diagnostics=said)


def seen(*results, **more):
    """Return what was seen: the controls, which pass, and these results."""
    tests = [*(ran(name=name) for name in CONTROLS), *results]
    return Observed(tests={test.name: test for test in tests}, **more)


def verdict_of(ident, observed):
    """Return the verdict of one entry."""
    return next(verdict for verdict in judge_all(observed) if verdict.ident == ident)


def test_the_entries():
    """Each has a name of its own and says what goes wrong and for whom."""
    names = [entry.ident for entry in CATALOGUE]
    assert len(set(names)) == len(names)
    for entry in CATALOGUE:
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", entry.ident)
        assert not entry.title.endswith(".")
        assert entry.wrong.endswith(".") and entry.who.endswith(".")
        assert not set(entry.affected) & set(entry.unaffected)
        assert len(set(entry.tests)) == len(entry.tests)
        assert entry.silent or entry.says
        re.compile(entry.says)
        re.compile(entry.code)
    assert [entry.ident for entry in CATALOGUE if not (entry.tests or entry.code)] == [
        "kernel-dies",
        "kernel-complains",
    ]
    assert {ident for idents in MIXED.values() for ident in idents} <= set(names)


def test_the_page(golden):
    """docs/catalogue.md is what the model says; 'make golden' writes it."""
    golden(TESTS.parent / "docs" / "catalogue.md", catalogue_page())


@pytest.mark.sweep
def test_the_self_tests_are_there(tmp_path):
    """Every test that an entry names is one of the guest's, which names them itself."""
    guest = build_guest(GuestRequest(directory=tmp_path))
    names = {plain_name(name) for name in list_tests(guest.root).names}
    names |= {f"{HUNTED}{program}" for program in PROGRAMS}
    named = {test for entry in CATALOGUE for test in entry.tests}
    assert {*named, *CONTROLS, *MIXED} <= names


def test_the_hunted_programs_are_there():
    """Each that is run has a source, and each that an entry names is run."""
    folder = data_dir("qemu") / "hunted"
    assert {path.stem for path in folder.glob("*.c")} > set(PROGRAMS)
    named = {test for entry in CATALOGUE for test in entry.tests if test.startswith(HUNTED)}
    assert named <= {f"{HUNTED}{program}" for program in PROGRAMS}


@pytest.mark.parametrize("release", RELEASES)
def test_the_names_in_a_recorded_run(release):
    """The same, of the guest that was recorded; one for 32-bit kernels has not all."""
    recorded_names = recorded(release).names
    if all(name.startswith(("m32-", "selftest-", HUNTED, "corpus")) for name in recorded_names):
        recorded_names += recorded("6.1.192").names
    names = {plain_name(name) for name in recorded_names}
    named = {test for entry in CATALOGUE for test in entry.tests} | {*CONTROLS, *MIXED}
    assert named <= names


SEEN_HEAD = """\
# SPDX-License-Identifier: GPL-2.0-only
\"\"\"Which releases were run, and what was seen: from the logs, by test_catalogue.py.\"\"\"

from __future__ import annotations

from collections.abc import Mapping
"""


def seen_module():
    """Return the module of the model that says which releases were run, from the logs."""
    found = {Word.AFFECTED: {}, Word.NOT_AFFECTED: {}, Word.UNKNOWN: {}}
    for release in RELEASES:
        for verdict in judge_all(recorded(release)):
            found[verdict.word].setdefault(verdict.ident, []).append(release)
    text = SEEN_HEAD
    for name, word in (("AFFECTED", Word.AFFECTED), ("UNAFFECTED", Word.NOT_AFFECTED)):
        text += f"\n{name}: Mapping[str, tuple[str, ...]] = {{\n"
        for ident, releases in sorted(found[word].items()):
            listed = ", ".join(f'"{release}"' for release in releases)
            line = f'    "{ident}": ({listed}{"," if len(releases) == 1 else ""}),\n'
            if len(line) > 101:
                listed = "".join(f'        "{release}",\n' for release in releases)
                line = f'    "{ident}": (\n{listed}    ),\n'
            text += line
        text += "}\n"
    return text


def test_the_releases(golden):
    """Nothing is claimed of a release that was not run; what was run is not forgotten."""
    golden(TESTS.parent / "generator/model/catalogue/seen.py", seen_module())


@pytest.mark.parametrize("release", RELEASES)
def test_a_recorded_run(release):
    """Each verdict has its evidence or its reason, and no failure is left over."""
    observed = recorded(release)
    verdicts = judge_all(observed)
    for verdict in verdicts:
        assert bool(verdict.evidence) == (verdict.word is Word.AFFECTED)
        assert bool(verdict.why) == (verdict.word is Word.UNKNOWN)
    assert unexplained(observed, verdicts) == {}


def test_a_recorded_death():
    """A kernel that died in a test, twice, is said to die of it by its logs as well."""
    observed = recorded("6.12.117")
    assert set(observed.died) == {"hunted-joined-later"}
    assert verdict_of("joined-event", observed).word is Word.AFFECTED
    assert verdict_of("kernel-dies", observed).word is Word.AFFECTED


def test_what_is_kept_of_a_run(tmp_path):
    """All results, and of the console what counts; another boot beside the first, no old one."""
    boots, kept = [tmp_path / "boot-1", tmp_path / "boot-2"], tmp_path / "kept"
    for boot in (*boots, kept):
        boot.mkdir()
    for old in ("6.1.7.ktap", "6.1.7+5.console", "6.1.70.ktap"):
        (kept / old).touch()
    for boot in boots:
        (boot / "results.ktap").write_text("KTAP version 1\n1..0\n")
        (boot / "console.log").write_text(f"[ 0.1] Linux version 6\n{CONSOLE}")
    keep("6.1.7", boots, kept)
    names = {f"{name}.{suffix}" for name in ("6.1.7", "6.1.7+1") for suffix in ("ktap", "console")}
    assert {path.name for path in kept.iterdir()} == {*names, "6.1.70.ktap"}
    assert (kept / "6.1.7+1.console").read_text() == CONSOLE
    assert (kept / "6.1.7.ktap").read_text() == "KTAP version 1\n1..0\n"


@pytest.mark.parametrize("entry", SHOWN, ids=lambda entry: entry.ident)
def test_one_failure_is_enough(entry):
    """Of any of its tests, in any ABI; what it has said is the evidence."""
    for test in entry.tests:
        if not entry.silent:
            continue
        for abi in ("", "m32-", "x32-"):
            failed = ran(Status.FAIL, name=abi + test, said=("#   saw 1", "# x: outcome=fail"))
            others = [ran(name=name) for name in entry.tests if name != test]
            verdict = verdict_of(entry.ident, seen(failed, *others))
            assert verdict.word is Word.AFFECTED
            assert verdict.evidence[0].test == abi + test
            assert verdict.evidence[0].lines[0] == "saw 1"


@pytest.mark.parametrize("entry", SHOWN, ids=lambda entry: entry.ident)
def test_skipped_is_no_pass(entry):
    """The guest's reason is why it cannot be told; one test that passes is enough to tell."""
    skipped = [ran(Status.SKIP, name=name, reason="option off") for name in entry.tests]
    verdict = verdict_of(entry.ident, seen(*skipped))
    assert verdict.word is Word.UNKNOWN
    assert verdict.why == "option off"
    passed = verdict_of(entry.ident, seen(*skipped[1:], ran(name=entry.tests[0])))
    assert passed.word is Word.NOT_AFFECTED
    assert set(passed.untried.values()) <= {"option off"}


@pytest.mark.parametrize("control", CONTROLS)
@pytest.mark.parametrize("abi", ["", "m32-"])
def test_probes_that_do_not_work(control, abi):
    """Where a plain probe fails, no failure says anything."""
    tests = [ran(name=abi + name) for name in CONTROLS if name != control]
    tests.append(ran(Status.FAIL, name=abi + control))
    observed = Observed(
        tests={test.name: test for test in (*tests, ran(Status.FAIL, name="pushf"))}
    )
    assert control in broken_controls(observed)
    assert verdict_of("pushf", observed).word is Word.UNKNOWN


def test_nothing_has_run():
    """No test, no claim: not even of the kernel's end."""
    assert {verdict.word for verdict in judge_all(Observed(tests={}))} == {Word.UNKNOWN}
    assert broken_controls(Observed(tests={}))


def test_a_death():
    """It belongs to the entry whose test ran, and to the one that is about deaths."""
    observed = seen(died={"pushf": "the kernel panicked in 'pushf'"})
    for ident in ("pushf", "kernel-dies"):
        verdict = verdict_of(ident, observed)
        assert verdict.word is Word.AFFECTED
        assert verdict.evidence[0].lines == ("the kernel panicked in 'pushf'",)
    assert verdict_of("xchg-as-nop", observed).word is Word.UNKNOWN


def test_a_doubtful_test():
    """A test that once ended a boot and once did not shows nothing, whatever it said."""
    failed = ran(Status.FAIL, name="pushf")
    verdict = verdict_of("pushf", seen(failed, doubtful={"pushf": "once so, once so"}))
    assert verdict.word is Word.UNKNOWN
    assert verdict.why == "once so, once so"


def test_a_test_that_was_not_reached():
    """That is no pass."""
    assert verdict_of("pushf", seen(missing=("pushf",))).why == "it was not reached"


CONSOLE = """\
[    1.000000] WARNING: CPU: 0 PID: 1 at before/any/test.c:1 early+0x1/0x2
[    2.000000] uprobekit: test mm-map-join
[    2.100000] BUG: Bad rss-counter state mm:0000 type:MM_ANONPAGES val:1
[    3.000000] uprobekit: test slots-left-signal
[    3.100000] ------------[ cut here ]------------
[    3.100001] WARNING: CPU: 1 PID: 7 at kernel/events/uprobes.c:2288 uprobe_notify_resume+0x6/0xc
[    4.000000] uprobekit: test nop
[    4.100000] BUG: unable to handle page fault for address: 0
[    5.000000] uprobekit: test mov
[    5.100000] watchdog: BUG: soft lockup - CPU#0 stuck for 26s! [x:1]
"""


def test_complaints():
    """Each belongs to the test that ran; what stands there twice is taken once."""
    complaints = read_complaints(CONSOLE.splitlines())
    tests = ["", "mm-map-join", "slots-left-signal", "nop", "mov"]
    assert [complaint.test for complaint in complaints] == tests
    observed = seen(
        *(ran(name=name) for name in ("mm-map-join", "slots-left-signal", "nop")),
        complaints=complaints,
    )
    for ident in ("move-corrupts-mm", "step-warns"):
        assert verdict_of(ident, observed).word is Word.AFFECTED
    # the test itself has passed
    assert verdict_of("left-step", observed).word is Word.NOT_AFFECTED
    other = verdict_of("kernel-complains", observed)
    # neither what came before the tests nor that something took long
    assert [evidence.test for evidence in other.evidence] == ["nop"]


def test_a_complaint_in_another_test():
    """It is not taken for what an entry names."""
    complaint = Complaint(test="nop", text="BUG: Bad rss-counter state mm:0 val:1")
    observed = seen(ran(name="mm-map-join"), complaints=(complaint,))
    assert verdict_of("move-corrupts-mm", observed).word is Word.NOT_AFFECTED
    assert verdict_of("kernel-complains", observed).word is Word.AFFECTED


def test_a_complaint_that_alone_shows_an_entry():
    """Whichever test ran: of what is warned of once in a boot, the first that does it is told."""
    text = "WARNING: CPU: 1 PID: 7 at kernel/events/uprobes.c:9 uprobe_notify_resume+0x6/0xc"
    tests = (ran(name="mm-slots-int3"), ran(name="corpus-000"))
    observed = seen(*tests, complaints=(Complaint(test="corpus-000", text=text),))
    shown = verdict_of("step-warns", observed)
    assert shown.evidence == (Evidence(test="corpus-000", lines=(text,)),)
    assert shown.passed == ("mm-slots-int3",)
    assert verdict_of("kernel-complains", observed).word is Word.NOT_AFFECTED


def test_a_complaint_comes_late():
    """The memory of a process may be freed when other tests run already, but not long after."""
    names = ("mm-map-join-tables", "mm-map-grow", "mm-map-grow-move", "mm-map-keep", "nop")
    tests = tuple(ran(name=name) for name in names)
    said = "[    1.1] BUG: Bad rss-counter state mm:0000 type:MM_ANONPAGES val:1"
    for number in range(len(names)):
        lines = [f"[    1.0] uprobekit: test {name}" for name in names[: number + 1]]
        observed = seen(*tests, complaints=read_complaints([*lines, said]))
        shown = verdict_of("move-corrupts-mm", observed).evidence
        assert [each.test for each in shown] == ([names[0]] if number < 4 else [])
        word = verdict_of("kernel-complains", observed).word
        assert word is (Word.NOT_AFFECTED if number < 4 else Word.AFFECTED)


def test_what_is_not_explained():
    """A failure that belongs to no entry is told apart; one of two reasons is not."""
    failed = [ran(Status.FAIL, name=name) for name in ("nop", "edge-page", "m32-pushf")]
    observed = seen(*failed)
    assert list(unexplained(observed, judge_all(observed))) == ["nop"]
    observed = seen(*failed[:2])
    assert list(unexplained(observed, judge_all(observed))) == ["nop", "edge-page"]


CORPUS = """\
#   place 2 is refused: error 524
#   #   case 1 (c5 f8 77): ip: expected 0x1003, saw 0x1004
#   #   case 1 (c5 f8 77): ip: expected 0x1003, saw 0x1004
#   #   case 2 (2e 57): refused: error 524
#   #   case 3 (f7 f9): trap: expected 0x0, saw 0xd
#   #   case 4 (01 c8): ax: expected 0x2, saw 0x3
#   #   case 5 (0f a2): died without a probe: ended with status 0xb
# corpus-000: outcome=wrong cases=3 faults=1 wrong=4 refused=1 ms=9
"""


def corpus(said=CORPUS, *, name="corpus-000", **more):
    """Return the result of a stretch of the corpus."""
    values = {"outcome": "wrong"} | more
    lines = tuple(said.splitlines())
    return KtapTest(number=1, name=name, status=Status.FAIL, diagnostics=lines, values=values)


def test_instructions_that_differ():
    """Each belongs to the entry that names it, and what no entry names is told."""
    observed = seen(corpus())
    (shown,) = verdict_of("vex-as-branch", observed).evidence
    assert shown.lines == ("c5 f8 77  vzeroupper: ip: expected 0x1003, saw 0x1004",)
    (shown,) = verdict_of("fault-trap-number", observed).evidence
    assert shown.lines == ("f7 f9  idiv %ecx: trap: expected 0x0, saw 0xd",)
    assert unexplained(observed, judge_all(observed)) == {
        "corpus-000": ("01 c8  add %ecx,%eax: ax: expected 0x2, saw 0x3",)
    }
    explained = seen(corpus(CORPUS.replace("(01 c8)", "(62 f1)"), name="m32-corpus-003"))
    assert unexplained(explained, judge_all(explained)) == {}


def test_instructions_that_do_not_differ():
    """They are no proof where a test is one: what they execute may mean nothing here."""
    passed = replace(ran(name="corpus-000"), values={"outcome": "pass"})
    assert verdict_of("vex-as-branch", seen(passed)).word is Word.UNKNOWN
    assert verdict_of("rip-unseen", seen(passed)).word is Word.NOT_AFFECTED
    assert verdict_of("rip-unseen", seen()).word is Word.UNKNOWN


def test_instructions_of_which_nothing_is_known():
    """A stretch that did not end passes nothing, and is told where it is not a matter of time."""
    late = corpus(outcome="fail", reason="deadline")
    died = corpus(outcome="fail", reason="status-0x100")
    for test in (late, died):
        assert verdict_of("rip-unseen", seen(test)).word is Word.UNKNOWN
    assert not verdict_of("vex-as-branch", seen(late)).evidence
    assert "corpus-000" in unexplained(seen(died), judge_all(seen(died)))
    assert unexplained(seen(late), judge_all(seen(late))) == {}


def test_long_evidence_is_cut():
    """And says how much there is more."""
    failed = ran(Status.FAIL, name="pushf", said=tuple(f"#   line {n}" for n in range(40)))
    lines = verdict_of("pushf", seen(failed)).evidence[0].lines
    assert lines[0] == "line 0"
    assert lines[-1] == "... and 29 more lines"
    assert len(lines) == 12


@given(
    statuses=some.lists(some.sampled_from([*Status, None]), min_size=5, max_size=5),
    died=some.booleans(),
)
def test_no_verdict_is_guessed(statuses, died):
    """Not affected is said only where a test has passed and none has failed."""
    entry = next(entry for entry in CATALOGUE if entry.ident == "vex-as-branch")
    results = [
        ran(status, name=name, reason="off")
        for name, status in zip(entry.tests, statuses, strict=True)
        if status is not None
    ]
    observed = seen(*results)
    if died:
        observed = replace(observed, died={entry.tests[0]: "it died"})
    verdict = verdict_of(entry.ident, observed)
    failed = died or Status.FAIL in statuses
    assert (verdict.word is Word.AFFECTED) == failed
    if verdict.word is Word.NOT_AFFECTED:
        assert Status.PASS in statuses


def test_the_readme_counts_as_the_catalogue_does():
    """How many faults each kernel has that was run."""
    readme = " ".join((TESTS.parent / "README.md").read_text().split())
    assert f"Of the {len(FAULTS)} faults" in readme
    said = dict(re.findall(r"(\d+\.\d+\.\d+) has (\d+)\b", readme))
    assert len(said) == 5
    for release, number in said.items():
        assert sum(release in entry.affected for entry in FAULTS) == int(number), release
