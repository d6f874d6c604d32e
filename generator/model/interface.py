# SPDX-License-Identifier: GPL-2.0-only
"""The interface of the series: every function, structure, enumeration and macro it brings.

Prototypes, definitions, empty inlines and the comments above them are rendered from here and stand
nowhere else. A name is the model's own where bases spell it differently (``Base.names``). Order of
parameters: the important one first, point R03 of the review.

Length: data; an entry for each function, structure, enumeration and macro. What is looked up, is
looked up in one place.
"""

from __future__ import annotations

from generator.model.decl import (
    Enum,
    Enumerator,
    Function,
    Interface,
    Macro,
    Member,
    Param,
    Struct,
    When,
)
from generator.model.states import STATES

CORE_H = "include/linux/uprobes.h"

_AUPROBE = Param("struct arch_uprobe *", "auprobe", "the probed instruction")
_REGS = Param("struct pt_regs *", "regs", "the user registers of the current task")
_MM = Param("struct mm_struct *", "mm", "the address space that is probed")
_TASK = Param("struct task_struct *", "t")

_regs = Param("struct pt_regs *", "regs")
_mm = Param("struct mm_struct *", "mm")
_uprobe = Param("struct uprobe *", "uprobe")
_utask = Param("struct uprobe_task *", "utask")
_area = Param("struct xol_area *", "area")
_insn = Param("struct insn *", "insn")
_ixol = Param("u8 *", "ixol")
_ri = Param("struct return_instance *", "ri")
_auprobe = Param("struct arch_uprobe *", "auprobe")
_op = Param("struct uprobe_operation *", "op")
_place = Param("u8", "place")
_size = Param("u8", "size")
_user = Param("unsigned long", "addr")
_value = Param("unsigned long", "value")
_to = Param("unsigned long *", "value")
_machine = Param("u16", "machine")
_mode = Param("struct arch_uprobe_mode *", "mode")
_constant = Param("const struct arch_uprobe_mode *", "mode")
_inode = Param("struct inode *", "inode")
_offset = Param("loff_t", "offset")
_constant_regs = Param("const struct pt_regs *", "regs")

ARCH_FUNCTIONS = (
    Function(
        name="arch_uprobe_analyze_insn",
        returns="int",
        params=(_AUPROBE, _MM, Param("unsigned long", "addr", "where it is mapped")),
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
        name="arch_uprobe_pre_xol",
        returns="int",
        params=(_AUPROBE, _REGS),
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
        params=(_AUPROBE, _REGS),
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
        params=(_AUPROBE, _REGS),
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
        params=(_AUPROBE, _REGS),
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
        params=(_auprobe, _regs),
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
        params=(_regs,),
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
            _REGS,
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
        params=(Param("struct return_instance *", "ret"), Param("enum rp_check", "ctx"), _regs),
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
        params=(_regs,),
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
        params=(Param("struct return_instance *", "ret"), _regs, Param("bool", "shared")),
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
        params=(_regs, Param("long", "syscall")),
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
        params=(_auprobe, _machine),
        doc=(
            "Check whether an instruction can be probed, before a task has mapped it. Return 0 "
            "or an error.",
        ),
        weak=True,
        header=CORE_H,
        patch="refuse",
    ),
    Function(
        name="arch_uprobe_insn_len",
        returns="int",
        params=(_auprobe, _mm),
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
        params=(_auprobe, _mm, Param("unsigned long", "vaddr")),
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
        params=(_auprobe, _mm, Param("unsigned long", "vaddr")),
        doc=(),
        header=CORE_H,
        former_order=(1, 0, 2),
        patch="baseline",
    ),
    Function(
        name="uprobe_write_opcode",
        returns="int",
        params=(
            _auprobe,
            _mm,
            Param("unsigned long", "vaddr"),
            Param("uprobe_opcode_t", "opcode"),
        ),
        doc=(),
        header=CORE_H,
        former_order=(1, 0, 2, 3),
        patch="baseline",
    ),
)

