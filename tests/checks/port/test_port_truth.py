# SPDX-License-Identifier: GPL-2.0-only
"""What ``port`` finds besides names: types, what the baseline leaves behind, new callers, facts."""

import os
from dataclasses import replace
from pathlib import Path

import fake_base
import pytest

from generator.checks.port.callers import compare_interface
from generator.checks.port.facts import decide_facts, wrong_facts
from generator.checks.port.fit import after_baseline
from generator.checks.port.item import Item, Work, by_work
from generator.checks.port.remains import Remains
from generator.checks.port.survey import survey_tree
from generator.checks.port.types import compare_model, compare_types, plain_type, read_params
from generator.checks.port.uses import Declarations, Needs
from generator.errors import UserError
from generator.model.edits import Anchor, InsertLines, Remove, RemoveFunctions, RenameIdentifiers
from generator.plan import find_base, find_series, plan_series
from generator.tree.acquire import find_tree

CORE = "kernel/events/uprobes.c"
CORE_H = "include/linux/uprobes.h"
ARCH = "arch/x86/kernel/uprobes.c"


@pytest.fixture
def tree(tmp_path):
    """Return a function that writes a small tree and returns it as a source."""
    made = []

    def make(**files):
        folder = tmp_path / f"tree{len(made)}"
        made.append(folder)
        files = {"Makefile": "VERSION = 6\nPATCHLEVEL = 1\nSUBLEVEL = 7\n", **files}
        for name, text in files.items():
            path = folder / NAMES.get(name, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return find_tree(folder, None)

    return make


NAMES = {"core": CORE, "header": CORE_H, "arch": ARCH, "fork": "kernel/fork.c", "mm": "mm/mmap.c"}


# types


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ("struct mm_struct *mm", "struct mm_struct *"),
        ("struct mm_struct *", "struct mm_struct *"),
        ("struct mm_struct", "struct mm_struct"),
        ("const struct foo x", "const struct foo"),
        ("unsigned long", "unsigned long"),
        ("unsigned int flags", "unsigned int"),
        ("struct page **pages", "struct page **"),
        ("u8 insn[16]", "u8[16]"),
        ("unsigned long flags : 3", "unsigned long : 3"),
        ("const char __user *p", "const char __user *"),
        ("int __maybe_unused x", "int"),
        ("...", "..."),
        ("void (*f)(void)", "void (*)(void)"),
        ("int (*handler)(struct a *self, __u64 *data)", "int (*)(struct a *, __u64 *)"),
        ("loff_t", "loff_t"),
    ],
)
def test_a_type_without_its_name(declared, expected):
    """Names, attributes and white space are no part of a type."""
    assert plain_type(declared, named=True) == expected


@pytest.mark.parametrize(
    ("here", "there", "found"),
    [
        ("int g(struct b *x);", "int g(struct a *x);", "is int (struct b *)"),
        ("int g(struct a *y);", "int g(struct a *x);", ""),
        ("long g(struct a *x);", "int g(struct a *x);", "is long (struct a *)"),
        ("extern int g(const struct a *x);", "int g(struct a *);", ""),
        ("typedef int a_t;\nint g(a_t x);", "int g(int x);", ""),
        ("typedef long a_t;\nint g(a_t x);", "int g(int x);", "is int (a_t)"),
        ("#define g(x) (x)", "int g(struct a *x);", ""),
        ("int g(struct b *x);\nint g(struct a *x);", "int g(struct a *x);", ""),
        ("static inline int\ng(struct b *x)\n{\n}", "int g(struct a *x);", "is int (struct b *)"),
    ],
)
def test_types_of_what_is_called(tree, here, there, found):
    """A function with other types is found, with the line of both trees."""
    needs = Needs(calls={"g": {1: "a.c"}})
    sources = [tree(**{"include/linux/g.h": f"\n{text}\n"}) for text in (here, there)]
    items = list(compare_types(*(Declarations(each, needs) for each in sources)))
    assert [item.problem for item in items] == ([found] if found else [])
    if found:
        assert items[0].where.startswith("include/linux/g.h:") and items[0].work == Work.WRITE
        assert (
            items[0].like
            == f"include/linux/g.h:2: {'int (struct a *)' if 'a *' in there else 'int (int)'}"
        )


