# SPDX-License-Identifier: GPL-2.0-only
"""What changed between two renderings: found, named, shown, and nothing made up."""

import base64
import json
import quopri
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import replace

import pytest
from conftest import TESTS
from desk_series import BASE, BODY, CORE, function, git, make_series, with_core

from generator.cli import main
from generator.errors import UserError
from generator.model.series import REVIEW
from generator.patches.change.facts import add_bodies, read_functions
from generator.patches.mail import parse_mail, read_series
from generator.patches.partial import replay_series, share_knowledge
from generator.plan import find_base, plan_series
from generator.tree.facts import format_interface, parse_interface

PATCHES = TESTS.parent / "kernel_patches"
BASES = ("6.1", "6.12")


def diff(before, after, *options, capsys):
    """Return exit status and result of a comparison."""
    capsys.readouterr()
    status = main(["diff", str(before), str(after), "--json", *options])
    return status, json.loads(capsys.readouterr().out)


def rows(data, *kinds):
    """Return the interface's changes, short."""
    return [
        (row["kind"], row["what"], row["name"].removeprefix(f"{CORE}: "))
        for row in data["interface"]
        if not kinds or row["kind"] in kinds
    ]


@pytest.mark.parametrize("base", BASES)
def test_the_series_is_read(base):
    """All patches are read, with the subjects of the model."""
    series = read_series(PATCHES / base / "review")
    planned = plan_series(find_base(base), REVIEW).patches
    assert [each.patch.subject for each in planned] == [mail.subject for mail in series.mails]
    assert series.interface and not series.edited


@pytest.mark.parametrize("base", BASES)
def test_the_bodies_are_in_the_patches(base):
    """Every function of the interface is found there with its parameters; most have a body."""
    series = read_series(PATCHES / base / "review")
    assert series.interface
    facts = add_bodies(series.interface, replay_series(series).tip).functions
    read = read_functions(replay_series(series).tip)
    assert facts.keys() == read.keys()
    assert sum(bool(fact.body) for fact in facts.values()) > 80


def test_without_an_interface(tmp_path, capsys):
    """An older directory: that is said, and the patches are compared."""
    sides = [
        make_series(tmp_path / name, with_core(end=function(params=f"int {name}"))) for name in "ab"
    ]
    (sides[0] / "interface.txt").unlink()
    status, data = diff(*sides, capsys=capsys)
    assert status == 1 and data["interface"] == [] and data["patches"][0]["sign"] == "!"
    assert [str(sides[0]) in remark for remark in data["remarks"]] == [True]
    assert "uprobekit render writes" in data["remarks"][0]
    assert diff(sides[0], sides[0], capsys=capsys)[0] == 0


def test_a_patch_edited_by_hand(tmp_path, capsys):
    """The interface beside it is of the time before, and that is said."""
    shutil.copytree(PATCHES / "6.1/review", tmp_path / "a")
    patch = next((tmp_path / "a").glob("0020-*"))
    patch.write_text(patch.read_text().replace("Subject: ", "Subject: other "))
    status, data = diff(PATCHES / "6.1/review", tmp_path / "a", capsys=capsys)
    assert status == 1 and "were edited after interface.txt" in data["remarks"][-1]


def test_the_same(capsys):
    """A directory and itself: status 0, nothing listed."""
    path = PATCHES / "6.1" / "review"
    status, data = diff(path, path, capsys=capsys)
    assert status == 0 and data["same"] and data["format"] == 1
    assert data["interface"] == [] and data["tree"] == {"text": "", "whole": True}
    assert {pair["sign"] for pair in data["patches"]} == {"="}
    assert len(data["patches"]) == len(plan_series(find_base("6.1"), REVIEW).patches)


def test_two_bases(capsys):
    """The same series for two kernels: paired one to one, lines of other kernels left out."""
    status, data = diff(PATCHES / "6.1/review", PATCHES / "6.12/review", capsys=capsys)
    assert status == 1 and not data["tree"]["whole"]
    paired = [pair for pair in data["patches"] if pair["before"]]
    assert all(pair["before"] == pair["after"] for pair in paired) and len(paired) == 23
    assert ("function", "added", "find_uprobe_rcu") in rows(data)
    assert any("baselines differ" in remark for remark in data["remarks"])


def test_the_interface_alone(tmp_path, capsys):
    """Two files say what two directories say of the interface, or one of each."""
    sides = [PATCHES / base / "review" for base in BASES]
    files = [side / "interface.txt" for side in sides]
    status, data = diff(*files, capsys=capsys)
    assert status == 1 and data["patches"] == [] and not data["tree"]["whole"]
    assert "alone" in data["remarks"][0] and len(data["remarks"]) == 1
    assert ("function", "added", "find_uprobe_rcu") in rows(data)
    whole = diff(*sides, capsys=capsys)[1]
    assert [row for row in rows(whole) if row[0] != "body"] == rows(data)
    assert rows(diff(sides[0], files[1], capsys=capsys)[1]) == rows(data)
    assert diff(files[0], sides[0], capsys=capsys)[0] == 0
    main(["diff", *map(str, files), "--no-pager"])
    assert re.match(r"interface: \d+\n", capsys.readouterr().out)


