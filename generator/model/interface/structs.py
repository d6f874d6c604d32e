# SPDX-License-Identifier: GPL-2.0-only
"""Structures, enumerations and macros."""

from __future__ import annotations

from generator.model.decl import Enum, Enumerator, Macro, Member, Struct
from generator.model.states import STATES

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
            Member(
                type="unsigned long",
                name="flags",
                patch="call-nop",
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
