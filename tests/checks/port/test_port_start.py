# SPDX-License-Identifier: GPL-2.0-only
"""A new base is started: what is moved, what is left to a person, the module that is written."""

import importlib
import io
import json
import shutil
import subprocess
import sys
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import Mock

import fake_base
import jsonschema
import pytest
from conftest import MINI, TESTS
from hypothesis import given
from hypothesis import strategies as st

import generator.model.bases
from generator.checks.port import module as writing
from generator.checks.port import progress
from generator.checks.port.fit import mend_edits
from generator.checks.port.mend import Places, alternatives
from generator.checks.port.steps import STEPS, fill_steps
from generator.cli import main
from generator.errors import InfraError, UserError
from generator.model.bases import BASES, UNFINISHED
from generator.model.bases.base import Hook, hook_statement
from generator.model.bases.derive import derive
from generator.model.bases.v3_3 import BASE as V3_3
from generator.model.decl import Param
from generator.model.edits import (
    Anchor,
    EmptyFunction,
    InsertLines,
    InsertStatement,
    Remove,
    RemoveFunctions,
    RemoveStatements,
    ReorderParameters,
    ReplaceTokens,
    single_edits,
)
from generator.plan import find_base, plan_series
from generator.report.fit import format_steps
from generator.report.schema import make_schema
from generator.tree.acquire import Source, find_tree

ROOT = TESTS.parent
K33 = TESTS / "trees" / "k33"
SHAPES = "kernel/shapes.c"


# what could stand in the place of an edit


@pytest.fixture
def mended(mini):
    """Return a function that tries one edit on the made-up tree: what stands in its place."""

    def run(edit, others=(), **files):
        for name, text in files.items():
            (mini / "kernel" / f"{name}.c").write_text(text)
        base = replace(fake_base.BASE, baseline=(edit,), edits={}, hooks=())
        source = find_tree(mini, None)
        plan = plan_series(base, fake_base.SERIES)
        lost = mend_edits(plan, source, partial(alternatives, Places(plan, source), others))
        return [one.instead for one in lost]

    return run


MOVED = "int moved_thing(int a)\n{\n\tmark(a);\n\treturn 0;\n}\n"


def test_what_holds_needs_nothing(mended):
    """An edit in its place is not looked at again."""
    assert mended(RemoveFunctions(path=SHAPES, names=("weak_shape",))) == []


def test_another_file(mended):
    """A thing that has moved is found where it is defined."""
    edit = EmptyFunction(path=SHAPES, function="moved_thing")
    assert mended(edit, moved=MOVED) == [replace(edit, path="kernel/moved.c")]


def test_nowhere(mended):
    """A thing that has gone has no other place."""
    assert mended(EmptyFunction(path=SHAPES, function="moved_thing")) == [None]


def test_two_places(mended):
    """Of two nobody knows which is meant."""
    edit = EmptyFunction(path=SHAPES, function="moved_thing")
    assert mended(edit, moved=MOVED, again=MOVED) == [None]


def test_another_function(mended):
    """The statement stands in another function of the file now."""
    edit = RemoveStatements(path="kernel/moved.c", function="old_name", mentioning="mark")
    assert mended(edit, moved=MOVED) == [replace(edit, function="moved_thing")]
    insert = InsertStatement(path="kernel/moved.c", function="old_name", text="x();", after="mark")
    assert mended(insert, moved=MOVED) == [replace(insert, function="moved_thing")]


def test_another_file_and_function(mended):
    """Or in another function of the file to which its old one has moved."""
    text = "int old_name(int a)\n{\n\treturn inner(a);\n}\n\nint inner(int a)\n{\n\tmark(a);\n}\n"
    edit = RemoveStatements(path=SHAPES, function="old_name", mentioning="mark")
    assert mended(edit, moved=text) == [replace(edit, path="kernel/moved.c", function="inner")]


def test_more_parameters(mended):
    """Parameters that were added at the end stay there."""
    edit = ReorderParameters(path="kernel/moved.c", function="f", order=(1, 0))
    text = "int f(int a, int b, int c)\n{\n\treturn 0;\n}\n"
    assert mended(edit, moved=text) == [replace(edit, order=(1, 0, 2))]


