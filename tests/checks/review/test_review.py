# SPDX-License-Identifier: GPL-2.0-only
"""The ledger of the review: every point has a check, and every check notices when it is not met."""

from __future__ import annotations

import pytest

from generator.checks.review import run as review
from generator.checks.review.run import check_review
from generator.model.bases import BASES
from generator.model.edits import InsertBlock, RenameMember
from generator.model.files import ARCH, ARCH_H, COMPAT_H, CORE, CORE_H
from generator.model.review import RULES
from generator.model.series import REVIEW
from generator.plan import plan_series
from generator.render.env import Templates

FORK = "kernel/fork.c"
ENTRY_H = "include/linux/entry-common.h"
PROCESSOR_H = "arch/x86/include/asm/processor.h"
PATCH = """Subject: [PATCH]

x32 is spoken of. No functional change.
---
+++ b/arch/x86/include/asm/processor.h
+	unsigned long trap_nr;
"""
ENTRY = """Subject: [PATCH]

No functional change.
---
+++ b/include/linux/entry-common.h
+# define _TIF_UPROBE	(0)
"""


@pytest.fixture(params=BASES, ids=lambda base: base.name)
def plan(request):
    """The series, planned for each base."""
    return plan_series(request.param, REVIEW)


@pytest.fixture
def tip(plan):
    """A tip as the templates make it, with just so much of the base around them."""
    templates = Templates(plan.tip)
    blocks = [templates.file(f"{CORE}/{name}.c") for name in ("xol", "utask", "hit")]
    core = "static loff_t offset;\n\n/* ((loff_t)vma->vm_pgoff << PAGE_SHIFT) */\n\n"
    return {
        CORE: core + "\n".join(blocks),
        CORE_H: "\n".join(
            templates.file(f"{CORE_H}/{name}.h") for name in ("task", "prototypes", "stubs")
        ),
        ARCH: templates.file(ARCH),
        ARCH_H: templates.file(ARCH_H),
        COMPAT_H: templates.file(f"{COMPAT_H}/is_32bit_app.h"),
        FORK: "int copy_process(void)\n{\n\tuprobe_copy_process(p);\n\treturn 0;\n}\n",
        ENTRY_H: "#ifndef __LINUX_ENTRYCOMMON_H\n#define __LINUX_ENTRYCOMMON_H\n\n"
        "#ifndef _TIF_UPROBE\n# define _TIF_UPROBE\t(0)\n#endif\n\n#endif\n",
        PROCESSOR_H: "struct thread_struct {\n\tunsigned long trap_nr;\n};\n",
        macros(plan): '\tprintf "%d", ((struct thread_struct *)$arg0)->trap_nr\n',
    }


def macros(plan):
    """Return the path of the file with debugger macros."""
    (edit,) = (edit for edit in plan.patches[0].edits if isinstance(edit, RenameMember))
    (path,) = edit.also
    return path


@pytest.fixture
def patches(plan):
    """Ten patches; the first four are preparatory, the last one adds a nested define."""
    made = {f"{number:04d}-x.patch": PATCH.encode() for number in range(1, 10)}
    made["0001-x.patch"] += f"+++ b/{macros(plan)}\n+\tprint trap_nr\n".encode()
    made["0010-x.patch"] = ENTRY.encode()
    return made


def verdicts(plan, tip, patches, *asked):
    """Return the problems of each point that has some; of those that are asked for, or of all."""
    rules = [rule for rule in RULES if rule.ident in asked] if asked else RULES
    points = check_review(plan, tip, patches, rules)
    return {point.rule.ident: point.problems for point in points if point.problems}


def test_every_point_has_a_check():
    """No rule without a check, no check without a rule, and all 29 points are there."""
    assert [rule.ident for rule in RULES] == [f"R{number:02d}" for number in range(1, 30)]
    assert set(review.CHECKS) == {rule.ident for rule in RULES}


def test_every_point_is_answered_by_a_patch_or_by_all():
    """Each point belongs to a patch; R29 and R21 are about the whole series."""
    claimed = {ident for patch in REVIEW.patches for ident in patch.review}
    assert {rule.ident for rule in RULES} - claimed <= {"R29"}


def test_templates_meet_the_review(plan, tip, patches):
    """What the templates render, all that goes into the core, has no problem, but evidence."""
    templates = Templates(plan.tip)
    edits = [edit for planned in plan.patches for edit in planned.edits]
    blocks = {edit.template for edit in edits if isinstance(edit, InsertBlock)}
    usual = {f"{CORE}/{name}.c" for name in ("xol", "utask", "hit")}
    further = sorted(name for name in blocks - usual if name.startswith(f"{CORE}/"))
    tip[CORE] = "\n".join((tip[CORE], *map(templates.file, further)))
    assert verdicts(plan, tip, patches) == {}
    assert all(point.evidence for point in check_review(plan, tip, patches))


