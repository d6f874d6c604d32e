# SPDX-License-Identifier: GPL-2.0-only
"""x86: the copy in the slot, the step, and the return of a function."""

from __future__ import annotations

from generator.model.decl import Function, Param
from generator.model.interface.params import CONST_MODE, CONST_REGS, INSN, IXOL, MODE, REGS

STEP_FUNCTIONS = (
    Function(
        name="uprobe_move_branch",
        returns="void",
        params=(MODE, IXOL, INSN),
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
        params=(INSN,),
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
        params=(MODE, IXOL, INSN),
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
        params=(CONST_MODE, REGS),
        storage="static",
        doc=("Return the scratch register that replaces RIP in the copy, or NULL.",),
        patch="arch-xol",
    ),
    Function(
        name="uprobe_word_size",
        returns="int",
        params=(REGS,),
        storage="static",
        doc=(
            "Return the number of bytes that a near call pushes in the mode of the current task.",
        ),
        patch="arch-xol",
    ),
    Function(
        name="uprobe_end_step",
        returns="void",
        params=(CONST_MODE, REGS),
        storage="static",
        doc=("Restore the scratch register and thread.trap_nr.",),
        patch="arch-xol",
    ),
    Function(
        name="uprobe_fix_stack",
        returns="int",
        params=(CONST_MODE, REGS),
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
        params=(CONST_MODE, REGS),
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
        params=(CONST_MODE, REGS),
        storage="static",
        doc=(
            "Move regs->ip from the XOL slot to where it belongs. An absolute branch has "
            "loaded it already. A repeated string instruction is still at the slot, and goes "
            "back to the breakpoint for the next iteration.",
        ),
        patch="arch-xol",
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
        params=(CONST_REGS,),
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
        params=(REGS,),
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
        params=(REGS,),
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
        params=(REGS, Param("unsigned long *", "word")),
        storage="static",
        doc=("Read the word on top of the user stack.",),
        patch="return",
    ),
    Function(
        name="uprobe_put_word",
        returns="int",
        params=(REGS, Param("unsigned long", "word")),
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
        params=(Param("unsigned long", "vaddr"), REGS),
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
        name="uprobe_is_after_syscall",
        returns="bool",
        params=(CONST_REGS,),
        storage="static",
        doc=("Tell whether the task is right after the system call of the trampoline.",),
        needs="uretprobe_syscall",
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
        params=(Param("struct uretprobe_frame __user *", "place"), CONST_REGS),
        storage="static",
        doc=("Write what the trampoline is to restore; tell whether that was possible.",),
        needs="uretprobe_syscall",
        patch="return",
    ),
    Function(
        name="uprobe_return_by_trampoline",
        returns="void",
        params=(REGS, Param("unsigned long", "ip")),
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
)