def test_what_another_base_does(mended):
    """It is asked first, and of two that hold neither is taken."""
    lost = InsertStatement(path=SHAPES, function="plain_shape", text="x();", before="gone_word")
    other = replace(lost, before="return")
    assert mended(lost, (other,)) == [other]
    assert mended(lost, (other, replace(other, last=True))) == [None]
    assert mended(lost, (replace(other, text="y();"),)) == [None]


def test_one_look_for_all_that_is_lost(mini, monkeypatch):
    """However many edits do not hold, the tree is searched once for what they are about."""
    edits = tuple(
        EmptyFunction(path=SHAPES, function=name) for name in ("gone_a", "gone_b", "moved_thing")
    )
    (mini / "kernel/other.c").write_text(MOVED)
    base = replace(fake_base.BASE, baseline=edits, edits={}, hooks=())
    source, plan = find_tree(mini, None), plan_series(base, fake_base.SERIES)
    asked = []
    lines = Source.lines
    monkeypatch.setattr(
        Source, "lines", lambda self, *what: asked.append(what) or lines(self, *what)
    )
    lost = mend_edits(plan, source, partial(alternatives, Places(plan, source), ()))
    assert [one.instead and one.instead.path for one in lost] == [None, None, "kernel/other.c"]
    assert len(asked) == 1


def test_a_later_edit_finds_what_was_moved(mini):
    """What stands in the place of an edit is carried out."""
    (mini / "kernel/moved.c").write_text(MOVED)
    first = ReplaceTokens(path=SHAPES, within="moved_thing", pattern="return 0;", by="return 7;")
    second = ReplaceTokens(path="kernel/moved.c", within="moved_thing", pattern="7", by="8")
    base = replace(fake_base.BASE, baseline=(first, second), edits={}, hooks=())
    source = find_tree(mini, None)
    plan = plan_series(base, fake_base.SERIES)
    lost = mend_edits(plan, source, partial(alternatives, Places(plan, source), ()))
    assert [one.edit for one in lost] == [first]


@pytest.mark.parametrize(
    ("edit", "place"),
    [
        (
            InsertStatement(path="mm/a.c", function="f", text="x();", before="do_vmi_munmap"),
            "in mm/a.c f before do_vmi_munmap",
        ),
        (ReplaceTokens(path="mm/a.c", within="f", pattern="1", by="2"), "in mm/a.c f"),
        (
            InsertLines(path="mm/a.h", text="x\n", after=Anchor(kind="macro", name="M")),
            "in mm/a.h after M",
        ),
    ],
)
def test_where_an_edit_is_now(edit, place):
    """Two places in one function are told apart: the person has to look at one."""
    from generator.checks.port.start import _place_of

    assert _place_of(edit) == place


# a base made of another one


def test_nothing_changed():
    """A base that only has another name."""
    made = derive(fake_base.BASE, name="6.2")
    assert made == replace(fake_base.BASE, name="6.2", package="")


def test_one_name_of_an_edit_is_changed():
    """The others stay."""
    both = RemoveFunctions(path=SHAPES, names=("a", "b"))
    a, b = single_edits(both)
    base = replace(fake_base.BASE, baseline=(both,))
    assert derive(base, name="6.2", changed=((a, ()),)).baseline == (b,)
    moved = replace(a, path="kernel/x.c")
    assert derive(base, name="6.2", changed=((a, (moved,)),)).baseline == (moved, b)


def test_a_hook_is_moved_and_left_out():
    """The edit that inserts it and the hook itself go together."""
    hook = fake_base.BASE.hooks[0]
    old = hook_statement(hook)
    new = replace(old, path=SHAPES, function="plain_shape", after="", before="return")
    made = derive(fake_base.BASE, name="6.2", changed=((old, (new,)),))
    assert [hook_statement(each) for each in made.hooks] == [new]
    assert plan_series(made, fake_base.SERIES).patches[2].edits == (new,)
    gone = derive(fake_base.BASE, name="6.2", changed=((old, ()),))
    assert gone.hooks == () and plan_series(gone, fake_base.SERIES).patches[2].edits == ()


