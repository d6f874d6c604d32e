# SPDX-License-Identifier: GPL-2.0-only
"""What is done about a hit; what is refused, moved, compared and aborted."""

from __future__ import annotations

from generator.model.decl import Function, Param
from generator.model.files import CORE_H
from generator.model.interface.params import INODE, MM, OFFSET, REGS, UPROBE, USER_REGS, UTASK

HANDLE_FUNCTIONS = (
    Function(
        name="handler_chain",
        returns="void",
        params=(UPROBE, REGS),
        storage="static",
        doc=("Call the handlers of all consumers of @uprobe.",),
        patch="hit",
    ),
    Function(
        name="run_uprobe",
        returns="bool",
        params=(UPROBE, REGS, Param("unsigned long", "bp_vaddr")),
        storage="static",
        doc=(
            "Handle a hit of @uprobe. regs->ip is at the breakpoint: if anything fails from here "
            "on, the task executes the breakpoint again.",
            "Return: true if a step was started.",
        ),
        patch="hit",
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
        name="handle_singlestep",
        returns="void",
        params=(UTASK, REGS),
        storage="static",
        doc=(
            "Finish the single step in the XOL slot, or undo it if the copy raised an exception. "
            "Signals are delivered again from here on.",
        ),
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
        name="uprobe_wants_open",
        returns="bool",
        params=(Param("const struct inode *", "inode"),),
        storage="static",
        doc=(
            "Tell whether a file on a block device has to be open to be read. That loads the key "
            "of an encrypted file, and what the pages of one with fs-verity are checked against: "
            "they would be in the page cache unchecked. isofs and UDF look at the open file, "
            "FUSE has a process of the user's answer.",
        ),
        patch="refuse",
    ),
    Function(
        name="uprobe_reads_unopened",
        returns="bool",
        params=(Param("struct address_space *", "mapping"),),
        storage="static",
        doc=(
            "Tell whether pages can be read without an open file: from memory, or from a block "
            "device. Network file systems find their credentials in the file.",
        ),
        patch="refuse",
    ),
    Function(
        name="uprobe_peek_page",
        returns="int",
        params=(INODE, OFFSET, Param("void *", "to"), Param("int", "len")),
        storage="static",
        doc=(
            "Copy bytes of one page of a file that is not open. Where the file would have to be, "
            "look at what the page cache has, and at nothing else.",
        ),
        patch="refuse",
    ),
    Function(
        name="uprobe_peek_file",
        returns="int",
        params=(INODE, OFFSET, Param("void *", "to"), Param("int", "len")),
        storage="static",
        doc=("Copy bytes of a file that is not open, as many as there are before its end.",),
        patch="refuse",
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
        name="insn_has_changed",
        returns="bool",
        params=(
            UPROBE,
            Param("struct vm_area_struct *", "vma"),
            Param("unsigned long", "vaddr"),
        ),
        storage="static",
        doc=(
            "Tell whether memory that is to get a breakpoint has another instruction than the one "
            "that was analysed: that one would be executed. What cannot be read is left to the "
            "caller, which writes there. The caller holds mmap_lock.",
        ),
        patch="compare",
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
)
