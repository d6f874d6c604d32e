# SPDX-License-Identifier: GPL-2.0-only
"""What x86 does."""

from __future__ import annotations

from generator.model.decl import Function, Param, When
from generator.model.interface.params import AUPROBE, MACHINE, MM, REGS, VMA

X86_FUNCTIONS = (
    Function(
        name="is_32bit_app",
        returns="bool",
        params=(Param("struct task_struct *", "t", "the task, which must have user registers"),),
        storage="static inline",
        doc=(
            "check whether a task executes 32-bit code",
            (
                When(
                    fact="tif_ia32",
                    then="Whether a program is 32-bit is decided by execve(). This is not about "
                    "the current system call (is_compat_task()), which 64-bit code can make in "
                    "its 32-bit form, nor about the size of pointers: an x32 task executes 64-bit "
                    "code.",
                    otherwise="x32 tasks execute 64-bit code with 32-bit pointers: the result is "
                    "false for them. This is about the mode of the CPU, not about the current "
                    "system call (in_ia32_syscall()), nor about the size of the address space "
                    "(TIF_ADDR32).",
                ),
            ),
            "Return: true for 32-bit code, and always on 32-bit kernels.",
        ),
        header="arch/x86/include/asm/compat.h",
        patch="is-32bit-app",
    ),
    Function(
        name="uprobe_insn_is_nop",
        returns="bool",
        params=(Param("struct insn *", "insn"),),
        storage="static",
        doc=("@nops",),
        patch="skip-nop",
    ),
    Function(
        name="x86_uprobe_check_insn",
        c_name="arch_uprobe_check_insn",
        returns="int",
        params=(AUPROBE, MACHINE),
        doc=(
            "Check whether an instruction can be probed, before a task has mapped it. The ELF "
            "machine tells which kind of code it is: x32 is 64-bit code, and EM_X86_64. Other "
            "files can be mapped by both kinds of tasks: refuse only what neither can execute "
            "out of line.",
        ),
        patch="refuse",
    ),
    Function(
        name="x86_uprobe_insn_len",
        c_name="arch_uprobe_insn_len",
        returns="int",
        params=(AUPROBE, MM),
        doc=("Return the length of a probed instruction in the mode of a process, in bytes.",),
        patch="compare",
    ),
    Function(
        name="x86_uprobe_is_call",
        c_name="arch_uprobe_is_call",
        returns="bool",
        params=(AUPROBE, VMA, Param("unsigned long", "vaddr")),
        doc=("Tell whether a NOP has become a call of a trampoline.",),
        needs="nop_call",
        patch="call-nop",
    ),
    Function(
        name="x86_uprobe_copy_ixol",
        c_name="arch_uprobe_copy_ixol",
        returns="void",
        params=(
            Param("struct page *", "page"),
            Param("unsigned long", "vaddr"),
            Param("void *", "src"),
            Param("unsigned long", "len"),
        ),
        doc=("Copy an instruction for the mode that the task is in, to its place in the slot.",),
        unless="tif_ia32",
        patch="arch-xol",
    ),
    Function(
        name="x86_get_xol_area",
        c_name="arch_uprobe_get_xol_area",
        returns="unsigned long",
        doc=(
            "Find a page for the XOL area: the highest one if it is free, else one that mmap() "
            "would not get to, else one below mmap_base. get_unmapped_area() would derive the "
            "limits from the type of the current system call, and this is not a system call. A "
            "task that executes 32-bit code needs a slot below 4 GiB, whatever the program is. "
            "What lies below mmap_min_addr stays empty.",
        ),
        unless="tif_ia32",
        patch="xol",
    ),
    Function(
        name="x86_uprobe_signal_bp",
        c_name="arch_uprobe_signal_bp",
        returns="void",
        params=(REGS,),
        doc=(
            "Deliver the SIGTRAP of a breakpoint that does not belong to uprobes. As in the "
            "int3 handler, set thread.trap_nr and error_code: a signal handler can tell it "
            "from a single step by them.",
        ),
        patch="hit",
    ),
    Function(
        name="x86_uretprobe_is_alive",
        c_name="arch_uretprobe_is_alive",
        returns="bool",
        params=(Param("struct return_instance *", "ret"), Param("enum rp_check", "ctx"), REGS),
        doc=(
            "Tell whether a function seems to be going to return: its return address is not below "
            "the stack pointer. Functions on other stacks are misjudged, but for those that a "
            "signal handler with an alternate stack has interrupted.",
        ),
        patch="return",
    ),
    Function(
        name="x86_uretprobe_stack",
        c_name="arch_uretprobe_stack",
        returns="unsigned long",
        params=(REGS,),
        doc=("Return where the address was that ret has popped.",),
        patch="return",
    ),
    Function(
        name="x86_uretprobe_forget",
        c_name="arch_uretprobe_forget",
        returns="bool",
        params=(Param("struct return_instance *", "ret"), REGS, Param("bool", "shared")),
        doc=(
            "Tell whether a pending return can be forgotten. It can when the address of the "
            "trampoline has been overwritten. Else, where the function seems to have been left, "
            "put the original address back: if it is on another stack all the same, it returns "
            "unnoticed. Memory that is not at hand, or @shared with other tasks, is left alone.",
        ),
        patch="return",
    ),
    Function(
        name="x86_uretprobe_is_syscall",
        c_name="arch_uretprobe_is_syscall",
        returns="bool",
        params=(REGS, Param("long", "syscall")),
        doc=("Tell whether a system call is that of the trampoline.",),
        needs="uretprobe_syscall",
        patch="return",
    ),
    Function(
        name="x86_uprobe_trampoline",
        c_name="arch_uprobe_trampoline",
        returns="void *",
        params=(Param("unsigned long *", "psize"),),
        doc=(
            "Return the code of the uretprobe trampoline and its size in bytes. 64-bit code "
            "uses a system call, which is cheaper than a breakpoint.",
        ),
        needs="uretprobe_syscall",
        patch="return",
    ),
    Function(
        name="uprobe_emulate_atomic",
        returns="bool",
        params=(Param("const struct arch_uprobe_mode *", "mode"), REGS),
        storage="static",
        doc=(
            (
                "Emulate an instruction unless the task has been preempted since it hit the "
                "breakpoint. It can be the one that commits a restartable sequence: then the "
                "sequence has to be aborted, and the instruction must not be executed. Preemption "
                "and membarrier() set ",
                When(fact="rseq_flag", then="TIF_RSEQ", otherwise="TIF_NOTIFY_RESUME"),
                ", which is handled before the task returns to user space. When this returns "
                "false the instruction is executed out of line, and that step is aborted with the "
                "sequence.",
            ),
        ),
        needs="rseq",
        patch="rseq",
    ),
)
