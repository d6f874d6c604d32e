# SPDX-License-Identifier: GPL-2.0-only
"""The interface at every prefix: headers by pycparser, definitions by libclang."""

import pytest

from generator.checks.interface.ast import parse, spelled
from generator.checks.interface.headers import check_headers, read_header
from generator.checks.interface.prefixes import Wanted, compare_prefix, wanted_at
from generator.checks.interface.refs import read_prefixes
from generator.errors import UserError
from generator.model.bases import BASES
from generator.model.decl import Function, Param
from generator.model.files import ARCH_H, CORE_H
from generator.model.series import REVIEW
from generator.plan import Scope, find_series, plan_series
from generator.render import cdecl
from generator.render.env import Templates

PATCHES = tuple(patch.ident for patch in REVIEW.patches)
V6 = tuple(base for base in BASES if base.name.startswith("6."))


def headers(base, patches):
    """Return the two headers as they are after some patches."""
    scope = Scope(base=base, patches=patches)
    templates = Templates(scope)
    own = "".join(
        cdecl.prototype(function)
        for function in scope.functions.values()
        if function.patch == "baseline" and function.header == CORE_H
    )
    inner = [templates.file(f"{CORE_H}/{name}.h") for name in ("task", "prototypes")]
    stubs = templates.file(f"{CORE_H}/stubs.h")
    core = (
        "#ifndef _LINUX_UPROBES_H\n#define _LINUX_UPROBES_H\n#include <linux/types.h>\n"
        "struct mm_struct;\n#ifdef CONFIG_UPROBES\n#include <asm/uprobes.h>\n"
        f"{inner[0] if 'utask' in patches else ''}\nextern void __init uprobes_init(void);\n"
        f"{own}{inner[1]}#else\n"
        f"static inline int uprobe_mmap(loff_t a)\n{{\n\treturn 0;\n}}\n{stubs}#endif\n#endif\n"
    )
    return {CORE_H: core, ARCH_H: templates.file(ARCH_H)}


def prefixes(base):
    """Return every prefix of the series."""
    return {
        f"review-{count:02d}": (PATCHES[:count], headers(base, PATCHES[:count]))
        for count in range(len(PATCHES) + 1)
    }


def found(base, states):
    """Return the differences as text."""
    checks = check_headers(plan_series(base, find_series("review")), states)
    return [f"{d.place}: {d.what}" for check in checks for d in check.differences]


@pytest.mark.parametrize("base", V6, ids=lambda base: base.name)
def test_every_prefix_is_as_the_model_says(base):
    """Nothing differs, and there is something."""
    states = prefixes(base)
    assert found(base, states) == []
    on, off = check_headers(plan_series(base, find_series("review")), states)
    assert on.checked > 200 and off.checked > 20