def test_no_rename_without_bodies(tmp_path, capsys):
    """Of two functions with the same parameters nothing says that they are one."""
    for name in "ab":
        make_series(tmp_path / name, with_core(end=function(f"uprobe_{name}")))
    files = [tmp_path / name / "interface.txt" for name in "ab"]
    assert rows(diff(*files, capsys=capsys)[1]) == [
        ("function", "removed", "uprobe_a"),
        ("function", "added", "uprobe_b"),
    ]


CASES = {
    "function added": (
        [function()],
        [function(), function("uprobe_other", "void", "\tother();\n")],
        [("function", "added", "uprobe_other")],
    ),
    "function removed": (
        [function(), function("uprobe_other", "void", "\tother();\n")],
        [function()],
        [("function", "removed", "uprobe_other")],
    ),
    "function renamed": (
        [function("uprobe_do")],
        [function("uprobe_done")],
        [("function", "renamed", "uprobe_done")],
    ),
    "renamed, body changed a little": (
        [function("uprobe_do")],
        [function("uprobe_done", body=BODY.replace("step_3", "leap_3"))],
        [("function", "renamed", "uprobe_done"), ("body", "changed", "uprobe_done")],
    ),
    "another function is no rename": (
        [function("uprobe_do")],
        [function("uprobe_done", "void", "\tnothing_like_it();\n")],
        [("function", "added", "uprobe_done"), ("function", "removed", "uprobe_do")],
    ),
    "parameters reordered": (
        [function()],
        [function(params="int utask, struct pt_regs *regs")],
        [("parameters", "reordered", "uprobe_do")],
    ),
    "a parameter added": (
        [function()],
        [function(params="struct pt_regs *regs, int utask, bool x")],
        [("parameters", "changed", "uprobe_do")],
    ),
    "static no more": (
        [function()],
        [function().replace("static int", "int")],
        [("function", "changed", "uprobe_do")],
    ),
    "a comment": ([function()], ["/* Says something. */" + function()], []),
    "white space": ([function()], [function(body=BODY.replace(", ", ",  "))], []),
    "a member added": (
        ["\nstruct ours {\n\tint\t\tone;\n};\n"],
        ["\nstruct ours {\n\tint\t\tone;\n\tstruct uprobe\t*two;\n};\n"],
        [("member", "added", "struct ours: two")],
    ),
    "a member's type": (
        ["\nstruct ours {\n\tint\t\tone;\n};\n"],
        ["\nstruct ours {\n\tu8\t\tone[MAX];\n};\n"],
        [("member", "changed", "struct ours: one")],
    ),
    "a state added": (
        ["\nenum ours {\n\tONE_THING,\t/* first */\n};\n"],
        ["\nenum ours {\n\tONE_THING,\n\tTWO_THINGS,\n};\n"],
        [("member", "added", "enum ours: TWO_THINGS")],
    ),
    "a macro": (
        ["\n#define SIZE_OF_IT\t64\t/* bytes */\n"],
        ["\n#define SIZE_OF_IT\t128\n"],
        [("macro", "changed", "SIZE_OF_IT")],
    ),
    "in a comment": ([""], ["\n/*\nint no_function(void)\n{\n}\n */\n"], []),
    "in a string": ([""], ['\nchar *text = "\\\nint no_function(void)\\\n{\\\n}\\\n";\n'], []),
}


@pytest.mark.sweep
@pytest.mark.parametrize(("before", "after", "wanted"), CASES.values(), ids=CASES)
def test_the_interface(before, after, wanted, tmp_path, capsys):
    """One change of the C: one line about it, and no other."""
    sides = [
        make_series(tmp_path / name, with_core(end="\nint always_there;\n" + "".join(texts)))
        for name, texts in (("a", before), ("b", after))
    ]
    status, data = diff(*sides, capsys=capsys)
    assert sorted(rows(data)) == sorted(wanted)
    assert status == 1 and not data["same"]
    assert data["patches"][0]["sign"] != "=" and data["tree"]["text"]


def test_values_are_told(tmp_path, capsys):
    """Both orders of the parameters, as they are in C."""
    sides = [
        make_series(tmp_path / name, with_core(end=function(params=params)))
        for name, params in (("a", "int a, int b"), ("b", "int b, int a"))
    ]
    _, data = diff(*sides, capsys=capsys)
    change = data["interface"][0]
    assert (change["before"], change["after"]) == ("(int a, int b)", "(int b, int a)")


def set_opcodes(place, opcodes):
    """Let the interface in a folder say something else of opcodes."""
    path = place / "interface.txt"
    facts = parse_interface(path.read_bytes(), where=str(path))
    path.write_bytes(format_interface(replace(facts, opcodes={**facts.opcodes, **opcodes})))


