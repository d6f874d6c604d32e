# SPDX-License-Identifier: GPL-2.0-only
"""What the patches change in the 6.x bases, beside the calls of the series: ``v6`` has these.

Sources: as there.
"""

from __future__ import annotations

from generator.model.bases.base import (
    COMPARE_EDITS,
    DECLARE_EDITS,
    DELETE_BUSY,
    GET_TRAP_ADDR,
    INSTALL_EDITS,
    JOINED,
    TRAP_ADDR,
    core_block,
)
from generator.model.bases.former import (
    renamed_prototypes,
    reorder,
    reordered_prototypes,
)
from generator.model.bases.v6 import (
    CORE_RENAMES,
    COREDUMP_H,
    ENTRY_H,
    NAMES,
    PERF,
    RSEQ,
    THREAD_INFO_H,
    TRAPS,
)
from generator.model.edits import (
    Anchor,
    Edit,
    InsertBlock,
    InsertLines,
    InsertStatement,
    RenameIdentifiers,
    RenameMember,
    ReplaceTokens,
    piece,
)
from generator.model.files import COMPAT_H, CORE, CORE_H, MREMAP, TRACE

# what the unmodified bases call so to this day
LEFTOVERS = (
    ("UPROBES_HASH_SZ", "UPROBE_HASH_SZ"),
    ("uprobes_mmap_hash", "uprobe_mmap_hash"),
    ("uprobes_mmap_mutex", "uprobe_mmap_mutex"),
)
# (function, local variable, its name after patch 3): R18, R21
_LOCAL_NAMES = (
    ("__uprobe_cmp", "u", "uprobe"),
    ("insert_uprobe", "u", "cur_uprobe"),
    ("find_node_in_range", "u", "uprobe"),
    ("build_probe_list", "u", "uprobe"),
    ("uprobe_mmap", "u", "next"),
    ("uprobe_apply", "con", "cur_uc"),
)
_LOCALS: tuple[Edit, ...] = tuple(
    ReplaceTokens(path=CORE, within=function, pattern=old, by=new, count=0)
    for function, old, new in _LOCAL_NAMES
)


def _ask(path: str, within: str, *, pattern: str, by: str) -> Edit:
    return ReplaceTokens(path=path, within=within, pattern=pattern, by=piece(COMPAT_H, by))


MREMAP_FLAG: tuple[Edit, ...] = (
    InsertLines(
        path=COREDUMP_H,
        # a bit of mm->flags that none of the bases uses
        text="#define MMF_UPROBES_MREMAP\t18\t/* arm nothing now */\n",
        after=Anchor(kind="macro", name="MMF_RECALC_UPROBES"),
    ),
    ReplaceTokens(
        path=CORE,
        within="uprobe_mmap",
        pattern="if (no_uprobe_events())",
        by=piece(CORE, "mmap-unless-moving"),
    ),
)
"""A flag of a process in which nothing is armed for a moment."""

MREMAP_ARM: tuple[Edit, ...] = (
    InsertLines(
        path=MREMAP,
        text="#include <linux/uprobes.h>\n",
        after=Anchor(kind="include", name="linux/userfaultfd_k.h"),
    ),
    InsertStatement(
        path=MREMAP,
        function="move_vma",
        text=piece(MREMAP, "grown"),
        after="mremap_userfaultfd_prep",
    ),
    InsertStatement(
        path=MREMAP,
        function="move_vma",
        text=piece(MREMAP, "left"),
        before="return new_addr",
        blank=True,
    ),
)
"""What mremap() makes, or leaves, is armed when the pages have moved."""


def unarmed(before: str, callee: str) -> tuple[Edit, ...]:
    """Return the edits of move_vma() that have the series of fixes arm nothing around a call."""
    return (
        InsertStatement(
            path=MREMAP,
            function="move_vma",
            text=piece("fixes", MREMAP, before),
            before=callee,
        ),
        InsertStatement(
            path=MREMAP,
            function="move_vma",
            text=piece("fixes", MREMAP, "arm-again"),
            after=callee,
        ),
    )


