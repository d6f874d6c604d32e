# SPDX-License-Identifier: GPL-2.0-only
"""The patches themselves: applied in their place, read as mails, compiled, and sent to whom."""

import json
import shutil
from dataclasses import replace

import fake_base
import jsonschema
import pytest
from conftest import MINI, TESTS

from generator.checks.patches.apply import apply_patches
from generator.checks.patches.code import Build, compare_code, undo_flags, undo_renames
from generator.checks.patches.mail import TRAILERS, check_mails, read_mail
from generator.checks.patches.recipients import find_recipients
from generator.cli.app import main
from generator.errors import ExitCode, InfraError, UserError
from generator.model.edits import RenameIdentifiers, ReorderParameters
from generator.model.series import REVIEW
from generator.plan import Plan, PlannedPatch, find_base, plan_series
from generator.report.schema import make_schema
from generator.tree.acquire import find_source
from generator.tree.commits import commit_files
from generator.tree.refs import read_ref
from generator.tree.series import render_series

HEAD = "From 0000000000000000000000000000000000000000 Mon Sep 17 00:00:00 2001\n"
WHO = "Mini Tester <mini@example.org>"
GOOD = (
    f"{HEAD}From: {WHO}\nDate: Wed, 29 Feb 2012 12:00:00 +0000\n"
    "Subject: [PATCH 1/1] mini: Do something\n\n"
    "A reason: this is no trailer,\nand it has two lines.\n\n"
    f"Link: https://example.org/mini\nSigned-off-by: {WHO}\n---\n"
    " x.c | 2 +-\n\ndiff --git a/x.c b/x.c\n--- a/x.c\n+++ b/x.c\n"
    "@@ -1,2 +1,2 @@\n the base's own \t \n-old \n+new\n"
)
COVER = f"{HEAD}From: {WHO}\nSubject: [PATCH 0/1] mini: Things\n\nWhy.\n"

TWO_HELP = "\n".join(
    f"{key}: {who}"
    for who in ("B <b@example.org>", "A <a@example.org>")
    for key in ("Co-developed-by", "Signed-off-by")
)


@pytest.fixture
def rendered(fake, tmp_path):
    """Return the made-up series, rendered."""
    plan = plan_series(fake_base.BASE, fake_base.SERIES)
    source = find_source(fake_base.BASE, tmp_path / "work", tree=MINI, rev=None)
    return render_series(plan, source, tmp_path / "work")


# mails


def check(text, name="0001-a.patch"):
    """Return what is found in a series of one patch."""
    found = check_mails({"0000-cover-letter.patch": COVER.encode(), name: text.encode()}, sent=True)
    return [(finding.line, finding.what) for finding in found]


def test_a_good_mail():
    """What git writes is read, and nothing is found."""
    assert check(GOOD) == []
    mail = read_mail("0001-a.patch", GOOD.encode())
    assert (mail.number, mail.count, mail.subject) == (1, 1, "mini: Do something")
    assert mail.sender == WHO
    assert mail.trailers == (("Link", "https://example.org/mini"), ("Signed-off-by", WHO))
    assert mail.diff[0][1] == "---"
    assert GOOD.split("\n")[mail.diff[0][0] - 1] == "---"


def test_who_has_helped():
    """Each signs in the next line, and whoever sends the patch behind them."""
    assert check(GOOD.replace(f"Signed-off-by: {WHO}", f"{TWO_HELP}\nSigned-off-by: {WHO}")) == []
    assert check(GOOD.replace(f"Signed-off-by: {WHO}", TWO_HELP)) == [
        (0, f"{WHO} sends it and has not signed it")
    ]
    neutral = GOOD.replace(f"Signed-off-by: {WHO}", TWO_HELP).encode()
    assert not check_mails({"0000-cover-letter.patch": COVER.encode(), "0001-a.patch": neutral})