MUTANTS = [
    ("R01", ARCH, "optimisation", "thing"),
    ("R02", PROCESSOR_H, "trap_nr", "trap_no"),
    (
        "R03",
        CORE_H,
        "arch_uprobe_post_xol(struct arch_uprobe *auprobe, struct pt_regs *regs)",
        "arch_uprobe_post_xol(struct pt_regs *regs, struct arch_uprobe *auprobe)",
    ),
    ("R04", ENTRY_H, "# define", "#define"),
    ("R05", FORK, "return 0;", "return user_64bit_mode(task_pt_regs(p));"),
    ("R06", COMPAT_H, "x32", "y32"),
    ("R07", ARCH, "UPROBE_REG_SI", "UPROBES_REG_SI"),
    ("R08", ARCH, "#define UPROBE_TRAP_NR", "#define UPROBE_TRAP_NO"),
    ("R09", ARCH, "*autask = &", "*tskinfo = &"),
    (
        "R10",
        ARCH,
        "/* A data breakpoint without",
        "/* Run your handler here. A data breakpoint without",
    ),
    ("R11", CORE, "int is_bp;", "int is_bkpt;"),
    ("R11", CORE, "int is_bp;", "int is_swbp;"),
    ("R13", ARCH, "/* Decode the probed", "/* decode the probed"),
    ("R14", ARCH, "regs->ip + mode->ilen);", "regs->ip + 1);"),
    ("R15", ARCH, "opcode[1] == 0x1f", "opcode[1] == 0x19"),
    ("R16", CORE_H, "\tstruct uprobe\t\t*active_uprobe", "\tstruct uprobe *active_uprobe"),
    ("R18", CORE, "struct uprobe_consumer *uc;", "struct uprobe_consumer *consumer;"),
    ("R20", CORE, "does not race", "is fine"),
    ("R20", CORE, "\tutask->signal_denied = true;\n", ""),
    ("R20", CORE, "\t\tset_thread_flag(TIF_SIGPENDING);\n", ""),
    ("R21", CORE, "struct uprobe *uprobe = utask", "struct uprobe *u = utask"),
    ("R22", CORE, "unsigned long bp_vaddr", "unsigned long probept"),
    ("R23", CORE, "\t\thandle_singlestep(utask, regs);\n\t\treturn;", "\t\treturn;"),
    (
        "R24",
        CORE,
        "loff_t offset;\n\n\tuprobe = find_known",
        "int offset;\n\n\tuprobe = find_known",
    ),
    ("R26", CORE, "free_area:\n", "other:\n"),
    ("R27", CORE, ".priority\t\t=", ".priority ="),
    ("R28", CORE_H, "static inline void uprobe_copy_process", "static inline void other"),
]


@pytest.mark.sweep
@pytest.mark.parametrize(("ident", "path", "old", "new"), MUTANTS, ids=[m[0] for m in MUTANTS])
def test_checks_notice(plan, tip, patches, ident, path, old, new):
    """A small fault in the tip is reported under its point."""
    if old.startswith("arch_uprobe_post_xol("):
        tip[path] = " ".join(tip[path].split())
        tip[path] = tip[path].replace("; ", ";\n")
    assert old in tip[path]
    tip[path] = tip[path].replace(old, new)
    patches = {name: data.replace(old.encode(), new.encode()) for name, data in patches.items()}
    assert ident in verdicts(plan, tip, patches, ident)


@pytest.mark.parametrize(
    "change", [("trap_nr", "trap_no"), ("+++ b/Documentation", "--- a/Documentation")]
)
def test_a_debugger_macro_is_not_forgotten(plan, tip, patches, change):
    """R02: one that still reads trap_no, or that the first patch leaves alone."""
    tip[macros(plan)] = tip[macros(plan)].replace(*change)
    patches["0001-x.patch"] = patches["0001-x.patch"].replace(*(part.encode() for part in change))
    problems = verdicts(plan, tip, patches, "R02")["R02"]
    assert any("a debugger macro still reads trap_no" in problem for problem in problems)


BROUGHT = """Subject: [PATCH]

{said}.
---
+++ b/kernel/events/uprobes.c
@@ -1,9 +1,9 @@
 int one(void)
 {{
-{gone}
+{new}
"""


@pytest.mark.parametrize(
    ("said", "gone", "new", "noticed"),
    [
        ("Do more", "\treturn first_value;", "\treturn 2;", True),
        ("Do more in one()", "\treturn first_value;", "\treturn 2;", False),
        # what is only aligned anew, and what the base has had
        ("Do more", "\treturn first_value;", "\treturn  first_value;", False),
        ("Do more", "\treturn base_value;", "\treturn 2;", False),
    ],
)
def test_what_an_earlier_patch_brought(plan, tip, patches, said, gone, new, noticed):
    """R29: a patch that rewrites it says so."""
    before = BROUGHT.format(
        said="Begin with one()", gone="\treturn 0;", new="\treturn first_value;"
    )
    patches["0011-x.patch"] = before.encode()
    patches["0012-x.patch"] = BROUGHT.format(said=said, gone=gone, new=new).encode()
    problems = verdicts(plan, tip, patches, "R29").get("R29", ())
    assert any("patch 12: rewrites one" in problem for problem in problems) is noticed


def test_a_comment_belongs_to_the_function_below(plan, tip, patches):
    """R29 names that one, R25 reads each paragraph by itself, R13 the sentence above a table."""
    first = BROUGHT.format(said="Add", gone="", new=" * Old words\n+ */\n+int two(void)\n+{")
    patches["0011-x.patch"] = first.encode()
    second = "Subject: x\n\nx\n---\n+++ b/kernel/events/uprobes.c\n@@ -1 +1 @@\n int one(void)\n"
    second += "- * Old words\n+ * New words\n  */\n int two(void)\n"
    patches["0012-x.patch"] = second.encode()
    assert verdicts(plan, tip, patches, "R29")["R29"] == (
        "patch 12: rewrites two of an earlier patch without a word",
    )


def test_a_preparatory_patch_that_does_more_is_noticed(plan, tip, patches):
    """R02 and R29 look into the patches themselves."""
    patches["0001-x.patch"] = PATCH.replace("trap_nr;", "other;").encode()
    patches["0002-x.patch"] = PATCH.replace("No functional change", "Faster").encode()
    assert verdicts(plan, tip, patches, "R02", "R29").keys() == {"R02", "R29"}
