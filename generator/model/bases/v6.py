# SPDX-License-Identifier: GPL-2.0-only
"""What the 6.x bases have in common: names, the baseline outside of the core, the hooks.

Sources: the unmodified trees of 6.1.192 and 6.12.117, their callers of uprobes outside of the core,
their tests for 32-bit code, and what a link without the removed functions asks for.

Length: data; an entry for each name, hook and edit that the bases share.
"""

from __future__ import annotations

from generator.model.bases.base import (
    COMPARE_EDITS,
    DECLARE_EDITS,
    DELETE_BUSY,
    GET_TRAP_ADDR,
    INSTALL_EDITS,
    JOINED,
    MM_FLAGS,
    TRAP_ADDR,
    Hook,
    core_block,
    spelled,
)
from generator.model.bases.former import (
    renamed_functions,
    renamed_prototypes,
    reorder,
    reordered_prototypes,
)
from generator.model.edits import (
    Anchor,
    Edit,
    InsertBlock,
    InsertLines,
    InsertStatement,
    Remove,
    RemoveFunctions,
    RemoveStatements,
    RenameIdentifiers,
    RenameMember,
    ReplaceTokens,
    WriteFile,
    piece,
)
from generator.model.files import ARCH, ARCH_H, COMPAT_H, CORE, CORE_H, MREMAP, TRACE

ENTRY_H = "include/linux/entry-common.h"
RSEQ = "kernel/rseq.c"
THREAD_INFO_H = "arch/x86/include/asm/thread_info.h"
COREDUMP_H = "include/linux/sched/coredump.h"
PERF = "arch/x86/events/core.c"
TRAPS = "arch/x86/kernel/traps.c"

NAMES = {
    "bp_insn": "UPROBE_SWBP_INSN",
    "old_bp_insn": "UPROBES_BKPT_INSN",
    "set_bp": "set_swbp",
    "is_bp_insn": "is_swbp_insn",
    "get_bp_addr": "uprobe_get_swbp_addr",
    "handle_bp": "handle_swbp",
    "pre_notifier": "uprobe_pre_sstep_notifier",
    "post_notifier": "uprobe_post_sstep_notifier",
    "virtual_dr6": "virtual_dr6",
    "bp_trap_nr": "X86_TRAP_BP",
    "ref_inc": "refcount_inc",
    "find_uprobe": "find_uprobe",
    "no_fault": "FOLL_NOFAULT",
    "no_signal": "false",
    "user_work": "ti_work",
    "read_folio": "read_folio",
    "copy_from_page": "copy_from_page",
    "insn_is_avx": "insn_is_avx",
    # what breakpoints are written by
    "probed": "mm",
}

SPELLED = spelled(
    *("access_ok", "cpu_dr7", "for_each_vma", "force_sigill", "force_sigtrap", "get_page"),
    *("in_32bit_code", "read_page", "shmem_mapping", "sigtrap_regs", "vma_inode", "xol_page"),
    *MM_FLAGS,
)

# (name in February 2012, name of the base): patch 3 goes from left to right
CORE_RENAMES = (
    *renamed_functions(NAMES),
    ("UPROBES_BKPT_INSN", "UPROBE_SWBP_INSN"),
    ("UPROBES_BKPT_INSN_SIZE", "UPROBE_SWBP_INSN_SIZE"),
    ("UPROBES_COPY_INSN", "UPROBE_COPY_INSN"),
    ("is_bkpt", "is_swbp"),
)
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
PROTOTYPES = (
    "uprobe_get_swbp_addr",
    "uprobe_get_trap_addr",
    "uprobe_free_utask",
    "uprobe_copy_process",
    "uprobe_post_sstep_notifier",
    "uprobe_pre_sstep_notifier",
    "uprobe_notify_resume",
    "uprobe_deny_signal",
    "arch_uprobe_skip_sstep",
    "arch_uprobe_pre_xol",
    "arch_uprobe_post_xol",
    "arch_uprobe_xol_was_trapped",
    "arch_uprobe_exception_notify",
    "arch_uprobe_abort_xol",
    "arch_uretprobe_hijack_return_addr",
    "arch_uretprobe_is_alive",
    "arch_uprobe_ignore",
    "arch_uprobe_copy_ixol",
    "arch_uprobe_get_xol_area",
)