def test_the_real_patches():
    """Those that are committed have nothing wrong."""
    for place in (TESTS.parent / "kernel_patches").glob("*/review"):
        found = check_mails({path.name: path.read_bytes() for path in place.glob("*.patch")})
        assert found == ()


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("Link: https://example.org/mini\n", "", "there is no Link"),
        (f"Signed-off-by: {WHO}\n", "", "there is no Signed-off-by"),
        ("Link: https", "Lnk: https", "'Lnk' is no trailer of the kernel's"),
        (
            f"Signed-off-by: {WHO}\n",
            f"Signed-off-by: {WHO}\nReported-by: A <a@b>\n",
            "trailers stand as Link, Signed-off-by, Reported-by; "
            "the order is Reported-by, Link, Signed-off-by",
        ),
        (
            f"Signed-off-by: {WHO}\n",
            f"Signed-off-by: {WHO}\nSigned-off-by: {WHO}\n",
            "a trailer stands there twice",
        ),
        (
            f"Signed-off-by: {WHO}",
            "Signed-off-by: Other <o@example.org>",
            f"{WHO} sends it and has not signed it",
        ),
        (
            f"Signed-off-by: {WHO}",
            f"{TWO_HELP}\nSigned-off-by: Other <o@example.org>",
            f"{WHO} sends it and has not signed it",
        ),
        (
            f"Signed-off-by: {WHO}",
            f"Co-developed-by: A <a@example.org>\nSigned-off-by: {WHO}",
            "Co-developed-by: A <a@example.org>: there is no Signed-off-by of the same person, "
            "who has to sign it",
        ),
        ("lines.\n\nLink", "lines.\nLink", "no empty line in front of the trailers"),
        (
            "A reason: this",
            "Fixes: 123 (this)\nA reason: this",
            "Fixes stands in the text, not with the trailers",
        ),
        ("[PATCH 1/1]", "[PATCH 2/3]", "the subject says 2/3, not 1/1"),
        ("[PATCH 1/1]", "[PATCH]", "the subject says 0/0, not 1/1"),
        ("Subject: [PATCH 1/1] mini: Do something\n", "", "the subject says 0/0, not 1/1"),
    ],
)
def test_mails_that_are_wrong(old, new, what):
    """Each thing is said, once."""
    assert old in GOOD
    assert check(GOOD.replace(old, new)).count((0, what)) == 1


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("two lines.", "two lines. ", "white space at the end of the line"),
        ("two lines.", "two lines.\r", "white space at the end of the line"),
        ("+new", "+new\t", "white space at the end of the line"),
        ("+new", "+", None),
        ("+new", "+ \tnew", "a space in front of a tab"),
        ("-old ", "-old \t", None),
    ],
)
def test_white_space(old, new, what):
    """Added lines and the text count, with the line; what the base has does not."""
    text = GOOD.replace(old, new)
    lines = zip(GOOD.split("\n"), text.split("\n"), strict=True)
    line = next(number for number, (a, b) in enumerate(lines, 1) if a != b)
    assert check(text) == ([(line, what)] if what else [])


def test_the_end_of_a_mail():
    """A mail ends with a newline."""
    assert check(GOOD[:-1]) == [(0, "no newline at the end")]


def test_the_names_of_a_series():
    """The cover letter is there, the numbers have no hole."""
    one = GOOD.encode()
    assert [f.what for f in check_mails({"0001-a.patch": one})] == ["no cover letter"]
    assert check(GOOD, "0002-a.patch") == [(0, "the name does not begin with 0001-")]
    assert [f.what for f in check_mails({})] == ["no cover letter"]


def test_the_order_of_trailers_is_an_order():
    """No key is there twice."""
    assert len(set(TRAILERS)) == len(TRAILERS)


# git am


def test_every_patch_applies(rendered):
    """What comes out is the rendered state."""
    results = apply_patches(rendered.repo, "review", rendered.patches)
    assert len(results) == 3
    assert [result.problem for result in results] == ["", "", ""]


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        (b" static __always_inline", b" static inline", "git am: error: patch failed"),
        (b"a/kernel/shapes.c", b"a/kernel/none.c", "git am: "),
        (b"\n\n", b"\n\nOne more line.\n\n", "another message, author or date"),
        (b"From: Mini", b"From: Maxi", "another message, author or date"),
        (b"Date: Wed, 29", b"Date: Wed, 28", "another message, author or date"),
        (b",11 @@", b",12 @@", "git am: error: corrupt patch"),
        (b"From 000", b"Frm 000", "git am: "),
    ],
)
def test_a_patch_that_does_not_apply(rendered, old, new, what):
    """It is named with the reason; those behind it are tried on their own place."""
    (name,) = (name for name in rendered.patches if name.startswith("0002-"))
    data = rendered.patches[name].replace(old, new)
    assert data != rendered.patches[name]
    first, second, third = apply_patches(rendered.repo, "review", {**rendered.patches, name: data})
    assert first.problem == third.problem == ""
    assert second.patch == name and what in second.problem


def test_a_patch_that_leaves_another_state(rendered):
    """The files that differ are named."""
    (name,) = (name for name in rendered.patches if name.startswith("0002-"))
    lines = rendered.patches[name].split(b"\n")
    place = max(n for n, line in enumerate(lines) if line.startswith(b"+\t"))
    lines[place] = b"+\treturn 12345;"
    changed = {**rendered.patches, name: b"\n".join(lines)}
    second = apply_patches(rendered.repo, "review", changed)[1]
    assert second.problem == "leaves another state than review-02: kernel/shapes.c"