def test_what_else_differs():
    """Names, facts, parameters and further edits are said."""
    edit = EmptyFunction(path=SHAPES, function="f")
    made = derive(
        fake_base.BASE,
        name="6.2",
        names={"callee": "other"},
        has=frozenset({"x"}),
        params={"set_bp": (Param("int", "a"),)},
        baseline=(edit,),
        edits={"block": (edit,)},
        undecided=("look",),
    )
    assert made.names == {**fake_base.BASE.names, "callee": "other"}
    assert made.has == {"x"} and made.params["set_bp"] == (Param("int", "a"),)
    assert made.baseline[-1] == edit and made.edits["block"][-1] == edit
    assert made.undecided == ("look",)


def test_an_edit_that_is_not_there():
    """What the other base does not have any more is noticed."""
    edit = EmptyFunction(path=SHAPES, function="f")
    with pytest.raises(ValueError, match=r"6\.1 has no such edit"):
        derive(fake_base.BASE, name="6.2", changed=((edit, ()),))


# the module

_TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\r\x0b\x0c\x1c\x1d\x1e\x85\u2028"))


@given(
    st.recursive(
        _TEXT
        | st.builds(Param, _TEXT, _TEXT)
        | st.builds(
            InsertLines, path=_TEXT, text=_TEXT, after=st.builds(Anchor, kind=_TEXT, name=_TEXT)
        )
        | st.builds(Hook, callee=_TEXT, path=_TEXT, function=_TEXT, text=_TEXT, patch=_TEXT),
        lambda inner: (
            st.lists(inner, max_size=4).map(tuple) | st.dictionaries(_TEXT, inner, max_size=3)
        ),
        max_leaves=8,
    )
)
def test_values_are_written_as_they_are(value):
    """Python reads what was written, and no line of plain words is too long."""
    written = writing._value(value, 0)
    scope = {each.__name__: each for each in (Param, InsertLines, Anchor, Hook)}
    assert eval(written, scope) == value


def test_long_texts_are_broken():
    """Between words and at the ends of lines."""
    text = "word " * 60 + "\n\tand 'more' of \"it\"\n"
    written = writing._value({"key": (text,)}, 4)
    assert eval(written) == {"key": (text,)}
    assert max(len(line) for line in written.splitlines()) <= 100


def make_tree34(folder):
    """Make a made-up tree that is the next version of one that a base has."""
    tree = Path(shutil.copytree(K33, folder / "k34"))
    makefile = tree / "Makefile"
    makefile.write_text(makefile.read_text().replace("PATCHLEVEL = 3", "PATCHLEVEL = 4"))
    # a thing that has moved, and one that has gone
    signal = tree / "kernel/fork.c"
    signal.write_text(signal.read_text().replace("down_write_nested", "down_write_other"))
    return tree


@contextmanager
def modules_in(folder):
    """Have modules of bases written and found in a directory of our own."""
    folder.mkdir()
    path = [str(folder), *generator.model.bases.__path__]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(generator.model.bases, "__path__", path)
        yield folder
    sys.modules.pop("generator.model.bases.v3_4", None)


@pytest.fixture
def modules(tmp_path):
    """Return a directory of our own, where modules of bases are written and found."""
    with modules_in(tmp_path / "modules") as folder:
        yield folder


@pytest.fixture(scope="module")
def started(tmp_path_factory):
    """Start a base, and try to start it again: its tree and module, and what was said."""
    place = tmp_path_factory.mktemp("started")
    tree = make_tree34(place)
    arguments = ["port", "--tree", str(tree), "--like", "3.3", "--start", "3.4"]
    arguments += ["--workdir", str(place / "work")]
    said, again = io.StringIO(), io.StringIO()
    with modules_in(place / "modules") as folder:
        with redirect_stdout(said):
            status = main(arguments)
        base = importlib.import_module("generator.model.bases.v3_4").BASE
        with redirect_stderr(again):
            assert main(arguments) == 1
    return SimpleNamespace(
        tree=tree,
        path=folder / "v3_4.py",
        base=base,
        status=status,
        said=said.getvalue(),
        again=again.getvalue(),
    )


