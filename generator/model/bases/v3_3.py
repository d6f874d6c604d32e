# SPDX-License-Identifier: GPL-2.0-only
"""Linux 3.3, the kernel the series was written for; its source is a tree that the user points to.

Nothing of uprobes is in it: the baseline adds what the series is built upon, instead of taking
anything out. Names are those that the review asked for, also where another name was merged later.

Not among the bases yet: its patches are here as far as they render, see ``PATCHES``.

Sources: the unmodified tree of 3.3.8, and the places where it tests TIF_IA32.
"""

from __future__ import annotations

from generator.model.bases.base import Base
from generator.model.edits import (
    Anchor,
    Edit,
    InsertBlock,
    InsertLines,
    RenameIdentifiers,
    RenameMember,
    ReplaceTokens,
)

PATCHES = ("trap-nr", "is-32bit-app")
"""The patches of the series that this base has edits for, from the first one on."""

COMPAT_H = "arch/x86/include/asm/compat.h"
ELF_H = "arch/x86/include/asm/elf.h"
PTRACE = "arch/x86/kernel/ptrace.c"

NAMES = {
    "bp_insn": "UPROBE_BP_INSN",
    "old_bp_insn": "UPROBES_BKPT_INSN",
    "set_bp": "set_bp",
    "is_bp_insn": "is_bp_insn",
    "get_bp_addr": "uprobe_get_bp_addr",
    "pre_notifier": "uprobe_pre_bp_notifier",
    "post_notifier": "uprobe_post_bp_notifier",
    "force_sigtrap": "force_sig(SIGTRAP, current)",
    "force_sigill": "force_sig(SIGILL, current)",
    "send_sigtrap": "send_sigtrap",
    "find_uprobe": "find_uprobe",
}

_TRAP_NR: tuple[Edit, ...] = (
    # every trap_no of this file is the member; so is the one in a comment
    RenameIdentifiers(path="arch/x86/kernel/traps.c", renames=(("trap_no", "trap_nr"),)),
    RenameMember(
        path="arch/x86/include/asm/processor.h",
        struct="thread_struct",
        holder="thread",
        old="trap_no",
        new="trap_nr",
        below="arch/x86",
        # a gdb macro reads the member
        also=("Documentation/kdump/gdbmacros.txt",),
    ),
)


def _ask(
    path: str, *, of: str = "current", within: str = "", count: int = 1, negated: bool = False
) -> Edit:
    """Return the edit that asks is_32bit_app() instead of testing TIF_IA32."""
    test = "test_thread_flag(TIF_IA32)"
    if of != "current":
        test = f"test_tsk_thread_flag({of}, TIF_IA32)"
    sign = "!" if negated else ""
    return ReplaceTokens(
        path=path,
        within=within,
        pattern=f"{sign}{test}",
        by=f"{sign}is_32bit_app({of})",
        count=count,
    )


def _include(path: str, before: str) -> Edit:
    return InsertLines(
        path=path,
        text="#include <asm/compat.h>\n",
        before=Anchor(kind="include", name=before),
    )


def _segment(register: str) -> Edit:
    """Return the edit of set_segment_reg() for a register that 64-bit code cannot change."""
    assign = f"task_pt_regs(task)->{register} = value;"
    return ReplaceTokens(
        path=PTRACE,
        pattern="#ifdef CONFIG_IA32_EMULATION "
        f"if (test_tsk_thread_flag(task, TIF_IA32)) {assign} #endif",
        by=f"\t\tif (is_32bit_app(task))\n\t\t\t{assign}",
    )


_IS_32BIT_APP: tuple[Edit, ...] = (
    InsertBlock(
        path=COMPAT_H,
        template="arch/x86/include/asm/compat.h/is_32bit_app.h",
        after=Anchor(kind="function", name="is_compat_task"),
    ),
    # STACK_RND_MASK: of its two definitions the one of 64-bit kernels
    ReplaceTokens(
        path=ELF_H,
        pattern="test_thread_flag(TIF_IA32) ? 0x7ff",
        by="is_32bit_app(current) ? 0x7ff",
    ),
    _include(ELF_H, "asm/ptrace.h"),
    ReplaceTokens(
        path=ELF_H,
        within="mmap_is_ia32",
        pattern="#ifdef CONFIG_X86_32 return 1; #endif "
        "#ifdef CONFIG_IA32_EMULATION if (test_thread_flag(TIF_IA32)) return 1; #endif "
        "return 0;",
        by="\treturn is_32bit_app(current);",
    ),
    _ask("arch/x86/kernel/process_64.c", within="copy_thread"),
    _ask("arch/x86/kernel/process_64.c", within="KSTK_ESP", of="task"),
    _include("arch/x86/kernel/process_64.c", "asm/pgtable.h"),
    _segment("cs"),
    _segment("ss"),
    _ask(PTRACE, within="task_user_regset_view", of="task"),
    _include(PTRACE, "asm/pgtable.h"),
    _ask("arch/x86/kernel/signal.c", count=2),
    _include("arch/x86/kernel/signal.c", "asm/ucontext.h"),
    _ask("arch/x86/kernel/sys_x86_64.c", count=3),
    _include("arch/x86/kernel/sys_x86_64.c", "asm/ia32.h"),
    _ask("arch/x86/kernel/cpu/perf_event.c", within="perf_callchain_user32"),
    _ask("arch/x86/kernel/cpu/perf_event_intel_ds.c", negated=True),
    _include("arch/x86/kernel/cpu/perf_event_intel_ds.c", "asm/perf_event.h"),
    _ask("arch/x86/oprofile/backtrace.c", within="x86_backtrace_32"),
)

BASE = Base(
    name="3.3",
    package="",
    names=NAMES,
    has=frozenset({"tif_ia32"}),
    hooks=(),
    edits={"trap-nr": _TRAP_NR, "is-32bit-app": _IS_32BIT_APP},
    baseline=(),
)