def test_white_space_is_an_error_for_git_too(rendered):
    """An added line that ends in a blank does not apply."""
    (name,) = (name for name in rendered.patches if name.startswith("0002-"))
    lines = rendered.patches[name].split(b"\n")
    place = max(n for n, line in enumerate(lines) if line.startswith(b"+\t"))
    lines[place] += b" "
    changed = {**rendered.patches, name: b"\n".join(lines)}
    assert "trailing whitespace" in apply_patches(rendered.repo, "review", changed)[1].problem


def test_patches_in_another_order(rendered):
    """A patch in the place of another one is noticed."""
    names = sorted(name for name in rendered.patches if not name.startswith("0000-"))
    swapped = {names[0]: rendered.patches[names[1]], names[1]: rendered.patches[names[0]]}
    results = apply_patches(rendered.repo, "review", {**rendered.patches, **swapped})
    assert all(result.problem for result in results[:2])
    assert results[2].problem == ""


@pytest.mark.parametrize("kind", ["missing", "empty", "no tags"])
def test_a_repository_that_is_not_rendered(rendered, kind, tmp_path):
    """It is the tool's own: render again."""
    repo = tmp_path / "other.git"
    if kind == "empty":
        repo.mkdir()
    series = "other" if kind == "no tags" else "review"
    with pytest.raises(InfraError, match="render the series again"):
        apply_patches(rendered.repo if kind == "no tags" else repo, series, rendered.patches)


# objects


def kbuild(area):
    """Make a tree and a build directory with the commands that kbuild would leave."""
    shutil.rmtree(area, ignore_errors=True)
    tree, build = area / "linux", area / "linux" / "build"
    (tree / "include").mkdir(parents=True)
    (build / "kernel").mkdir(parents=True)
    (tree / "kernel").mkdir()
    for name in ("a", "b"):
        (tree / f"kernel/{name}.c").write_text("stale\n")
        (build / f"kernel/.{name}.o.cmd").write_text(
            f"cmd_kernel/{name}.o := gcc -I../include -O2 -c -o kernel/{name}.o "
            f"../kernel/{name}.c\n\n"
        )
    return Build(name="mini", tree=tree, directory=build)


HEADER = "int put(int *where, long what);\n"
A = "#include <h.h>\nint put(int *where, long what)\n{\n\t*where = what;\n\treturn what * 3;\n}\n"
B = (
    "#include <h.h>\nint twice(int *where);\nint twice(int *where)\n"
    "{\n\treturn put(where, 5) + put(where, 6);\n}\n"
)
BEFORE = {"include/h.h": HEADER, "kernel/a.c": A, "kernel/b.c": B}
RENAMED = {path: text.replace("put(", "set_it(") for path, text in BEFORE.items()}
SWAPPED = {
    "include/h.h": "int put(long what, int *where);\n",
    "kernel/a.c": A.replace("int *where, long what", "long what, int *where"),
    "kernel/b.c": B.replace("(where, 5)", "(5, where)").replace("(where, 6)", "(6, where)"),
}
RENAME = RenameIdentifiers(path="kernel/a.c", renames=(("put", "set_it"),))
REORDER = ReorderParameters(path="kernel/a.c", function="put", order=(1, 0))


@pytest.fixture
def compared(rendered, tmp_path):
    """Return a function that compares two states of the made-up kernel."""

    def run(before, after, edits, *, changed=(), unchanged=True, builds=None):
        commit_files(rendered.repo, "refs/heads/baseline", "refs/heads/base", before)
        commit_files(rendered.repo, "refs/tags/review-01", "refs/heads/baseline", after)
        patch = replace(fake_base.SERIES.patches[0], unchanged=unchanged, changed=changed)
        plan = Plan(
            base=fake_base.BASE,
            series=fake_base.SERIES,
            baseline=(),
            patches=(PlannedPatch(number=1, patch=patch, edits=edits),),
        )
        place = tmp_path / "place"
        place.mkdir(exist_ok=True)
        if builds is None:
            builds = (kbuild(tmp_path / "area"),)
        return compare_code(plan, rendered.repo, builds, place)

    return run


