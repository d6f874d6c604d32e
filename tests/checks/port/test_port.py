# SPDX-License-Identifier: GPL-2.0-only
"""A base's data on a tree of another version: everything is tried, nothing stops it."""

import json
import subprocess
from dataclasses import replace

import fake_base
import jsonschema
import pytest
from conftest import MINI

from generator.checks.port.facts import decide_facts, wrong_facts
from generator.checks.port.fit import describe, try_edits
from generator.checks.port.survey import survey_tree
from generator.checks.port.uses import Declarations, check_uses, find_needs, holds
from generator.cli import main
from generator.model.bases import BASES, UNFINISHED
from generator.model.bases.facts import FACTS, Fact
from generator.model.edits import (
    Anchor,
    InsertLines,
    Remove,
    RemoveFunctions,
    RenameIdentifiers,
    ReplaceTokens,
    WriteFile,
)
from generator.plan import find_base, find_series, nearest_base, plan_series
from generator.render import env
from generator.report.fit import format_survey
from generator.report.schema import make_schema
from generator.tree.acquire import find_tree

SHAPES = "kernel/shapes.c"
LOST = RemoveFunctions(path=SHAPES, names=("not_there",))


@pytest.fixture
def tried(fake):
    """Return a function that tries the made-up base, changed, on the made-up tree."""

    def run(tree=MINI, **changes):
        base = replace(fake.BASE, **changes)
        return try_edits(plan_series(base, fake.SERIES), find_tree(tree, None))

    return run


@pytest.fixture
def uses(tmp_path, monkeypatch):
    """Return a function that looks up what a template asks for; what is wrong, by name."""
    monkeypatch.setattr(env, "data_dir", lambda name: tmp_path)
    env.environment.cache_clear()

    def run(text, tree=MINI, rev=None, **changes):
        (tmp_path / "a.c.j2").write_text(text)
        changes = {"baseline": (WriteFile(path=SHAPES, template="a.c"),), "edits": {}, **changes}
        base = replace(fake_base.BASE, **changes)
        needs = find_needs(base, fake_base.SERIES)
        return check_uses(Declarations(find_tree(tree, rev), needs))

    yield run
    env.environment.cache_clear()


def wrong(found):
    """Return what does not hold: number or name, and why."""
    return {getattr(item, "number", 0) or item.name: item.problem for item in found if item.problem}


# edits


def test_everything_holds(tried):
    """On its own tree nothing is wrong, and every step is there."""
    trials = tried()
    assert not wrong(trials)
    assert [trial.step for trial in trials] == ["baseline", "member", "block", "call"]
    assert [trial.number for trial in trials] == [1, 2, 3, 4]


def test_it_does_not_stop(tried):
    """An edit that is lost is named with its reason; those behind it are tried all the same."""
    trials = tried(baseline=(LOST, *fake_base.BASE.baseline))
    assert wrong(trials) == {1: f"{SHAPES}: the function 'not_there' is not defined here"}
    assert len(trials) == 5


def test_an_edit_of_several_names(tried):
    """Those that hold are carried out, the others are listed one by one."""
    edit = RemoveFunctions(path=SHAPES, names=("not_there", "weak_shape", "nor_this"))
    again = RemoveFunctions(path=SHAPES, names=("weak_shape",))
    found = wrong(tried(baseline=(edit, again)))
    assert sorted(found) == [1, 3, 4]
    assert "weak_shape" in found[4]


def test_anchors_and_renames_one_by_one(tried):
    """The same for things and for identifiers."""
    anchors = tuple(Anchor(kind="macro", name=name) for name in ("SHAPES_MAX", "SHAPES_MIN"))
    renames = (("plain_shape", "simple_shape"), ("no_shape", "some_shape"))
    found = wrong(
        tried(
            baseline=(
                Remove(path=SHAPES, anchors=anchors),
                RenameIdentifiers(path=SHAPES, renames=renames),
                RenameIdentifiers(path=SHAPES, renames=(("simple_shape", "plain_shape"),)),
            )
        )
    )
    assert sorted(found) == [2, 4]