CORE_FUNCTIONS = (
    # the life of a uprobe_task
    Function(
        name="uprobe_free_utask",
        returns="void",
        params=(_TASK,),
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
        params=(_TASK, Param("unsigned long", "flags", patch="return")),
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
        name="alloc_return_instance",
        returns="struct return_instance *",
        params=(_utask,),
        storage="static",
        doc=("Take a return instance that was put aside, or allocate one. Nothing in it is set.",),
        patch="return",
    ),
    Function(
        name="free_return_instance",
        returns="struct return_instance *",
        params=(_utask, _ri),
        storage="static",
        doc=("Put @ri aside for the next return, and return the next older return instance.",),
        patch="return",
    ),
    Function(
        name="free_return_chain",
        returns="void",
        params=(_utask, _ri),
        storage="static",
        doc=("Free returns that have left the list, or whose list is not visible to others.",),
        patch="return",
    ),
    Function(
        name="dup_return_instances",
        returns="int",
        params=(_utask,),
        storage="static",
        doc=("Copy the pending return instances of the current task to @utask.",),
        patch="return",
    ),
    # execution out of line
    Function(
        name="uprobe_reset_state",
        returns="void",
        params=(_mm,),
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
        params=(_mm,),
        doc=("Free the XOL area of an mm_struct that has no more users.",),
        header=CORE_H,
        stub="",
        needs="no_uprobes",
        patch="xol",
    ),
    Function(
        name="xol_fault",
        returns="vm_fault_t",
        params=(
            Param("const struct vm_special_mapping *", "sm"),
            Param("struct vm_area_struct *", "vma"),
            Param("struct vm_fault *", "vmf"),
        ),
        storage="static",
        doc=("Map the page of the XOL area on first access.",),
        unless="special_pages",
        patch="xol",
    ),
    Function(
        name="xol_mremap",
        returns="int",
        params=(
            Param("const struct vm_special_mapping *", "sm"),
            Param("struct vm_area_struct *", "new_vma"),
        ),
        storage="static",
        doc=("Keep the area where it is: slots are found by its address.",),
        unless="special_pages",
        patch="xol",
    ),
    Function(
        name="xol_alloc_area",
        returns="struct xol_area *",
        storage="static",
        doc=(
            "Allocate an XOL area and fill it with breakpoint instructions: a task that runs "
            "past the copy of an instruction traps.",
            "Return: the area, or NULL if out of memory.",
        ),
        patch="xol",
    ),
    Function(
        name="xol_free_area",
        returns="void",
        params=(_area,),
        storage="static",
        doc=("Free an XOL area that is not mapped any more; NULL is fine.",),
        patch="xol",
    ),
    Function(
        name="xol_map_area",
        returns="int",
        params=(_mm, _area),
        storage="static",
        doc=(
            "Map the XOL area into @mm.",
            "Context: mmap_lock held for write.",
            "Return: 0 on success, -EALREADY if another thread has mapped an area first, or an "
            "error of the mapping.",
        ),
        patch="xol",
    ),
    Function(
        name="xol_create_area",
        returns="void",
        params=(_mm,),
        storage="static noinline",
        doc=("Allocate and map an XOL area for the current mm: once, so get_xol_area() calls it.",),
        patch="xol",
    ),
    Function(
        name="xol_dup_area",
        returns="void",
        params=(_mm,),
        storage="static",
        doc=(
            "Give the mm of a forked child an XOL area at the parent's address: the return "
            "addresses that were replaced on its copy of the stack point there. If that fails, "
            "the child gets SIGSEGV on return.",
        ),
        patch="return",
    ),
    Function(
        name="get_xol_area",
        returns="struct xol_area *",
        storage="static",
        doc=(
            "Return the XOL area of the current mm, allocated on first use, or NULL if there "
            "is no memory or no free address range.",
        ),
        patch="xol",
    ),
    Function(
        name="xol_try_slot",
        returns="bool",
        params=(_area, Param("unsigned long *", "slot")),
        storage="static",
        doc=("Allocate a free slot, if there is one.",),
        patch="xol",
    ),
    Function(
        name="xol_get_insn_slot",
        returns="unsigned long",
        params=(_uprobe,),
        storage="static",
        doc=(
            "Allocate an XOL slot and copy the instruction into it. Sleep while all slots are "
            "in use.",
            "Return: the address of the slot, or 0 if there is no area, or if the task got "
            "SIGKILL while waiting.",
        ),
        patch="xol",
    ),
    Function(
        name="xol_free_insn_slot",
        returns="void",
        params=(_utask, _mm),
        storage="static",
        doc=("Free the XOL slot of @utask, if it has one.",),
        patch="xol",
    ),
    # the breakpoint and the step
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
        params=(_uprobe, _mm),
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
        params=(_TASK, Param("const char *", "msg")),
        storage="static",
        doc=("Report a task for which a probe could not be handled.",),
        unless="uprobe_warn",
        patch="hit",
    ),
    Function(
        name="pre_ssout",
        returns="int",
        params=(_uprobe, _regs, Param("unsigned long", "bp_vaddr")),
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
        params=(_utask,),
        storage="static",
        doc=("End a step, however it went, and let in the signals that were kept waiting.",),
        patch="hit",
    ),
    Function(
        name="has_left_slot",
        returns="bool",
        params=(_utask, Param("unsigned long", "addr")),
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
        params=(_utask, _regs),
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
        params=(_mm,),
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
            _mm,
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
        params=(_utask, Param("unsigned long", "bp_vaddr")),
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
            _uprobe,
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
        params=(_mm,),
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
        name="find_return_instance",
        returns="struct return_instance *",
        params=(_utask, Param("unsigned long", "stack")),
        storage="static",
        doc=(
            "Return the newest pending return whose return address is at @stack, or NULL. Older "
            "ones are returns of the same chain, or have been left by longjmp().",
        ),
        patch="return",
    ),
    Function(
        name="find_returned",
        returns="struct return_instance *",
        params=(_utask, _regs),
        storage="static",
        doc=(
            "Return what is known about the function that has come to the trampoline, or NULL. "
            "The stack pointer tells where its return address was, whatever else is pending: "
            "functions on other stacks (coroutines, alternate signal stacks), or those that "
            "longjmp() has left.",
        ),
        patch="return",
    ),
    Function(
        name="take_return_chain",
        returns="struct return_instance *",
        params=(_utask, Param("unsigned long", "stack")),
        storage="static",
        doc=(
            "Take the newest chain whose return address is at @stack out of the list and return "
            "it. Functions that were entered by a jump from another one, with the same return "
            "address on the stack, return at once: they make a chain. Returns on other stacks may "
            "lie between its members. An NMI may walk the list meanwhile.",
        ),
        patch="return",
    ),
    Function(
        name="move_return_chain",
        returns="struct return_instance *",
        params=(_utask, Param("unsigned long", "stack")),
        storage="static",
        doc=(
            "Note that a function has moved its return address to @stack, by as much as arguments "
            "take, before it jumped to another one. It is the nearest: longjmp() may have left "
            "what was called later. If none is near, a stack was moved, and it was called last. "
            "Return it, or NULL when none is pending.",
        ),
        patch="return",
    ),
    Function(
        name="make_room_for_return",
        returns="bool",
        params=(_utask, _regs),
        storage="static",
        doc=(
            "Forget pending returns that will not be made, or need not be noticed, now that the "
            "list is full. Return false when it still is. After a look without a result there is "
            "none until a function has returned.",
        ),
        patch="return",
    ),
    Function(
        name="sessions_of",
        returns="struct return_sessions *",
        params=(_ri,),
        storage="static",
        doc=("Return what @ri is the first member of.",),
        needs="consumer_data",
        patch="return",
    ),
    Function(
        name="keep_session",
        returns="struct return_sessions *",
        params=(
            Param("struct return_sessions *", "old"),
            Param("struct uprobe_consumer *", "uc"),
            Param("u64", "cookie"),
        ),
        storage="static",
        doc=(
            "Note that @uc wants the return of the call that it has seen, together with what its "
            "handler has left in @cookie. @old is what the consumers before it want, NULL for the "
            "first; it is freed when there is no memory, and the return is not probed then.",
        ),
        needs="consumer_data",
        patch="return",
    ),
    Function(
        name="find_session",
        returns="struct return_session *",
        params=(_ri, Param("struct uprobe_consumer *", "uc")),
        storage="static",
        doc=("Return what @uc has left for the return @ri, NULL if it has not seen the call.",),
        needs="consumer_data",
        patch="return",
    ),
    Function(
        name="prepare_uretprobe",
        returns="void",
        params=(_uprobe, _regs),
        storage="static",
        doc=(
            "Hijack the return address at the entry of a function, and queue a return instance. On "
            "failure the return is not reported; the program is not affected.",
        ),
        patch="return",
    ),
    Function(
        name="handle_uretprobe_chain",
        returns="void",
        params=(_ri, _regs),
        storage="static",
        doc=("Call the return handlers of all consumers of the uprobe.",),
        patch="return",
    ),
    Function(
        name="uprobe_handle_trampoline",
        returns="void",
        params=(_regs,),
        doc=(
            "Handle the return of probed functions: the task has reached the trampoline. Call the "
            "return handlers and move the task on to the original return address.",
        ),
        header=CORE_H,
        patch="return",
    ),
    Function(
        name="handler_chain",
        returns="void",
        params=(_uprobe, _regs),
        storage="static",
        doc=("Call the handlers of all consumers of @uprobe.",),
        patch="hit",
    ),
    Function(
        name="run_uprobe",
        returns="bool",
        params=(_uprobe, _regs, Param("unsigned long", "bp_vaddr")),
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
        params=(_regs,),
        storage="static",
        doc=("Handle a breakpoint that was hit, on return to user mode.",),
        patch="hit",
    ),
    Function(
        name="handle_singlestep",
        returns="void",
        params=(_utask, _regs),
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
        params=(_regs,),
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
        params=(_regs,),
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
        params=(_regs,),
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
        params=(_inode, _offset, Param("void *", "to"), Param("int", "len")),
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
        params=(_inode, _offset, Param("void *", "to"), Param("int", "len")),
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
        params=(_mm,),
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
        params=(_mm,),
        doc=("End what uprobe_start_mremap() has begun.",),
        header=CORE_H,
        stub="",
        patch="move",
    ),
    Function(
        name="insn_has_changed",
        returns="bool",
        params=(
            _uprobe,
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
        params=(_REGS,),
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
        name="uprobe_decoder_is_certain",
        returns="bool",
        params=(_insn,),
        storage="static",
        doc=(
            "Check whether the length that the decoder found can be trusted. The decoder is "
            "older than some instructions, and does not report where it gives up.",
        ),
        needs="insn_init",
        patch="analyse",
    ),
    Function(
        name="uprobe_decode_insn",
        returns="int",
        params=(_auprobe, _insn, Param("bool", "x86_64")),
        storage="static",
        doc=("Decode the probed instruction.",),
        patch="analyse",
    ),
    Function(
        name="uprobe_insn_has_prefix",
        returns="bool",
        params=(_insn, Param("insn_byte_t", "wanted")),
        storage="static",
        doc=("Check for a legacy prefix. The decoder stores a repeated prefix only once.",),
        patch="analyse",
    ),
    Function(
        name="uprobe_group_fixups",
        returns="u8",
        params=(Param("u16", "opcode"), Param("u8", "selected")),
        storage="static",
        doc=("Look up the fixups of an opcode that is extended by ModRM.reg.",),
        patch="analyse",
    ),
    Function(
        name="uprobe_vex_fixups",
        returns="u8",
        params=(_insn,),
        storage="static",
        doc=(
            "Look up the fixups of an opcode with a VEX or EVEX prefix, which selects the "
            "opcode map. The same map is used for both: an opcode that only exists with the "
            "other prefix raises #UD, in the XOL slot as well. Encodings that use APX "
            "registers are refused.",
        ),
        patch="analyse",
    ),
    Function(
        name="uprobe_table_fixups",
        returns="u8",
        params=(_insn,),
        storage="static",
        doc=(
            "Look up the fixups of an instruction in the opcode maps. Whatever is not listed "
            "is refused, including all XOP and REX2 encodings. With a VEX prefix, an opcode "
            "byte means something else than in a legacy instruction.",
        ),
        patch="analyse",
    ),
    Function(
        name="uprobe_insn_lacks_operands",
        returns="bool",
        params=(_insn,),
        storage="static",
        doc=(
            "Check whether the decoder has missed operands, and so computed too short a "
            "length. It selects its opcode map by the last prefix: there is no entry for REPZ "
            "CMOVNO, whose prefix the CPU ignores, and PSLLDQ is taken for an instruction "
            "without an immediate if 0x67 follows 0x66.",
        ),
        patch="analyse",
    ),
    Function(
        name="uprobe_insn_fixups",
        returns="u8",
        params=(_insn,),
        storage="static",
        doc=("Return the fixups of an instruction, or 0 if it cannot be probed.",),
        patch="analyse",
    ),
    Function(
        name="uprobe_mode",
        returns="struct arch_uprobe_mode *",
        params=(_auprobe, Param("bool", "x86_64")),
        storage="static",
        doc=("Return what is known about the instruction as one of 64-bit or of 32-bit code.",),
        patch="analyse",
    ),
    Function(
        name="uprobe_analyze_mode",
        returns="int",
        params=(_auprobe, Param("bool", "x86_64")),
        storage="static",
        doc=(
            "Analyse an instruction as one of 64-bit or of 32-bit code. Where it cannot be "
            "executed out of line, no fixups are left.",
        ),
        patch="analyse",
    ),
    Function(
        name="uprobe_current_mode",
        returns="struct arch_uprobe_mode *",
        params=(_auprobe, _regs),
        storage="static",
        doc=("Return the analysis for the mode that the current task is in.",),
        patch="arch-xol",
    ),
    Function(
        name="uprobe_move_branch",
        returns="void",
        params=(_mode, _ixol, _insn),
        storage="static",
        doc=(
            "Prepare the copy of a relative branch. In the copy the branch skips one byte, "
            "whatever the displacement: regs->ip then tells whether the branch was taken, and "
            "the target is never out of range of the slot.",
        ),
        patch="analyse",
    ),
    Function(
        name="uprobe_choose_scratch",
        returns="u8",
        params=(_insn,),
        storage="static",
        doc=(
            "Choose the scratch register that replaces RIP in the copy. It must not be used by "
            "the instruction itself. No instruction with a ModRM memory operand uses RSI or "
            "RDI implicitly (RAX, RCX, RDX and RBX are used by DIV and CMPXCHG16B), and "
            "ModRM.reg can name only one of the two. VEX.vvvv can name the other one; then use "
            "RBX, which no VEX instruction uses implicitly. The bits that extend register "
            "numbers to R8 and above are ignored, which at worst avoids one register too many.",
        ),
        patch="analyse",
    ),
    Function(
        name="uprobe_move_riprel",
        returns="void",
        params=(_mode, _ixol, _insn),
        storage="static",
        doc=(
            "Rewrite a RIP-relative memory operand in the copy to use a scratch register as "
            "the base. arch_uprobe_pre_xol() loads it with the address of the next "
            "instruction. Displacement and length stay the same.",
        ),
        patch="analyse",
    ),
    Function(
        name="uprobe_scratch_reg",
        returns="unsigned long *",
        params=(_constant, _regs),
        storage="static",
        doc=("Return the scratch register that replaces RIP in the copy, or NULL.",),
        patch="arch-xol",
    ),
    Function(
        name="uprobe_word_size",
        returns="int",
        params=(_regs,),
        storage="static",
        doc=(
            "Return the number of bytes that a near call pushes in the mode of the current task.",
        ),
        patch="arch-xol",
    ),
    Function(
        name="uprobe_end_step",
        returns="void",
        params=(_constant, _regs),
        storage="static",
        doc=("Restore the scratch register and thread.trap_nr.",),
        patch="arch-xol",
    ),
    Function(
        name="uprobe_fix_stack",
        returns="int",
        params=(_constant, _regs),
        storage="static",
        doc=(
            "Fix what the copy has pushed: the return address of a call, and TF in the flags "
            "that PUSHF has pushed.",
        ),
        patch="arch-xol",
    ),
    Function(
        name="uprobe_copy_branched",
        returns="bool",
        params=(_constant, _regs),
        storage="static",
        doc=(
            "Check whether the copy has branched: regs->ip is neither after it nor, as with a "
            "repeated string instruction, at its start.",
        ),
        patch="arch-xol",
    ),
    Function(
        name="uprobe_fix_ip",
        returns="void",
        params=(_constant, _regs),
        storage="static",
        doc=(
            "Move regs->ip from the XOL slot to where it belongs. An absolute branch has "
            "loaded it already. A repeated string instruction is still at the slot, and goes "
            "back to the breakpoint for the next iteration.",
        ),
        patch="arch-xol",
    ),
    Function(
        name="uprobe_find_page",
        returns="unsigned long",
        params=(Param("unsigned long", "low"), Param("unsigned long", "high")),
        storage="static",
        doc=("Return the highest free page of a range, or an error.",),
        unless="tif_ia32",
        patch="xol",
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
        name="uprobe_is_long_int3",
        returns="bool",
        params=(_constant_regs,),
        storage="static",
        doc=(
            "Tell whether the task has executed int 3 in its form of two bytes, of which the "
            "second stands where a probe's int3 would: the program's own.",
        ),
        patch="hit",
    ),
    Function(
        name="uprobe_end_is_int3",
        returns="bool",
        params=(_regs,),
        storage="static",
        doc=(
            "End a step that has run into the int3 after the copy. When the kernel or a "
            "hypervisor executes an instruction in place of the processor, as with UMIP, SEV-ES "
            "or TDX, there may be no debug exception after it.",
        ),
        patch="hit",
    ),
    Function(
        name="x86_uprobe_signal_bp",
        c_name="arch_uprobe_signal_bp",
        returns="void",
        params=(_regs,),
        doc=(
            "Deliver the SIGTRAP of a breakpoint that does not belong to uprobes. As in the "
            "int3 handler, set thread.trap_nr and error_code: a signal handler can tell it "
            "from a single step by them.",
        ),
        patch="hit",
    ),
    Function(
        name="uprobe_get_word",
        returns="int",
        params=(_regs, Param("unsigned long *", "word")),
        storage="static",
        doc=("Read the word on top of the user stack.",),
        patch="return",
    ),
    Function(
        name="uprobe_put_word",
        returns="int",
        params=(_regs, Param("unsigned long", "word")),
        storage="static",
        doc=(
            "Replace the word on top of the user stack. Return -EFAULT if it is not writable; "
            "nothing has been changed then.",
        ),
        patch="return",
    ),
    Function(
        name="uprobe_choose_trampoline",
        returns="unsigned long",
        params=(Param("unsigned long", "vaddr"), _regs),
        storage="static",
        doc=(
            "Return where a function returns to. The code of the trampoline pushes three words "
            "from the return address on. Where they reach into the page below, which need not be "
            "there, and where a tracer looks at system calls, it is the breakpoint after the code.",
        ),
        needs="uretprobe_syscall",
        patch="return",
    ),
    Function(
        name="x86_uretprobe_is_alive",
        c_name="arch_uretprobe_is_alive",
        returns="bool",
        params=(Param("struct return_instance *", "ret"), Param("enum rp_check", "ctx"), _regs),
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
        params=(_regs,),
        doc=("Return where the address was that ret has popped.",),
        patch="return",
    ),
    Function(
        name="x86_uretprobe_forget",
        c_name="arch_uretprobe_forget",
        returns="bool",
        params=(Param("struct return_instance *", "ret"), _regs, Param("bool", "shared")),
        doc=(
            "Tell whether a pending return can be forgotten. It can when the address of the "
            "trampoline has been overwritten. Else, where the function seems to have been left, "
            "put the original address back: if it is on another stack all the same, it returns "
            "unnoticed. Memory that is not at hand, or @shared with other tasks, is left alone.",
        ),
        patch="return",
    ),
    Function(
        name="uprobe_is_after_syscall",
        returns="bool",
        params=(_constant_regs,),
        storage="static",
        doc=("Tell whether the task is right after the system call of the trampoline.",),
        needs="uretprobe_syscall",
        patch="return",
    ),
    Function(
        name="x86_uretprobe_is_syscall",
        c_name="arch_uretprobe_is_syscall",
        returns="bool",
        params=(_regs, Param("long", "syscall")),
        doc=("Tell whether a system call is that of the trampoline.",),
        needs="uretprobe_syscall",
        patch="return",
    ),
    Function(
        name="uprobe_read_frame",
        returns="bool",
        params=(
            Param("struct uretprobe_frame *", "frame"),
            Param("const struct uretprobe_frame __user *", "place"),
        ),
        storage="static",
        doc=("Read what the trampoline has pushed; tell whether it is there.",),
        needs="uretprobe_syscall",
        patch="return",
    ),
    Function(
        name="uprobe_write_frame",
        returns="bool",
        params=(Param("struct uretprobe_frame __user *", "place"), _constant_regs),
        storage="static",
        doc=("Write what the trampoline is to restore; tell whether that was possible.",),
        needs="uretprobe_syscall",
        patch="return",
    ),
    Function(
        name="uprobe_return_by_trampoline",
        returns="void",
        params=(_regs, Param("unsigned long", "ip")),
        storage="static",
        doc=(
            "Have the rest of the trampoline, at @ip, restore what it has pushed and return to "
            "where regs->ip says. The system call then goes back by sysret, which is cheaper than "
            "iret. A shadow stack does not have the address.",
        ),
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
        name="uprobe_insn_is_nop",
        returns="bool",
        params=(_insn,),
        storage="static",
        doc=("@nops",),
        patch="skip-nop",
    ),
    Function(
        name="uprobe_find_emulated",
        returns="const struct uprobe_emulated *",
        params=(_insn, Param("u16", "opcode")),
        storage="static",
        doc=("Return the first table row that matches the opcode, or NULL.",),
        patch="emulate-mov",
    ),
    Function(
        name="uprobe_emulation_is_certain",
        returns="bool",
        params=(_insn, Param("u8", "op")),
        storage="static",
        doc=(
            "Check whether an instruction with these prefixes can be emulated: no LOCK, no "
            "REP, no segment override with an unknown base, and no 16-bit addressing in 32-bit "
            "code. Everything else is executed out of line.",
        ),
        patch="emulate-mov",
    ),
    Function(
        name="uprobe_reg_offset",
        returns="u8",
        params=(Param("u8", "number"),),
        storage="static",
        doc=("Return where a register is in struct pt_regs. 32-bit kernels know eight of them.",),
        patch="emulate-mov",
    ),
    Function(
        name="uprobe_reg_place",
        returns="u8",
        params=(_insn, Param("u8", "number"), _size),
        storage="static",
        doc=(
            "Return the pt_regs offset of a register. Without a REX prefix, numbers 4 to 7 of "
            "a byte operand are AH, CH, DH and BH.",
        ),
        patch="emulate-mov",
    ),
    Function(
        name="uprobe_find_memory",
        returns="void",
        params=(_op, _insn),
        storage="static",
        doc=(
            "Decode the memory operand: base, index, scale and displacement. In 64-bit code, a "
            "displacement without base and index is relative to the next instruction.",
        ),
        patch="emulate-mov",
    ),
    Function(
        name="uprobe_rm_place",
        returns="u8",
        params=(_op, _insn, _size),
        storage="static",
        doc=("Return where the operand of ModRM.rm is; decode it if it is in memory.",),
        patch="emulate-mov",
    ),
    Function(
        name="uprobe_find_operands",
        returns="bool",
        params=(_op, _insn, Param("u8", "operands")),
        storage="static",
        doc=(
            "Decode the operands of an emulated instruction.",
            "Return: false if the encoding is invalid, or that of another instruction.",
        ),
        patch="emulate-mov",
    ),
    Function(
        name="uprobe_alu_operation",
        returns="u8",
        params=(_insn, Param("const struct uprobe_emulated *", "row")),
        storage="static",
        doc=("Return the arithmetic operation that the opcode or ModRM.reg encodes.",),
        patch="emulate-alu",
    ),
    Function(
        name="uprobe_operand_size",
        returns="u8",
        params=(_insn, Param("const struct uprobe_emulated *", "row"), Param("u16", "opcode")),
        storage="static",
        doc=("Return the operand size in bytes.",),
        patch="emulate-mov",
    ),
    Function(
        name="uprobe_prepare_emulation",
        returns="void",
        params=(_mode, _insn),
        storage="static",
        doc=("Decode, at analysis, whether and how the instruction can be emulated.",),
        patch="emulate-mov",
    ),
    Function(
        name="uprobe_read_reg",
        returns="unsigned long",
        params=(_constant_regs, Param("u8", "offset"), _size),
        storage="static",
        doc=("Read a register, or the low part of it.",),
        patch="emulate-mov",
    ),
    Function(
        name="uprobe_write_reg",
        returns="void",
        params=(_regs, Param("u8", "offset"), _size, _value),
        storage="static",
        doc=(
            "Write a register. Writes of 8 and 16 bits leave the rest of it unchanged, writes "
            "of 32 bits clear the upper half.",
        ),
        patch="emulate-mov",
    ),
    Function(
        name="uprobe_read_user",
        returns="int",
        params=(_user, _size, _to),
        storage="static",
        doc=("Read user memory with a single access, as the CPU does.",),
        patch="emulate-mov",
    ),
    Function(
        name="uprobe_write_user",
        returns="int",
        params=(_user, _size, _value),
        storage="static",
        doc=("Write user memory with a single access, as the CPU does.",),
        patch="emulate-mov",
    ),
    Function(
        name="uprobe_replace_user",
        returns="int",
        params=(_user, _size, Param("unsigned long", "old"), Param("unsigned long", "new")),
        storage="static",
        doc=(
            "Replace @old by @new in user memory with a single cmpxchg: other threads, on this "
            "CPU too, never see or overwrite half of a read-modify-write instruction.",
            "Return: 0 on success, non-zero if nothing was written.",
        ),
        patch="emulate-alu",
    ),
    Function(
        name="uprobe_operand_address",
        returns="unsigned long",
        params=(_constant, _constant_regs),
        storage="static",
        doc=("Return the address of the memory operand.",),
        patch="emulate-mov",
    ),
    Function(
        name="uprobe_mode_address",
        returns="unsigned long",
        params=(_constant, Param("unsigned long", "addr")),
        storage="static",
        doc=("Truncate an address to 32 bits in 32-bit code.",),
        patch="emulate-mov",
    ),
    Function(
        name="uprobe_get_operand",
        returns="int",
        params=(_constant, _constant_regs, _place, _size, _to),
        storage="static",
        doc=("Read an operand from a register or from memory, or compute it.",),
        patch="emulate-mov",
    ),
    Function(
        name="uprobe_set_operand",
        returns="int",
        params=(_constant, _regs, _value),
        storage="static",
        doc=("Write the destination operand.",),
        patch="emulate-mov",
    ),
    Function(
        name="uprobe_condition",
        returns="bool",
        params=(Param("u8", "condition"), Param("unsigned long", "flags")),
        storage="static",
        doc=(
            "Evaluate a condition code, the low four bits of a jcc, setcc or cmovcc opcode. "
            "Bit 0 negates the condition.",
        ),
        patch="emulate-mov",
    ),
    Function(
        name="uprobe_emulate_mov",
        returns="int",
        params=(_constant, _regs),
        storage="static",
        doc=("Emulate mov, movzx, movsx, movsxd, cbw and its kind, and lea.",),
        patch="emulate-mov",
    ),
    Function(
        name="uprobe_result_flags",
        returns="unsigned long",
        params=(Param("unsigned long", "result"), Param("unsigned long", "carries"), _size),
        storage="static",
        doc=(
            "Return the flags for a result. @carries has a bit set for each bit position that "
            "had a carry or borrow out of it.",
        ),
        patch="emulate-alu",
    ),
    Function(
        name="uprobe_calculate",
        returns="unsigned long",
        params=(
            Param("u8", "alu"),
            _size,
            Param("unsigned long", "a"),
            Param("unsigned long", "b"),
            Param("unsigned long *", "flags"),
        ),
        storage="static",
        doc=(
            "Compute the result and the flags of an arithmetic instruction. There is a carry "
            "out of a bit position if both operands have the bit set, or one of them and not "
            "the sum; the same goes for borrows. Logical instructions leave AF undefined; all "
            "known CPUs clear it.",
        ),
        patch="emulate-alu",
    ),
    Function(
        name="uprobe_emulate_alu",
        returns="int",
        params=(_constant, _regs),
        storage="static",
        doc=("Emulate an arithmetic or logical instruction.",),
        patch="emulate-alu",
    ),
    Function(
        name="uprobe_emulate_xchg",
        returns="int",
        params=(_constant, _regs),
        storage="static",
        doc=("Emulate xchg of two registers.",),
        patch="emulate-mov",
    ),
    Function(
        name="uprobe_emulate_cmov",
        returns="int",
        params=(_constant, _regs),
        storage="static",
        doc=("Emulate cmovcc.",),
        patch="emulate-mov",
    ),
    Function(
        name="uprobe_push",
        returns="int",
        params=(_constant, _regs, _size, _value),
        storage="static",
        doc=("Push @value onto the user stack.",),
        patch="emulate-stack",
    ),
    Function(
        name="uprobe_emulate_push",
        returns="int",
        params=(_constant, _regs),
        storage="static",
        doc=("Emulate push.",),
        patch="emulate-stack",
    ),
    Function(
        name="uprobe_emulate_pop",
        returns="int",
        params=(_constant, _regs),
        storage="static",
        doc=("Emulate pop.",),
        patch="emulate-stack",
    ),
    Function(
        name="uprobe_emulate_leave",
        returns="int",
        params=(_constant, _regs),
        storage="static",
        doc=("Emulate leave.",),
        patch="emulate-stack",
    ),
    Function(
        name="uprobe_may_jump",
        returns="bool",
        params=(_constant, Param("unsigned long", "target")),
        storage="static",
        doc=(
            "Check for a canonical branch target. The CPU raises #GP on the branch instruction "
            "if the target is not canonical: leave that to the CPU.",
        ),
        patch="emulate-branch",
    ),
    Function(
        name="uprobe_emulate_jump",
        returns="int",
        params=(_constant, _regs),
        storage="static",
        doc=("Emulate near jmp and call, and jcc whose condition is true.",),
        patch="emulate-branch",
    ),
    Function(
        name="uprobe_emulate_ret",
        returns="int",
        params=(_constant, _regs),
        storage="static",
        doc=("Emulate near ret.",),
        patch="emulate-branch",
    ),
    Function(
        name="uprobe_emulate_data",
        returns="int",
        params=(_constant, _regs),
        storage="static",
        doc=("Emulate an instruction that is not a branch.",),
        patch="emulate-mov",
    ),
    Function(
        name="uprobe_memory_is_plain",
        returns="bool",
        params=(_constant, _constant_regs),
        storage="static",
        doc=(
            "Check whether the kernel may access memory on behalf of the instruction: "
            "EFLAGS.AC is clear, no hardware breakpoint is armed, and 32-bit code uses flat "
            "segments.",
        ),
        patch="emulate-mov",
    ),
    Function(
        name="uprobe_emulation_branched",
        returns="bool",
        params=(_constant, _constant_regs),
        storage="static",
        doc=("Check whether the emulated instruction was a branch that was taken.",),
        patch="emulate-branch",
    ),
    Function(
        name="uprobe_emulate_insn",
        returns="int",
        params=(_constant, _regs),
        storage="static",
        doc=(
            "Execute an instruction in place of the processor. Where memory cannot be accessed, "
            "nothing has been changed.",
            "Return: 0, or an error when the instruction has not been executed.",
        ),
        patch="emulate-mov",
    ),
    Function(
        name="uprobe_emulate",
        returns="bool",
        params=(_constant, _regs),
        storage="static",
        doc=(
            "Emulate the instruction if the memory that it accesses is present. Page faults are "
            "disabled: the copy takes them in user mode.",
            "Return: true on success, false if nothing has been changed.",
        ),
        patch="emulate-mov",
    ),
    Function(
        name="uprobe_emulate_atomic",
        returns="bool",
        params=(_constant, _regs),
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
    Function(
        name="x86_uprobe_check_insn",
        c_name="arch_uprobe_check_insn",
        returns="int",
        params=(_auprobe, _machine),
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
        params=(_auprobe, _mm),
        doc=("Return the length of a probed instruction in the mode of a process, in bytes.",),
        patch="compare",
    ),
)

STRUCTS = (
    Struct(
        name="return_instance",
        doc=("The pending return of a probed function",),
        members=(
            Member(type="struct uprobe *", name="uprobe", patch="return"),
            Member(
                type="unsigned long",
                name="func",
                comment="its entry point",
                patch="return",
            ),
            Member(
                type="unsigned long",
                name="stack",
                comment="of the return address",
                patch="return",
            ),
            Member(
                type="unsigned long",
                name="orig_ret_vaddr",
                comment="original return address",
                patch="return",
            ),
            Member(
                type="bool",
                name="chained",
                comment="tail call: shares it with next",
                patch="return",
            ),
            Member(
                type="struct return_instance *",
                name="next",
                comment="older instance",
                patch="return",
            ),
        ),
    ),
    Struct(
        name="known_uprobe",
        doc=("A breakpoint that a task has hit, and what was there",),
        members=(
            Member(type="unsigned long", name="vaddr"),
            Member(type="struct uprobe *", name="uprobe", comment="no reference"),
            Member(
                type="unsigned int",
                name="deleted",
                comment="state of the tree then",
            ),
            Member(type="int", name="unmapped", comment="uprobes_unmapped then"),
        ),
    ),
    Struct(
        name="uprobe_task",
        doc=("Per-task data of a task that has hit a uprobe",),
        members=(
            Member(type="enum uprobe_task_state", name="state", patch="utask"),
            Member(type="struct arch_uprobe_task", name="autask", patch="utask"),
            Member(
                type="struct uprobe *",
                name="active_uprobe",
                comment="being stepped",
                patch="utask",
            ),
            Member(
                type="struct arch_uprobe *",
                name="auprobe",
                comment="set while handlers run",
                patch="utask",
            ),
            Member(
                type="unsigned long",
                name="vaddr",
                comment="probed address",
                patch="utask",
            ),
            Member(
                type="unsigned long",
                name="xol_vaddr",
                comment="XOL slot, 0 if none",
                patch="utask",
            ),
            Member(
                type="bool",
                name="signal_denied",
                comment="until the step has ended",
                patch="hit",
            ),
            Member(
                type="struct return_instance *",
                name="return_instances",
                comment="newest first",
                patch="return",
            ),
            Member(
                type="unsigned int",
                name="depth",
                comment="number of them",
                patch="return",
            ),
            Member(
                type="bool",
                name="returns_full",
                comment="none can be forgotten",
                patch="return",
            ),
            Member(
                type="struct return_instance *",
                name="spare_returns",
                comment="for the next ones",
                patch="return",
            ),
            Member(
                type="struct known_uprobe",
                name="known",
                array="UPROBE_KNOWN",
                patch="known",
            ),
        ),
    ),
    Struct(
        name="uprobe_operation",
        doc=(
            "How to emulate an instruction. Operands are offsets in struct pt_regs, or one of "
            "UPROBE_MEMORY and so on.",
        ),
        members=(
            Member(type="u8", name="op", comment="enum uprobe_op"),
            Member(type="u8", name="alu", comment="enum uprobe_alu", patch="emulate-alu"),
            Member(type="u8", name="condition", comment="low bits of the opcode"),
            Member(type="u8", name="size", comment="of operands, in bytes"),
            Member(type="u8", name="src_size", comment="of src, in bytes"),
            Member(type="u8", name="dst", comment="register or UPROBE_*"),
            Member(type="u8", name="src", comment="register or UPROBE_*"),
            Member(type="u8", name="base", comment="of memory operand"),
            Member(type="u8", name="index"),
            Member(type="u8", name="scale", comment="shift count for index"),
            Member(type="u8", name="addr_size", comment="in bytes"),
            Member(type="bool", name="sign", comment="sign-extend src"),
            Member(type="bool", name="memory", comment="accesses memory"),
            Member(type="long", name="disp", comment="of memory operand"),
            Member(type="long", name="imm"),
        ),
    ),
    Struct(
        name="arch_uprobe_mode",
        doc=("The probed instruction as 64-bit or as 32-bit code",),
        members=(
            Member(
                type="u8", name="fixups", comment="UPROBE_FIX_*, 0: not probed", patch="analyse"
            ),
            Member(type="u8", name="ilen", comment="length in bytes", patch="analyse"),
            Member(
                type="u8",
                name="scratch",
                comment="register number, 0 if none",
                patch="analyse",
            ),
            Member(type="bool", name="x86_64", comment="64-bit code", patch="emulate-mov"),
            Member(type="bool", name="nop", comment="nothing to execute", patch="skip-nop"),
            Member(type="s32", name="offs", comment="branch displacement", patch="analyse"),
            Member(
                type="struct uprobe_operation",
                name="operation",
                comment="for emulation",
                patch="emulate-mov",
            ),
        ),
    ),
    Struct(
        name="arch_uprobe",
        doc=("The probed instruction and its copies for the XOL slot, by mode",),
        members=(
            Member(type="u8", name="insn", array="MAX_UINSN_BYTES", comment="as in the file"),
            Member(
                type="u8",
                name="ixol",
                array="UPROBE_INSN_MODES][MAX_UINSN_BYTES",
                comment="copies for XOL",
                patch="analyse",
            ),
            Member(
                type="struct arch_uprobe_mode",
                name="modes",
                array="UPROBE_INSN_MODES",
                patch="analyse",
            ),
        ),
    ),
    Struct(
        name="arch_uprobe_task",
        doc=("State saved by arch_uprobe_pre_xol()",),
        members=(
            Member(type="unsigned long", name="saved_scratch_register", patch="utask"),
            Member(type="unsigned long", name="saved_sp", patch="utask"),
            Member(
                type="unsigned long",
                name="copy_end",
                comment="after the copy",
                patch="arch-xol",
            ),
            Member(type="unsigned int", name="saved_trap_nr", patch="utask"),
            Member(
                type="u16",
                name="denied",
                comment="signals at the copy",
                patch="arch-xol",
            ),
            Member(type="bool", name="saved_tf", patch="utask"),
            Member(type="bool", name="saved_blockstep", patch="utask"),
        ),
    ),
)

ENUMS = (
    Enum(
        name="rp_check",
        doc=(),
        values=(
            Enumerator(name="RP_CHECK_CALL", comment="at function entry"),
            Enumerator(name="RP_CHECK_CHAIN_CALL", comment="entry, may be a tail call"),
            Enumerator(name="RP_CHECK_RET", comment="at the trampoline"),
        ),
    ),
    Enum(
        name="uprobe_task_state",
        doc=(),
        values=tuple(Enumerator(name=s.enumerator, comment=s.meaning) for s in STATES),
    ),
)

MACROS = (
    Macro(
        name="MAX_URETPROBE_DEPTH",
        value="64",
        comment="per task",
        patch="return",
    ),
    Macro(
        name="UPROBE_NO_TRAMPOLINE_VADDR",
        value="(~0UL)",
        comment="no XOL area",
        patch="return",
    ),
    Macro(
        name="UPROBE_KNOWN",
        value="16",
        comment="per task",
        patch="known",
    ),
    Macro(name="MAX_UINSN_BYTES", value="16"),
    Macro(
        name="UPROBE_INSN_MODES",
        value="(1 + IS_ENABLED(CONFIG_X86_64))",
        patch="analyse",
    ),
    Macro(
        name="UPROBE_XOL_SLOT_BYTES",
        value="128",
        comment="two cache lines",
        patch="xol",
    ),
    Macro(
        name="UPROBE_SIGNALS_MAX",
        value="1000",
        comment="then a step gets nowhere",
        patch="arch-xol",
    ),
    Macro(
        name="UPROBE_TRAP_NR",
        value="UINT_MAX",
        comment="not a vector",
        patch="arch-xol",
    ),
)

INTERFACE = Interface(
    functions=ARCH_FUNCTIONS + BASELINE_FUNCTIONS + CORE_FUNCTIONS + X86_FUNCTIONS,
    structs=STRUCTS,
    enums=ENUMS,
    macros=MACROS,
)