@pytest.mark.parametrize(("after", "edit"), [(RENAMED, RENAME), (SWAPPED, REORDER)])
def test_the_same_code(compared, after, edit):
    """Names and the order of parameters do not count, in prototypes, definitions and calls."""
    results = compared(BEFORE, after, (edit,))
    assert [(r.source, r.functions, r.problem, r.diff) for r in results] == [
        ("kernel/a.c", (), "", ()),
        ("kernel/b.c", (), "", ()),
    ]
    assert all(result.instructions >= 3 for result in results)


@pytest.mark.parametrize("after", [RENAMED, SWAPPED])
def test_without_taking_it_back(compared, after):
    """The comparison is not blind: the same states differ when nothing is taken back."""
    results = compared(BEFORE, after, ())
    assert any(result.problem for result in results)


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("path", "old", "new", "functions"),
    [
        ("kernel/a.c", "what * 3", "what * 5", ("put",)),
        ("kernel/b.c", "(6, where)", "(7, where)", ("twice",)),
        (
            "kernel/a.c",
            "\treturn what",
            "\tstatic int n = 1;\n\n\treturn n++ + what",
            ("put", "data"),
        ),
        ("kernel/b.c", "int twice(int *where)\n", "int more;\nint twice(int *where)\n", ("data",)),
        (
            "kernel/b.c",
            "int twice(int *where)\n",
            "int three(void);\nint three(void) { return 3; }\nint twice(int *where)\n",
            ("three",),
        ),
    ],
)
def test_other_code(compared, path, old, new, functions):
    """A change that the text of the patch does not speak of is named by its function."""
    after = {**SWAPPED, path: SWAPPED[path].replace(old, new)}
    assert after != SWAPPED
    found = {result.source: result for result in compared(BEFORE, after, (REORDER,))}
    assert found[path].functions == functions
    assert found[path].problem == f"the code is another one: {', '.join(functions)}"
    others = [result for source, result in found.items() if source != path]
    assert all(result.problem == "" for result in others)


def test_a_call_that_was_forgotten(compared):
    """A call that still has the old order is other code, or does not compile."""
    text = SWAPPED["kernel/b.c"].replace("put(6, where)", "put((long)where, (int *)6)")
    found = compared(BEFORE, {**SWAPPED, "kernel/b.c": text}, (REORDER,))
    assert found[1].functions == ("twice",)
    assert any(line.startswith("-") for line in found[1].diff)


def test_code_that_may_change(compared):
    """What the model announces is shown, and no problem."""
    after = {**BEFORE, "kernel/a.c": A.replace("3", "5")}
    (result,) = compared(BEFORE, after, (), changed=("kernel/a.c",))
    assert (result.functions, result.problem) == (("put",), "")
    assert compared(BEFORE, after, (), unchanged=False) == ()


def test_an_object_that_nobody_compiles(compared):
    """It is said, and it is no problem: another configuration has it."""
    results = compared(BEFORE, RENAMED, (RENAME,), builds=())
    assert [(result.build, result.problem) for result in results] == [("", ""), ("", "")]


def test_text_that_does_not_compile(compared):
    """The file is named, and the compiler's words."""
    with pytest.raises(InfraError, match=r"kernel/a.c \(mini\): does not compile: error"):
        compared(BEFORE, {**BEFORE, "kernel/a.c": "int put(\n"}, ())


def test_a_ref_that_is_missing(rendered, tmp_path):
    """The repository is the tool's own."""
    assert read_ref(rendered.repo, "baseline").texts
    for repo, ref in ((rendered.repo, "review-99"), (tmp_path, "baseline")):
        with pytest.raises(UserError, match="render the series first"):
            read_ref(repo, ref)


def test_what_the_preprocessor_takes_back():
    """Each name, in strings as well; parameters back in their old places."""
    rotated = ReorderParameters(path="x.c", function="f", order=(1, 2, 0))
    edits = (RENAME, RENAME, rotated)
    assert undo_flags(edits) == ("-Df(p0,p1,p2)=f(p2,p0,p1)",)
    assert undo_flags(()) == ()
    assert undo_renames(edits, {"x.c": 'set_it("set_it"); reset_it;'}) == {
        "x.c": 'put("put"); reset_it;'
    }
    assert undo_renames((), {"x.c": "set_it"}) == {"x.c": "set_it"}


def test_which_patches_promise_it():
    """The first four patches of the series, and no other one."""
    first = REVIEW.patches.index(next(p for p in REVIEW.patches if p.ident == "errno"))
    assert [p.unchanged for p in REVIEW.patches] == [n < first for n in range(len(REVIEW.patches))]
    assert [bool(patch.changed) for patch in REVIEW.patches].count(True) == 1


# recipients