def test_a_file_that_is_missing(tried):
    """Every edit of it is listed."""
    edit = ReplaceTokens(path="kernel/none.c", pattern="a", by="b")
    found = wrong(tried(baseline=(edit, edit)))
    assert sorted(found) == [1, 2]
    assert "No such file" in found[1]


def test_an_edit_that_is_lost_leaves_nothing(tried):
    """What an edit has changed before it failed is undone."""
    macros = "Documentation/gdbmacros.txt"
    rename = fake_base.BASE.edits["member"][0]
    half = replace(rename, also=(macros, "README"))
    assert list(wrong(tried(baseline=(half,)))) == [1]
    edits = {**fake_base.BASE.edits, "member": (replace(rename, also=(macros,)),)}
    assert list(wrong(tried(baseline=(half,), edits=edits))) == [1]


def test_what_follows_from_what(tried):
    """A later edit of the same name in the same file points to the earlier one."""
    renames = (("set_a", "set_b"),)
    trials = tried(
        baseline=(
            RenameIdentifiers(path=SHAPES, renames=(("set_b", "set_a"),)),
            RenameIdentifiers(path=SHAPES, renames=renames),
            RenameIdentifiers(path="kernel/unbalanced.c", renames=renames),
            LOST,
        )
    )
    assert [trial.perhaps for trial in trials[:4]] == [(), (1,), (), ()]


def test_a_block_that_was_changed(tried):
    """A template that cannot be brought up to date is a problem of that patch."""
    edits = {
        **fake_base.BASE.edits,
        "block": (
            *fake_base.BASE.edits["block"],
            ReplaceTokens(path=SHAPES, within="added_shape", pattern="return 0;", by="return 7;"),
        ),
    }
    found = [trial for trial in tried(edits=edits) if trial.problem]
    assert [trial.step for trial in found] == ["call"]
    assert "kernel/added.c" in found[0].what


@pytest.mark.parametrize("base", BASES, ids=lambda base: base.name)
def test_every_edit_is_described(base):
    """Each kind of edit says what it does, in one line."""
    plan = plan_series(base, find_series("review"))
    for group in (plan.baseline, *(patch.edits for patch in plan.patches)):
        for edit in group:
            words = describe(edit)
            assert words != type(edit).__name__ and "\n" not in words


# what the C asks for


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("int f(void)\n{\n\treturn plain_shape(1);\n}\n", {}),
        (
            "int f(void)\n{\n\treturn plain_shape(1, 2);\n}\n",
            {"plain_shape": "takes 1 arguments, a.c gives 2"},
        ),
        ("int f(void)\n{\n\treturn nowhere(1);\n}\n", {"nowhere": "is not declared"}),
        ("int f(void)\n{\n\treturn f(1);\n}\n", {}),
        ("int *\ng(int a)\n{\n}\nint f(void)\n{\n\treturn *g(1);\n}\n", {}),
        ("int f(int a)\n{\n\tif (a)\n\t\treturn sizeof(a);\n}\n", {}),
        ('int f(void)\n{\n\t/* nowhere(1) */\n\treturn text("gone(2)");\n}\n', {"text": "is not"}),
        ("void f(void)\n{\n\tshapes_swap(a, b);\n}\n", {}),
        ("void f(void)\n{\n\tshapes_swap(a);\n}\n", {"shapes_swap": "takes 2 arguments"}),
        ("void f(void)\n{\n\tlong_prototype(a, g(b, c), d);\n}\n", {"g": "is not declared"}),
        ("#define g(x) (x)\nvoid f(void)\n{\n\tg(1);\n}\n", {}),
        ("void f(struct s *p)\n{\n\tp->call(1);\n}\n", {"s.call": "struct s is not defined"}),
        ("int a = SHAPES_MAX;\n", {}),
        ("int a = SHAPES_MIN;\n", {"SHAPES_MIN": "is not defined"}),
        ("#define OWN_MAX 1\nint a = OWN_MAX;\n", {}),
        ("enum e { OWN_ONE, OWN_TWO };\nint a = OWN_TWO;\n", {}),
        ("#ifdef CONFIG_ANYTHING\n#endif\n", {}),
        ("int f(struct thread_struct *t)\n{\n\treturn t->trap_nr;\n}\n", {}),
        (
            "int f(struct thread_struct *t)\n{\n\treturn t->trap_none;\n}\n",
            {"thread_struct.trap_none": "struct thread_struct has no member 'trap_none'"},
        ),
        ("struct own {\n\tint a;\n};\nint f(struct own *o)\n{\n\treturn o->b;\n}\n", {}),
    ],
)
def test_what_the_c_asks_for(uses, text, expected):
    """Functions with their arguments, members, constants; what the series defines is its own."""
    found = wrong(uses(text))
    assert found.keys() == expected.keys()
    assert all(words in found[name] for name, words in expected.items())


