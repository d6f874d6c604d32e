# SPDX-License-Identifier: GPL-2.0-only
"""The interface of a series as a text: a line for each thing, written and read back."""

import re
import string

import pytest
from conftest import TESTS
from hypothesis import given
from hypothesis import strategies as st

from generator.csource.declared import list_calls, list_definitions, list_macros, list_members
from generator.errors import UserError
from generator.model.interface import INTERFACE
from generator.model.opcodes import OPCODES
from generator.model.review import RULES
from generator.model.series import REVIEW
from generator.model.states import TRANSITIONS
from generator.plan import find_base, find_series, plan_series
from generator.tree.facts import (
    REFUSED,
    Facts,
    FunctionFact,
    Hook,
    format_interface,
    name_functions,
    parse_interface,
)
from generator.tree.interface import describe_interface

PATCHES = TESTS.parent / "kernel_patches"
BASES = ("6.1", "6.12")


@pytest.fixture(scope="module", params=BASES)
def committed(request):
    """Return a base, and the interface that is committed for it."""
    path = PATCHES / request.param / "review/interface.txt"
    return find_base(request.param), parse_interface(path.read_bytes(), where=str(path))


def test_it_is_sorted_and_read_back(committed):
    """One thing a line, in order, and nothing is lost on the way."""
    base, facts = committed
    data = (PATCHES / base.name / "review/interface.txt").read_bytes()
    lines = data.decode().splitlines()[1:]
    assert lines == sorted(lines) and format_interface(facts) == data
    assert max(map(len, lines)) < 900


def test_it_has_every_function_of_the_model(committed):
    """With the parameters in their order."""
    base, facts = committed
    found = {fact.name: fact for fact in facts.functions.values()}
    for model in plan_series(base, find_series("review")).tip.functions.values():
        fact = found[model.name]
        names = [re.findall(r"\w+", param)[-1] for param in fact.params]
        assert names == ([param.name for param in model.params] or ["void"]), model.name


def test_it_has_every_member_of_the_model(committed):
    """The members of the series' own structures and enumerations, those of its patches."""
    base, facts = committed
    for struct in INTERFACE.structs:
        want = {f"struct {struct.name}: {m.name}" for m in struct.members if m.patch in base.edits}
        assert want <= facts.members.keys(), struct.name
    for enum in INTERFACE.enums:
        assert {f"enum {enum.name}: {v.name}" for v in enum.values} <= facts.members.keys()


def test_it_has_the_opcodes_of_the_model(committed):
    """Every opcode of every map and group, refused where the model refuses."""
    _, facts = committed
    for table in OPCODES.maps:
        for code, letter in enumerate(table.letters):
            verdict = facts.opcodes[f"{table.title} {code:02x}".strip()]
            assert verdict.startswith(REFUSED) == (letter == "_"), (table.name, code)
    assert facts.opcodes["ff /3"] == REFUSED
    assert facts.opcodes["ff /2"] == "FIX_ABS | FIX_CALL"
    assert facts.opcodes["0f 05"].startswith("refused (system calls")
    assert len(facts.opcodes) == 256 * len(OPCODES.maps) + 8 * len(OPCODES.groups)


def test_it_has_hooks_states_and_points(committed):
    """Calls in functions of the base, and what the model says beyond the C."""
    _, facts = committed
    calls = {(hook.callee, hook.function) for hook in facts.hooks}
    assert ("uprobe_copy_process", "copy_process") in calls
    assert ("uprobe_deny_signal", "get_signal") in calls
    assert ("uprobe_notify_resume", "exit_to_user_mode_loop") in calls
    assert not any(hook.function == "handle_swbp" for hook in facts.hooks)
    assert facts.points.keys() == {rule.ident for rule in RULES}
    assert {f"{move.source} -> {move.target}" for move in TRANSITIONS} <= facts.states.keys()


BEFORE = """
#define KEPT	1
#define RAISED	1
struct of_base {
	int		kept;
	u8		widened;
};
static int same(int x)
{
	return x;
}
int other(int x, struct mm *mm)
{
	return x;
}
void exit_of_base(int x)
{
	x++;
	first(x);

	/* a comment, no code */
	if (x)
		return;
	second(x);
}
DEFINE_IDTENTRY(exc_debug)
{
	third(1);
}
"""
AFTER = (
    BEFORE.replace("RAISED	1", "RAISED	2 /* more */\n#define FRESH(x)	((x) + 1)")
    .replace("u8		widened", "u16		widened;\n	struct uprobe	*ours[MAX]")
    .replace("int x, struct mm *mm", "struct mm *mm, int x")
    .replace(
        "	if (x)\n		return;\n",
        "	if (x)\n		return;\n	if (hook(x))\n		return;\n",
    )
    .replace("	third(1);\n", "	third(1);\n	hook(2);\n")
    + """
/*
int in_a_comment(void)
{
}
 */
enum ours {
	OURS_A,	/* one */
	OURS_B = 7,
};

static __always_inline struct uprobe *
hook(int x, void (*fn)(int, long))
{
	return nested("text {");
}
"""
)