def test_a_base_is_started(started):
    """The module says what was found out and what is undecided, and how far it is."""
    base, out = started.base, started.said
    assert base.name == "3.4" and base.package == "" and base.undecided
    assert any("down_write_nested" in line for line in base.undecided)
    assert str(started.tree) not in started.path.read_text()
    assert len(base.baseline) == len(V3_3.baseline) - 1
    assert "3.4 is in generator/model/bases/v3_4.py" in out
    assert f"undecided: {len(base.undecided)}" in out
    assert started.status == 0 and "renders:   yes, 20 patches" in out
    assert "compiles:  not tried" in out and "boots:     not tried" in out
    assert "the base 3.4 is there" in started.again


def test_a_base_that_does_not_render(tmp_path, modules, capsys):
    """Status 2, and the reason."""
    tree34 = make_tree34(tmp_path)
    header = tree34 / "arch/x86/kernel/traps.c"
    header.write_text(header.read_text().replace("trap_no", "other_no"))
    (tree34 / "arch/x86/include/asm/processor.h").write_text("")
    arguments = ["port", "--tree", str(tree34), "--like", "3.3", "--start", "3.4", "--json"]
    status = main(arguments)
    data = json.loads(capsys.readouterr().out)
    jsonschema.validate(data, make_schema("port"))
    assert data["started"]["base"] == "3.4" and data["started"]["undecided"]
    assert (status == 2) == (not data["started"]["renders"])
    assert status == 2 and data["started"]["why"]


RUFF = str(Path(sys.executable).parent / "ruff")


