# SPDX-License-Identifier: GPL-2.0-only
"""Functions that the core calls and an architecture has, and those of the baseline."""

from __future__ import annotations

from generator.model.decl import Function, Param, When
from generator.model.files import CORE_H
from generator.model.interface.params import (
    AUPROBE,
    MACHINE,
    MM,
    PROBED,
    REGS,
    USER_REGS,
    VMA,
)

ARCH_FUNCTIONS = (
    Function(
        name="arch_uprobe_analyze_insn",
        returns="int",
        params=(
            PROBED,
            Param("struct mm_struct *", "mm", "the address space that is probed"),
            Param("unsigned long", "addr", "where it is mapped"),
        ),
        doc=(
            "analyse a probed instruction",
            (
                "Decode the instruction as 64-bit and as 32-bit code, since a process can execute "
                "both, and fill in @auprobe: the copy for the XOL slot, the fixups that the copy "
                "needs after it was stepped",
                When(patch="emulate-mov", then=", and how it can be emulated"),
                ".",
            ),
            "Context: Process context, once per probe, before its first breakpoint is installed.",
            "Return: 0 on success, -ENOEXEC if the bytes are not a valid instruction, "
            "-EOPNOTSUPP if the instruction cannot be probed.",
        ),
        header=CORE_H,
        former_name="arch_uprobes_analyze_insn",
        former_order=(1, 0, 2),
        patch="baseline",
    ),
    Function(
        name="arch_uprobe_pre_xol",
        returns="int",
        params=(PROBED, USER_REGS),
        doc=(
            "prepare to single-step the copy in the XOL slot",
            "Point regs->ip at the slot, utask->xol_vaddr, and set TF. utask->vaddr is the "
            "probed address. BTF is cleared for the step, so that DR6.BS is set after one "
            "instruction and not after a branch.",
            "Return: 0 on success, -ENOEXEC if the instruction cannot be executed out of "
            "line in the mode that the task is in.",
        ),
        header=CORE_H,
        patch="arch-xol",
    ),
    Function(
        name="arch_uprobe_post_xol",
        returns="int",
        params=(PROBED, USER_REGS),
        doc=(
            "fix up registers and memory after the step",
            "Make registers and memory look as if the instruction had been executed at the "
            "probed address. A task that had TF set before the step gets SIGTRAP, with DR6.BS; "
            "with BTF (PTRACE_SINGLEBLOCK) only if the instruction branched.",
            "Return: 0. If the user stack cannot be written, undo the step: the instruction is "
            "executed again and raises the fault at the probed address.",
        ),
        header=CORE_H,
        patch="arch-xol",
    ),
    Function(
        name="arch_uprobe_abort_xol",
        returns="void",
        params=(PROBED, USER_REGS),
        doc=(
            "undo arch_uprobe_pre_xol()",
            "Move regs->ip back to the probed address, and restore TF, BTF and the scratch "
            "register. A signal handler and a core dump then see the probed address.",
            "Context: The copy raised an exception, or the task got SIGKILL during the step.",
        ),
        header=CORE_H,
        patch="arch-xol",
    ),
    Function(
        name="arch_uprobe_xol_was_trapped",
        returns="bool",
        params=(Param("struct task_struct *", "t", "the task that steps"),),
        doc=(
            "check whether the copy raised an exception",
            "Exception handlers store the vector in thread.trap_nr. arch_uprobe_pre_xol() sets "
            "it to UPROBE_TRAP_NR, which is not a vector.",
            "Return: true if an exception other than the #DB of the step occurred, or if signals "
            "arrive again and again while the copy makes no progress.",
        ),
        header=CORE_H,
        patch="arch-xol",
    ),
    Function(
        name="arch_uprobe_exception_notify",
        returns="int",
        params=(
            Param("struct notifier_block *", "self", "the notifier of the uprobes core"),
            Param("unsigned long", "val", "the kind of event, enum die_val"),
            Param("void *", "data", "the event, struct die_args"),
        ),
        doc=(
            "handle #BP and #DB of user mode",
            "Only mark the task. The work is done in uprobe_notify_resume(), on return to user "
            "mode.",
            "Context: Exception entry, interrupts disabled.",
            "Return: NOTIFY_STOP if the exception belongs to uprobes, NOTIFY_DONE otherwise.",
        ),
        header=CORE_H,
        patch="hit",
    ),
    Function(
        name="arch_uprobe_skip_sstep",
        returns="bool",
        params=(PROBED, USER_REGS),
        doc=(
            "execute the instruction without a single step",
            (
                "This is an optimisation: it saves the #DB exception. Skip a NOP",
                When(
                    patch="emulate-mov",
                    then=", emulate what can be emulated.",
                    otherwise=". Other instructions can be added.",
                ),
            ),
            "Return: true if the instruction has been executed and regs->ip is that of the "
            "next one.",
        ),
        header=CORE_H,
        patch="skip-nop",
    ),
    Function(
        name="arch_uprobe_get_xol_area",
        returns="unsigned long",
        doc=(
            "Find a free address for the XOL area in the current mm. Return an error as "
            "get_unmapped_area() does.",
            "Context: mmap_lock held for write.",
        ),
        weak=True,
        header=CORE_H,
        patch="xol",
    ),
    Function(
        name="arch_uprobe_copy_ixol",
        returns="void",
        params=(
            Param("struct page *", "page"),
            Param("unsigned long", "vaddr"),
            Param("void *", "src"),
            Param("unsigned long", "len"),
        ),
        doc=(
            "Copy an instruction into its XOL slot. Overridden by architectures that have to "
            "flush the instruction cache.",
        ),
        weak=True,
        header=CORE_H,
        patch="xol",
    ),
    Function(
        name="arch_uprobe_ignore",
        returns="bool",
        params=(AUPROBE, REGS),
        doc=(
            "Check whether a hit does not count, such as that of a conditional instruction "
            "whose condition is false.",
        ),
        weak=True,
        header=CORE_H,
        patch="hit",
    ),
    Function(
        name="arch_uprobe_signal_bp",
        returns="void",
        params=(REGS,),
        doc=("Deliver the SIGTRAP of a breakpoint that does not belong to uprobes.",),
        weak=True,
        header=CORE_H,
        patch="hit",
    ),
    Function(
        name="arch_uretprobe_hijack_return_addr",
        returns="unsigned long",
        params=(
            Param("unsigned long", "trampoline_vaddr", "where the function is to return to"),
            USER_REGS,
        ),
        doc=(
            "replace the return address by the trampoline",
            "Context: Entry of a function: the return address is on top of the stack.",
            "Return: the original return address, which is @trampoline_vaddr if it has been "
            "replaced before; -1 if nothing was changed.",
        ),
        header=CORE_H,
        patch="return",
    ),
    Function(
        name="arch_uretprobe_is_alive",
        returns="bool",
        params=(Param("struct return_instance *", "ret"), Param("enum rp_check", "ctx"), REGS),
        doc=(
            "Check whether the function that @ret stands for can still return. Overridden by "
            "architectures that can tell by the stack pointer.",
        ),
        weak=True,
        header=CORE_H,
        patch="return",
    ),
    Function(
        name="arch_uretprobe_stack",
        returns="unsigned long",
        params=(REGS,),
        doc=(
            "Return where the return address of the function was that has just come to the "
            "trampoline, as return_instance.stack has it. An architecture whose functions pop "
            "the address replaces this.",
        ),
        weak=True,
        header=CORE_H,
        patch="return",
    ),
    Function(
        name="arch_uretprobe_forget",
        returns="bool",
        params=(Param("struct return_instance *", "ret"), REGS, Param("bool", "shared")),
        doc=(
            "Tell whether a pending return can be forgotten since the list is full. An "
            "architecture that knows where the return address is can put the original one "
            "back: a function on another stack then returns unnoticed. Not where that is @shared: "
            "another task may have a function there that is pending.",
        ),
        weak=True,
        header=CORE_H,
        patch="return",
    ),
    Function(
        name="arch_uretprobe_is_syscall",
        returns="bool",
        params=(REGS, Param("long", "syscall")),
        doc=(
            "Tell whether a system call is that of the trampoline. What emulates or redirects the "
            "system calls of a program must not see it: the program has not made it.",
        ),
        weak=True,
        header=CORE_H,
        stub="false",
        needs="uretprobe_syscall",
        patch="return",
    ),
    Function(
        name="arch_uprobe_trampoline",
        returns="void *",
        params=(Param("unsigned long *", "psize"),),
        doc=(
            "Return the code of the uretprobe trampoline and its size in bytes. By default, "
            "that is a breakpoint.",
        ),
        weak=True,
        header=CORE_H,
        needs="uretprobe_syscall",
        patch="return",
    ),
    Function(
        name="arch_uprobe_check_insn",
        returns="int",
        params=(AUPROBE, MACHINE),
        doc=(
            "Check whether an instruction can be probed, before a task has mapped it. Return 0 "
            "or an error.",
        ),
        weak=True,
        header=CORE_H,
        patch="refuse",
    ),
    Function(
        name="arch_uprobe_is_call",
        returns="bool",
        params=(AUPROBE, VMA, Param("unsigned long", "vaddr")),
        doc=(
            "Tell whether a probe is a call in place of a breakpoint in a mapping. The caller "
            "holds mmap_lock.",
        ),
        weak=True,
        header=CORE_H,
        needs="nop_call",
        patch="call-nop",
    ),
    Function(
        name="arch_uprobe_insn_len",
        returns="int",
        params=(AUPROBE, MM),
        doc=(
            "Return the length of a probed instruction in bytes, once it was analysed, in the mode "
            "of a process. An "
            "architecture whose instructions are longer than a breakpoint replaces it.",
        ),
        weak=True,
        header=CORE_H,
        patch="compare",
    ),
)

# In the baseline already; the preparatory patches rename and reorder them.
BASELINE_FUNCTIONS = (
    Function(
        name="set_bp",
        returns="int",
        params=(AUPROBE, MM, Param("unsigned long", "vaddr")),
        doc=(),
        header=CORE_H,
        former_name="set_bkpt",
        former_order=(1, 0, 2),
        patch="baseline",
    ),
    Function(
        name="is_bp_insn",
        returns="bool",
        params=(Param("uprobe_opcode_t *", "insn"),),
        doc=(),
        header=CORE_H,
        former_name="is_bkpt_insn",
        patch="baseline",
    ),
    Function(
        name="set_orig_insn",
        returns="int",
        params=(AUPROBE, MM, Param("unsigned long", "vaddr")),
        doc=(),
        header=CORE_H,
        former_order=(1, 0, 2),
        patch="baseline",
    ),
    Function(
        name="uprobe_write_opcode",
        returns="int",
        params=(
            AUPROBE,
            MM,
            Param("unsigned long", "vaddr"),
            Param("uprobe_opcode_t", "opcode"),
        ),
        doc=(),
        header=CORE_H,
        former_order=(1, 0, 2, 3),
        patch="baseline",
    ),
)
