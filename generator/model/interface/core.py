# SPDX-License-Identifier: GPL-2.0-only
"""What the core does, in the order of its prototypes."""

from __future__ import annotations

from generator.model.decl import Function, Param, When
from generator.model.files import CORE_H
from generator.model.interface.params import MM, REGS, TASK, USER_REGS, VMA

CORE_FUNCTIONS = (
    Function(
        name="uprobe_free_utask",
        returns="void",
        params=(TASK,),
        doc=(
            "Free the uprobe_task of a task that exits or calls execve(). A step in progress "
            "is cancelled.",
        ),
        header=CORE_H,
        stub="",
        patch="utask",
    ),
    Function(
        name="uprobe_copy_process",
        returns="void",
        params=(TASK, Param("unsigned long", "flags", patch="return")),
        doc=(
            (
                "Initialise the uprobe state of a new task. Its task_struct is a copy of the "
                "parent's, but it is not in the middle of a step.",
                When(
                    patch="return",
                    then=" If it got a copy of the stack, or shares it after vfork(), it also gets "
                    "a copy of the pending return instances.",
                ),
            ),
        ),
        header=CORE_H,
        stub="",
        patch="utask",
    ),
    Function(
        name="uprobe_reset_state",
        returns="void",
        params=(MM,),
        doc=(
            "Initialise the uprobe state of a new mm_struct. After fork() it is a copy of the "
            "parent's, whose XOL area is not mapped here.",
        ),
        header=CORE_H,
        stub="",
        patch="xol",
    ),
    Function(
        name="uprobe_clear_state",
        returns="void",
        params=(MM,),
        doc=("Free the XOL area of an mm_struct that has no more users.",),
        header=CORE_H,
        stub="",
        needs="no_uprobes",
        patch="xol",
    ),
    Function(
        name="xol_free_area",
        returns="void",
        params=(Param("struct xol_area *", "area"),),
        storage="static",
        doc=("Free an XOL area that is not mapped any more; NULL is fine.",),
        patch="xol",
    ),
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
    Function(
        name="uprobe_get_trampoline_vaddr",
        returns="unsigned long",
        doc=(
            "Return the address of the uretprobe trampoline in the current mm: it is the first XOL "
            "slot. Safe in NMI context.",
        ),
        header=CORE_H,
        patch="return",
    ),
    Function(
        name="uprobe_is_trampoline",
        returns="bool",
        params=(Param("unsigned long", "vaddr"),),
        doc=(
            (
                "Tell whether functions return to an address by way of the trampoline",
                When(
                    fact="uretprobe_syscall",
                    then=": to its code, or to the breakpoint after it",
                ),
                ". This can be called from an NMI.",
            ),
        ),
        header=CORE_H,
        patch="return",
    ),
    Function(
        name="prepare_uretprobe",
        returns="void",
        params=(Param("struct uprobe *", "uprobe"), REGS),
        storage="static",
        doc=(
            "Hijack the return address at the entry of a function, and queue a return instance. On "
            "failure the return is not reported; the program is not affected.",
        ),
        patch="return",
    ),
    Function(
        name="uprobe_handle_trampoline",
        returns="void",
        params=(REGS,),
        doc=(
            "Handle the return of probed functions: the task has reached the trampoline. Call the "
            "return handlers and move the task on to the original return address.",
        ),
        header=CORE_H,
        patch="return",
    ),
    Function(
        name="handle_bp",
        returns="void",
        params=(REGS,),
        storage="static",
        doc=("Handle a breakpoint that was hit, on return to user mode.",),
        patch="hit",
    ),
    Function(
        name="uprobe_notify_resume",
        returns="void",
        params=(REGS,),
        doc=(
            "Handle TIF_UPROBE on return to user mode: a breakpoint was hit, or a single step "
            "has ended. States of a task:",
            "@states",
        ),
        header=CORE_H,
        stub="",
        patch="hit",
    ),
    Function(
        name="pre_notifier",
        returns="int",
        params=(REGS,),
        doc=(
            "Set TIF_UPROBE if the breakpoint may belong to a uprobe. A breakpoint during a step "
            "does not: the program has replaced the XOL slot, and gets SIGTRAP.",
            "Context: #BP, interrupts disabled.",
            "Return: 1 if the breakpoint may belong to a uprobe, 0 otherwise.",
        ),
        header=CORE_H,
        patch="hit",
    ),
    Function(
        name="post_notifier",
        returns="int",
        params=(REGS,),
        doc=(
            "Set TIF_UPROBE if the single step was started by uprobes.",
            "Context: #DB with DR6.BS set, interrupts disabled.",
            "Return: 1 if the step was started by uprobes, 0 otherwise.",
        ),
        header=CORE_H,
        patch="hit",
    ),
    Function(
        name="uprobe_check_insn",
        returns="int",
        params=(
            Param("struct inode *", "inode", "the file"),
            Param("loff_t", "offset", "of the instruction, in bytes"),
        ),
        doc=(
            "tell whether an instruction can be probed",
            "Registering a probe does not analyse the instruction of a file that is not mapped, "
            "and a process that maps it later is not told of an error. A client that can report "
            "one asks here before. Nothing is opened, and no process has to answer: the caller may "
            "hold any lock under which it registers. What cannot be read is left to the mapping.",
            "Return: 0, -ENOEXEC when the bytes are not an instruction, -EOPNOTSUPP when the "
            "instruction cannot be probed.",
        ),
        header=CORE_H,
        patch="refuse",
    ),
    Function(
        name="uprobe_start_mremap",
        returns="void",
        params=(MM,),
        doc=(
            "Arm nothing while mremap() joins and splits mappings whose pages are not there: not "
            "yet, or not any more. A mapping is armed as a whole when its pages have come. The "
            "caller holds mmap_lock for writing.",
        ),
        header=CORE_H,
        stub="",
        patch="move",
    ),
    Function(
        name="uprobe_end_mremap",
        returns="void",
        params=(MM,),
        doc=("End what uprobe_start_mremap() has begun.",),
        header=CORE_H,
        stub="",
        patch="move",
    ),
    Function(
        name="uprobe_abort_step",
        returns="void",
        params=(USER_REGS,),
        doc=(
            "abort the step of the current task, if there is one",
            "The task is about to be sent elsewhere, and the instruction has not been executed: "
            "a restartable sequence is aborted. The registers become those of the probed address.",
        ),
        header=CORE_H,
        stub="",
        needs="rseq",
        patch="rseq",
    ),
    Function(
        name="handle_syscall_uprobe",
        returns="void",
        params=(USER_REGS, Param("unsigned long", "bp_vaddr", "the probed address")),
        doc=(
            "call the handlers of a probe that is a call by now",
            "The registers are those that the program has at the probed address.",
            "Context: The system call of the trampoline.",
        ),
        header=CORE_H,
        needs="nop_call",
        patch="call-nop",
    ),
    Function(
        name="uprobe_before_mremap",
        returns="void",
        params=(
            VMA,
            Param("unsigned long", "start"),
            Param("unsigned long", "end"),
        ),
        doc=(
            "Turn probes that are calls into breakpoints again: a call is relative to where it is, "
            "and mremap() is about to move it. The caller holds mmap_lock for writing.",
        ),
        header=CORE_H,
        stub="",
        needs="nop_call",
        patch="call-nop",
    ),
)