@pytest.mark.parametrize(
    ("here", "found"),
    [
        ("\tunsigned long\tflags;\t/* x */\n", ""),
        ("\tflags_t flags;\n", "is flags_t"),
        ("\tint other;\n\tvoid (*flags)(int a);\n", "is void (*)(int)"),
    ],
)
def test_types_of_members(tree, here, found):
    """So is a member; one that is not there at all is for another check."""
    needs = Needs(members={("s", "flags"): "a.c"})
    texts = [f"struct s {{\n{text}}};\n" for text in (here, "\tunsigned long flags;\n")]
    sources = [tree(**{"include/linux/s.h": text}) for text in texts]
    items = list(compare_types(*(Declarations(each, needs) for each in sources)))
    assert [item.problem for item in items] == ([found] if found else [])


HEADER = """
extern bool is_swbp_insn(uprobe_opcode_t *insn);
extern int set_swbp(struct arch_uprobe *aup, struct mm_struct *mm, unsigned long vaddr);
extern int uprobe_write_opcode(struct arch_uprobe *auprobe, struct mm_struct *mm,
\t\t\t       unsigned long vaddr, uprobe_opcode_t);
"""


def test_the_model_against_the_tree(tree):
    """The functions that the baseline keeps have to be what the model says: as in 6.19."""
    base, series = find_base("6.1"), find_series("review")
    assert not list(compare_model(base, series, tree(header=HEADER)))
    header = HEADER.replace("struct mm_struct *mm", "struct vm_area_struct *vma", 1).replace(
        "uprobe_opcode_t);", "uprobe_opcode_t opcode, bool is_register);"
    )
    source = tree(header=header)
    items = {item.name: item for item in compare_model(base, series, source)}
    assert items.keys() == {"set_swbp()", "uprobe_write_opcode()"}
    assert items["set_swbp()"].where == f"{CORE_H}:3"
    assert items["set_swbp()"].problem == (
        "is int (struct arch_uprobe *, struct vm_area_struct *, unsigned long); the model says "
        "int (struct arch_uprobe *, struct mm_struct *, unsigned long)"
    )
    assert read_params(source, "set_swbp")[1] == ("struct vm_area_struct *", "vma")
    with pytest.raises(UserError, match="no such prototype"):
        read_params(source, "absent")


def test_a_parameter_without_a_name(tree):
    """The definition names what the prototype does not, as for the opcode in 6.19."""
    source = tree(
        header="int f(struct a *x, opcode_t, bool);\n",
        core="int f(struct a *y, opcode_t opcode, bool on)\n{\n\treturn 0;\n}\n",
    )
    assert read_params(source, "f") == (
        ("struct a *", "x"),
        ("opcode_t", "opcode"),
        ("bool", "on"),
    )


def test_a_base_may_say_other_parameters(tree):
    """With its own parameters the base is right again."""
    from generator.model.decl import Param

    base, series = find_base("6.1"), find_series("review")
    source = tree(header=HEADER.replace("struct mm_struct *mm", "struct vm_area_struct *vma"))
    found = [item.name for item in compare_model(base, series, source)]
    assert found == ["set_swbp()", "uprobe_write_opcode()"]
    own = {
        key: tuple(Param(*param) for param in read_params(source, name))
        for key, name in (("set_bp", "set_swbp"), ("uprobe_write_opcode", "uprobe_write_opcode"))
    }
    assert not list(compare_model(replace(base, params=own), series, source))


# what the baseline leaves behind

BODY = """
static void deep(void)
{
}

static void helper(void)
{
\tdeep();
}

void shared(void)
{
}

static void kept(void)
{
}

void goes(void)
{
\thelper();
\tshared();
\tkept();
}

void stays(void)
{
\tkept();
}
"""
TAKEN = (RemoveFunctions(path=CORE, names=("goes",)),)


def remains(source, *edits, needs=None):
    """Return what is left after edits."""
    base = replace(fake_base.BASE, baseline=edits, edits={}, hooks=())
    plan = plan_series(base, fake_base.SERIES)
    return Remains(plan, source, after_baseline(plan, source), needs or Needs())


def names(items):
    """Return the names of items, in order."""
    return [item.name for item in items]