@pytest.mark.needs(RUFF)
def test_the_module_is_formatted(started):
    """It is committed as it was written."""
    config = ["--config", str(ROOT / "pyproject.toml")]
    for command in (["check"], ["format", "--check"]):
        done = subprocess.run(
            [RUFF, *command, *config, str(started.path)], capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout


def test_an_edit_that_the_baseline_and_a_patch_have(mini, fake):
    """It is changed in both places, and named once."""
    from generator.checks.port.start import start_base

    edit = ReorderParameters(path="kernel/moved.c", function="f", order=(1, 0))
    (mini / "kernel/moved.c").write_text("int f(int a, int b, int c)\n{\n\treturn 0;\n}\n")
    edits = {**fake.BASE.edits, "call": (edit,)}
    like = replace(fake.BASE, baseline=(*fake.BASE.baseline, edit), edits=edits)
    (mini / "Makefile").write_text("VERSION = 6\nPATCHLEVEL = 2\nSUBLEVEL = 0\n")
    start = start_base("6.2", like, fake.SERIES, find_tree(mini, None), None)
    longer = replace(edit, order=(1, 0, 2))
    assert start.changed == ((edit, (longer,)),)
    assert start.base.baseline[-1] == longer and start.base.edits["call"][-1] == longer


@pytest.mark.parametrize(
    ("start", "words"),
    [
        ("6.12", "the base 6.12 is there"),
        ("6.2", "the tree is Linux 6.1.7"),
        ("six", "is not the name of a base"),
        ("6", "is not the name of a base"),
        ("6.1.7", "is not the name of a base"),
        ("../x", "is not the name of a base"),
    ],
)
def test_wrong_names(start, words, capsys, monkeypatch):
    """Wrong input has status 1 before the tree is surveyed, and nothing is written."""
    monkeypatch.setattr("generator.checks.port.survey.survey_tree", None)
    before = sorted(Path(generator.model.bases.__path__[0]).iterdir())
    assert main(["port", "--tree", str(MINI), "--like", "6.1", "--start", start]) == 1
    assert words in " ".join(capsys.readouterr().err.split())
    assert sorted(Path(generator.model.bases.__path__[0]).iterdir()) == before


def test_a_base_that_is_being_made(monkeypatch):
    """It can be named, and nothing offers it."""
    making = replace(fake_base.BASE, name="6.2", undecided=("look",))
    monkeypatch.setattr("generator.plan.UNFINISHED", (making,))
    assert find_base("6.2") is making
    with pytest.raises(UserError) as caught:
        find_base("9.9")
    assert "6.2" not in str(caught.value)


def test_bases_are_found():
    """Every module is a base: those with a package first, in the order of their versions."""
    files = Path(generator.model.bases.__path__[0]).glob("v*_*.py")
    assert len(list(files)) == len(BASES) + len(UNFINISHED)
    assert [base.name for base in BASES][:2] == ["6.1", "6.12"]
    assert not any(base.undecided for base in BASES)
    assert all(base.undecided for base in UNFINISHED)


def test_a_full_disk_says_nothing_about_a_base(tmp_path, monkeypatch):
    """What keeps the rendering from being written is no answer to whether it renders."""
    full = InfraError("No space left on device")
    monkeypatch.setattr(progress, "render_series", Mock(side_effect=full))
    plan = plan_series(fake_base.BASE, fake_base.SERIES)
    with pytest.raises(InfraError, match="No space left"):
        progress.try_rendering(plan, find_tree(MINI, None))


# the list


def test_the_steps_are_those_of_contributing(golden, request):
    """One source: the page has the list that ``port --steps`` prints."""
    page = ROOT / "CONTRIBUTING.md"
    text = page.read_text()
    start, end = text.index("1. `uprobekit port"), text.index("\n\nA base that is being made")
    steps = format_steps(fill_steps(base="7.2", like="6.19", tree="DIR")).rstrip("\n")
    golden(page, text[:start] + steps + text[end:])


def test_port_prints_the_steps(fake, capsys, monkeypatch):
    """With the names of what was asked for."""
    monkeypatch.setattr("generator.checks.port.facts.FACTS", ())
    assert main(["port", "--tree", str(MINI), "--steps"]) == 0
    out = " ".join(capsys.readouterr().out.split())
    for command, _ in fill_steps(base="6.1", like="6.1", tree=str(MINI)):
        assert command in out
    assert f"{len(STEPS)}. " in out


def test_commands_of_the_steps():
    """Each of them is a command with options that it has."""
    for command, _ in fill_steps(base="7.2", like="6.19", tree="DIR", rev="v7.2"):
        words = command.split()
        if words[:1] == ["uprobekit"]:
            assert main([words[1], "--help"]) == 0


@pytest.mark.parametrize("base", BASES, ids=lambda base: base.name)
def test_what_git_ignores(base):
    """Patches of a base without a package hold lines of the user's tree: they stay out of git."""
    for name in (base.name, *(() if base.package else ("6.99", "7.0"))):
        path = f"kernel_patches/{name}/review/0001-x.patch"
        done = subprocess.run(
            ["git", "check-ignore", "--no-index", "-q", path], cwd=ROOT, capture_output=True
        )
        assert (done.returncode == 0) == (not base.package), name


@pytest.mark.kernel
def test_6_12_started_from_6_1(kernel_source, modules):
    """On a real tree: moved by what another base does, orphans out, spellings taken."""
    from generator.checks.port.start import start_base
    from generator.model.series import REVIEW

    source = kernel_source("6.12")
    start = start_base("6.12", find_base("6.1"), REVIEW, source, kernel_source("6.1"))
    known = find_base("6.12")
    assert start.base.has == known.has
    assert start.spelled["get_page"] == known.spelled["get_page"]
    hooks = {hook.callee: hook.before or hook.after for hook in start.base.hooks}
    assert hooks["uprobe_start_mremap"] == "do_vmi_munmap"
    taken = {
        name
        for edit in start.base.baseline
        if isinstance(edit, RemoveFunctions)
        for name in edit.names
    }
    assert {"find_uprobe_rcu", "find_active_uprobe_rcu", "uprobe_handle_trampoline"} <= taken
    assert any("uprobe_unregister_nosync" in line for line in start.base.undecided)
    assert not [e for e in start.base.baseline if isinstance(e, Remove) and not e.anchors]