def test_an_opcode(tmp_path, capsys):
    """Verdict and fixups before and after, under the bytes of the opcode."""
    sides = [make_series(tmp_path / name, with_core(end=function())) for name in ("a", "b")]
    set_opcodes(sides[0], {"0f 19": "refused", "0f 1f": "FIX_IP"})
    set_opcodes(sides[1], {"0f 19": "FIX_IP", "0f 1f": "FIX_ABS | FIX_CALL"})
    _, data = diff(*sides, capsys=capsys)
    assert data["interface"] == [
        {
            "kind": "opcode",
            "what": "changed",
            "name": "0f 19 (nop)",
            "before": "refused",
            "after": "FIX_IP",
        },
        {
            "kind": "opcode",
            "what": "changed",
            "name": "0f 1f (nop nopl)",
            "before": "FIX_IP",
            "after": "FIX_ABS | FIX_CALL",
        },
    ]


@pytest.mark.parametrize(
    ("place", "what"), [("\tsecond(x);", "moved"), ("\tfirst(x);", ""), ("", "removed")]
)
def test_a_hook(place, what, tmp_path, capsys):
    """A call that moves within a function of the base, or goes."""
    ends = function("uprobe_hook", "int x")
    first = with_core(end=ends, change=("\tfirst(x);", "\tfirst(x);\n\tuprobe_hook(x);"))
    change = (place, f"{place}\n\tuprobe_hook(x);") if place else ("", "")
    second = with_core(end=ends, change=change)
    sides = [make_series(tmp_path / name, files) for name, files in (("a", first), ("b", second))]
    status, data = diff(*sides, capsys=capsys)
    assert rows(data) == ([("hook", what, "uprobe_hook")] if what else [])
    assert status == bool(what)
    if what == "moved":
        assert "exit_of_base() after 'first(x);'" in data["interface"][0]["before"]


def test_a_member_of_a_struct_of_the_base(tmp_path, capsys):
    """The structure's name comes from the heading of the hunk."""
    change = ("\tint\t\tmember_7;\n", "\tint\t\tmember_7;\n\tlong\t\tours;\n")
    sides = [
        make_series(tmp_path / "a", with_core(end="\nint x;\n")),
        make_series(tmp_path / "b", with_core(end="\nint x;\n", change=change)),
    ]
    _, data = diff(*sides, capsys=capsys)
    assert rows(data) == [("member", "added", "struct of_base: ours")]


def test_patches_are_paired(tmp_path, capsys):
    """A patch that is new, one that goes, and one that stays."""
    signal = {"kernel/signal.c": BASE["kernel/signal.c"] + "int more;\n"}
    core = with_core(end=function())
    other = {"kernel/new.c": "int fresh;\n" * 20}
    sides = [
        make_series(tmp_path / "a", signal, core),
        make_series(tmp_path / "b", core, other),
    ]
    _, data = diff(*sides, capsys=capsys)
    found = {(pair["before"], pair["sign"], pair["after"]) for pair in data["patches"]}
    assert {(1, "<", 0), (0, ">", 2)} <= found
    assert any(before == 2 and after == 1 for before, _, after in found)


def test_a_message_counts(tmp_path, capsys):
    """Another reason in the commit message is a changed patch, and no other interface."""
    first = make_series(tmp_path / "a", with_core(end=function()))
    second = make_series(tmp_path / "b", with_core(end=function()))
    patch = next(second.glob("*.patch"))
    patch.write_text(patch.read_text().replace("Because.", "Since it has to be."))
    status, data = diff(first, second, capsys=capsys)
    assert status == 1 and data["interface"] == [] and not data["tree"]["text"]
    assert data["patches"][0]["sign"] == "!" and "Since" in data["patches"][0]["text"]


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """Return a git repository with a model of two revisions, and stand in it."""
    place = tmp_path / "project"
    place.mkdir()
    git(place, "init", "-q")
    patches = place / "kernel_patches/6.1/review"
    patches.mkdir(parents=True)
    for revision in ("one", "two"):
        made = make_series(tmp_path / revision, with_core(end=function()))
        path = made / "interface.txt"
        if revision == "one":
            set_opcodes(made, {"0f 05": "FIX_IP"})
            text = path.read_text().replace("by utask, return", "by utask")
            path.write_text(re.sub(r"^review R28.*\n", "", text, flags=re.M))
        for path in made.iterdir():
            (patches / path.name).write_bytes(path.read_bytes())
        git(place, "add", "-A")
        git(place, "commit", "-q", "-m", revision)
        git(place, "tag", revision)
    monkeypatch.chdir(place)
    return place


def test_revisions(repository, capsys):
    """The committed patches of two revisions, with reasons and points from their models."""
    status, data = diff("one", "two", capsys=capsys)
    assert status == 1 and data["remarks"] == []
    found = {(row["kind"], row["name"]): row for row in data["interface"]}
    assert found["opcode", "0f 05 (syscall)"]["after"].startswith("refused (system calls")
    assert found["review", "R28"]["what"] == "added"
    assert found["review", "R16"]["what"] == "changed"
    assert git(repository, "status", "--porcelain") == ""


def test_a_revision_and_a_directory(repository, capsys):
    """What is committed, and what is there."""
    status, data = diff("two", "kernel_patches/6.1/review", capsys=capsys)
    assert status == 0 and data["same"] and data["remarks"] == []