def test_orphans(tree):
    """What only a function that is taken out has called, and what only that one has called."""
    found = remains(tree(core=BODY), *TAKEN)
    items = list(found.orphans())
    assert names(items) == ["deep()", "helper()", "shared()"]
    assert items[1].where == f"{CORE}:6" and items[1].work == Work.NAME
    assert items[1].problem == "nothing in the baseline uses it; before, goes"
    assert items[0].problem.endswith("before, helper")
    assert found.orphan_names(CORE) == ("deep", "helper", "shared")
    assert not list(found.dangling())


def test_what_is_still_used_is_not_an_orphan(tree):
    """By another file, by its address, or by the C of the series."""
    body = BODY.replace("void stays(void)\n{", "void stays(void)\n{\n\tcall(helper);")
    source = tree(core=body, fork="void f(void)\n{\n\tshared();\n}\n")
    assert not list(remains(source, *TAKEN).orphans())
    assert names(remains(tree(core=BODY), *TAKEN, needs=Needs(words={"helper"})).orphans()) == [
        "shared()"
    ]


def test_what_nothing_has_called_before(tree):
    """A function without a caller in the unmodified tree is not the baseline's doing."""
    body = BODY + "\nstatic void unused(void)\n{\n}\n"
    assert "unused()" not in names(remains(tree(core=body), *TAKEN).orphans())


def test_a_prototype_is_not_a_caller(tree):
    """Neither one in the file nor one in the header keeps a function."""
    source = tree(core=f"static void helper(void);\n{BODY}", header="void shared(void);\n")
    assert "helper()" in names(remains(source, *TAKEN).orphans())
    assert "shared()" in names(remains(source, *TAKEN).orphans())


def test_the_callback_of_a_variable(tree):
    """A function that only a table names goes with the table."""
    body = (
        "static int call_me(int a)\n{\n\treturn a;\n}\n\n"
        "static const struct ops table = {\n\t.call = call_me,\n};\n"
    )
    edit = Remove(path=CORE, anchors=(Anchor(kind="declaration", name="table"),))
    items = list(remains(tree(core=body), edit).orphans())
    assert names(items) == ["call_me()"] and items[0].problem.endswith("before, table")


USERS = {
    "goes": "void user(void)\n{\n\tgoes();\n}\n",
    "gone": "void user(struct gone *g)\n{\n}\n",
    "GONE_ONE": "int user(void)\n{\n\treturn GONE_ONE;\n}\n",
    "GONE_MACRO": "int user(void)\n{\n\treturn GONE_MACRO;\n}\n",
    "taken": "void user(struct task *t)\n{\n\tt->taken = 0;\n}\n",
}
GONE = (
    *TAKEN,
    Remove(
        path=CORE_H,
        anchors=(
            Anchor(kind="struct", name="gone"),
            Anchor(kind="enum", name="gone_state"),
            Anchor(kind="macro", name="GONE_MACRO"),
            Anchor(kind="member", name="taken", within="task"),
        ),
    ),
)
GONE_H = (
    "struct gone {\n\tint a;\n};\n\nenum gone_state {\n\tGONE_ONE,\n};\n\n"
    "#define GONE_MACRO 1\n\nstruct task {\n\tint taken;\n\tint other;\n};\n"
)


@pytest.mark.parametrize("word", USERS)
@pytest.mark.parametrize("where", ["core", "fork", "include/linux/x.h"])
def test_uses_of_what_is_gone(tree, word, where):
    """Functions, structures, enumerators, macros, members: in the core and in the whole tree."""
    files = {"core": BODY, "header": GONE_H}
    files[where] = files.get(where, "") + USERS[word]
    items = list(remains(tree(**files), *GONE).dangling())
    assert names(items) == ["user()"]
    assert items[0].problem == f"uses {word}, which the baseline takes out"
    line = files[where].split("\n").index(USERS[word].split("\n")[0]) + 1
    assert items[0].work == Work.DECIDE
    assert items[0].where.startswith(NAMES.get(where, where))
    assert abs(int(items[0].where.rpartition(":")[2]) - line) <= 2


def test_no_uses_of_what_is_gone(tree):
    """Comments, strings, questions whether a macro is there, other members, other architectures."""
    text = (
        "/* goes() */\n#ifdef GONE_MACRO\n#endif\n"
        'void user(struct x *x)\n{\n\ttext("goes");\n\tx->goes = 1;\n\tx->y.gone = taken;\n}\n'
    )
    source = tree(core=BODY, header=GONE_H, fork=text, **{"arch/arm64/x.c": USERS["goes"]})
    assert not list(remains(source, *GONE).dangling())


