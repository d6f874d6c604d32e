# SPDX-License-Identifier: GPL-2.0-only
"""x86: instructions that are emulated."""

from __future__ import annotations

from generator.model.decl import Function, Param, When
from generator.model.interface.params import (
    CONST_MODE,
    CONST_REGS,
    INSN,
    MODE,
    OP,
    PLACE,
    REGS,
    SIZE,
    TO,
    USER,
    VALUE,
)

EMULATE_FUNCTIONS = (
    Function(
        name="uprobe_find_emulated",
        returns="const struct uprobe_emulated *",
        params=(INSN, Param("u16", "opcode")),
        storage="static",
        doc=("Return the first table row that matches the opcode, or NULL.",),
        patch="emulate-mov",
    ),
    Function(
        name="uprobe_emulation_is_certain",
        returns="bool",
        params=(INSN, Param("u8", "op")),
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
        params=(INSN, Param("u8", "number"), SIZE),
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
        params=(OP, INSN),
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
        params=(OP, INSN, SIZE),
        storage="static",
        doc=("Return where the operand of ModRM.rm is; decode it if it is in memory.",),
        patch="emulate-mov",
    ),
    Function(
        name="uprobe_find_operands",
        returns="bool",
        params=(OP, INSN, Param("u8", "operands")),
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
        params=(INSN, Param("const struct uprobe_emulated *", "row")),
        storage="static",
        doc=("Return the arithmetic operation that the opcode or ModRM.reg encodes.",),
        patch="emulate-alu",
    ),
    Function(
        name="uprobe_operand_size",
        returns="u8",
        params=(INSN, Param("const struct uprobe_emulated *", "row"), Param("u16", "opcode")),
        storage="static",
        doc=("Return the operand size in bytes.",),
        patch="emulate-mov",
    ),
    Function(
        name="uprobe_prepare_emulation",
        returns="void",
        params=(MODE, INSN),
        storage="static",
        doc=("Decode, at analysis, whether and how the instruction can be emulated.",),
        patch="emulate-mov",
    ),
    Function(
        name="uprobe_read_reg",
        returns="unsigned long",
        params=(CONST_REGS, Param("u8", "offset"), SIZE),
        storage="static",
        doc=("Read a register, or the low part of it.",),
        patch="emulate-mov",
    ),
    Function(
        name="uprobe_write_reg",
        returns="void",
        params=(REGS, Param("u8", "offset"), SIZE, VALUE),
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
        params=(USER, SIZE, TO),
        storage="static",
        doc=("Read user memory with a single access, as the CPU does.",),
        patch="emulate-mov",
    ),
    Function(
        name="uprobe_write_user",
        returns="int",
        params=(USER, SIZE, VALUE),
        storage="static",
        doc=("Write user memory with a single access, as the CPU does.",),
        patch="emulate-mov",
    ),
    Function(
        name="uprobe_replace_user",
        returns="int",
        params=(USER, SIZE, Param("unsigned long", "old"), Param("unsigned long", "new")),
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
        params=(CONST_MODE, CONST_REGS),
        storage="static",
        doc=("Return the address of the memory operand.",),
        patch="emulate-mov",
    ),
    Function(
        name="uprobe_mode_address",
        returns="unsigned long",
        params=(CONST_MODE, Param("unsigned long", "addr")),
        storage="static",
        doc=("Truncate an address to 32 bits in 32-bit code.",),
        patch="emulate-mov",
    ),
    Function(
        name="uprobe_get_operand",
        returns="int",
        params=(CONST_MODE, CONST_REGS, PLACE, SIZE, TO),
        storage="static",
        doc=("Read an operand from a register or from memory, or compute it.",),
        patch="emulate-mov",
    ),
    Function(
        name="uprobe_set_operand",
        returns="int",
        params=(CONST_MODE, REGS, VALUE),
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
        params=(CONST_MODE, REGS),
        storage="static",
        doc=("Emulate mov, movzx, movsx, movsxd, cbw and its kind, and lea.",),
        patch="emulate-mov",
    ),
    Function(
        name="uprobe_result_flags",
        returns="unsigned long",
        params=(Param("unsigned long", "result"), Param("unsigned long", "carries"), SIZE),
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
            SIZE,
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
        params=(CONST_MODE, REGS),
        storage="static",
        doc=("Emulate an arithmetic or logical instruction.",),
        patch="emulate-alu",
    ),
    Function(
        name="uprobe_emulate_xchg",
        returns="int",
        params=(CONST_MODE, REGS),
        storage="static",
        doc=("Emulate xchg of two registers.",),
        patch="emulate-mov",
    ),
    Function(
        name="uprobe_emulate_cmov",
        returns="int",
        params=(CONST_MODE, REGS),
        storage="static",
        doc=("Emulate cmovcc.",),
        patch="emulate-mov",
    ),
    Function(
        name="uprobe_push",
        returns="int",
        params=(CONST_MODE, REGS, SIZE, VALUE),
        storage="static",
        doc=("Push @value onto the user stack.",),
        patch="emulate-stack",
    ),
    Function(
        name="uprobe_emulate_push",
        returns="int",
        params=(CONST_MODE, REGS),
        storage="static",
        doc=("Emulate push.",),
        patch="emulate-stack",
    ),
    Function(
        name="uprobe_emulate_pop",
        returns="int",
        params=(CONST_MODE, REGS),
        storage="static",
        doc=("Emulate pop.",),
        patch="emulate-stack",
    ),
    Function(
        name="uprobe_emulate_leave",
        returns="int",
        params=(CONST_MODE, REGS),
        storage="static",
        doc=("Emulate leave.",),
        patch="emulate-stack",
    ),
    Function(
        name="uprobe_may_jump",
        returns="bool",
        params=(CONST_MODE, Param("unsigned long", "target")),
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
        params=(CONST_MODE, REGS),
        storage="static",
        doc=("Emulate near jmp and call, and jcc whose condition is true.",),
        patch="emulate-branch",
    ),
    Function(
        name="uprobe_emulate_ret",
        returns="int",
        params=(CONST_MODE, REGS),
        storage="static",
        doc=("Emulate near ret.",),
        patch="emulate-branch",
    ),
    Function(
        name="uprobe_emulate_data",
        returns="int",
        params=(CONST_MODE, REGS),
        storage="static",
        doc=("Emulate an instruction that is not a branch.",),
        patch="emulate-mov",
    ),
    Function(
        name="uprobe_memory_is_plain",
        returns="bool",
        params=(CONST_MODE, CONST_REGS),
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
        params=(CONST_MODE, CONST_REGS),
        storage="static",
        doc=("Check whether the emulated instruction was a branch that was taken.",),
        patch="emulate-branch",
    ),
    Function(
        name="uprobe_emulate_insn",
        returns="int",
        params=(CONST_MODE, REGS),
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
        params=(CONST_MODE, REGS),
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
        params=(CONST_MODE, REGS),
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