def test_a_model_against_its_patches(fake, tmp_path, capsys, monkeypatch):
    """A base is rendered, into nothing that stays."""
    from conftest import MINI

    work = tmp_path / "work"
    options = ["--tree", str(MINI), "--workdir", str(work)]
    assert main(["render", *options, "-o", str(tmp_path / "out")]) == 0
    before = sorted(path for path in work.rglob("*") if path.is_file())
    status, data = diff("6.1", tmp_path / "out", *options, capsys=capsys)
    assert status == 0 and data["same"]
    assert before == sorted(path for path in work.rglob("*") if path.is_file())


def test_the_work_area_makes_no_difference(fake, tmp_path, capsys):
    """The same answer with and without the rendered baseline of one side."""
    from conftest import MINI

    options = ["--tree", str(MINI), "--workdir", str(tmp_path / "work")]
    out, other = tmp_path / "out", tmp_path / "other"
    assert main(["render", *options, "-o", str(out)]) == 0
    shutil.copytree(out, other)
    patch = other / "0002-mini-Add-added_shape.patch"
    patch.write_text(patch.read_text().replace("shape", "form"))
    first = diff(out, other, "--workdir", str(tmp_path / "work"), capsys=capsys)
    shutil.rmtree(tmp_path / "work")
    assert first == diff(out, other, "--workdir", str(tmp_path / "work"), capsys=capsys)
    assert first[0] == 1


COVER = "From: A B <a@example.org>\nSubject: [PATCH 0/2] {0}\n\n{1}\n\nA B (2):\n  one\n  two\n"


def test_a_cover_letter(tmp_path, capsys):
    """What somebody has written in it counts, what is made anew each time does not."""
    sides = [make_series(tmp_path / name, with_core(end=function())) for name in "ab"]
    (sides[0] / "0000-cover-letter.patch").write_text(COVER.format("Title", "Why.\n\nMore."))
    extra = "Why.\n\nMore.\n\nChanges since v1:\n\n - x\n\nHow it is proved:\n\n  a  good"
    other = sides[1] / "v2-0000-cover-letter.patch"
    other.write_text(COVER.format("Title", extra))
    assert diff(*sides, capsys=capsys)[0] == 0
    for title, text in (("Other title", "Why.\n\nMore."), ("Title", "Why not.\n\nMore.")):
        other.write_text(COVER.format(title, text))
        status, data = diff(*sides, capsys=capsys)
        assert status == 1 and not data["same"] and data["cover"].count("\n+") == 1
        assert "cover letter changed" in shown(capsys, *sides).splitlines()[0]


@pytest.mark.parametrize(
    ("old", "new", "parts"),
    [
        ("Because.", "Because it is.", ["message"]),
        ("Because.", "Because.\n\nReviewed-by: A B <a@example.org>", ["trailers"]),
        ("Subject: [PATCH] uprobes: Step", "Subject: [PATCH] uprobes: Stop", ["subject"]),
        ("From: Some One", "From: Any One", ["author"]),
        ("+\tstep_3(regs, utask);", "+\tstep_3(regs, task);", ["code"]),
        ("", "", ["context"]),
    ],
)
def test_what_changed_in_a_patch(old, new, parts, tmp_path, capsys):
    """Message, trailers, subject, author, code; context alone is folded."""
    sides = [make_series(tmp_path / name, with_core(end=function())) for name in "ab"]
    signal = BASE["kernel/signal.c"]
    if parts == ["context"]:
        sides = []
        for name, text in (("c", signal), ("d", signal.replace("line_5", "other_5"))):
            change = {"kernel/signal.c": text.replace("int line_3;", "int LINE_3;")}
            base = BASE | {"kernel/signal.c": text}
            sides.append(make_series(tmp_path / name, change, base=base))
    else:
        patch = next(sides[1].glob("*.patch"))
        assert old in patch.read_text()
        patch.write_text(patch.read_text().replace(old, new))
    status, data = diff(*sides, capsys=capsys)
    assert status == 1 and [pair["parts"] for pair in data["patches"]] == [parts]
    text = shown(capsys, *sides)
    assert ("context only" if parts == ["context"] else parts[0]) in text
    assert ("other_5" in text) is False


def test_an_order(tmp_path, capsys):
    """Two patches that changed their places are a difference, though each is the same."""
    one, two = ({f"kernel/{name}.c": f"int {name};\n" * 9} for name in ("one", "two"))
    third = {"kernel/three.c": "int three;\n" * 9}
    sides = [
        make_series(tmp_path / "a", one, one | two, one | two | third),
        make_series(tmp_path / "b", two, one | two, one | two | third),
    ]
    for side in sides:
        for patch in side.glob("*.patch"):
            text = patch.read_text()
            name = next(n for n in ("three", "one", "two") if f"b/kernel/{n}.c" in text)
            patch.write_text(re.sub(r"Step \d", f"Step {name}", text))
    status, data = diff(*sides, capsys=capsys)
    assert status == 1 and not data["same"] and not data["interface"]
    assert [(p["before"], p["after"], p["sign"]) for p in data["patches"]] == [
        (2, 1, "="),
        (1, 2, "="),
        (3, 3, "="),
    ]
    assert sum(pair["moved"] for pair in data["patches"]) == 1
    text = shown(capsys, *sides)
    assert text.startswith("3 -> 3 patches: 2 same, 1 moved\n") and "~" in text