def test_what_is_listed():
    """What is new or declared in another way; what the base has as it is, is not."""
    facts = describe_interface({"a.c": BEFORE}, {"a.c": AFTER, "notes.txt": AFTER}, (), None)
    assert [f.signature for f in facts.functions.values()] == [
        "static __always_inline struct uprobe *hook(int x, void (*fn)(int, long))",
        "int other(struct mm *mm, int x)",
    ]
    assert facts.macros == {"RAISED": "2", "FRESH(x)": "((x) + 1)"}
    assert facts.members == {
        "struct of_base: widened": "u16",
        "struct of_base: ours": "struct uprobe *[MAX]",
        "enum ours: OURS_A": "",
        "enum ours: OURS_B": "",
    }
    assert [(h.callee, h.function, h.after) for h in facts.hooks] == [
        ("hook", "exc_debug", "third(1);"),
        ("hook", "exit_of_base", "return;"),
    ]
    assert facts.points == {}


def test_what_patches_alone_show():
    """A line that is not known is matched by nothing, and a comment ends there."""
    text = AFTER.replace("	/* a comment, no code */", "	/* a comment,\0")
    assert [d.name for d in list_definitions(text)] == [d.name for d in list_definitions(AFTER)]
    cut = AFTER.replace("struct of_base {", "\0")
    assert "struct of_base: ours" not in dict(list_members(cut))
    assert dict(list_macros(cut)) == dict(list_macros(AFTER))


def test_bodies():
    """Tokens, without comments and the text of strings."""
    found = {definition.name: definition for definition in list_definitions(AFTER)}
    assert found["hook"].body == ("return", "nested", "(", ")", ";")
    assert AFTER.split("\n")[found["hook"].line].startswith("hook(int x")


def test_a_function_twice():
    """Two definitions of a name have a number; both are read back."""
    text = "#ifdef A\nint f(int a)\n{\n}\n#else\nint f(void)\n{\n}\n#endif\n"
    facts = describe_interface({}, {"a.c": text}, (), None)
    assert list(facts.functions) == ["a.c: f", "a.c: f #2"]
    assert parse_interface(format_interface(facts), where="x") == facts


def test_a_call_that_the_base_has():
    """It is no hook, wherever it moves to in its function."""
    calls = "void f(void)\n{\n\tours();\n\tx();\n}\n"
    assert list(list_calls(calls, calls, frozenset({"ours"}))) == []
    assert list(list_calls("", calls, frozenset({"ours"}))) == []


WORDS = st.text(string.ascii_letters + "_", min_size=1, max_size=9)
TEXTS = st.text(string.ascii_letters + "()'|;,/*-> ", min_size=1, max_size=30).map(
    lambda text: " ".join(text.split()) or "x"
)
FACTS = st.builds(
    Facts,
    functions=st.lists(
        st.builds(
            FunctionFact,
            name=WORDS,
            path=WORDS.map("{}.c".format),
            front=st.sampled_from(["int ", "static struct a *"]),
            params=st.lists(WORDS.map("int {}".format), min_size=1, max_size=3).map(tuple),
        ),
        max_size=4,
        unique_by=lambda fact: fact.name,
    ).map(name_functions),
    members=st.dictionaries(WORDS.map("struct s: {}".format), TEXTS),
    macros=st.dictionaries(WORDS, TEXTS | st.just("")),
    opcodes=st.dictionaries(
        st.sampled_from(["05", "06", "0f 05", "0f 06", "ff /2", "ff /3", "vex 0f 38 aa", "06 0a"]),
        TEXTS,
    ),
    hooks=st.lists(
        st.builds(Hook, path=WORDS, callee=WORDS, function=WORDS, after=TEXTS | st.just("")),
        max_size=1,
    ).map(tuple),
    states=st.dictionaries(st.sampled_from(["A", "A -> B"]), TEXTS),
    points=st.dictionaries(st.sampled_from(["R01", "R02"]), TEXTS),
)


@given(FACTS)
def test_what_is_written_is_read(facts):
    """Whatever the names and texts are."""
    assert parse_interface(format_interface(facts), where="x") == facts


@pytest.mark.parametrize(
    "line",
    [
        "function nothing",
        "function a.c: int f",
        "hook a.c: f in g",
        "opcode 0f: refused",
        "opcode 0f: refused: zz",
        "macro",
        "member of_base: x",
        "state RUNNING",
        "thing x: y",
        "<<<<<<< ours",
        "\x00\x01",
    ],
)
def test_a_line_of_no_kind(line):
    """Named with its number; nothing is guessed."""
    with pytest.raises(UserError, match="no line of an interface") as caught:
        parse_interface(f"# ours\nmacro A: 1\n{line}\n".encode(), where="dir/interface.txt")
    assert "dir/interface.txt:3" in str(caught.value)


def test_the_patches_of_the_base():
    """A point is answered by the patches that are there."""
    all_of_them = describe_interface({}, {}, REVIEW.patches, None).points["R01"]
    some = describe_interface({}, {}, [p for p in REVIEW.patches if not p.needs], None).points[
        "R01"
    ]
    assert "rseq" in all_of_them and "rseq" not in some