@pytest.mark.parametrize(
    ("declared", "good", "bad"),
    [
        ("int g(void);", "g()", "g(1)"),
        ("int g();", "g()", "g(1)"),
        ("int g(int a, ...);", "g(1, 2, 3)", "g()"),
        ("#define g(a, b...) h(a)", "g(1, 2)", ""),
        ("#define g(...) h(__VA_ARGS__)", "g(1, 2)", ""),
        ("#define g h", "g(1)", ""),
        ("int\ng(int a,\n  int (*call)(int, int));", "g(1, x)", "g(1)"),
        ("int xg(int a);\nint g(int a, int b);", "g(1, 2)", "g(1)"),
        ("int g(int a);\nint g(int a, int b);", "g(1)", "g(1, 2, 3)"),
        ("static inline int g(int a) { return a; }", "g(1)", "g()"),
    ],
)
def test_how_many_arguments(uses, mini, declared, good, bad):
    """Declarations of every form are counted; one that fits is enough."""
    (mini / "include/linux/extra.h").write_text(f"{declared}\n")
    ask = "int f(void)\n{{\n\treturn {};\n}}\n".format
    assert not wrong(uses(ask(good), tree=mini))
    if bad:
        assert "g" in wrong(uses(ask(bad), tree=mini))


def test_a_call_is_no_declaration(uses, mini):
    """A use of a name, an export of it and a comment about it do not declare it."""
    (mini / "kernel/extra.c").write_text(
        "/*\n * gone(1) is mentioned\n */\nvoid other(void)\n{\n\tgone(1);\n}\n"
        "EXPORT_SYMBOL(gone);\n"
    )
    found = wrong(uses("int f(void)\n{\n\treturn gone(1);\n}\n", tree=mini))
    assert found == {"gone": "is not declared"}


def test_a_git_repository(uses, mini):
    """The same answers from a commit as from a directory."""
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "x"]):
        subprocess.run(
            ["git", "-c", "user.name=x", "-c", "user.email=x@y", "-C", str(mini), *command],
            check=True,
        )
    (mini / "kernel/shapes.c").write_text("")
    text = "int f(struct thread_struct *t)\n{\n\treturn plain_shape(1, 2) + t->trap_none;\n}\n"
    assert wrong(uses(text, tree=mini, rev="HEAD")).keys() == {
        "plain_shape",
        "thread_struct.trap_none",
    }


def test_facts(monkeypatch):
    """A fact that the base states and the tree does not show is a problem, and the reverse."""
    shown = Fact(
        ident="shown", what="it is", path=SHAPES, anchor=Anchor(kind="function", name="plain_shape")
    )
    hidden = replace(shown, ident="hidden", anchor=Anchor(kind="macro", name="SHAPES_MIN"))
    nowhere = replace(shown, ident="nowhere", path="kernel/none.c")
    absent = replace(hidden, ident="absent", absent=True)
    monkeypatch.setattr("generator.checks.port.facts.FACTS", (shown, hidden, nowhere, absent))
    source = find_tree(MINI, None)

    def found(*words):
        base = replace(fake_base.BASE, has=frozenset(words))
        return [item.name for item in wrong_facts(base, decide_facts(base, source))]

    assert not found("shown", "absent")
    assert found("hidden", "nowhere") == ["shown", "hidden", "nowhere", "absent"]