def test_shorter_than_range_diff(tmp_path, capsys):
    """Where the interface is the same, and each pair has git's sign."""
    steps = [{f"kernel/file{n}.c": f"int value_{n};\n" * 9} for n in range(5)]
    body = BODY.replace("step_5(regs", "step_6(regs")
    sides = [
        make_series(tmp_path / "a", *steps, with_core(end=function())),
        make_series(tmp_path / "b", *steps, with_core(end="\n/* other */\n" + function())),
        make_series(tmp_path / "c", *steps, with_core(end=function(body=body))),
    ]
    for number in (1, 2):
        repo = tmp_path / "a-repo"
        git(repo, "fetch", "-q", str(tmp_path / f"{'abc'[number]}-repo"), "HEAD:other", "-f")
        git_says = git(repo, "range-diff", "--no-color", "HEAD~6..HEAD", "other~6..other")
        text = shown(capsys, sides[0], sides[number])
        _, data = diff(sides[0], sides[number], capsys=capsys)
        signs = re.findall(r"^ *\d+: +\w+ ([=!]) ", git_says, re.M)
        assert [pair["sign"] for pair in data["patches"]] == signs == ["="] * 5 + ["!"]
        if not data["interface"]:
            assert len(text.splitlines()) < len(git_says.splitlines())
        assert all(line.rstrip() in text for line in git_says.splitlines() if "step_6" in line)


def test_who_has_made_all_of_them(tmp_path, capsys):
    """Another author and one more trailer in each patch are told once."""
    steps = [{f"kernel/file{n}.c": f"int value_{n};\n" * 9} for n in range(5)]
    sides = [make_series(tmp_path / name, *steps) for name in ("a", "b")]
    for patch in sides[1].glob("*.patch"):
        text = patch.read_text().replace("Some One <some@", "Another <another@")
        patch.write_text(
            text.replace("\n---\n", "\n\nSigned-off-by: Another <another@x.org>\n---\n")
        )
    text = shown(capsys, *sides)
    assert text.count("(author, trailers)") == 5
    for said in ("-Author: Some One", "+Author: Another", "+    Signed-off-by: Another"):
        assert text.count(said) == 1
    assert len(text.splitlines()) == 2 + 5 + 3
    # what is of one patch alone is told there
    patch = sorted(sides[1].glob("*.patch"))[2]
    patch.write_text(patch.read_text().replace("Signed-off-by: A", "Cc: c@x.org\nSigned-off-by: A"))
    text = shown(capsys, *sides)
    assert text.count("+    Cc: c@x.org") == 1 and text.count("+    Signed-off-by") == 1


def test_callers_of_a_renamed_function(tmp_path, capsys):
    """That they call it by its new name is no change of theirs."""
    call = function("uprobe_caller", "void", "\tuprobe_do(regs, 1);\n" + BODY)
    sides = [
        make_series(tmp_path / "a", with_core(end=function() + call)),
        make_series(
            tmp_path / "b",
            with_core(
                end=function("uprobe_done") + call.replace("uprobe_do(", "uprobe_done("),
                change=("\tfirst(x);\n", "\tfirst(x);\n\tuprobe_done(x);\n"),
            ),
        ),
    ]
    first = sides[0].with_name("a2")
    make_series(
        first,
        with_core(
            end=function() + call, change=("\tfirst(x);\n", "\tfirst(x);\n\tuprobe_do(x);\n")
        ),
    )
    _, data = diff(first, sides[1], capsys=capsys)
    assert rows(data) == [("function", "renamed", "uprobe_done")]


def test_words_are_marked(tmp_path, capsys):
    """Within a line, which ends at a word before column 80."""
    params = ", ".join(f"struct pt_regs *regs_{number}" for number in range(5))
    sides = [
        make_series(tmp_path / "a", with_core(end=function(params=params))),
        make_series(
            tmp_path / "b",
            with_core(end=function(params=params.replace("pt_regs *regs_2", "uprobe *regs_2"))),
        ),
    ]
    text = shown(capsys, *sides, "--level", "interface")
    assert "[-pt_regs-]{+uprobe+}" in text and max(map(len, text.splitlines())) <= 80
    assert text.count("pt_regs") == 5
    coloured = shown(capsys, *sides, "--color", "always")
    assert "\x1b[7;31mpt_regs" in coloured or "pt_regs\x1b[0m" in coloured


# what is shown


@pytest.fixture
def sides(tmp_path):
    """Return two directories of patches that differ."""
    return [
        make_series(tmp_path / "a", with_core(end=function())),
        make_series(tmp_path / "b", with_core(end=function("uprobe_done", body=BODY[:-9]))),
    ]