EDITS: dict[str, tuple[Edit, ...]] = {
    "trap-nr": (
        RenameMember(
            path="arch/x86/include/asm/processor.h",
            struct="thread_struct",
            holder="thread",
            old="trap_no",
            new="trap_nr",
            below="arch/x86",
            # a gdb macro reads the member, under its old name to this day
            also=("Documentation/admin-guide/kdump/gdbmacros.txt",),
        ),
    ),
    "is-32bit-app": (
        InsertBlock(
            path=COMPAT_H,
            template="arch/x86/include/asm/compat.h/is_32bit_app.h",
            before=Anchor(kind="function", name="in_x32_syscall"),
        ),
        _ask(
            "arch/x86/kernel/ptrace.c",
            "task_user_regset_view",
            pattern="!user_64bit_mode(task_pt_regs(task))",
            by="of-task",
        ),
        _ask(
            "arch/x86/kernel/perf_regs.c",
            "",
            pattern="!user_64bit_mode(task_pt_regs(task))",
            by="of-task",
        ),
        _ask(
            "arch/x86/kernel/perf_regs.c",
            "",
            pattern="user_64bit_mode(user_regs)",
            by="not-of-current",
        ),
        InsertLines(
            path="arch/x86/kernel/perf_regs.c",
            text="#include <linux/compat.h>\n",
            before=Anchor(kind="include", name="linux/errno.h"),
        ),
        _ask(
            "arch/x86/kernel/step.c",
            "is_setting_trap_flag",
            pattern="!user_64bit_mode(regs)",
            by="of-child",
        ),
        InsertLines(
            path="arch/x86/kernel/step.c",
            text="#include <linux/compat.h>\n",
            before=Anchor(kind="include", name="linux/sched.h"),
        ),
        _ask(
            "arch/x86/include/asm/elfcore-compat.h",
            "PRSTATUS_SIZE",
            pattern="user_64bit_mode(task_pt_regs(current))",
            by="not-of-current",
        ),
        _ask(
            "arch/x86/include/asm/elfcore-compat.h",
            "SET_PR_FPVALID",
            pattern="user_64bit_mode(task_pt_regs(current))",
            by="not-of-current",
        ),
    ),
    "names": (
        RenameIdentifiers(path=CORE, renames=(*CORE_RENAMES, *LEFTOVERS)),
        *renamed_prototypes(),
        *_LOCALS,
    ),
    "param-order": (*reorder(CORE, NAMES), *reordered_prototypes(NAMES)),
    "errno": (
        ReplaceTokens(path=CORE, within="prepare_uprobe", pattern="-ENOTSUPP", by="-EOPNOTSUPP"),
        InsertLines(
            path="Documentation/trace/uprobetracer.rst",
            text="Enabling an event fails with EOPNOTSUPP if the instruction cannot be probed,\n"
            "and with ENOEXEC if the bytes at OFFSET are not a valid instruction.\n\n",
            before=Anchor(kind="line", name="Event Profiling"),
        ),
    ),
    "analyse": (),
    "utask": (
        InsertBlock(
            path=CORE_H,
            template="include/linux/uprobes.h/task.h",
            before=Anchor(kind="struct", name="uprobes_state"),
        ),
        *DECLARE_EDITS,
        core_block("utask.c"),
        InsertLines(
            path="include/linux/sched.h",
            text=piece("include/linux/sched.h", "utask"),
            before=Anchor(
                kind="line", name="#if defined(CONFIG_BCACHE) || defined(CONFIG_BCACHE_MODULE)"
            ),
        ),
        InsertStatement(
            path=TRACE,
            function="uprobe_dispatcher",
            text=piece(TRACE, "set-vaddr"),
            after="bp_addr",
        ),
        InsertStatement(
            path=TRACE,
            function="uretprobe_dispatcher",
            text=piece(TRACE, "set-vaddr"),
            after="bp_addr",
        ),
        ReplaceTokens(
            path=TRACE,
            within="translate_user_vaddr",
            pattern="return file_offset;",
            by=piece(TRACE, "user-vaddr"),
        ),
        ReplaceTokens(
            path=PERF,
            within="is_uprobe_at_func_entry",
            pattern="return false;",
            by=piece(PERF, "func-entry"),
        ),
    ),
    "xol": (
        InsertLines(
            path=CORE,
            text=piece(CORE, "xol-slots"),
            before=Anchor(kind="macro", name="UPROBE_HASH_SZ"),
            blank=True,
        ),
        InsertLines(
            path=CORE_H,
            text=piece(CORE_H, "xol-area"),
            before=Anchor(kind="struct", name="uprobes_state"),
            blank=True,
        ),
        InsertLines(
            path=CORE_H,
            text=piece(CORE_H, "xol-area-member"),
            after=Anchor(kind="body", name="uprobes_state"),
        ),
        InsertBlock(
            path=CORE,
            template="kernel/events/uprobes.c/xol.c",
            before=Anchor(kind="function", name="uprobe_clear_state"),
        ),
    ),
    "arch-xol": (),
    "hit": (
        core_block("hit.c"),
        InsertLines(
            path=CORE,
            text="#include <linux/sched/task_stack.h>\n",
            after=Anchor(kind="include", name="linux/sched/coredump.h"),
        ),
        TRAP_ADDR,
        InsertLines(
            path=THREAD_INFO_H,
            text="#define TIF_UPROBE\t\t12\t/* hit a probe, or stepped over one */\n",
            before=Anchor(kind="macro", name="TIF_PATCH_PENDING"),
        ),
        InsertLines(
            path=THREAD_INFO_H,
            text="#define _TIF_UPROBE\t\t(1 << TIF_UPROBE)\n",
            before=Anchor(kind="macro", name="_TIF_PATCH_PENDING"),
        ),
        InsertLines(
            path=ENTRY_H,
            text=piece(ENTRY_H, "tif-uprobe"),
            before=Anchor(kind="conditional", name="ARCH_SYSCALL_WORK_ENTER"),
            blank=True,
        ),
        ReplaceTokens(
            path=ENTRY_H,
            within="EXIT_TO_USER_MODE_WORK",
            pattern="_TIF_NOTIFY_RESUME",
            by="_TIF_NOTIFY_RESUME | _TIF_UPROBE",
        ),
        ReplaceTokens(
            path=TRAPS,
            within="error_get_trap_addr",
            pattern="instruction_pointer(regs)",
            by=GET_TRAP_ADDR,
        ),
        ReplaceTokens(
            path=TRAPS,
            within="math_error",
            pattern="instruction_pointer(regs)",
            by=GET_TRAP_ADDR,
        ),
    ),
    "skip-nop": (),
    "return": (
        ReplaceTokens(
            path="kernel/fork.c",
            within="copy_process",
            pattern="uprobe_copy_process(p)",
            by=piece("kernel/fork.c", "copy-flags"),
        ),
    ),
    "emulate-mov": (),
    "emulate-stack": (),
    "emulate-branch": (),
    "emulate-alu": (),
    "refuse": (
        core_block("refuse.c"),
        InsertLines(
            path=CORE,
            text="#include <linux/elf.h>\n",
            before=Anchor(kind="include", name="linux/export.h"),
        ),
        InsertLines(
            path=CORE,
            text="#include <linux/magic.h>\n",
            before=Anchor(kind="include", name="linux/rmap.h"),
        ),
    ),
    "move": (core_block("move.c"), *MREMAP_FLAG, *MREMAP_ARM),
    "compare": COMPARE_EDITS,
    "rseq": (
        core_block("rseq.c"),
        InsertLines(
            path=RSEQ,
            text="#include <linux/uprobes.h>\n",
            after=Anchor(kind="include", name="linux/types.h"),
        ),
        ReplaceTokens(
            path=RSEQ,
            within="rseq_ip_fixup",
            pattern="instruction_pointer(regs)",
            by=GET_TRAP_ADDR,
        ),
    ),
    "known": INSTALL_EDITS,
    "delete-busy": DELETE_BUSY,
    "joined": JOINED,
}