@pytest.mark.parametrize(
    ("anchor", "path", "expected"),
    [
        (Anchor(kind="member", name="trap_nr", within="thread_struct"), "x86", True),
        (Anchor(kind="member", name="trap_none", within="thread_struct"), "x86", False),
        (Anchor(kind="member", name="trap_nr", within="no_struct"), "x86", False),
        (Anchor(kind="declaration", name="trap_nr"), "x86", False),
        (Anchor(kind="struct", name="thread_struct"), "x86", True),
        (Anchor(kind="struct", name="trap_nr"), "x86", False),
    ],
)
def test_kinds_of_facts(anchor, path, expected):
    """A fact may rest on anything that can be anchored."""
    fact = Fact(ident="x", what="", path=f"arch/{path}/include/asm/processor.h", anchor=anchor)
    assert holds(fact, find_tree(MINI, None)) is expected


def test_every_word_of_a_base_is_a_fact():
    """What a base says in ``has`` can be looked for, and no fact is said by nobody."""
    said = {word for base in (*BASES, *UNFINISHED) for word in base.has}
    assert said == {fact.ident for fact in FACTS}


# the command


def test_the_command(fake, capsys, monkeypatch):
    """Good: status 0, with a line for each step; the base is the nearest one."""
    monkeypatch.setattr("generator.checks.port.facts.FACTS", ())
    assert main(["port", "--tree", str(MINI)]) == 0
    out = capsys.readouterr().out
    assert "Linux 6.1.7, tried with the data of the base 6.1" in out
    assert "4 of 4 edits hold" in out and "[ ]" not in out
    assert "NOT COMPARED" in out
    assert main(["port", "--tree", str(MINI), "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    jsonschema.validate(data, make_schema("port"))
    assert data["problems"] == 0 and len(data["trials"]) == 4


def test_the_command_finds_something(fake, capsys, monkeypatch):
    """Status 2, the list on stdout, how many on stderr."""
    monkeypatch.setattr("generator.plan.BASES", (replace(fake.BASE, baseline=(LOST,)),))
    assert main(["port", "--tree", str(MINI), "--like", "6.1"]) == 2
    out, err = capsys.readouterr()
    assert "3 of 4 edits hold" in out
    assert f"  [ ] {SHAPES}: #1 baseline: take out not_there(): the function" in out
    assert "1 things do not hold in Linux 6.1.7" in err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "--tree"),
        (["--tree", "/nonexistent"], "no such directory"),
        (["--tree", str(MINI), "--like", "9.9"], "there is no base '9.9'"),
        (["--tree", str(MINI), "--series", "other"], "there is no series 'other'"),
        (["--tree", str(MINI / "kernel")], "directory inside of a git repository"),
    ],
)
def test_the_command_wrongly_asked(arguments, words, capsys):
    """Wrong input has status 1."""
    assert main(["port", *arguments]) == 1
    assert words in " ".join(capsys.readouterr().err.split())


def test_a_missing_file_is_one_reason(fake):
    """Many edits of a file that is not there: each by its name, and the reason once."""
    edit = InsertLines(path="kernel/none.c", text="x\n", after=Anchor(kind="macro", name="A"))
    base = replace(fake.BASE, baseline=(edit, edit, edit))
    survey = survey_tree(base, fake.SERIES, find_tree(MINI, None), None)
    text = format_survey(survey)
    assert "  [ ] kernel/none.c: 3 of them: " in text
    assert text.count("No such file") == 1


@pytest.mark.parametrize(
    ("version", "expected"),
    [("6.1.5", "6.1"), ("6.9", "6.1"), ("6.12.1", "6.12"), ("7.0", "6.19"), ("2.6.32", None)],
)
def test_the_nearest_base(version, expected, monkeypatch):
    """The last one that is not newer; the oldest one when all are."""
    ours = tuple(base for base in BASES if base.name in ("3.3", "6.1", "6.12", "6.19"))
    monkeypatch.setattr("generator.plan.BASES", ours)
    oldest = min(BASES, key=lambda base: tuple(map(int, base.name.split("."))))
    assert nearest_base(version).name == (expected or oldest.name)


# real trees


