# SPDX-License-Identifier: GPL-2.0-only
"""What each patch of a series mends: moved entries, self-tests that break, and the table."""

import json
import re
from dataclasses import asdict, replace

import pytest
from conftest import TESTS
from kernels_seen import recorded

from generator.checks.catalogue.code import Difference
from generator.checks.catalogue.judge import (
    Complaint,
    Evidence,
    Verdict,
    Word,
    judge_all,
)
from generator.checks.catalogue.mended import (
    Prefix,
    digest_files,
    judge_prefixes,
    moved,
    read_prefix,
)
from generator.checks.catalogue.run import Checked, Failed
from generator.cli.app import main
from generator.errors import ExitCode, InfraError
from generator.model.catalogue import CATALOGUE, Kind
from generator.model.series import SERIES, Patch, Start
from generator.plan import find_base, find_series, plan_series
from generator.report.mended import format_page, format_table, read_prefixes

FIXES = find_series("fixes")
ROOT = TESTS.parent

ONE = Patch(ident="one", subject="uprobes: Mend pushf", mends=("pushf",))
TWO = Patch(ident="two", subject="uprobes: Mend nothing")


def prefix(number, *, failing=(), **words):
    """Return a prefix; ``words`` has a letter for an entry: a, n or u."""
    named = {"a": Word.AFFECTED, "n": Word.NOT_AFFECTED, "u": Word.UNKNOWN}
    return Prefix(
        number=number,
        tree=f"{number:040}",
        guest="0" * 12,
        version="6.1.7",
        tests=3,
        words={name.replace("_", "-"): str(named[word]) for name, word in words.items()},
        failing=failing,
        date="2026-11-29",
    )


def test_a_good_series():
    """The first patch mends what it says, the second nothing; a test that passes now is welcome."""
    prefixes = [
        prefix(0, pushf="a", freezer="a", failing=("m32-pushf", "pushf")),
        prefix(1, pushf="n", freezer="a", failing=("m32-pushf",)),
        prefix(2, pushf="n", freezer="a"),
    ]
    assert judge_prefixes(prefixes, (ONE, TWO)) == ()
    assert moved(*prefixes[:2]) == ("pushf",) and moved(*prefixes[1:]) == ()
    assert judge_prefixes(prefixes[:1], (ONE, TWO)) == judge_prefixes((), (ONE, TWO)) == ()


@pytest.mark.parametrize(
    ("after", "said"),
    [
        ({"pushf": "a"}, "patch 1: pushf is affected before it, affected after it"),
        ({"pushf": "u"}, "patch 1: pushf is affected before it, cannot tell here after it"),
        ({}, "patch 1: pushf is affected before it, not looked at after it"),
        (
            {"pushf": "n", "freezer": "n"},
            "patch 1: freezer is mended by it, which the model does not say",
        ),
        (
            {"pushf": "n", "freezer": "a", "left_step": "a"},
            "patch 1: the kernel has left-step from it on",
        ),
        (
            {"pushf": "n", "kernel_dies": "a"},
            "patch 1: the kernel has kernel-dies from it on",
        ),
        (
            {"pushf": "n", "failing": ("call", "pushf", "ret")},
            "patch 1: self-tests fail from it on: call, ret",
        ),
    ],
)
def test_a_patch_that_is_not_as_the_model_says(after, said):
    """Each way of being wrong is told, with the patch."""
    before = prefix(0, pushf="a", freezer="a", left_step="n", failing=("pushf",))
    assert judge_prefixes((before, prefix(1, **after)), (ONE, TWO)) == (said,)


def test_the_second_patch_is_judged_by_the_first():
    """What the first patch breaks is told once."""
    prefixes = [prefix(0, pushf="a"), prefix(1, pushf="n", failing=("x",)), prefix(2, pushf="a")]
    assert judge_prefixes(prefixes, (ONE, TWO)) == (
        "patch 1: self-tests fail from it on: x",
        "patch 2: the kernel has pushf from it on",
    )


def test_what_comes_of_other_faults():
    """A kernel that dies of a fault which a patch mends dies no more: nothing else is said."""
    before = prefix(0, pushf="a", kernel_dies="a")
    assert judge_prefixes((before, prefix(1, pushf="n", kernel_dies="n")), (ONE, TWO)) == ()


