# SPDX-License-Identifier: GPL-2.0-only
"""What 3.3 lacks and the series rests on, and the patches 1 and 2, which are its own."""

from __future__ import annotations

from generator.model.edits import (
    Anchor,
    CreateFile,
    Edit,
    InsertBlock,
    InsertLines,
    InsertStatement,
    RenameIdentifiers,
    RenameMember,
    ReplaceTokens,
    piece,
)
from generator.model.files import ARCH, ARCH_H, COMPAT_H, CORE, CORE_H

FORK = "kernel/fork.c"
MMAP = "mm/mmap.c"
ELF_H = "arch/x86/include/asm/elf.h"
PTRACE = "arch/x86/kernel/ptrace.c"

UPROBES_INCLUDE = "#include <linux/uprobes.h>\n"

# 3.3 has nothing of this: the files, how they are built, and the calls of the memory management
BASELINE: tuple[Edit, ...] = (
    CreateFile(path=CORE, template="kernel/events/uprobes.c/core-3.3.c"),
    CreateFile(path=CORE_H, template="include/linux/uprobes.h/whole-3.3.h"),
    CreateFile(path="kernel/events/uprobe_client.c", template="kernel/events/uprobe_client.c"),
    CreateFile(path=ARCH, template="arch/x86/kernel/uprobes.c"),
    CreateFile(path=ARCH_H, template="arch/x86/include/asm/uprobes.h"),
    InsertBlock(
        path="arch/Kconfig",
        template="arch/Kconfig/uprobes-3.3",
        before=Anchor(kind="line", name="config OPTPROBES"),
    ),
    InsertLines(
        path="arch/x86/Kconfig",
        text="config ARCH_SUPPORTS_UPROBES\n\tdef_bool y\n\n",
        before=Anchor(kind="line", name="### Arch settings"),
    ),
    InsertLines(
        path="kernel/events/Makefile",
        text="obj-$(CONFIG_UPROBES) += uprobes.o\nobj-$(CONFIG_UPROBE_CLIENT) += uprobe_client.o\n",
        after=Anchor(kind="line", name="obj-$(CONFIG_HAVE_HW_BREAKPOINT) += hw_breakpoint.o"),
    ),
    InsertLines(
        path="arch/x86/kernel/Makefile",
        text="obj-$(CONFIG_UPROBES)\t+= uprobes.o\n",
        before=Anchor(
            kind="line", name="obj-y\t\t\t+= alternative.o i8253.o pci-nommu.o hw_breakpoint.o"
        ),
    ),
    InsertLines(
        path="include/linux/sched.h",
        text="#define MMF_HAS_UPROBES\t\t19\t/* might have breakpoints */\n"
        "#define MMF_RECALC_UPROBES\t20\t/* MMF_HAS_UPROBES can be wrong */\n",
        after=Anchor(kind="macro", name="MMF_VM_HUGEPAGE"),
    ),
    InsertLines(
        path=FORK, text=UPROBES_INCLUDE, after=Anchor(kind="include", name="linux/signalfd.h")
    ),
    InsertStatement(path=FORK, function="fork_init", text=piece(FORK, "init"), blank=True),
    InsertStatement(
        path=FORK, function="dup_mmap", text=piece(FORK, "start-dup"), before="down_write"
    ),
    InsertStatement(
        path=FORK,
        function="dup_mmap",
        text=piece(FORK, "dup"),
        after="down_write_nested",
    ),
    InsertStatement(
        path=FORK,
        function="dup_mmap",
        text=piece(FORK, "end-dup"),
        after="up_write",
        last=True,
    ),
    InsertLines(
        path=MMAP, text=UPROBES_INCLUDE, after=Anchor(kind="include", name="linux/khugepaged.h")
    ),
    InsertStatement(
        path=MMAP,
        function="vma_adjust",
        text=piece(MMAP, "adjust-start"),
        before="mutex_lock",
        blank=True,
    ),
    InsertStatement(
        path=MMAP,
        function="vma_adjust",
        text=piece(MMAP, "adjusted"),
        after="mapping",
        last=True,
        blank=True,
    ),
    InsertStatement(
        path=MMAP,
        function="vma_adjust",
        text=piece(MMAP, "next-gone"),
        before="fput",
    ),
    InsertStatement(
        path=MMAP,
        function="vma_adjust",
        text=piece(MMAP, "inserted"),
        before="validate_mm",
        blank=True,
    ),
    InsertStatement(
        path=MMAP,
        function="mmap_region",
        text=piece(MMAP, "mapped"),
        after="perf_event_mmap",
    ),
    InsertLines(
        path="mm/memory.c", text=UPROBES_INCLUDE, after=Anchor(kind="include", name="linux/gfp.h")
    ),
    InsertStatement(
        path="mm/memory.c",
        function="unmap_vmas",
        text=piece("mm/memory.c", "unmap"),
        before="VM_ACCOUNT",
        blank=True,
    ),
)

TRAP_NR: tuple[Edit, ...] = (
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
    return ReplaceTokens(
        path=path,
        within=within,
        pattern=f"!{test}" if negated else test,
        by=piece(COMPAT_H, f"not-of-{of}" if negated else f"of-{of}"),
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
    return ReplaceTokens(
        path=PTRACE,
        pattern="#ifdef CONFIG_IA32_EMULATION if (test_tsk_thread_flag(task, TIF_IA32)) "
        f"task_pt_regs(task)->{register} = value; #endif",
        by=piece(PTRACE, f"set-{register}"),
    )


IS_32BIT_APP: tuple[Edit, ...] = (
    InsertBlock(
        path=COMPAT_H,
        template="arch/x86/include/asm/compat.h/is_32bit_app.h",
        after=Anchor(kind="function", name="is_compat_task"),
    ),
    # where there is no compat code, linux/compat.h has a macro of that name, and asm/elf.h, which
    # gets this header now, may come behind it
    InsertLines(
        path=COMPAT_H,
        text="#ifndef is_compat_task\t/* linux/compat.h may have one */\n",
        before=Anchor(kind="function", name="is_compat_task"),
    ),
    InsertLines(
        path=COMPAT_H,
        text="#endif\n",
        after=Anchor(kind="function", name="is_compat_task"),
    ),
    # STACK_RND_MASK: of its two definitions the one of 64-bit kernels
    ReplaceTokens(
        path=ELF_H,
        pattern="test_thread_flag(TIF_IA32) ? 0x7ff",
        by=piece(ELF_H, "stack-rnd"),
    ),
    _include(ELF_H, "asm/ptrace.h"),
    ReplaceTokens(
        path=ELF_H,
        within="mmap_is_ia32",
        pattern="#ifdef CONFIG_X86_32 return 1; #endif "
        "#ifdef CONFIG_IA32_EMULATION if (test_thread_flag(TIF_IA32)) return 1; #endif "
        "return 0;",
        by=piece(ELF_H, "mmap-is-ia32"),
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