def test_what_is_renamed_is_not_gone(tree):
    """The baseline gives things the name that they had in 2012."""
    body = f"{BODY}\nvoid user(void)\n{{\n\tstays();\n}}\n"
    rename = RenameIdentifiers(path=CORE, renames=(("stays", "stayed"),))
    assert not list(remains(tree(core=body), rename).dangling())


def test_an_orphan_is_named_once(tree):
    """What calls something that is gone and is called by nothing is an orphan only."""
    body = BODY.replace("\tdeep();", "\tdeep();\n\tgoes();")
    found = remains(tree(core=f"void goes(void);\n{body}"), *TAKEN)
    assert "helper()" in names(found.orphans()) and not names(found.dangling())


def test_what_the_series_brings_must_be_gone(tree):
    """A function that stays and that a template defines would be there twice."""
    found = remains(tree(core=BODY), *TAKEN, needs=Needs(own={"stays"}))
    assert names(found.clashes()) == ["stays()"]


# the interface and its callers

OLD_H = "struct consumer {\n\tint a;\n};\nvoid uprobe_mmap(struct vma *vma);\n"
OLD_MM = "void old_caller(void)\n{\n\tuprobe_mmap(vma);\n}\n"
OLD = {"header": OLD_H, "core": "", "arch": "", "mm": OLD_MM}


def interface(tree, gone=(), **files):
    """Return what differs from the old tree."""
    return list(compare_interface(tree(**{**OLD, **files}), tree(**OLD), gone))


def test_the_same_interface(tree):
    """The same tree; and one whose callers stand in another file."""
    assert not interface(tree)
    assert not interface(tree, mm="", fork=OLD_MM)


def test_a_new_caller(tree):
    """A function that calls an interface which it did not call before, with the old ones."""
    item = interface(tree, fork="void new_caller(void)\n{\n\tuprobe_mmap(vma);\n}\n")[0]
    assert (item.name, item.where) == ("new_caller()", "kernel/fork.c:3")
    assert (item.problem, item.like) == ("calls uprobe_mmap()", "called by old_caller()")
    assert item.work == Work.DECIDE


def test_a_new_callback(tree):
    """A weak function says so, and that the architecture has its own."""
    header = f"{OLD_H}void arch_new(struct mm *mm);\ntypedef int (*call_t)(int);\n"
    body = "void {}arch_new(struct mm *mm)\n{{\n}}\n"
    items = interface(tree, header=header, core=body.format("__weak "), arch=body.format(""))
    assert [item.name for item in items] == ["arch_new"]
    assert items[0].problem == (
        f"is new: weak, defined in {CORE}:1; {ARCH}:1 has it, which is written anew"
    )
    assert not interface(tree, gone={"arch_new"}, header=header)


def test_a_callback_of_another_type(tree):
    """Types of the header's functions, and new members of its structures."""
    header = OLD_H.replace("int a;", "int a;\n\tint b;").replace("struct vma", "struct other")
    items = {item.name: item for item in interface(tree, header=header)}
    assert items["uprobe_mmap()"].problem == "is void (struct other *)"
    assert items["uprobe_mmap()"].like == f"{CORE_H}:4: void (struct vma *)"
    assert items["consumer.b"].where == f"{CORE_H}:3"
    assert not interface(tree, gone={"consumer", "uprobe_mmap"}, header=header)


def test_a_tree_without_uprobes(tree):
    """There is nothing to compare."""
    assert not list(compare_interface(tree(), tree(**OLD), ()))


# numbers


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("#define MMF_OTHER 18 /* x */", ["is to be 18, which MMF_OTHER is"]),
        ("#define MMF_OTHER 180", []),
        ("#define XMF_OTHER 18", []),
        ("#define MMF_NEW 18", []),
    ],
)
def test_a_number_that_is_taken(tree, line, found):
    """A flag that the series brings has a bit of its own: 18 is in use in 6.19."""
    edit = InsertLines(
        path="include/linux/x.h",
        text="#define MMF_NEW\t\t18\t/* ours */\n",
        after=Anchor(kind="macro", name="MMF_FIRST"),
    )
    base = replace(fake_base.BASE, baseline=(), edits={"block": (edit,)}, hooks=())
    source = tree(**{"include/linux/x.h": f"#define MMF_FIRST 1\n{line}\n"})
    survey = survey_tree(base, fake_base.SERIES, source, None)
    assert [item.problem for item in survey.items if item.name == "MMF_NEW"] == found