def shown(capsys, *arguments):
    """Return what a comparison prints."""
    capsys.readouterr()
    assert main(["diff", *map(str, arguments)]) == 1
    return capsys.readouterr().out


def test_text(sides, capsys):
    """Counts, a legend, what changed; the tree when it is asked for; no colour in a pipe."""
    text = shown(capsys, *sides)
    assert text.startswith("1 -> 1 patches: 1 changed; interface: 2; tree: +")
    assert "! function renamed: kernel/events/uprobes.c: uprobe_done" in text
    assert "  1 !   1  uprobes: Step 1 (code)" in text and "diff --git a/kernel" not in text
    assert "only before" in text and " in 1 file\n" in text
    assert "diff --git a/kernel" in shown(capsys, *sides, "--level", "tree")
    assert "\x1b" not in text


def test_levels(sides, capsys):
    """One level alone; the status is about all of them."""
    text = shown(capsys, *sides, "--level", "interface")
    assert "renamed" in text and "diff --git" not in text and "Step 1" not in text


@pytest.mark.parametrize(("option", "colour"), [("always", True), ("never", False)])
def test_colour(option, colour, sides, capsys):
    """As asked for, also into a pipe; tabs stay."""
    text = shown(capsys, *sides, "--color", option)
    assert ("\x1b[" in text) == colour
    assert "\tstep_1(regs, utask);" in text


def test_markdown(sides, capsys):
    """Diffs stand in indented blocks, which nothing in them can end."""
    text = shown(capsys, *sides, "--markdown")
    assert "- function renamed: `kernel/events/uprobes.c: uprobe_done`" in text
    assert re.search(r"^ {4,}[-+ ]\+", text, re.M) and "```" not in text
    assert not re.search(r"^[-+]\+", text, re.M)


def test_html(sides, capsys, tmp_path):
    """One file that asks for nothing from anywhere."""
    page = tmp_path / "page.html"
    assert main(["diff", *map(str, sides), "--html", "-o", str(page)]) == 1
    text = page.read_text()
    assert "uprobe_done" in text and "default-src 'none'" in text
    assert not re.search(r"(?:src|href)\s*=\s*[\"']?(?!data:|#)[\w/]", text)
    assert capsys.readouterr().out == ""


def test_pager(sides, tmp_path):
    """On a terminal git's pager shows it; a pipe gets it as it is."""
    import pty

    master, slave = pty.openpty()
    command = [sys.executable, "-m", "generator", "diff", *map(str, sides)]
    import os

    pager = f"cat > {shlex.quote(str(tmp_path / 'paged'))}"
    environment = {**os.environ, "GIT_PAGER": pager, "TERM": "xterm"}
    done = subprocess.run(
        command,
        stdout=slave,
        stderr=subprocess.PIPE,
        cwd=TESTS.parent,
        env=environment,
        check=False,
        timeout=60,
    )
    os.close(slave)
    os.close(master)
    assert done.returncode == 1, done.stderr
    assert "\x1b[" in (tmp_path / "paged").read_text()


# bad input

GOOD = """From 1234567890 Mon Sep 17 00:00:00 2001
From: Some One <some@example.org>
Date: Wed, 29 Feb 2012 12:00:00 +0000
Subject: [PATCH 1/1] uprobes: Do it

Because.
---
 a.c | 2 +-

diff --git a/a.c b/a.c
index 1111111..2222222 100644
--- a/a.c
+++ b/a.c
@@ -1,3 +1,3 @@ int f(void)
 before
-old
+new
 after
"""


@pytest.mark.parametrize("how", ["base64", "quoted-printable", "8bit", "CRLF", "parts"])
def test_the_same_mail(how):
    """However it was sent, it is the same patch."""
    head, _, body = GOOD.replace("Because.", "Because é.").partition("\n\n")
    data = body.encode("latin-1" if how in ("8bit", "parts") else "utf-8")
    charset = "iso-8859-1" if how in ("8bit", "parts") else "utf-8"
    head += f"\nMIME-Version: 1.0\nContent-Type: text/plain; charset={charset}"
    head += f"\nContent-Transfer-Encoding: {how}" if how not in ("CRLF", "parts") else ""
    encode = {"base64": base64.encodebytes, "quoted-printable": quopri.encodestring}
    mail = head.encode() + b"\n\n" + encode.get(how, bytes)(data)
    if how == "CRLF":
        mail = mail.replace(b"\n", b"\r\n")
    if how == "parts":
        first, _, kind = head.rpartition("\nContent-Type: ")
        mail = f'{first}\nContent-Type: multipart/signed; boundary="x"\n\n--x\n'.encode()
        mail += f"Content-Type: {kind}\n\n".encode() + data
        mail += b"\n--x\nContent-Type: application/pgp-signature\n\nabc\n--x--\n"
    found = parse_mail(mail, where="x")
    assert found.body == "Because é."
    assert found.files == parse_mail(GOOD.encode(), where="x").files