def maintainers(place, script):
    """Make a tree with a script that stands in for the kernel's."""
    (place / "scripts").mkdir(parents=True)
    (place / "MAINTAINERS").write_text("")
    (place / "scripts/get_maintainer.pl").write_text(script)
    return place


PERL = pytest.mark.needs("perl")


@PERL
def test_recipients(tmp_path):
    """Maintainers first, each in the script's order; the cover letter is not shown to it."""
    tree = maintainers(
        tmp_path / "tree",
        'die "cover" if grep /0000-/, @ARGV;\n'
        'print "list\\@example.org (open list:SHAPES (ROUND))\\n";\n'
        'print "\\"A. B.\\" <a\\@example.org> (maintainer:SHAPES)\\n";\n'
        'print "C <c\\@example.org> (reviewer)\\n";\n',
    )
    patches = {"0000-cover-letter.patch": b"x", "0001-a.patch": GOOD.encode()}
    found = find_recipients(patches, tree)
    assert [(one.to, one.who, one.role, one.section) for one in found] == [
        (True, '"A. B." <a@example.org>', "maintainer", "SHAPES"),
        (False, "list@example.org", "open list", "SHAPES (ROUND)"),
        (False, "C <c@example.org>", "reviewer", ""),
    ]


@PERL
@pytest.mark.parametrize(
    ("script", "what"),
    [
        ('die "no kernel tree\\n";', "no kernel tree"),
        ("exit 0;", "it knows nobody"),
        ('print "what is this\\n";', "what is this"),
        ('print "A <a\\@b> (maintainer:X)\\n"; exit 3;', "get_maintainer.pl failed"),
    ],
)
def test_a_script_that_fails(tmp_path, script, what):
    """Its words are passed on."""
    with pytest.raises(InfraError, match=what):
        find_recipients({"0001-a.patch": b"x"}, maintainers(tmp_path / "t", script))


@pytest.mark.parametrize("lost", ["MAINTAINERS", "scripts/get_maintainer.pl"])
def test_half_a_source(tmp_path, lost):
    """A tree without the file or the script is named."""
    tree = maintainers(tmp_path / "tree", "")
    (tree / lost).unlink()
    with pytest.raises(InfraError, match="no MAINTAINERS or no scripts"):
        find_recipients({"0001-a.patch": b"x"}, tree)


# the command


def test_the_command_needs_a_build(capsys, tmp_path):
    """Without a build it says what to do."""
    from generator.cli.options import Options
    from generator.cli.patches import find_builds

    with pytest.raises(UserError, match=r"build --base 6.1 tip, or give --no-code"):
        find_builds(Options(base="6.1", workdir=tmp_path))


@pytest.mark.parametrize("arguments", [["--base", "2.6"], ["--series", "none"], ["--bogus"]])
def test_the_command_and_bad_input(arguments, capsys):
    """Wrong input is said to be that."""
    assert main(["patches", *arguments]) == ExitCode.USER
    assert capsys.readouterr().err


@pytest.mark.kernel
def test_the_command_on_a_real_base(kernel_source, capsys, tmp_path):
    """Every patch applies, the mails are in order, the maintainers of x86 get it."""
    base = "6.1"
    tree = kernel_source(base).path
    arguments = ["--base", base, "--tree", str(tree), "--workdir", str(tmp_path)]
    assert main(["patches", *arguments, "--no-code", "--json"]) == ExitCode.GOOD
    data = json.loads(capsys.readouterr().out)
    jsonschema.validate(data, make_schema("patches"))
    assert len(data["applied"]) == len(plan_series(find_base(base), REVIEW).patches)
    assert data["findings"] == []
    assert any(one["who"] == "x86@kernel.org" and one["to"] for one in data["recipients"])


def test_rows_of_verify(rendered):
    """Patches and mails are counted, and named with their lines."""
    from generator.checks.patches.series import check_series

    applied, mails = check_series(rendered.repo, "review", rendered.patches)
    assert (applied.checked, applied.differences) == (3, ())
    assert (mails.checked, mails.differences) == (4, ())
    (name,) = (name for name in rendered.patches if name.startswith("0002-"))
    bad = rendered.patches[name].replace(b"Add a function:", b"Add a function: ")
    bad = bad.replace(b"Link: ", b"Lnk: ")
    applied, mails = check_series(rendered.repo, "review", {**rendered.patches, name: bad})
    assert [difference.place for difference in applied.differences] == [name]
    line = bad.split(b"\n").index(b"Add a function: ") + 1
    places = [difference.place for difference in mails.differences]
    assert {name, f"{name}:{line}"} <= set(places)