@pytest.mark.parametrize(
    ("path", "before", "after", "said"),
    [
        (CORE_H, "bool uprobe_deny_signal(void);", "", "declared 0 times"),
        (CORE_H, "bool uprobe_deny_signal(void);", "int uprobe_deny_signal(void);", "returns int"),
        (
            CORE_H,
            "bool uprobe_deny_signal(void);",
            "bool uprobe_deny_signal(int signal);",
            "uprobe_deny_signal(['intsignal']), the model says",
        ),
        (
            CORE_H,
            "bool uprobe_deny_signal(void);",
            "bool uprobe_deny_signal(void);\nbool uprobe_deny_signal(void);",
            "declared 2 times",
        ),
        (
            CORE_H,
            "arch_uprobe_pre_xol(struct arch_uprobe *auprobe,\n\t\t\t       struct pt_regs *regs)",
            "arch_uprobe_pre_xol(struct pt_regs *regs, struct arch_uprobe *auprobe)",
            "arch_uprobe_pre_xol(['structpt_regs*regs'",
        ),
        (
            CORE_H,
            "uprobe_free_utask(struct task_struct *t)",
            "uprobe_free_utask(struct task_struct *task)",
            "uprobe_free_utask(['structtask_struct*task'])",
        ),
        (CORE_H, "\treturn false;", "\treturn true;", "does 'returntrue;', not 'returnfalse;'"),
        (
            CORE_H,
            "static inline bool uprobe_deny_signal",
            "static bool uprobe_deny_signal",
            "uprobe_deny_signal() is no static inline",
        ),
        (
            CORE_H,
            "static inline bool uprobe_deny_signal(void)\n{\n\treturn false;\n}",
            "",
            "uprobe_deny_signal() has no inline without uprobes",
        ),
        (
            CORE_H,
            "static inline bool uprobe_deny_signal(void)\n{\n\treturn false;\n}",
            "bool uprobe_deny_signal(void);",
            "uprobe_deny_signal() is declared without uprobes",
        ),
        (
            CORE_H,
            "#else\n",
            "#else\nstatic inline int arch_uprobe_pre_xol(void)\n{\n\treturn 0;\n}\n",
            "arch_uprobe_pre_xol() has an inline, the model has none",
        ),
        (
            CORE_H,
            "bool uprobe_deny_signal(void);",
            "static inline bool uprobe_deny_signal(void)\n{\n\treturn true;\n}",
            "uprobe_deny_signal() is an inline",
        ),
        (CORE_H, "xol_vaddr;", "slot;", "struct uprobe_task has"),
        (CORE_H, "unsigned int\t\tdepth", "unsigned long\t\tdepth", "struct uprobe_task has"),
        (CORE_H, "\tUTASK_SSTEP_ACK,", "\tUTASK_OTHER,", "enum uprobe_task_state has"),
        (CORE_H, "struct mm_struct;", "struct mm_struct", "pycparser does not read it"),
        (ARCH_H, "[UPROBE_INSN_MODES][MAX_UINSN", "[2][MAX_UINSN", "struct arch_uprobe has"),
        (ARCH_H, "][MAX_UINSN_BYTES]", "][15]", "struct arch_uprobe has"),
        (ARCH_H, "modes[UPROBE_INSN_MODES]", "modes[1]", "struct arch_uprobe has"),
        (ARCH_H, "s32\t\t\toffs", "u32\t\t\toffs", "struct arch_uprobe_mode has"),
    ],
)
def test_a_change_is_noticed(path, before, after, said):
    """The difference names prefix and place, and what the model says."""
    base = V6[-1]
    files = headers(base, PATCHES)
    assert before in files[path]
    files[path] = files[path].replace(before, after, 1)
    differences = found(base, {"review-12": (PATCHES, files)})
    assert any(said in text for text in differences), differences
    assert all(text.startswith("review-12: ") for text in differences)


def test_lines_are_those_of_the_headers():
    """A place is a line of the file that it names."""
    files = headers(V6[0], PATCHES)
    files[ARCH_H] = files[ARCH_H].replace("ilen;", "length;", 1)
    (difference,) = found(V6[0], {"x": (PATCHES, files)})
    place = difference.split(": ")[1]
    line = files[ARCH_H].split("\n")[int(place.rsplit(":", 1)[1]) - 1]
    assert place.startswith(ARCH_H) and line.startswith("struct arch_uprobe_mode {")


@pytest.mark.parametrize("count", range(len(PATCHES)))
def test_nothing_comes_before_its_patch(count):
    """With the headers of the next prefix, a prefix that declares something new is noticed."""
    base = V6[0]
    now, then = headers(base, PATCHES[:count]), headers(base, PATCHES[: count + 1])
    differences = found(base, {"x": (PATCHES[:count], then)})
    assert bool(differences) == (now != then)


def test_headers_that_are_missing():
    """A prefix without them is named."""
    assert found(V6[0], {"x": (PATCHES, {})}) == [
        f"x: there is no {CORE_H} or no {ARCH_H}",
        f"x: there is no {CORE_H} or no {ARCH_H}",
    ]


def test_a_repository_without_prefixes(tmp_path):
    """It has to be rendered."""
    with pytest.raises(UserError, match="render the series first"):
        read_prefixes(plan_series(V6[0], find_series("review")), tmp_path)


# libclang

CORE, ARCH = "kernel/events/uprobes.c", "arch/x86/kernel/uprobes.c"
GOOD = {
    CORE: "#define __weak __attribute__((__weak__))\nstruct regs;\n"
    "int __weak ignored(struct regs *regs)\n{\n\treturn 0;\n}\n"
    "static void step(struct regs *regs, long vaddr)\n{\n}\n"
    "_Bool denied(void)\n{\n\treturn 0;\n}\n",
    ARCH: "struct regs;\nint ignored(struct regs *regs)\n{\n\treturn 1;\n}\n",
}


def function(name, returns, *params, storage="", patch="hit"):
    """Return a function of a model."""
    listed = tuple(Param(type_, word) for type_, word in params)
    return Function(name=name, returns=returns, params=listed, doc=(), storage=storage, patch=patch)


