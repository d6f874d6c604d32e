# SPDX-License-Identifier: GPL-2.0-only
"""The interface of the series: every function, structure, enumeration and macro it brings.

Prototypes, definitions, empty inlines and the comments above them are rendered from here and stand
nowhere else. Names in double braces differ per base (``Base.names``). Order of parameters: the
important one first, point R03 of the review.
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
_constant_regs = Param("const struct pt_regs *", "regs")

ARCH_FUNCTIONS = (
    Function(
        name="arch_uprobe_analyze_insn",
        returns="int",
        params=(_AUPROBE, _MM, Param("unsigned long", "addr", "where it is mapped")),
        doc=(
            "find out how an instruction is executed out of line",
            "This function gets called once, before the first breakpoint for the probe is "
            "installed. It fills in what the functions below need to know, for 64-bit and for "
            "32-bit code: a process can execute both.",
            "Return: 0, -ENOEXEC when the bytes are no instruction, -EOPNOTSUPP when the "
            "instruction cannot be probed.",
        ),
        header=CORE_H,
        former_name="arch_uprobes_analyze_insn",
        former_order=(1, 0, 2),
        patch="baseline",
    ),
    Function(
        name="arch_uprobe_pre_xol",
        returns="int",
        params=(_AUPROBE, _REGS),
        doc=(
            "prepare to execute the copy in the slot",
            "This function gets called when a task that has hit a probe is about to step the "
            "copy of the instruction: utask->vaddr is the probed address, utask->xol_vaddr the "
            "slot.",
            "Return: 0, or -ENOEXEC when the instruction cannot be executed out of line in the "
            "mode that the task is in.",
        ),
        header=CORE_H,
        patch="arch-xol",
    ),
    Function(
        name="arch_uprobe_post_xol",
        returns="int",
        params=(_AUPROBE, _REGS),
        doc=(
            "fix up what the copy left behind",
            "This function gets called when the copy has been executed. Afterwards registers "
            "and memory are as if the instruction had been executed in its place.",
            "Return: 0. When the user's stack is gone, the instruction is undone and will be "
            "executed again, so that the fault is reported where it belongs.",
        ),
        header=CORE_H,
        patch="arch-xol",
    ),
    Function(
        name="arch_uprobe_abort_xol",
        returns="void",
        params=(_AUPROBE, _REGS),
        doc=(
            "go back to the state before the step",
            "This function gets called when the copy has trapped, or when the task was killed "
            "while stepping. The instruction pointer goes back to the breakpoint, so that a "
            "signal handler and a core dump see the probed address.",
        ),
        header=CORE_H,
        patch="arch-xol",
    ),
    Function(
        name="arch_uprobe_xol_was_trapped",
        returns="bool",
        params=(Param("struct task_struct *", "t", "the task that steps"),),
        doc=(
            "tell whether the copy has raised an exception",
            "Every exception handler stores its number in thread.trap_nr, which "
            "arch_uprobe_pre_xol() has set to a number that no exception has.",
            "Return: true when a fault, and not the end of the step, has brought the task "
            "into the kernel, or signals have come again and again and the copy has not got on.",
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
            "look at int3 and debug exceptions",
            "This function gets called with interrupts off, on the exception's own stack: it "
            "only tells the core, which does its work on the way back to user space.",
            "Return: NOTIFY_STOP when the exception belongs to a probe.",
        ),
        header=CORE_H,
        patch="hit",
    ),
    Function(
        name="arch_uprobe_skip_sstep",
        returns="bool",
        params=(_AUPROBE, _REGS),
        doc=(
            "execute an instruction without a step, where that is possible",
            "This is an optimisation: it saves the debug exception. Other instructions can "
            "be added to it.",
            "Return: true when the instruction has been dealt with and the instruction "
            "pointer stands behind it.",
        ),
        header=CORE_H,
        patch="skip-nop",
    ),
    Function(
        name="arch_uprobe_get_xol_area",
        returns="unsigned long",
        doc=(
            "This function gets called when the area for execution out of line is "
            "going to be mapped. It returns a free address in the address space of the current "
            "task, or an error as get_unmapped_area() does.",
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
            "This function gets called when an instruction is copied into its slot. An "
            "architecture whose caches are not coherent replaces it.",
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
            "This function gets called when a probe is hit. It tells whether the hit does not "
            "count, as with a conditional instruction whose condition is false.",
        ),
        weak=True,
        header=CORE_H,
        patch="hit",
    ),
    Function(
        name="arch_uprobe_signal_bp",
        returns="void",
        params=(_regs,),
        doc=(
            "This function gets called when a breakpoint belongs to the program itself. It sends "
            "the signal that the program would get without uprobes.",
        ),
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
            "divert the return of a function",
            "This function gets called at the entry of a function, when the return address is on "
            "top of the stack.",
            "Return: the address that was there, which is the trampoline's when the return is "
            "probed already; -1 when nothing has been changed.",
        ),
        header=CORE_H,
        patch="return",
    ),
    Function(
        name="arch_uretprobe_is_alive",
        returns="bool",
        params=(Param("struct return_instance *", "ret"), Param("enum rp_check", "ctx"), _regs),
        doc=(
            "This function tells whether a function can still return. An architecture whose "
            "stack tells replaces it.",
        ),
        weak=True,
        header=CORE_H,
        patch="return",
    ),
    Function(
        name="arch_uprobe_trampoline",
        returns="void *",
        params=(Param("unsigned long *", "psize"),),
        doc=(
            "This function returns the code that functions return to, and its size in bytes. "
            "An architecture that can do better than a breakpoint replaces it.",
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
            "This function returns the error of an instruction that is refused whoever maps it, "
            "or 0. An architecture that can tell replaces it.",
        ),
        weak=True,
        header=CORE_H,
        patch="refuse",
    ),
)

# In the baseline already; the preparatory patches rename and reorder them.
BASELINE_FUNCTIONS = (
    Function(
        name="{{ names.set_bp }}",
        returns="int",
        params=(_auprobe, _mm, Param("unsigned long", "vaddr")),
        doc=(),
        header=CORE_H,
        former_name="set_bkpt",
        former_order=(1, 0, 2),
        patch="baseline",
    ),
    Function(
        name="{{ names.is_bp_insn }}",
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
            "This function gets called when a task exits or executes a new program, whatever "
            "it was doing: a step that is under way ends here.",
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
            "This function gets called when a task has been created. The new task has a copy "
            "of its parent's task_struct, but it is not in the middle of a probe."
            "{% if has('return') %} Where it has a copy of the stack as well, or borrows it "
            "after vfork(), it returns from the same functions.{% endif %}",
        ),
        header=CORE_H,
        stub="",
        patch="utask",
    ),
    Function(
        name="free_return_instance",
        returns="struct return_instance *",
        params=(_utask, _ri),
        storage="static",
        doc=("This function frees what is known about a return, and returns the next older one.",),
        patch="return",
    ),
    Function(
        name="drop_return_instances",
        returns="void",
        params=(_utask, Param("struct return_instance *", "until")),
        storage="static",
        doc=(
            "This function forgets the returns that are newer than a given one, or all of them. "
            "An NMI may walk the list: it must not meet one that has been freed.",
        ),
        patch="return",
    ),
    Function(
        name="dup_return_instances",
        returns="int",
        params=(_utask,),
        storage="static",
        doc=("This function copies the pending returns of the current task for a child.",),
        patch="return",
    ),
    # execution out of line
    Function(
        name="uprobe_reset_state",
        returns="void",
        params=(_mm,),
        doc=(
            "This function gets called when a new mm_struct is set up, as a copy of another one "
            "in the case of fork(). The area of the other one is not mapped here.",
        ),
        header=CORE_H,
        stub="",
        patch="xol",
    ),
    Function(
        name="uprobe_clear_state",
        returns="void",
        params=(_mm,),
        doc=("This function gets called when no task uses an address space any more.",),
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
        doc=("This function gets called when a task touches the area for the first time.",),
        unless="special_pages",
        patch="xol",
    ),
    Function(
        name="xol_alloc_area",
        returns="struct xol_area *",
        storage="static",
        doc=(
            "This function returns a new area, filled with breakpoints: a task that ever runs "
            "on behind the copy of an instruction is stopped at once. It returns NULL when there "
            "is no memory.",
        ),
        patch="xol",
    ),
    Function(
        name="xol_free_area",
        returns="void",
        params=(_area,),
        storage="static",
        doc=("This function frees an area that no task can use any more, or NULL.",),
        patch="xol",
    ),
    Function(
        name="xol_map_area",
        returns="int",
        params=(_mm, _area),
        storage="static",
        doc=(
            "This function maps an area into an address space, with mmap_lock held for writing. "
            "Of several threads that try it at the same time one succeeds, the others get "
            "-EALREADY.",
        ),
        patch="xol",
    ),
    Function(
        name="xol_create_area",
        returns="void",
        params=(_mm,),
        storage="static",
        doc=("This function makes the area of the current task.",),
        patch="xol",
    ),
    Function(
        name="xol_dup_area",
        returns="void",
        params=(_mm,),
        storage="static",
        doc=(
            "This function gets called for the address space of a child that returns from "
            "functions which its parent has called: their return addresses on its copy of the "
            "stack are in the area. If there is no memory for it, the child dies of SIGSEGV "
            "where it returns.",
        ),
        patch="return",
    ),
    Function(
        name="get_xol_area",
        returns="struct xol_area *",
        storage="static",
        doc=(
            "This function returns the area of the current task and makes it at the first "
            "use. It returns NULL when there is no memory, or no room in the address space.",
        ),
        patch="xol",
    ),
    Function(
        name="xol_try_slot",
        returns="bool",
        params=(_area, Param("unsigned long *", "slot")),
        storage="static",
        doc=("This function takes a free slot, if there is one.",),
        patch="xol",
    ),
    Function(
        name="xol_get_insn_slot",
        returns="unsigned long",
        params=(_uprobe,),
        storage="static",
        doc=(
            "This function takes a slot and copies the instruction into it. It waits while all "
            "slots are busy. It returns the address of the slot, or 0 when there is none: no "
            "area, or the task was killed while it waited.",
        ),
        patch="xol",
    ),
    Function(
        name="xol_free_insn_slot",
        returns="void",
        params=(_utask, _mm),
        storage="static",
        doc=("This function gives back the slot that a task holds, if it holds one.",),
        patch="xol",
    ),
    # the breakpoint and the step
    Function(
        name="{{ names.get_bp_addr }}",
        returns="unsigned long",
        params=(Param("struct pt_regs *", "regs", "the registers after the breakpoint"),),
        doc=(
            "compute the address of a breakpoint that was hit",
            "Return: the address of the breakpoint, which most architectures leave behind "
            "the instruction pointer.",
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
            "compute the address that an exception is reported for",
            "Return: the instruction pointer, or the probed address when the copy of a probed "
            "instruction raised the exception.",
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
            "This function gets called when no consumer wants the probe in this address space "
            "any more: the breakpoints are removed, the probe stays registered.",
        ),
        patch="hit",
    ),
    Function(
        name="get_utask",
        returns="struct uprobe_task *",
        storage="static",
        doc=(
            "This function returns the uprobe_task of the current task and makes it at the "
            "first hit. It returns NULL when there is no memory.",
        ),
        patch="hit",
    ),
    Function(
        name="uprobe_warn",
        returns="void",
        params=(_TASK, Param("const char *", "msg")),
        storage="static",
        doc=("This function reports a task for which a probe could not do its work.",),
        unless="uprobe_warn",
        patch="hit",
    ),
    Function(
        name="pre_ssout",
        returns="int",
        params=(_uprobe, _regs, Param("unsigned long", "bp_vaddr")),
        storage="static",
        doc=(
            "This function gets called when the instruction has to be stepped out of line. When "
            "it fails the task has not moved, and executes the breakpoint again.",
        ),
        patch="hit",
    ),
    Function(
        name="uprobe_deny_signal",
        returns="bool",
        doc=(
            "This function gets called when a task is about to take a signal. While it steps the "
            "copy of an instruction it must not: the signal frame would hold the address of "
            "the slot. The signal stays queued, and handle_singlestep() looks at the queues "
            "again.",
            "Clearing TIF_SIGPENDING here does not race with a signal that comes right after. "
            "Who sends a signal queues it first and sets the flag then: either the flag is set "
            "again and the task comes back to this function before it can return to user space, "
            "or the signal is in the queue by the time handle_singlestep() calls "
            "recalc_sigpending() under siglock. Nothing is lost in either case.",
            "Two signals end the step at once: one that the copy raised itself, since it would "
            "raise it for ever, and SIGKILL. Both times the task goes back to the breakpoint "
            "first, so that a handler and a core dump see the probed address.",
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
            "This function gets called when a breakpoint was hit for which there is no probe: "
            "the last one may be gone from this address space. It may err in keeping "
            "MMF_HAS_UPROBES, never in clearing it.",
        ),
        patch="hit",
    ),
    Function(
        name="is_trap_at_addr",
        returns="int",
        params=(Param("unsigned long", "vaddr"),),
        storage="static",
        doc=(
            "This function tells whether a breakpoint stands at an address of the current task. "
            "It returns -EFAULT when the page is not at hand just now.",
        ),
        patch="hit",
    ),
    Function(
        name="find_uprobe_rcu",
        returns="struct uprobe *",
        params=(Param("struct inode *", "inode"), Param("loff_t", "offset")),
        storage="static",
        doc=(
            "This function returns the probe of a place in a file, without a reference: the "
            "caller is in a read section. The tree may be turned while it is searched, then a "
            "probe that is there can be missed and the search starts again.",
        ),
        needs="uprobe_rcu",
        patch="hit",
    ),
    Function(
        name="find_active_uprobe",
        returns="struct uprobe *",
        params=(Param("unsigned long", "bp_vaddr"), Param("int *", "is_bp")),
        storage="static",
        doc=(
            "This function returns the probe for a breakpoint that was hit"
            "{{ '' if 'uprobe_rcu' in base.has else ', with a reference' }}. "
            "When there is none, is_bp tells whether a breakpoint stands there all the same. "
            "Both are looked at under mmap_lock, which unregistering takes for write: a probe "
            "that is removed and registered again in between cannot be mistaken for a "
            "breakpoint of the program's own.",
        ),
        patch="hit",
    ),
    Function(
        name="uprobe_get_trampoline_vaddr",
        returns="unsigned long",
        doc=(
            "This function returns the address of the trampoline in the address space of the "
            "current task: it is the first slot of the area. It can be called from an NMI.",
        ),
        header=CORE_H,
        patch="return",
    ),
    Function(
        name="next_return_chain",
        returns="struct return_instance *",
        params=(_ri,),
        storage="static",
        doc=(
            "Functions that were entered by a jump from another one, with the same return address "
            "on the stack, return at once: they make a chain. This function returns the first one "
            "of the next older chain.",
        ),
        patch="return",
    ),
    Function(
        name="drop_dead_returns",
        returns="void",
        params=(Param("enum rp_check", "ctx"), _regs),
        storage="static",
        doc=(
            "This function gets called at the entry of a function. It forgets the functions that "
            "longjmp() has left.",
        ),
        patch="return",
    ),
    Function(
        name="prepare_uretprobe",
        returns="void",
        params=(_uprobe, _regs),
        storage="static",
        doc=(
            "This function gets called at the entry of a function whose return is probed. "
            "When something is in the way, the return is not reported; the function is none the "
            "worse for it.",
        ),
        patch="return",
    ),
    Function(
        name="handle_uretprobe_chain",
        returns="void",
        params=(_ri, _regs),
        storage="static",
        doc=("This function calls the handlers of all consumers that want to know of a return.",),
        patch="return",
    ),
    Function(
        name="uprobe_handle_trampoline",
        returns="void",
        params=(_regs,),
        doc=(
            "This function gets called when a task has come to the trampoline: a function has "
            "returned. It sends the task to where the function was called from.",
        ),
        header=CORE_H,
        patch="return",
    ),
    Function(
        name="handler_chain",
        returns="void",
        params=(_uprobe, _regs),
        storage="static",
        doc=("This function calls the handlers of all consumers of a probe.",),
        patch="hit",
    ),
    Function(
        name="run_uprobe",
        returns="bool",
        params=(_uprobe, _regs, Param("unsigned long", "bp_vaddr")),
        storage="static",
        doc=(
            "This function gets called when a probe is hit. The instruction pointer stands at the "
            "breakpoint: whatever fails from here on, the task just tries again. It returns true "
            "when a step has begun.",
        ),
        patch="hit",
    ),
    Function(
        name="{{ names.handle_bp }}",
        returns="void",
        params=(_regs,),
        storage="static",
        doc=(
            "This function gets called when a task has hit a breakpoint, on its way back to user "
            "space.",
        ),
        patch="hit",
    ),
    Function(
        name="handle_singlestep",
        returns="void",
        params=(_utask, _regs),
        storage="static",
        doc=(
            "This function gets called when the copy of an instruction has been executed, or "
            "has trapped. It ends the step and lets the signals in that were kept waiting.",
        ),
        patch="hit",
    ),
    Function(
        name="uprobe_notify_resume",
        returns="void",
        params=(_regs,),
        doc=(
            "This function gets called when a task with TIF_UPROBE set returns to user space: "
            "it has hit a breakpoint, or a step has ended. The states of a task:",
            "@states",
        ),
        header=CORE_H,
        stub="",
        patch="hit",
    ),
    Function(
        name="{{ names.pre_notifier }}",
        returns="int",
        params=(_regs,),
        doc=(
            "This function gets called when a task has executed a breakpoint, with interrupts "
            "off. It returns 1 when the breakpoint may belong to a probe. A breakpoint inside "
            "of a step does not: the program has replaced the slot and gets its SIGTRAP.",
        ),
        header=CORE_H,
        patch="hit",
    ),
    Function(
        name="{{ names.post_notifier }}",
        returns="int",
        params=(_regs,),
        doc=(
            "This function gets called when a task has executed a single step, with interrupts "
            "off. It returns 1 when the step was one of ours.",
        ),
        header=CORE_H,
        patch="hit",
    ),
    Function(
        name="uprobe_check_insn",
        returns="int",
        params=(
            Param("const struct path *", "path", "of the file"),
            Param("loff_t", "offset", "of the instruction, in bytes"),
        ),
        doc=(
            "tell whether an instruction can be probed",
            "This function gets called before a probe is registered: the instruction is analysed "
            "when the file is mapped, and who maps a file is not told of an error. What cannot be "
            "read is left until then.",
            "Return: 0, -ENOEXEC when the bytes are no instruction, -EOPNOTSUPP when the "
            "instruction cannot be probed.",
        ),
        header=CORE_H,
        patch="refuse",
    ),
    Function(
        name="uprobe_mremap",
        returns="void",
        params=(
            Param("struct vm_area_struct *", "vma", "that pages are moved to"),
            Param("unsigned long", "start", "of the range that they come to"),
            Param("unsigned long", "end", "of it"),
        ),
        doc=(
            "take breakpoints back before pages are moved",
            "This function gets called by mremap(), with mmap_lock held for writing. When the new "
            "mapping was joined with a neighbour, that has put breakpoints into pages of the "
            "range. The pages that come bring theirs, and nobody would free what they replace.",
        ),
        header=CORE_H,
        stub="",
        unless="moves_unarmed",
        patch="move",
    ),
)

X86_FUNCTIONS = (
    Function(
        name="is_32bit_app",
        returns="bool",
        params=(Param("struct task_struct *", "t", "the task, which must have user registers"),),
        storage="static inline",
        doc=(
            "does a task execute 32-bit code?",
            '{% if "tif_ia32" in base.has %}'
            "A program is 32-bit or not from exec on. The question is not about the system call in "
            "progress (is_compat_task()): 64-bit code can make a 32-bit one. Nor is it about the "
            "size of pointers: an x32 task, should there be one, executes 64-bit code."
            "{% else %}"
            "An x32 task executes 64-bit code, with 32-bit pointers: this is false for it. The "
            "question is about the mode of the CPU, not about the system call in progress "
            "(in_ia32_syscall()), nor about the size of the address space (TIF_ADDR32)."
            "{% endif %}",
            "Return: true for 32-bit code, which is always so on a 32-bit kernel.",
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
            "This function tells whether the decoder can be believed: it is older than some "
            "instructions, and does not say where it gives up.",
        ),
        needs="insn_init",
        patch="analyse",
    ),
    Function(
        name="uprobe_decode_insn",
        returns="int",
        params=(_auprobe, _insn, Param("bool", "x86_64")),
        storage="static",
        doc=("This function decodes the probed instruction.",),
        patch="analyse",
    ),
    Function(
        name="uprobe_insn_has_prefix",
        returns="bool",
        params=(_insn, Param("insn_byte_t", "wanted")),
        storage="static",
        doc=(
            "This function tells whether an instruction has a legacy prefix. The decoder keeps "
            "each prefix once, however often it is repeated.",
        ),
        patch="analyse",
    ),
    Function(
        name="uprobe_group_fixups",
        returns="u8",
        params=(Param("u16", "opcode"), Param("u8", "selected")),
        storage="static",
        doc=(
            "This function looks up an opcode whose meaning depends on the reg field of the "
            "ModRM byte.",
        ),
        patch="analyse",
    ),
    Function(
        name="uprobe_vex_fixups",
        returns="u8",
        params=(_insn,),
        storage="static",
        doc=(
            "This function looks up an opcode behind a VEX or EVEX prefix, which names the map. "
            "The two have maps in common: an opcode that only one of them has raises #UD behind "
            "the other, and does so in the slot as well. What uses the registers of APX is "
            "refused.",
        ),
        patch="analyse",
    ),
    Function(
        name="uprobe_table_fixups",
        returns="u8",
        params=(_insn,),
        storage="static",
        doc=(
            "This function looks up what has to be done about an instruction. What no table "
            "knows is refused: so are all XOP and REX2 encodings. Behind a VEX prefix an opcode "
            "byte means something else than the same byte of a legacy instruction.",
        ),
        patch="analyse",
    ),
    Function(
        name="uprobe_insn_lacks_operands",
        returns="bool",
        params=(_insn,),
        storage="static",
        doc=(
            "This function tells whether the decoder has missed operands of an instruction, and "
            "so has counted too few bytes. Its opcode map goes by the last prefix: it has no "
            "entry for repz cmovno, of which the processor ignores the prefix, and it takes "
            "pslldq for an instruction without an immediate where 0x67 follows 0x66.",
        ),
        patch="analyse",
    ),
    Function(
        name="uprobe_insn_fixups",
        returns="u8",
        params=(_insn,),
        storage="static",
        doc=(
            "This function returns the fixups for an instruction, or 0 for one that cannot be "
            "probed.",
        ),
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
        params=(_auprobe,),
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
            "This function gets called when a relative branch is prepared. The copy of it "
            "jumps over one byte, whatever the distance: the instruction pointer then tells "
            "whether the branch was taken, and a far target cannot be out of reach of the slot.",
        ),
        patch="analyse",
    ),
    Function(
        name="uprobe_choose_scratch",
        returns="u8",
        params=(_insn,),
        storage="static",
        doc=(
            "This function chooses the register that stands in for the instruction pointer. It "
            "must not be one that the instruction uses itself. No instruction with a ModRM memory "
            "operand uses rsi or rdi implicitly (rax, rcx, rdx and rbx are: div, cmpxchg16b), "
            "and ModRM.reg can name only one of the two. Behind VEX, vvvv can name the other; "
            "then it is rbx, which no such instruction uses implicitly. What extends the "
            "numbers to r8 and above is not looked at: one register too many is avoided.",
        ),
        patch="analyse",
    ),
    Function(
        name="uprobe_move_riprel",
        returns="void",
        params=(_mode, _ixol, _insn),
        storage="static",
        doc=(
            "This function gets called when an instruction is prepared that may address memory "
            "relative to the instruction pointer. The copy of it uses a register in its place, "
            "which arch_uprobe_pre_xol() loads with the address of the next instruction. The "
            "displacement stays, and so does the length.",
        ),
        patch="analyse",
    ),
    Function(
        name="uprobe_scratch_reg",
        returns="unsigned long *",
        params=(_constant, _regs),
        storage="static",
        doc=(
            "This function returns the register that stands in for the instruction pointer, "
            "or NULL.",
        ),
        patch="arch-xol",
    ),
    Function(
        name="uprobe_word_size",
        returns="int",
        storage="static",
        doc=("This function returns how many bytes a near call of the current task pushes.",),
        patch="arch-xol",
    ),
    Function(
        name="uprobe_end_step",
        returns="void",
        params=(_constant, _regs),
        storage="static",
        doc=("This function restores what arch_uprobe_pre_xol() has borrowed.",),
        patch="arch-xol",
    ),
    Function(
        name="uprobe_fix_stack",
        returns="int",
        params=(_constant, _regs),
        storage="static",
        doc=(
            "This function corrects what the copy has pushed: the return address of a call, and "
            "the trap flag that is ours in the flags pushed by pushf.",
        ),
        patch="arch-xol",
    ),
    Function(
        name="uprobe_copy_branched",
        returns="bool",
        params=(_constant, _regs),
        storage="static",
        doc=(
            "This function tells whether the copy has branched: the task stands neither behind it "
            "nor, as with one that repeats, at its beginning.",
        ),
        patch="arch-xol",
    ),
    Function(
        name="uprobe_fix_ip",
        returns="void",
        params=(_constant, _regs),
        storage="static",
        doc=(
            "This function moves the instruction pointer from the slot to where it belongs. An "
            "instruction that has loaded it is left alone. One that repeats, such as rep movs, "
            "still stands at the slot and goes back to the breakpoint.",
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
            "Return where the XOL area of the current task is mapped: in the highest page if that "
            "is free, else where mmap() looks first. get_unmapped_area() would take the limits "
            "from the kind of the system call in progress, and this is none. A task that "
            "executes 32-bit code needs a slot below 4 GiB, whatever the program is.",
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
            "End a step that has run into the int3 behind the copy. When the kernel or a "
            "hypervisor executes an instruction in place of the processor, as with UMIP, SEV-ES "
            "or TDX, there may be no debug exception behind it.",
        ),
        patch="hit",
    ),
    Function(
        name="x86_uprobe_signal_bp",
        c_name="arch_uprobe_signal_bp",
        returns="void",
        params=(_regs,),
        doc=(
            "This function gets called when a breakpoint belongs to the program itself: a signal "
            "handler wants to tell it from a step, as with the kernel's own int3 handler.",
        ),
        patch="hit",
    ),
    Function(
        name="uprobe_put_word",
        returns="int",
        params=(_regs, Param("unsigned long", "word")),
        storage="static",
        doc=(
            "This function replaces the word on top of the user's stack, all of it or, when it "
            "returns -EFAULT, nothing.",
        ),
        patch="return",
    ),
    Function(
        name="x86_uretprobe_is_alive",
        c_name="arch_uretprobe_is_alive",
        returns="bool",
        params=(Param("struct return_instance *", "ret"), Param("enum rp_check", "ctx"), _regs),
        doc=(
            "This function tells whether a function can still return: its return address is not "
            "above the stack pointer. At the entry of a function the stack pointer is at that "
            "function's own return address, which two share only if they are chained.",
            "A signal handler that has a stack of its own leaves the other one as it is.",
        ),
        patch="return",
    ),
    Function(
        name="x86_uprobe_trampoline",
        c_name="arch_uprobe_trampoline",
        returns="void *",
        params=(Param("unsigned long *", "psize"),),
        doc=(
            "This function returns the code that functions return to. 64-bit code makes a system "
            "call, which is cheaper than a breakpoint.",
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
        doc=("This function returns the row of the table for an opcode, or NULL.",),
        patch="emulate",
    ),
    Function(
        name="uprobe_emulation_is_certain",
        returns="bool",
        params=(_insn, Param("u8", "op")),
        storage="static",
        doc=(
            "This function tells whether the prefixes of an instruction leave no doubt about "
            "what it does: no lock, no repetition, no segment whose base is unknown, and in "
            "32-bit code no 16-bit address. What is in doubt is executed out of line.",
        ),
        patch="emulate",
    ),
    Function(
        name="uprobe_reg_offset",
        returns="u8",
        params=(Param("u8", "number"),),
        storage="static",
        doc=("Return where a register is in struct pt_regs. 32-bit kernels know eight of them.",),
        patch="emulate",
    ),
    Function(
        name="uprobe_reg_place",
        returns="u8",
        params=(_insn, Param("u8", "number"), _size),
        storage="static",
        doc=(
            "This function returns where a register is. Without a REX prefix, the numbers "
            "from four on are the second bytes of the first four registers where the operand "
            "is a byte.",
        ),
        patch="emulate",
    ),
    Function(
        name="uprobe_find_memory",
        returns="void",
        params=(_op, _insn),
        storage="static",
        doc=(
            "This function finds out what the address of the memory operand is made of. The "
            "displacement is relative to the instruction pointer where there is neither base "
            "nor index in 64-bit code; it counts from the next instruction.",
        ),
        patch="emulate",
    ),
    Function(
        name="uprobe_rm_place",
        returns="u8",
        params=(_op, _insn, _size),
        storage="static",
        doc=("This function returns where the operand is that ModRM.rm describes.",),
        patch="emulate",
    ),
    Function(
        name="uprobe_find_operands",
        returns="bool",
        params=(_op, _insn, Param("u8", "operands")),
        storage="static",
        doc=(
            "This function fills in where an operation takes its operands from. It returns false "
            "for an instruction that is none, or another one.",
        ),
        patch="emulate",
    ),
    Function(
        name="uprobe_alu_operation",
        returns="u8",
        params=(_insn, Param("const struct uprobe_emulated *", "row")),
        storage="static",
        doc=("This function returns the arithmetic operation of an instruction.",),
        patch="emulate",
    ),
    Function(
        name="uprobe_operand_size",
        returns="u8",
        params=(_insn, Param("const struct uprobe_emulated *", "row"), Param("u16", "opcode")),
        storage="static",
        doc=("This function returns the size of the operands, in bytes.",),
        patch="emulate",
    ),
    Function(
        name="uprobe_prepare_emulation",
        returns="void",
        params=(_mode, _insn),
        storage="static",
        doc=(
            "This function gets called when an instruction is analysed. It finds out whether "
            "and how the instruction can be emulated.",
        ),
        patch="emulate",
    ),
    Function(
        name="uprobe_read_reg",
        returns="unsigned long",
        params=(_constant_regs, Param("u8", "offset"), _size),
        storage="static",
        doc=("This function returns a register, or a part of it.",),
        patch="emulate",
    ),
    Function(
        name="uprobe_write_reg",
        returns="void",
        params=(_regs, Param("u8", "offset"), _size, _value),
        storage="static",
        doc=(
            "This function sets a register: a byte or a word leaves the rest of it alone, 32 "
            "bits clear the upper half.",
        ),
        patch="emulate",
    ),
    Function(
        name="uprobe_read_user",
        returns="int",
        params=(_user, _size, _to),
        storage="static",
        doc=("This function reads user memory as one access, as the processor would.",),
        patch="emulate",
    ),
    Function(
        name="uprobe_write_user",
        returns="int",
        params=(_user, _size, _value),
        storage="static",
        doc=("This function writes user memory as one access, as the processor would.",),
        patch="emulate",
    ),
    Function(
        name="uprobe_replace_user",
        returns="int",
        params=(_user, _size, Param("unsigned long", "old"), Param("unsigned long", "new")),
        storage="static",
        doc=(
            "This function replaces a value in user memory if it is still there. Other tasks "
            "of the same processor never see an instruction half done, so this must not be "
            "two accesses.",
            "Return: 0, or something else when nothing has been replaced.",
        ),
        patch="emulate",
    ),
    Function(
        name="uprobe_operand_address",
        returns="unsigned long",
        params=(_constant, _constant_regs),
        storage="static",
        doc=("This function returns the address of the memory operand.",),
        patch="emulate",
    ),
    Function(
        name="uprobe_mode_address",
        returns="unsigned long",
        params=(_constant, Param("unsigned long", "addr")),
        storage="static",
        doc=("This function cuts an address to what the mode of the task has.",),
        patch="emulate",
    ),
    Function(
        name="uprobe_get_operand",
        returns="int",
        params=(_constant, _constant_regs, _place, _size, _to),
        storage="static",
        doc=("This function reads an operand.",),
        patch="emulate",
    ),
    Function(
        name="uprobe_set_operand",
        returns="int",
        params=(_constant, _regs, _value),
        storage="static",
        doc=("This function writes the destination.",),
        patch="emulate",
    ),
    Function(
        name="uprobe_condition",
        returns="bool",
        params=(Param("u8", "condition"), Param("unsigned long", "flags")),
        storage="static",
        doc=(
            "This function tells whether a condition holds, as the low half of an opcode "
            "gives it. The lowest bit negates.",
        ),
        patch="emulate",
    ),
    Function(
        name="uprobe_emulate_mov",
        returns="int",
        params=(_constant, _regs),
        storage="static",
        doc=("This function emulates mov, with extension, and lea.",),
        patch="emulate",
    ),
    Function(
        name="uprobe_result_flags",
        returns="unsigned long",
        params=(Param("unsigned long", "result"), Param("unsigned long", "carries"), _size),
        storage="static",
        doc=(
            "This function returns the flags for a result. A bit in carries is set for each "
            "bit out of which there was a carry or a borrow.",
        ),
        patch="emulate",
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
            "This function computes the result and the flags of an arithmetic instruction. "
            "There is a carry out of a bit where both operands have it set, or one of them "
            "and not the sum; a borrow likewise. The logical instructions clear AF on every "
            "processor known, although it is undefined.",
        ),
        patch="emulate",
    ),
    Function(
        name="uprobe_emulate_alu",
        returns="int",
        params=(_constant, _regs),
        storage="static",
        doc=("This function emulates an arithmetic instruction.",),
        patch="emulate",
    ),
    Function(
        name="uprobe_emulate_xchg",
        returns="int",
        params=(_constant, _regs),
        storage="static",
        doc=("This function emulates xchg between registers.",),
        patch="emulate",
    ),
    Function(
        name="uprobe_emulate_cmov",
        returns="int",
        params=(_constant, _regs),
        storage="static",
        doc=("This function emulates cmovcc.",),
        patch="emulate",
    ),
    Function(
        name="uprobe_push",
        returns="int",
        params=(_constant, _regs, _size, _value),
        storage="static",
        doc=("This function pushes a value.",),
        patch="emulate",
    ),
    Function(
        name="uprobe_emulate_push",
        returns="int",
        params=(_constant, _regs),
        storage="static",
        doc=("This function emulates push.",),
        patch="emulate",
    ),
    Function(
        name="uprobe_emulate_pop",
        returns="int",
        params=(_constant, _regs),
        storage="static",
        doc=("This function emulates pop.",),
        patch="emulate",
    ),
    Function(
        name="uprobe_emulate_leave",
        returns="int",
        params=(_constant, _regs),
        storage="static",
        doc=("This function emulates leave.",),
        patch="emulate",
    ),
    Function(
        name="uprobe_may_jump",
        returns="bool",
        params=(_constant, Param("unsigned long", "target")),
        storage="static",
        doc=(
            "This function tells whether an address is one to which a jump does not fault. "
            "For others, the processor reports the fault of the branch itself.",
        ),
        patch="emulate",
    ),
    Function(
        name="uprobe_emulate_jump",
        returns="int",
        params=(_constant, _regs),
        storage="static",
        doc=("This function emulates jmp and call, and jcc when its condition holds.",),
        patch="emulate",
    ),
    Function(
        name="uprobe_emulate_ret",
        returns="int",
        params=(_constant, _regs),
        storage="static",
        doc=("This function emulates ret.",),
        patch="emulate",
    ),
    Function(
        name="uprobe_emulate_data",
        returns="int",
        params=(_constant, _regs),
        storage="static",
        doc=("This function emulates what does not load the instruction pointer.",),
        patch="emulate",
    ),
    Function(
        name="uprobe_memory_is_plain",
        returns="bool",
        params=(_constant, _constant_regs),
        storage="static",
        doc=(
            "This function tells whether the kernel may access memory in place of the task: "
            "no alignment check is asked for, no address is watched{{ ', no shadow stack has "
            "to follow' if 'shstk' in base.has else '' }}, and in 32-bit code all of memory "
            "is one segment.",
        ),
        patch="emulate",
    ),
    Function(
        name="uprobe_emulation_branched",
        returns="bool",
        params=(_constant, _constant_regs),
        storage="static",
        doc=("This function tells whether what has been emulated was a branch that was taken.",),
        patch="emulate",
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
        patch="emulate",
    ),
    Function(
        name="uprobe_emulate",
        returns="bool",
        params=(_constant, _regs),
        storage="static",
        doc=(
            "Emulate an instruction if the memory that it accesses is at hand. Page faults are "
            "disabled: what is not at hand is left to the copy, which faults in user mode.",
            "Return: true when the instruction has been executed, false when nothing has been "
            "changed.",
        ),
        patch="emulate",
    ),
    Function(
        name="x86_uprobe_check_insn",
        c_name="arch_uprobe_check_insn",
        returns="int",
        params=(_auprobe, _machine),
        doc=(
            "This function returns the error of an instruction that is refused whoever maps it, "
            "or 0. An ELF file tells what programs do so: x32 executes 64-bit code, as its files "
            "say. Anything else may be mapped by both kinds.",
        ),
        patch="refuse",
    ),
)

STRUCTS = (
    Struct(
        name="return_instance",
        doc=("A function that has been called and whose return is probed.",),
        members=(
            Member(type="struct uprobe *", name="uprobe", patch="return"),
            Member(
                type="unsigned long",
                name="func",
                comment="its entry",
                patch="return",
            ),
            Member(
                type="unsigned long",
                name="stack",
                comment="where its return address is",
                patch="return",
            ),
            Member(
                type="unsigned long",
                name="orig_ret_vaddr",
                comment="where it returns to",
                patch="return",
            ),
            Member(
                type="bool",
                name="chained",
                comment="returns together with the next",
                patch="return",
            ),
            Member(
                type="struct return_instance *",
                name="next",
                comment="the next older one",
                patch="return",
            ),
        ),
    ),
    Struct(
        name="uprobe_task",
        doc=("What uprobes knows about a task that has hit a probe.",),
        members=(
            Member(type="enum uprobe_task_state", name="state", patch="utask"),
            Member(type="struct arch_uprobe_task", name="autask", patch="utask"),
            Member(
                type="struct uprobe *",
                name="active_uprobe",
                comment="the one that is stepped",
                patch="utask",
            ),
            Member(
                type="struct arch_uprobe *",
                name="auprobe",
                comment="while handlers run",
                patch="utask",
            ),
            Member(
                type="unsigned long",
                name="vaddr",
                comment="the probed address",
                patch="utask",
            ),
            Member(
                type="unsigned long",
                name="xol_vaddr",
                comment="the slot, 0 for none",
                patch="utask",
            ),
            Member(
                type="struct return_instance *",
                name="return_instances",
                comment="the newest one first",
                patch="return",
            ),
            Member(
                type="unsigned int",
                name="depth",
                comment="how many they are",
                patch="return",
            ),
        ),
    ),
    Struct(
        name="uprobe_operation",
        doc=(
            "How an instruction is emulated. The places of operands are offsets in struct pt_regs, "
            "or say that an operand is no register.",
        ),
        members=(
            Member(type="u8", name="op", comment="enum uprobe_op"),
            Member(type="u8", name="alu", comment="enum uprobe_alu"),
            Member(type="u8", name="condition", comment="as in the opcode"),
            Member(type="u8", name="size", comment="of the operands, in bytes"),
            Member(type="u8", name="src_size", comment="where it differs"),
            Member(type="u8", name="dst", comment="place of an operand"),
            Member(type="u8", name="src", comment="place of an operand"),
            Member(type="u8", name="base", comment="of the memory operand"),
            Member(type="u8", name="index"),
            Member(type="u8", name="scale", comment="shift of the index"),
            Member(type="u8", name="addr_size", comment="in bytes"),
            Member(type="bool", name="sign", comment="src is extended with it"),
            Member(type="bool", name="memory", comment="is accessed"),
            Member(type="long", name="disp", comment="of the memory operand"),
            Member(type="long", name="imm"),
        ),
    ),
    Struct(
        name="arch_uprobe_mode",
        doc=("The probed instruction as one of 64-bit or of 32-bit code.",),
        members=(
            Member(
                type="u8", name="fixups", comment="UPROBE_FIX_*, 0: not probed", patch="analyse"
            ),
            Member(type="u8", name="ilen", comment="in bytes", patch="analyse"),
            Member(
                type="u8",
                name="scratch",
                comment="register number, 0 for none",
                patch="analyse",
            ),
            Member(type="bool", name="x86_64", comment="64-bit code", patch="emulate"),
            Member(type="bool", name="nop", comment="has no effect", patch="skip-nop"),
            Member(type="s32", name="offs", comment="distance of a branch", patch="analyse"),
            Member(
                type="struct uprobe_operation",
                name="operation",
                comment="how it is emulated",
                patch="emulate",
            ),
        ),
    ),
    Struct(
        name="arch_uprobe",
        doc=("The probed instruction, as arch_uprobe_analyze_insn() leaves it.",),
        members=(
            Member(type="u8", name="insn", array="MAX_UINSN_BYTES", comment="as it is in the file"),
            Member(
                type="u8",
                name="ixol",
                array="UPROBE_INSN_MODES][MAX_UINSN_BYTES",
                comment="copies",
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
        doc=("What arch_uprobe_pre_xol() changes and has to be restored.",),
        members=(
            Member(type="unsigned long", name="saved_scratch_register", patch="utask"),
            Member(type="unsigned long", name="saved_sp", patch="utask"),
            Member(
                type="unsigned long",
                name="copy_end",
                comment="behind the copy",
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
            Enumerator(name="RP_CHECK_CALL", comment="a function has been called"),
            Enumerator(name="RP_CHECK_CHAIN_CALL", comment="or entered by a jump"),
            Enumerator(name="RP_CHECK_RET", comment="a function has returned"),
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
        comment="pending returns of a task",
        patch="return",
    ),
    Macro(
        name="UPROBE_NO_TRAMPOLINE_VADDR",
        value="(~0UL)",
        comment="there is none",
        patch="return",
    ),
    Macro(name="MAX_UINSN_BYTES", value="16"),
    Macro(
        name="UPROBE_INSN_MODES",
        value="(1 + IS_ENABLED(CONFIG_X86_64))",
        comment="64-bit code, 32-bit code",
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
        comment="no exception has this number",
        patch="arch-xol",
    ),
)

INTERFACE = Interface(
    functions=ARCH_FUNCTIONS + BASELINE_FUNCTIONS + CORE_FUNCTIONS + X86_FUNCTIONS,
    structs=STRUCTS,
    enums=ENUMS,
    macros=MACROS,
)