@pytest.mark.parametrize("end", ["Because.\n", "---\n", "Do it\n"])
def test_an_mbox_that_is_cut_off(end, tmp_path, capsys):
    """In the message of its last patch: that one is not left out without a word."""
    last = GOOD.replace("1/1", "02/10")
    (tmp_path / "x.mbox").write_text(GOOD + last[: last.index(end) + len(end)])
    assert main(["diff", str(tmp_path / "x.mbox"), str(tmp_path / "x.mbox")]) == 2
    said = capsys.readouterr().err
    assert f"x.mbox:{GOOD.count(chr(10)) + 1}: the mail is cut off: [PATCH 02/10]" in said


def test_an_answer_to_a_patch():
    """It has no diff, and its subject the patch's number."""
    head = GOOD.split("diff --git")[0]
    assert not parse_mail(head.replace("[PATCH", "Re: [PATCH").encode(), where="x").files
    assert not parse_mail(head.replace("1/1", "0/1").encode(), where="x").files
    with pytest.raises(UserError, match="cut off"):
        parse_mail(head.encode(), where="x")


def test_a_mail_without_plain_text():
    """It is said of it."""
    mail = GOOD.partition("\n\n")[0]
    mail += '\nContent-Type: multipart/mixed; boundary="x"\n\n'
    mail += "--x\nContent-Type: text/html\n\nx\n--x--\n"
    with pytest.raises(UserError, match="no part of it is plain text"):
        parse_mail(mail.encode(), where="x")


def test_the_good_mail():
    """What the mangled ones are made from is good."""
    mail = parse_mail(GOOD.encode(), where="x")
    assert (mail.subject, mail.body) == ("uprobes: Do it", "Because.")
    assert [line.text for line in mail.files[0].hunks[0].lines] == ["before", "old", "new", "after"]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("Subject: [PATCH 1/1] uprobes: Do it\n", "", "no Subject"),
        ("From: Some One <some@example.org>\n", "", "no From"),
        (" after\n", "", "mangled"),
        (" after\n", " after\n+more\n", "mangled"),
        (" after\n", " after\n-less\n", "mangled"),
        (" before\n", "before\n", "mangled"),
        (" before\n", "> before\n", "mangled"),
        ("@@ -1,3 +1,3 @@", "@@ -1,3 +1,4 @@", "mangled"),
        ("@@ -1,3 +1,3 @@", "@@ garbage @@", "mangled"),
        ("--- a/a.c\n+++ b/a.c\n", "", "mangled"),
        ("a/a.c", "a/../../etc/passwd", "mangled"),
        ("-old\n+new\n", "-old\n+new", "mangled"),
        ("index 1111111..2222222 100644", "GIT binary patch", "mangled"),
        ("Because.\n", "Content-Type: multipart/mixed\n", ""),
    ],
)
def test_a_mangled_mail(old, new, words, tmp_path, capsys):
    """Where, what; status 2, and no traceback. What is no fault is accepted."""
    assert old in GOOD
    (tmp_path / "0001-x.patch").write_text(GOOD.replace(old, new))
    status = main(["diff", str(tmp_path), str(tmp_path)])
    err = capsys.readouterr().err
    assert status == (2 if words else 0), err
    assert words in err and ("0001-x.patch" in err) == bool(words)


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("readme.txt", b"hello", "there are no patches"),
        (
            "0000-cover-letter.patch",
            GOOD.split("diff --git")[0].replace("1/1", "0/1").encode(),
            "there are no patches",
        ),
        ("0001-x.patch", b"", "no Subject"),
        ("0001-x.patch", b"\xff\xfe\x00" * 100, "no Subject"),
        ("0001-x.patch", b"Subject: =?x-unknown?B?//8=?=\n\n", "no From"),
        ("series", b"0001-not-there.patch\n", "lists 0001-not-there.patch, which is not there"),
    ],
)
def test_a_directory_without_patches(name, data, words, tmp_path, capsys):
    """Each way to have none."""
    (tmp_path / name).write_bytes(data)
    assert main(["diff", str(tmp_path), str(tmp_path)]) == 2
    assert words in capsys.readouterr().err


@pytest.mark.parametrize("data", [b"", b"hello\n", b"\x00" * 99, b"hello\n" + GOOD.encode()])
def test_no_mbox(data, tmp_path, capsys):
    """A file that is none is said to be none."""
    path = tmp_path / "file"
    path.write_bytes(data)
    assert main(["diff", str(path), str(path)]) == 2
    assert "this is no mbox" in capsys.readouterr().err


def test_mbox_and_directory(sides, capsys, tmp_path):
    """The same patches, in one file."""
    box = tmp_path / "box"
    box.write_bytes(b"".join(path.read_bytes() for path in sorted(sides[0].glob("*.patch"))))
    assert diff(box, sides[0], capsys=capsys)[0] == 0
    assert diff(box, sides[1], capsys=capsys)[0] == 1