def _backwards(renames: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    return tuple((new, old) for old, new in renames)


def baseline(
    *, functions: tuple[str, ...], prototypes: tuple[str, ...], extra: tuple[Edit, ...] = ()
) -> tuple[Edit, ...]:
    """Return the edits that make a baseline of an unmodified 6.x tree.

    Args:
        functions: the functions of the core that the series brings, under the base's names.
        prototypes: their prototypes, and those of the architecture.
        extra: what only this base has.

    Length: data; the edits, in the order of the files.
    """
    return (
        RemoveFunctions(path=CORE, names=functions),
        Remove(
            path=CORE,
            anchors=(
                Anchor(kind="macro", name="UINSNS_PER_PAGE"),
                Anchor(kind="macro", name="MAX_UPROBE_XOL_SLOTS"),
                Anchor(kind="struct", name="xol_area"),
                Anchor(kind="declaration", name="uprobe_exception_nb"),
            ),
        ),
        RemoveStatements(path=CORE, function="uprobes_init", mentioning="register_die_notifier"),
        RemoveStatements(path=CORE, function="uprobe_clear_state", mentioning="area"),
        Remove(
            path=CORE_H,
            anchors=(
                Anchor(kind="macro", name="MAX_URETPROBE_DEPTH"),
                Anchor(kind="enum", name="uprobe_task_state"),
                Anchor(kind="struct", name="uprobe_task"),
                Anchor(kind="struct", name="return_instance"),
                Anchor(kind="enum", name="rp_check"),
                Anchor(kind="declaration", name="xol_area"),
                Anchor(kind="member", name="xol_area", within="uprobes_state"),
                Anchor(kind="macro", name="uprobe_get_trap_addr"),
                *(Anchor(kind="declaration", name=name) for name in prototypes),
            ),
        ),
        RemoveFunctions(
            path=CORE_H,
            names=(
                "uprobe_notify_resume",
                "uprobe_deny_signal",
                "uprobe_free_utask",
                "uprobe_copy_process",
            ),
        ),
        RemoveStatements(
            path="kernel/fork.c", function="mm_release", mentioning="uprobe_free_utask"
        ),
        RemoveStatements(
            path="kernel/fork.c", function="copy_process", mentioning="uprobe_copy_process"
        ),
        RemoveStatements(
            path="kernel/fork.c", function="mm_init", mentioning="mm_init_uprobes_state"
        ),
        RemoveFunctions(path="kernel/fork.c", names=("mm_init_uprobes_state",)),
        RemoveStatements(
            path="kernel/signal.c", function="get_signal", mentioning="uprobe_deny_signal"
        ),
        RemoveStatements(
            path="kernel/entry/common.c",
            function="exit_to_user_mode_loop",
            mentioning="_TIF_UPROBE",
        ),
        Remove(path=ENTRY_H, anchors=(Anchor(kind="macro", name="_TIF_UPROBE"),)),
        ReplaceTokens(
            path=ENTRY_H,
            within="EXIT_TO_USER_MODE_WORK",
            pattern="_TIF_NOTIFY_RESUME | _TIF_UPROBE",
            by="_TIF_NOTIFY_RESUME",
        ),
        Remove(
            path=THREAD_INFO_H,
            anchors=(
                Anchor(kind="macro", name="TIF_UPROBE"),
                Anchor(kind="macro", name="_TIF_UPROBE"),
            ),
        ),
        Remove(
            path="include/linux/sched.h",
            anchors=(Anchor(kind="member", name="utask", within="task_struct"),),
        ),
        RemoveStatements(path=TRACE, function="translate_user_vaddr", mentioning="udd"),
        ReplaceTokens(
            path=TRACE,
            within="translate_user_vaddr",
            pattern="return base_addr + file_offset;",
            by=piece(TRACE, "file-offset"),
        ),
        RemoveStatements(path=TRACE, function="translate_user_vaddr", mentioning="base_addr"),
        RemoveStatements(path=TRACE, function="uprobe_dispatcher", mentioning="utask"),
        RemoveStatements(path=TRACE, function="uretprobe_dispatcher", mentioning="utask"),
        RemoveStatements(path=PERF, function="is_uprobe_at_func_entry", mentioning="utask"),
        RemoveStatements(path=PERF, function="is_uprobe_at_func_entry", mentioning="auprobe"),
        ReplaceTokens(
            path=TRAPS,
            within="error_get_trap_addr",
            pattern="uprobe_get_trap_addr(regs)",
            by=piece(TRAPS, "ip"),
        ),
        ReplaceTokens(
            path=TRAPS,
            within="math_error",
            pattern="uprobe_get_trap_addr(regs)",
            by=piece(TRAPS, "ip"),
        ),
        RenameIdentifiers(path=CORE, renames=_backwards(CORE_RENAMES)),
        RenameIdentifiers(path=CORE_H, renames=_backwards(renamed_functions(NAMES))),
        *reorder(CORE, NAMES, former=True),
        *reorder(CORE_H, NAMES, former=True),
        WriteFile(path=ARCH, template="arch/x86/kernel/uprobes.c"),
        WriteFile(path=ARCH_H, template="arch/x86/include/asm/uprobes.h"),
        RenameMember(
            path="arch/x86/include/asm/processor.h",
            struct="thread_struct",
            holder="thread",
            old="trap_nr",
            new="trap_no",
            below="arch/x86",
        ),
        *extra,
    )


HOOKS = (
    Hook(
        callee="uprobe_free_utask",
        path="kernel/fork.c",
        function="mm_release",
        text=piece("kernel/fork.c", "free-utask"),
        before="deactivate_mm",
        blank=True,
    ),
    Hook(
        callee="uprobe_copy_process",
        path="kernel/fork.c",
        function="copy_process",
        text=piece("kernel/fork.c", "copy-process"),
        after="trace_task_newtask",
    ),
    Hook(
        callee="uprobe_reset_state",
        path="kernel/fork.c",
        function="mm_init",
        text=piece("kernel/fork.c", "reset-state"),
        before="hugetlb_count_init",
    ),
    Hook(
        callee="xol_free_area",
        path=CORE,
        function="uprobe_clear_state",
        text=piece(CORE, "free-area"),
        blank=True,
    ),
    Hook(
        callee="uprobe_deny_signal",
        path="kernel/signal.c",
        function="get_signal",
        text=piece("kernel/signal.c", "deny-signal"),
        after="task_sigpending",
        blank=True,
    ),
    Hook(
        callee="uprobe_notify_resume",
        path="kernel/entry/common.c",
        function="exit_to_user_mode_loop",
        text=piece("kernel/entry/common.c", "notify-resume"),
        after="schedule",
        blank=True,
    ),
    Hook(
        callee="arch_uprobe_exception_notify",
        path=CORE,
        function="uprobes_init",
        text=piece(CORE, "register-notifier"),
        blank=True,
    ),
    Hook(
        callee="uprobe_check_insn",
        path=TRACE,
        function="trace_uprobe_enable",
        text=piece(TRACE, "check-insn"),
        before="consumer",
        blank=True,
    ),
    Hook(
        callee="uprobe_abort_step",
        path=RSEQ,
        function="rseq_ip_fixup",
        text=piece(RSEQ, "abort-step"),
        before="instruction_pointer_set",
    ),
)


def mremap_hooks(munmap: str) -> tuple[Hook, ...]:
    """Return the hooks of move_vma() around ``munmap``, which splits what pages were moved from."""
    before = Hook(
        callee="uprobe_start_mremap",
        path=MREMAP,
        function="move_vma",
        text=piece(MREMAP, "unmap-start"),
        before=munmap,
    )
    after = Hook(
        callee="uprobe_end_mremap",
        path=MREMAP,
        function="move_vma",
        text=piece(MREMAP, "unmap-end"),
        after=munmap,
    )
    return before, after


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
