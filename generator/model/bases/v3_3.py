# SPDX-License-Identifier: GPL-2.0-only
"""Linux 3.3, the kernel the series was written for; its source is a tree that the user points to.

Nothing of uprobes is in it: the baseline adds what the series is built upon, instead of taking
anything out. Names are those that the review asked for, also where another name was merged later.

Sources: the unmodified tree of 3.3.8, and the places where it tests TIF_IA32.
"""

from __future__ import annotations

from generator.model.bases.base import (
    COMPARE_EDITS,
    DECLARE_EDITS,
    JOIN_EDITS,
    MM_FLAGS,
    TRAP_ADDR,
    TREE_EDITS,
    Base,
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
from generator.model.bases.prepare_v3_3 import (
    BASELINE,
    FORK,
    IS_32BIT_APP,
    TRAP_NR,
    UPROBES_INCLUDE,
)
from generator.model.edits import (
    Anchor,
    Edit,
    InsertBlock,
    InsertLines,
    InsertStatement,
    RenameIdentifiers,
    ReplaceTokens,
    piece,
)
from generator.model.files import CORE, CORE_H, MREMAP

SIGNAL = "arch/x86/kernel/signal.c"
THREAD_INFO_H = "arch/x86/include/asm/thread_info.h"
TRAPS = "arch/x86/kernel/traps.c"

NAMES = {
    "bp_insn": "UPROBE_BP_INSN",
    "old_bp_insn": "UPROBES_BKPT_INSN",
    "set_bp": "set_bp",
    "is_bp_insn": "is_bp_insn",
    "get_bp_addr": "uprobe_get_bp_addr",
    "handle_bp": "handle_bp",
    "pre_notifier": "uprobe_pre_bp_notifier",
    "post_notifier": "uprobe_post_bp_notifier",
    "virtual_dr6": "debugreg6",
    "bp_trap_nr": "3",
    "ref_inc": "atomic_inc",
    "find_uprobe": "find_uprobe",
    "no_fault": "0",
    "no_signal": "0",
    "user_work": "thread_info_flags",
    "read_folio": "readpage",
    "copy_from_page": "copy_from_page",
    "insn_is_avx": "insn_is_avx",
    # what breakpoints are written by
    "probed": "mm",
}

SPELLED = {
    **spelled(
        *("access_ok", "cpu_dr7", "for_each_vma", "force_sigill", "force_sigtrap", "get_page"),
        # is_32bit_app() is about the program, and so are its users
        "in_32bit_code",
        *("no_page", "read_page", "sigtrap_regs", "vma_inode", "xol_page"),
        of="3.3",
    ),
    **spelled(*MM_FLAGS),
}


# (name in February 2012, name that the review asked for)
_RENAMES = (
    *renamed_functions(NAMES),
    ("UPROBES_BKPT_INSN", "UPROBE_BP_INSN"),
    ("UPROBES_COPY_INSN", "UPROBE_COPY_INSN"),
    ("UPROBES_MMAP_LOCKS", "UPROBE_MMAP_LOCKS"),
    ("uprobes_mmap_mutex", "uprobe_mmap_mutex"),
)

_NAMES: tuple[Edit, ...] = (
    RenameIdentifiers(path=CORE, renames=_RENAMES),
    *renamed_prototypes(),
)

_PARAM_ORDER: tuple[Edit, ...] = (*reorder(CORE, NAMES), *reordered_prototypes(NAMES))

_HOOKS = (
    Hook(
        callee="uprobe_free_utask",
        path=FORK,
        function="mm_release",
        text=piece(FORK, "free-utask"),
        before="deactivate_mm",
        blank=True,
    ),
    Hook(
        callee="uprobe_copy_process",
        path=FORK,
        function="copy_process",
        text=piece(FORK, "copy-process"),
        after="trace_task_newtask",
    ),
    Hook(
        callee="uprobe_reset_state",
        path=FORK,
        function="mm_init",
        text=piece(FORK, "reset-state"),
        before="mm_init_aio",
    ),
    Hook(
        callee="uprobe_clear_state",
        path=FORK,
        function="mmput",
        text=piece(FORK, "clear-state"),
        before="exit_aio",
    ),
    Hook(
        callee="uprobe_deny_signal",
        path="kernel/signal.c",
        function="get_signal_to_deliver",
        text=piece("kernel/signal.c", "deny-signal"),
        after="signr",
        blank=True,
    ),
    Hook(
        callee="uprobe_notify_resume",
        path=SIGNAL,
        function="do_notify_resume",
        text=piece("kernel/entry/common.c", "notify-resume"),
        before="_TIF_SIGPENDING",
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
        callee="uprobe_start_mremap",
        path=MREMAP,
        function="move_vma",
        text=piece(MREMAP, "unmap-start"),
        before="do_munmap",
    ),
    Hook(
        callee="uprobe_end_mremap",
        path=MREMAP,
        function="move_vma",
        text=piece(MREMAP, "unmap-end"),
        after="do_munmap",
    ),
)


def _core_include(name: str, before: str) -> Edit:
    return InsertLines(
        path=CORE,
        text=f"#include <linux/{name}>\n",
        before=Anchor(kind="include", name=f"linux/{before}"),
    )


_ERRNO: tuple[Edit, ...] = (
    ReplaceTokens(path=CORE, within="prepare_uprobe", pattern="-ENOTSUPP", by="-EOPNOTSUPP"),
)

_UTASK: tuple[Edit, ...] = (
    InsertBlock(
        path=CORE_H,
        template="include/linux/uprobes.h/task.h",
        before=Anchor(kind="declaration", name="uprobes_init"),
    ),
    *DECLARE_EDITS,
    InsertBlock(
        path=CORE,
        template="kernel/events/uprobes.c/helpers-3.3.c",
        after=Anchor(kind="macro", name="UPROBE_MMAP_LOCKS"),
    ),
    core_block("utask.c"),
    InsertLines(
        path="include/linux/sched.h",
        text=piece("include/linux/sched.h", "utask-3.3"),
        before=Anchor(kind="conditional", name="CONFIG_HAVE_HW_BREAKPOINT"),
    ),
)

_XOL: tuple[Edit, ...] = (
    InsertLines(
        path=CORE_H,
        text=piece(CORE_H, "state-3.3"),
        before=Anchor(kind="conditional", name="CONFIG_UPROBES"),
        blank=True,
    ),
    InsertLines(
        path="include/linux/mm_types.h",
        text=UPROBES_INCLUDE,
        before=Anchor(kind="include", name="asm/page.h"),
    ),
    InsertLines(
        path="include/linux/mm_types.h",
        text=piece("include/linux/mm_types.h", "state-3.3"),
        before=Anchor(kind="conditional", name="CONFIG_MMU_NOTIFIER"),
    ),
    InsertLines(
        path=CORE,
        text=piece(CORE, "xol-slots"),
        before=Anchor(kind="declaration", name="uprobes_tree"),
        blank=True,
    ),
    InsertBlock(
        path=CORE,
        template="kernel/events/uprobes.c/xol.c",
        before=Anchor(kind="function", name="uprobe_free_utask"),
    ),
    _core_include("wait.h", "uprobes.h"),
)

_HIT: tuple[Edit, ...] = (
    core_block("hit.c"),
    _core_include("kdebug.h", "kernel.h"),
    _core_include("ptrace.h", "rmap.h"),
    _core_include("ratelimit.h", "rmap.h"),
    _core_include("uaccess.h", "uprobes.h"),
    TRAP_ADDR,
    InsertLines(
        path=THREAD_INFO_H,
        text="#define TIF_UPROBE\t\t12\t/* hit a probe, or stepped over one */\n",
        before=Anchor(kind="macro", name="TIF_NOTSC"),
    ),
    InsertLines(
        path=THREAD_INFO_H,
        text="#define _TIF_UPROBE\t\t(1 << TIF_UPROBE)\n",
        before=Anchor(kind="macro", name="_TIF_NOTSC"),
    ),
    # without it, what uprobe_deny_signal() asks for after a page fault is not seen
    ReplaceTokens(
        path=THREAD_INFO_H,
        within="_TIF_DO_NOTIFY_MASK",
        pattern="_TIF_USER_RETURN_NOTIFY",
        by="_TIF_USER_RETURN_NOTIFY | _TIF_UPROBE",
    ),
    InsertLines(
        path="kernel/signal.c",
        text=UPROBES_INCLUDE,
        after=Anchor(kind="include", name="linux/user_namespace.h"),
    ),
    InsertLines(
        path=SIGNAL,
        text=UPROBES_INCLUDE,
        before=Anchor(kind="include", name="linux/uaccess.h"),
    ),
    InsertLines(
        path=TRAPS,
        text=UPROBES_INCLUDE,
        after=Anchor(kind="include", name="linux/timer.h"),
    ),
    *(
        ReplaceTokens(path=TRAPS, pattern=f"{code}, regs->ip", by=piece(TRAPS, code))
        for code in ("FPE_INTDIV", "ILL_ILLOPN")
    ),
    ReplaceTokens(
        path=TRAPS,
        within="math_error",
        pattern="(void __user *)regs->ip",
        by=piece(TRAPS, "math-error-3.3"),
    ),
)

_RETURN: tuple[Edit, ...] = (
    ReplaceTokens(
        path=FORK,
        within="copy_process",
        pattern="uprobe_copy_process(p)",
        by=piece(FORK, "copy-flags"),
    ),
)

_REFUSE: tuple[Edit, ...] = (
    core_block("refuse.c"),
    _core_include("elf.h", "fs.h"),
)

_MOVE: tuple[Edit, ...] = (
    core_block("move.c"),
    InsertLines(
        path=MREMAP,
        text=UPROBES_INCLUDE,
        after=Anchor(kind="include", name="linux/mmu_notifier.h"),
    ),
    InsertLines(
        path="include/linux/sched.h",
        text="#define MMF_UPROBES_MREMAP\t21\t/* arm nothing now */\n",
        after=Anchor(kind="macro", name="MMF_RECALC_UPROBES"),
    ),
    ReplaceTokens(
        path=CORE,
        within="uprobe_mmap",
        pattern="RB_EMPTY_ROOT(&uprobes_tree) || !valid_vma(vma, true)",
        by=piece(CORE, "mmap-unless-moving-3.3"),
    ),
    *JOIN_EDITS,
    InsertStatement(
        path=MREMAP,
        function="move_vma",
        text=piece(MREMAP, "grown-3.3"),
        before="VM_ACCOUNT",
        blank=True,
    ),
)


BASE = Base(
    name="3.3",
    package="",
    names=NAMES,
    spelled=SPELLED,
    has=frozenset(
        {"insn_init", "lacks_helpers", "no_uprobes", "special_pages", "tif_ia32", "vma_list"}
    ),
    hooks=_HOOKS,
    edits={
        "trap-nr": TRAP_NR,
        "is-32bit-app": IS_32BIT_APP,
        "names": _NAMES,
        "param-order": _PARAM_ORDER,
        "errno": _ERRNO,
        "analyse": (),
        "utask": _UTASK,
        "xol": _XOL,
        "arch-xol": (),
        "hit": _HIT,
        "skip-nop": (),
        "return": _RETURN,
        "emulate-mov": (),
        "emulate-stack": (),
        "emulate-branch": (),
        "emulate-alu": (),
        "refuse": _REFUSE,
        "move": _MOVE,
        "compare": COMPARE_EDITS,
        "known": TREE_EDITS,
    },
    baseline=BASELINE,
)