def test_a_patch_is_missing(tmp_path, capsys):
    """Patches that build on one that is not there do not apply, and that is said."""
    change = ("\tfirst(x);", "\tfirst(x);\n\tuprobe_hook(x);")
    first = with_core(change=change)
    second = {CORE: first[CORE].replace("uprobe_hook(x)", "uprobe_hook(x, 1)")}
    third = {CORE: second[CORE].replace("uprobe_hook(x, 1)", "uprobe_hook(2)")}
    place = make_series(tmp_path / "a", first, second, third)
    next(place.glob("0002-*")).unlink()
    assert main(["diff", str(place), str(place)]) == 2
    err = capsys.readouterr().err
    assert "does not apply: line" in err and "are all patches there" in err


@pytest.mark.parametrize("start", ["1000001", "9999999999999"])
def test_a_hunk_far_away(start, tmp_path, capsys):
    """No memory is taken for lines that nobody has."""
    (tmp_path / "0001-x.patch").write_text(GOOD.replace("-1,3 +1,3", f"-{start},3 +{start},3"))
    assert main(["diff", str(tmp_path), str(tmp_path)]) == 2
    assert f"a hunk begins at line {start}" in capsys.readouterr().err


def test_a_huge_file(tmp_path):
    """It is not read."""
    path = tmp_path / "0001-x.patch"
    with path.open("wb") as stream:
        stream.truncate(65 << 20)
    with pytest.raises(UserError, match="larger than 64 MB"):
        read_series(tmp_path)


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nonsense", "HEAD"], "'nonsense' is no revision"),
        (["HEAD", "--output=etc"], "'--output=etc' is no revision"),
        (["HEAD", "/no/such/place"], "there is no such file or directory"),
        (["HEAD", "9.9@HEAD"], "there is no base '9.9'"),
        (["HEAD", "6.1@nonsense"], "'nonsense' is no revision"),
        (["HEAD", "HEAD", "--base", "9.9"], "has no such patches"),
        (["HEAD", "HEAD", "--level", "other"], "'other' is not one of"),
        (["HEAD"], "Missing argument"),
        (["HEAD", "HEAD", "--json", "--html"], "only one of"),
        (["HEAD", "HEAD", "-o", "/no/such/place/x"], "there is no such folder"),
    ],
)
def test_wrong_arguments(arguments, words, repository, capsys):
    """Status 2 as of diff(1), since 1 means different; the message says what would be right."""
    if "--output=etc" in arguments:
        arguments = [arguments[0], "--", arguments[1]]
    assert main(["diff", *arguments]) == 2
    out, err = capsys.readouterr()
    assert words in " ".join(err.split()) and not out


def test_outside_of_a_repository(tmp_path, monkeypatch, capsys):
    """A revision needs a repository, directories do not."""
    monkeypatch.chdir(tmp_path)
    assert main(["diff", "HEAD", "HEAD"]) == 2
    assert "is no revision of" in capsys.readouterr().err
    assert main(["diff", str(PATCHES / "6.1/review"), str(PATCHES / "6.1/review")]) == 0


def test_text_of_others_is_harmless(sides, capsys, tmp_path):
    """Escapes, markup and HTML of a patch do nothing, wherever they are shown."""
    patch = next(sides[1].glob("*.patch"))
    evil = "<script>alert(1)</script>\x1b[31m[bold]</pre>\u202e`x`"
    patch.write_text(patch.read_text().replace("step_3(regs, utask);", evil))
    text = shown(capsys, *sides)
    assert "\x1b" not in text and "\u202e" not in text and "[bold]" in text
    assert "\x1b" not in shown(capsys, *sides, "--markdown")
    page = shown(capsys, *sides, "--html")
    assert "<script>alert" not in page and "&lt;script&gt;alert" in page
    assert "\x1b" not in page and "\u202e" not in page
    assert page.count("<script>") == 1


def test_knowledge_is_shared(tmp_path):
    """What one series shows of the baseline the other one knows; contradictions change nothing."""
    first = replay_series(
        read_series(make_series(tmp_path / "a", with_core(change=("first(x)", "first(1)"))))
    )
    second = replay_series(
        read_series(make_series(tmp_path / "b", with_core(change=("member_7", "member_x"))))
    )
    known = share_knowledge(first, second)
    assert known
    assert len(first.tip[CORE]) < len(known[0].tip[CORE]) == len(known[1].tip[CORE])
    assert any("member_8" in (cell.text or "") for cell in known[0].tip[CORE])
    base = {**BASE, CORE: BASE[CORE].replace("second(x)", "zweitens(x)")}
    third = replay_series(
        read_series(
            make_series(tmp_path / "c", {CORE: base[CORE].replace("first", "erstens")}, base=base)
        )
    )
    before = [cell.text for cell in third.tip[CORE]]
    assert share_knowledge(first, third) is None
    assert [cell.text for cell in third.tip[CORE]] == before


def test_a_file_that_comes_and_goes(tmp_path, capsys):
    """Files that a series adds, and removes again, are no surprise."""
    fresh = {"kernel/new.c": "int fresh;\n" * 5}
    gone = {"kernel/new.c": ""}
    sides = [make_series(tmp_path / "a", fresh, gone), make_series(tmp_path / "b", fresh)]
    status, data = diff(*sides, capsys=capsys)
    assert status == 1 and "kernel/new.c" in data["tree"]["text"]