def test_a_test_that_fails_now_and_then():
    """Of an entry that both kernels have it says nothing; of one that is mended, it does."""
    before = prefix(0, pushf="a", freezer="a", failing=("pushf",))
    after = prefix(1, pushf="n", freezer="a", failing=("m32-slots-frozen", "slots-frozen"))
    assert judge_prefixes((before, after), (ONE, TWO)) == ()
    assert judge_prefixes(
        (before, replace(after, failing=("m32-pushf",), words=after.words)), (ONE, TWO)
    ) == ("patch 1: self-tests fail from it on: m32-pushf",)


@pytest.mark.parametrize(
    ("code", "what", "ident"),
    [
        ("f3 0f 44 0d 3a 3c 55 00", "trap: expected 0xe, saw 0xd", "rip-unseen"),
        ("f3 0f 44 0d 3a 3c 55 00", "trap: expected 0xe, saw 0x3", "fault-trap-number"),
        ("0f 44 0d 3a 3c 55 00", "trap: expected 0xe, saw 0xd", "fault-trap-number"),
    ],
)
def test_a_fault_of_another_address(code, what, ident):
    """A wrong address may not be canonical: that is no matter of the trap number."""
    assert Difference(code=code, what=what, bits=64).owner.ident == ident


def test_a_warning_of_an_event_that_is_joined():
    """Where the kernel is tainted already the test passes; what the kernel says counts."""
    text = "WARNING: CPU: 0 PID: 18 at kernel/events/uprobes.c:1322 uprobe_apply+0x18/0x86"
    quiet = replace(recorded("6.1.192"), complaints=())
    warned = replace(quiet, complaints=(Complaint(test="hunted-joined-later", text=text),))
    before, after = (
        {v.ident for v in judge_all(seen) if v.word == Word.AFFECTED} for seen in (quiet, warned)
    )
    assert after - before == {"joined-event"}


def test_what_is_read_from_a_check():
    """A test fails where it is evidence for an entry, and where it belongs to none."""
    verdicts = (
        Verdict(
            ident="pushf",
            title="",
            kind=Kind.FAULT,
            word=Word.AFFECTED,
            evidence=(Evidence(test="x32-pushf", lines=()), Evidence(test="pushf", lines=())),
        ),
        Verdict(ident="freezer", title="", kind=Kind.FAULT, word=Word.UNKNOWN),
    )
    checked = Checked(
        image="x",
        version="6.1.7",
        banner="",
        arch="x86_64",
        accel="tcg",
        boots=1,
        seconds=1.0,
        tests=9,
        verdicts=verdicts,
        unexplained=(Failed(test="mov", lines=()),),
    )
    seen = read_prefix(checked, date="2026-11-29")
    assert seen.words == {"pushf": "affected", "freezer": "cannot tell here"}
    assert seen.failing == ("mov", "pushf", "x32-pushf") and seen.tests == 9
    # the boot was cut off
    with pytest.raises(InfraError, match="2 self-tests have not run, the first is call"):
        read_prefix(replace(checked, missing=("call", "ret")), date="2026-11-29")


def test_what_a_prefix_is_known_by():
    """A file that a later patch changes does not count; one that is changed, made or gone does."""
    base = {"a.c": "1", "b.c": "2"}
    first = {"a.c": "9", "b.c": "2"}
    known = digest_files(base, first)
    assert digest_files(base | {"late.c": "3"}, first | {"late.c": "3"}) == known
    others = ({"a.c": "8", "b.c": "2"}, {"a.c": "9"}, first | {"new.c": "1"}, base)
    assert len({known, *(digest_files(base, other) for other in others)}) == 5


def test_kept_results():
    """What is kept is read again; anything else is nothing."""
    prefixes = (prefix(0, pushf="a", failing=("pushf",)), prefix(1, pushf="n"))
    data = json.loads(json.dumps({"prefixes": [asdict(each) for each in prefixes]}))
    assert read_prefixes(data) == prefixes
    for bad in ({}, {"prefixes": 1}, {"prefixes": [{}]}, {"prefixes": [{"failing": []}]}):
        assert read_prefixes(bad) == ()


def test_the_table():
    """A row for each entry that some prefix has, a column for each prefix."""
    prefixes = [
        prefix(0, pushf="a", freezer="a", left_step="n", failing=("pushf",)),
        prefix(1, pushf="n", freezer="u", left_step="n"),
    ]
    lines = list(format_table(prefixes, (ONE, TWO)))
    width = max(len(entry.ident) for entry in CATALOGUE)
    assert lines[0] == " " * width + "  0  1"
    assert [line.split() for line in lines[1:4]] == [
        ["pushf", "x", "."],
        ["freezer", "x", "?"],
        ["failing", "self-tests", "1", "0"],
    ]
    assert lines[-2:] == ["  1 uprobes: Mend pushf", "  2 uprobes: Mend nothing"]