REGS = ("struct regs *", "regs")
WANTED = Wanted(
    functions={
        "ignored": function("ignored", "int", REGS),
        "step": function("step", "void", REGS, ("long", "vaddr"), storage="static"),
        "denied": function("denied", "bool"),
        "inlined": function("inlined", "int", storage="static inline"),
    },
    weak=frozenset({"ignored"}),
    later=frozenset({"hijack"}),
    own_names=True,
)


@pytest.fixture
def compare(tmp_path):
    """Return a function that compares C with a model."""
    for path in GOOD:
        folder = tmp_path / "build" / path.rsplit("/", 1)[0]
        folder.mkdir(parents=True)
        (folder / ".uprobes.o.cmd").write_text(
            f"cmd_x := gcc -c -o {path.replace('.c', '.o')} ../{path}\n"
        )

    def run(files, wanted=WANTED):
        for path, text in files.items():
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_text(text)
        units = [parse(tmp_path, tmp_path / "build", path) for path in (CORE, ARCH)]
        return list(compare_prefix(wanted, tmp_path, units))

    return run


def test_definitions(compare):
    """What is as the model says is not mentioned."""
    assert compare(GOOD) == []


@pytest.mark.parametrize(
    ("path", "before", "after", "said"),
    [
        (CORE, "int __weak ignored", "int ignored", "ignored() is no weak default"),
        (CORE, "_Bool denied", "_Bool __weak denied", "denied() is a weak default"),
        (ARCH, "int ignored", "int __attribute__((__weak__)) ignored", None),
        (CORE, "static void step", "void step", "step() is global"),
        (CORE, "_Bool denied", "static _Bool denied", "denied() is static"),
        (
            CORE,
            "struct regs *regs, long vaddr",
            "long vaddr, struct regs *regs",
            "step(long, structregs*), the model says (structregs*, long)",
        ),
        (CORE, "long vaddr", "long address", "step() calls its parameters regs, address"),
        (CORE, "_Bool denied", "int denied", "denied() returns int, not bool"),
        (CORE, "denied(void)\n{\n\treturn 0;\n}", "denied(void);", "denied() is not defined"),
        (ARCH, "int ignored", "void hijack(void);\nint ignored", "hijack() is there before"),
    ],
)
def test_definitions_that_differ(compare, path, before, after, said):
    """Each difference is said, with the line where there is one."""
    assert before in GOOD[path]
    differences = compare({**GOOD, path: GOOD[path].replace(before, after, 1)})
    assert bool(differences) == bool(said)
    assert not said or any(said in what for _, what in differences)
    assert all(place.startswith(path) for place, _ in differences)


def test_the_bases_own_functions(compare):
    """Of them types and order count; names of parameters only from the patch on that sets them."""
    files = {**GOOD, CORE: GOOD[CORE].replace("long vaddr", "long address")}
    theirs = function("step", "void", REGS, ("long", "vaddr"), patch="baseline")
    functions = {**WANTED.functions, "step": theirs}
    for own_names, count in ((True, 1), (False, 0)):
        wanted = Wanted(
            functions=functions, weak=WANTED.weak, later=frozenset(), own_names=own_names
        )
        assert len(compare(files, wanted)) == count


def test_what_a_prefix_must_have():
    """Names and functions follow the patches."""
    plan = plan_series(V6[0], find_series("review"))
    before, after = wanted_at(plan, PATCHES[:2]), wanted_at(plan, PATCHES)
    assert "arch_uprobes_analyze_insn" in before.functions
    assert "arch_uprobe_analyze_insn" in after.functions
    assert "uprobe_deny_signal" in before.later and not after.later
    assert "arch_uprobe_ignore" in after.weak and not before.weak
    assert after.own_names and not before.own_names


def test_types_that_a_header_brings_itself():
    """A pointer to a function is one of them, and is not declared once more; __u64 is known."""
    core = (
        "typedef int (*verify_t)(struct page *page, void *data);\ntypedef u8 opcode_t;\n"
        "int f(verify_t verify, opcode_t opcode, loff_t offset, __u64 *data);\n"
    )
    unit = read_header(core, "", on=True)
    assert [node.name for node in unit.ext][-3:] == ["verify_t", "opcode_t", "f"]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("const unsigned long", "unsigned long", True),
        ("_Bool", "bool", True),
        ("const char *", "char *", False),
        ("struct a  *", "struct a *", True),
        ("const struct a __user *", "const struct a *", True),
    ],
)
def test_types_as_a_caller_sees_them(one, other, same):
    """That a parameter is not changed is no matter of its callers; what it points to is."""
    assert (spelled(one) == spelled(other)) == same