_SEEN = {"edit", "function", "member", "constant"}


def probe(kernel_source, like, tree):
    """Return what of a base does not hold in the tree of another one."""
    base, series = find_base(like), find_series("review")
    source = kernel_source(tree)
    survey = survey_tree(base, series, source, None)
    uses = {(use.kind, use.name) for use in survey.uses if use.problem}
    return (
        {(t.step, t.what) for t in survey.trials if t.problem},
        uses | {(item.kind, item.name) for item in survey.items if item.kind not in _SEEN},
    )


@pytest.mark.kernel
@pytest.mark.parametrize("base", BASES, ids=lambda base: base.name)
def test_a_base_fits_its_own_tree(kernel_source, base):
    """No false alarm: all edits, calls, members, constants and facts hold."""
    assert probe(kernel_source, base.name, base.name) == (set(), set())


USERS_OF_GET_UPROBE = ("__find_uprobe", "__insert_uprobe", "build_probe_list")
FACTS_6_12 = (
    *("die_panic_notifier", "moves_unarmed", "shstk", "trap_as_task"),
    *("uprobe_rcu", "uprobe_warn", "uretprobe_syscall"),
)


@pytest.mark.kernel
def test_6_12_on_6_1(kernel_source):
    """What 6.12 has and 6.1 has not, in names, arguments and facts."""
    edits, uses = probe(kernel_source, "6.12", "6.1")
    assert len(edits) == 29
    assert ("group", "replace 'if (sync)' in __probe_event_disable") in edits
    assert ("baseline", "take out find_uprobe_rcu()") in edits
    assert ("baseline", "empty fixup_uretprobe_trampoline_entries()") in edits
    assert uses == {
        ("function", "filter_chain"),
        ("function", "get_user_pages_remote"),
        ("function", "rb_find_rcu"),
        ("function", "shstk_is_enabled"),
        ("function", "shstk_update_last_frame"),
        ("function", "try_get_uprobe"),
        ("function", "uprobe_unregister_sync"),
        *(("fact", fact) for fact in FACTS_6_12),
        *(("remains", f"{name}()") for name in USERS_OF_GET_UPROBE),
        ("orphan", "get_trampoline_vaddr()"),
        ("orphan", "find_active_uprobe()"),
        ("orphan", "handle_trampoline()"),
    }


@pytest.mark.kernel
def test_6_1_on_6_12(kernel_source):
    """The reverse."""
    edits, uses = probe(kernel_source, "6.1", "6.12")
    assert edits == {
        ("baseline", f"take out {name}()")
        for name in ("get_trampoline_vaddr", "find_active_uprobe", "handle_trampoline")
    } | {
        ("names", "replace 'con' in consumer_del"),
        ("move", "insert 'mm/mremap.c/unmap-start.c' in move_vma()"),
        ("move", "insert 'mm/mremap.c/unmap-end.c' in move_vma()"),
        (
            "known",
            "insert 'kernel/events/uprobes.c/deleted-count.c' before the function delete_uprobe",
        ),
        ("known", "insert 'kernel/events/uprobes.c/count-deleted.c' in delete_uprobe()"),
    }
    assert uses == {
        ("function", "find_uprobe"),
        ("function", "get_user_pages_remote"),
        ("member", "uprobe_consumer.next"),
        *(("fact", fact) for fact in FACTS_6_12),
        # what the baseline takes out by another name there
        ("orphan", "__uprobe_cmp_key()"),
        ("orphan", "find_uprobe_rcu()"),
        ("orphan", "find_active_uprobe_rcu()"),
        ("orphan", "uprobe_handle_trampoline()"),
        ("orphan", "arch_uprobe_trampoline()"),
        # and what the series brings
        ("orphan", "xol_fault()"),
        ("orphan", "uprobe_get_trampoline_vaddr()"),
        # what needs what is taken out
        ("remains", "xol_fault()"),
        ("remains", "uprobe_get_trampoline_vaddr()"),
        ("remains", "uprobe_unregister_nosync()"),
        ("remains", "fixup_uretprobe_trampoline_entries()"),
        ("remains", "line 1059"),
    }