def test_the_page():
    """Version, date and tests stand above the table of each base; what was not run is said."""
    both = (prefix(0, pushf="a"), replace(prefix(1, pushf="n"), date="2026-12-01"))
    text = format_page("fixes", {"6.1": (both, (ONE, TWO)), "6.12": (both, (ONE,))})
    assert "## 6.1\n\nLinux 6.1.7, 2026-11-29 to 2026-12-01; 3 self-tests.\n" in text
    assert text.count("The last 1 prefixes were not run.") == 1
    assert "    pushf " in text and not re.search(r"[ \t]$", text, re.M)


@pytest.mark.parametrize(
    "series", [s for s in SERIES if s.start is Start.UNMODIFIED], ids=lambda s: s.name
)
def test_what_patches_say_that_they_mend(series):
    """Each mends entries of the catalogue, but for one that only costs less; none is for two."""
    known = {entry.ident for entry in CATALOGUE}
    mended = [ident for patch in series.patches for ident in patch.mends]
    assert set(mended) <= known and len(mended) == len(set(mended))
    assert [patch.ident for patch in series.patches if not patch.mends] == ["fix-notifier"]


@pytest.mark.parametrize("base", FIXES.bases)
def test_messages_name_reproducers(base):
    """Whose fault has a program that shows it, the message says so; no other one does."""
    programs = {path.stem for path in (ROOT / "qemu" / "reproduce").glob("*.c")}
    for planned in plan_series(find_base(base), FIXES).patches:
        text = (ROOT / "templates" / f"{FIXES.message(planned.patch.ident)}.j2").read_text()
        named = set(re.findall(r"uprobekit reproduce ([\w-]+) -o DIR", text))
        assert named == programs & set(planned.patch.mends), planned.patch.ident


def test_checks_of_our_series_do_not_take_it(capsys):
    """What holds a series against the model of uprobes says that this one is another matter."""
    for words in (["states"], ["review"], ["proof"], ["check", "states"]):
        assert main([*words, "--series", "fixes"]) == ExitCode.USER
        assert "fixes" in capsys.readouterr().err or words == ["check", "states"]


def test_nothing_is_kept(capsys, tmp_path):
    """The page is made of what is kept, and says which command keeps it."""
    assert main(["mended", "--page", "--series", "fixes", "--workdir", str(tmp_path)]) == (
        ExitCode.USER
    )
    assert "run: uprobekit mended --series fixes --base 6.1\n" in capsys.readouterr().err


def test_a_series_that_mends_nothing(capsys):
    """The review's brings uprobes; the error names one that mends faults."""
    assert main(["mended"]) == ExitCode.USER
    said = capsys.readouterr().err
    assert "'review' says that it mends a fault; name one that does: fixes\n" in said


@pytest.mark.parametrize("base", FIXES.bases)
def test_the_page_of_the_docs(base):
    """What was measured is of these patches: each moves its own rows, and no test more fails."""
    page = (ROOT / "docs/fixes.md").read_text().split(f"## {base}\n")[1].split("\n## ")[0]
    lines = [line.split() for line in page.splitlines() if line.startswith("    ")]
    patches = [planned.patch for planned in plan_series(find_base(base), FIXES).patches]
    end = next(i for i, line in enumerate(lines) if line[:1] == ["failing"])

    assert lines[0] == [str(number) for number in range(len(patches) + 1)]
    assert [" ".join(line[1:]) for line in lines[-len(patches) :]] == [p.subject for p in patches]
    last = {
        line[0]: max(i for i, sign in enumerate(line[1:]) if sign == "x") for line in lines[1:end]
    }
    mended = {ident: number for number, patch in enumerate(patches) for ident in patch.mends}
    own = {entry.ident for entry in CATALOGUE if entry.tests or entry.code}
    assert {i: mended.get(i, len(patches)) for i in last if i in own} == {
        i: number for i, number in last.items() if i in own
    }
    failing = [int(count) for count in re.findall(r"\d+", " ".join(lines[end]))]
    assert failing[1:] and failing == sorted(failing, reverse=True)
