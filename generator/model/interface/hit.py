# SPDX-License-Identifier: GPL-2.0-only
"""The breakpoint: which probe was hit, and the step over its instruction."""

from __future__ import annotations

from generator.model.decl import Function, Param, When
from generator.model.files import CORE_H
from generator.model.interface.params import MM, REGS, TASK, UPROBE, UTASK

HIT_FUNCTIONS = (
    Function(
        name="get_bp_addr",
        returns="unsigned long",
        params=(Param("struct pt_regs *", "regs", "the registers after the breakpoint"),),
        doc=(
            "compute the address of a breakpoint that was hit",
            "Return: the address of the breakpoint instruction. On most architectures the "
            "exception leaves the instruction pointer after it.",
        ),
        weak=True,
        header=CORE_H,
        patch="hit",
    ),
    Function(
        name="uprobe_get_trap_addr",
        returns="unsigned long",
        params=(Param("struct pt_regs *", "regs", "the registers at the exception"),),
        doc=(
            "compute the address to report for an exception",
            "Return: the instruction pointer, or the probed address if the exception was "
            "raised by the copy in the XOL slot.",
        ),
        header=CORE_H,
        patch="hit",
    ),
    Function(
        name="unapply_uprobe",
        returns="int",
        params=(UPROBE, MM),
        storage="static",
        doc=(
            "Remove the breakpoints of @uprobe from @mm because no consumer is interested in "
            "it. The uprobe stays registered.",
        ),
        patch="hit",
    ),
    Function(
        name="get_utask",
        returns="struct uprobe_task *",
        storage="static",
        doc=(
            "Return the uprobe_task of the current task, allocated on first use, or NULL if "
            "out of memory.",
        ),
        patch="hit",
    ),
    Function(
        name="uprobe_warn",
        returns="void",
        params=(TASK, Param("const char *", "msg")),
        storage="static",
        doc=("Report a task for which a probe could not be handled.",),
        unless="uprobe_warn",
        patch="hit",
    ),
    Function(
        name="pre_ssout",
        returns="int",
        params=(UPROBE, REGS, Param("unsigned long", "bp_vaddr")),
        storage="static",
        doc=(
            "Prepare to single-step the instruction out of line. On failure regs->ip stays at "
            "the breakpoint, which is executed again.",
        ),
        patch="hit",
    ),
    Function(
        name="end_step",
        returns="void",
        params=(UTASK,),
        storage="static",
        doc=("End a step, however it went, and let in the signals that were kept waiting.",),
        patch="hit",
    ),
    Function(
        name="has_left_slot",
        returns="bool",
        params=(UTASK, Param("unsigned long", "addr")),
        storage="static",
        doc=(
            "Tell whether a task in the middle of a step is not at its slot: the program has put "
            "a page of its own in the place of the area, with a system call in it, and has come "
            "back from there to somewhere else.",
        ),
        patch="hit",
    ),
    Function(
        name="forget_step",
        returns="void",
        params=(UTASK, REGS),
        storage="static",
        doc=("End the step of a task that has left its slot, and leave it where it is.",),
        patch="hit",
    ),
    Function(
        name="uprobe_deny_signal",
        returns="bool",
        doc=(
            "Keep a task from dequeuing signals while it single-steps in the XOL slot: the signal "
            "frame would contain the address of the slot. Signals stay pending, and end_step() "
            "sets TIF_SIGPENDING again.",
            "Clearing TIF_SIGPENDING does not race with the sender of another signal. The sender "
            "queues the signal first, then sets the flag. If it sets the flag after it was cleared "
            "here, the task calls get_signal() again before it returns to user mode. If it set the "
            "flag before, the flag is set again when the step ends. Looking at the queues instead "
            "would lose the wakeups of the freezer, which come without a signal.",
            "Two kinds of signals end the step at once: one that the copy raised itself, as it "
            "would raise it again forever, and SIGKILL. In both cases arch_uprobe_abort_xol() "
            "moves the task back to the probed address, for the handler or the core dump to see.",
        ),
        header=CORE_H,
        stub="false",
        patch="hit",
    ),
    Function(
        name="mmf_recalc_uprobes",
        returns="void",
        params=(MM,),
        storage="static",
        doc=(
            "Clear MMF_HAS_UPROBES if no mapping of @mm has probes left. False positives are "
            "fine, false negatives are not.",
            "Context: A breakpoint was hit for which there is no uprobe.",
        ),
        patch="hit",
    ),
    Function(
        name="peek_user_page",
        returns="int",
        params=(
            MM,
            Param("unsigned long", "vaddr"),
            Param("void *", "to"),
            Param("int", "len"),
            Param("unsigned int", "flags"),
        ),
        storage="static",
        doc=(
            "Copy bytes of one page of an address space, whether the program may read them or "
            "not. The caller holds mmap_lock.",
        ),
        patch="hit",
    ),
    Function(
        name="is_trap_at_addr",
        returns="int",
        params=(Param("unsigned long", "vaddr"),),
        storage="static",
        doc=(
            "Check whether there is a breakpoint instruction at @vaddr in the current mm. Return "
            "-EFAULT if the page is not present; do not wait for it.",
        ),
        patch="hit",
    ),
    Function(
        name="find_uprobe_rcu",
        returns="struct uprobe *",
        params=(Param("struct inode *", "inode"), Param("loff_t", "offset")),
        storage="static",
        doc=(
            "Look up the uprobe at @offset of @inode. No reference is taken: the caller is in "
            "an RCU tasks trace read-side critical section. A concurrent rotation of the "
            "rbtree can hide an existing node; retry on a change of the seqcount.",
        ),
        needs="uprobe_rcu",
        patch="hit",
    ),
    Function(
        name="known_place",
        returns="struct known_uprobe *",
        params=(UTASK, Param("unsigned long", "bp_vaddr")),
        storage="static",
        doc=("Return where the uprobe of a breakpoint is remembered.",),
        patch="known",
    ),
    Function(
        name="find_known_uprobe",
        returns="struct uprobe *",
        params=(Param("unsigned long", "bp_vaddr"),),
        storage="static",
        doc=(
            (
                "Return the uprobe that the current task has found at this breakpoint before",
                When(fact="uprobe_rcu", otherwise=", with a reference"),
                ", unless it can have left the tree since, or memory with a uprobe was unmapped. "
                "It needs no mmap_lock: memory that is being unmapped is as it was when the "
                "breakpoint was hit.",
            ),
        ),
        patch="known",
    ),
    Function(
        name="remember_uprobe",
        returns="void",
        params=(
            UPROBE,
            Param("unsigned long", "bp_vaddr"),
            Param("unsigned int", "deleted"),
        ),
        storage="static",
        doc=(
            "Remember where the current task has hit @uprobe. Under mmap_lock. @deleted was read "
            "before the uprobe was looked up.",
        ),
        patch="known",
    ),
    Function(
        name="forget_unmapped",
        returns="bool",
        params=(MM,),
        storage="static",
        doc=(
            "Have the uprobes of the current mm looked up anew if memory with a uprobe was "
            "unmapped, and tell whether it was. Under mmap_lock.",
        ),
        patch="known",
    ),
    Function(
        name="find_active_uprobe",
        returns="struct uprobe *",
        params=(Param("unsigned long", "bp_vaddr"), Param("int *", "is_bp")),
        storage="static",
        doc=(
            (
                "Look up the uprobe for a breakpoint that was hit",
                When(fact="uprobe_rcu", otherwise=", and take a reference"),
                ". If there is none, set @is_bp if there is a breakpoint instruction in memory "
                "nevertheless. Both are done under mmap_lock, which removing breakpoints takes for "
                "write: a uprobe that is unregistered and registered again in between is not "
                "mistaken for a breakpoint of the program.",
            ),
        ),
        patch="hit",
    ),
)