# facts, and the order of the list


def test_what_facts_decide(tree):
    """Patches, functions and templates with their lines; a fact that is lost is to be decided."""
    base = find_base("6.12")
    decisions = decide_facts(base, tree())
    rseq = next(one for one in decisions if one.fact == "rseq")
    assert "the patch rseq" in rseq.decides and not rseq.shown and rseq.said
    warn = next(one for one in decisions if one.fact == "uprobe_warn")
    assert any(place.startswith("templates/kernel/events/uprobes.c/") for place in warn.decides)
    stubs = next(one for one in decisions if one.fact == "uretprobe_syscall")
    assert "x86_uprobe_trampoline()" in stubs.decides
    rcu = next(one for one in decisions if one.fact == "uprobe_rcu")
    assert any(place.startswith("templates/kernel/events/uprobes.c/") for place in rcu.decides)
    listed = tree(**{"include/linux/mm_types.h": "struct mm_struct {\n\tint mmap;\n};\n"})
    items = {item.name: item for item in wrong_facts(base, decide_facts(base, listed))}
    assert items["rseq"].work == Work.DECIDE
    assert items["vma_list"].work == Work.NAME


def test_every_fact_decides_something():
    """A word of ``has`` that nothing asks for could go."""
    source = find_tree(fake_base.TESTS / "trees" / "mini", None)
    assert all(one.decides for one in decide_facts(find_base("6.1"), source) if one.fact != "x")


def test_the_heaviest_work_comes_first():
    """And what stands in one file is together, by line and not by text."""

    def item(work, where):
        return Item(work=work, kind="", name="", where=where, problem="")

    found = by_work(
        [item(Work.NAME, "a.c:1"), item(Work.WRITE, "b.c:10"), item(Work.WRITE, "b.c:9")]
    )
    assert [one.where for one in found] == ["b.c:9", "b.c:10", "a.c:1"]


# a real tree of a version that no base has


@pytest.fixture(scope="module")
def newer(tmp_path_factory):
    """Return the source of a 6.19, or skip the test."""
    tree, rev = os.environ.get("UPROBEKIT_TREE_6_19"), os.environ.get("UPROBEKIT_REV_6_19")
    if not tree:
        pytest.skip(
            "NOT TESTED: no source of 6.19: $UPROBEKIT_TREE_6_19, $UPROBEKIT_REV_6_19 name it"
        )
    return find_tree(Path(tree), rev)


ORPHANS_6_19 = {
    *("alloc_return_instance", "alloc_utask", "arch_uprobe_init_state", "arch_uprobe_optimize"),
    *("arch_uretprobe_trampoline", "dup_return_instance", "find_active_uprobe_speculative"),
    *("handle_syscall_uprobe", "hprobe_consume", "hprobe_expire", "hprobe_finalize"),
    *("hprobe_init_leased", "hprobe_init_stable", "ignore_ret_handler", "push_consumer"),
    *("return_consumer_find", "ri_free", "ri_pool_pop", "ri_pool_push", "ri_timer"),
    *("xol_get_slot_nr", "xol_mremap"),
}


@pytest.mark.kernel
def test_6_19_with_the_data_of_6_12(newer, kernel_source):
    """What rendered and was wrong: every type, orphan, use and caller is there."""
    base, series = find_base("6.12"), find_series("review")
    survey = survey_tree(base, series, newer, kernel_source("6.12"))
    found = {kind: set() for kind in ("type", "orphan", "remains", "caller", "new", "function")}
    for item in survey.items:
        found.setdefault(item.kind, set()).add(item.name)
    assert {"set_swbp()", "set_orig_insn()", "uprobe_write_opcode()"} <= found["type"]
    assert {"mm_struct.flags", "uprobe_consumer.handler"} <= found["type"]
    assert {f"{name}()" for name in ORPHANS_6_19} == found["orphan"]
    assert "__exit_to_user_mode_loop()" in found["remains"]
    assert "mm_init_uprobes_state()" in found["caller"]
    assert {"arch_uprobe_clear_state", "uprobe_write"} <= found["new"]
    assert {"insn_is_avx()", "copy_from_page()"} <= found["function"]
    assert all(item.where for item in survey.items)
