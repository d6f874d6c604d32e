# SPDX-License-Identifier: GPL-2.0-only
"""What the 6.x bases have in common: names, the baseline outside of the core, the hooks.

What the patches change besides is in ``edits_v6``.

Sources: the unmodified trees of 6.1.192 and 6.12.117, their callers of uprobes outside of the core,
their tests for 32-bit code, and what a link without the removed functions asks for.
"""

from __future__ import annotations

from generator.model.bases.base import (
    MM_FLAGS,
    Hook,
    spelled,
)
from generator.model.bases.former import (
    renamed_functions,
    reorder,
)
from generator.model.edits import (
    Anchor,
    Edit,
    Remove,
    RemoveFunctions,
    RemoveStatements,
    RenameIdentifiers,
    RenameMember,
    ReplaceTokens,
    WriteFile,
    piece,
)
from generator.model.files import ARCH, ARCH_H, CORE, CORE_H, MREMAP, TRACE

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
    *("in_32bit_code", "no_page", "read_page", "sigtrap_regs", "vma_inode", "xol_page"),
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


_OUT_OF_CORE: tuple[Edit, ...] = (
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
)
"""What is neither a function nor declared."""

_CALLS_OUT: tuple[Edit, ...] = (
    RemoveFunctions(
        path=CORE_H,
        names=(
            "uprobe_notify_resume",
            "uprobe_deny_signal",
            "uprobe_free_utask",
            "uprobe_copy_process",
        ),
    ),
    RemoveStatements(path="kernel/fork.c", function="mm_release", mentioning="uprobe_free_utask"),
    RemoveStatements(
        path="kernel/fork.c", function="copy_process", mentioning="uprobe_copy_process"
    ),
    RemoveStatements(path="kernel/fork.c", function="mm_init", mentioning="mm_init_uprobes_state"),
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
)
"""The calls of the core, what stands for them without uprobes, and the flag of a task."""

_CLIENTS_OUT: tuple[Edit, ...] = (
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
)
"""Who asks for the task's probe, or for the address of a trap."""

_FORMER: tuple[Edit, ...] = (
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
)
"""Names and orders of February 2012, and the files of x86 in their place."""


def baseline(
    *, functions: tuple[str, ...], prototypes: tuple[str, ...], extra: tuple[Edit, ...] = ()
) -> tuple[Edit, ...]:
    """Return the edits that make a baseline of an unmodified 6.x tree.

    Args:
        functions: the functions of the core that the series brings, under the base's names.
        prototypes: their prototypes, and those of the architecture.
        extra: what only this base has.
    """
    return (
        RemoveFunctions(path=CORE, names=functions),
        *_OUT_OF_CORE,
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
        *_CALLS_OUT,
        *_CLIENTS_OUT,
        *_FORMER,
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
