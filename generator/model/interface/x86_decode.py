# SPDX-License-Identifier: GPL-2.0-only
"""x86: what an instruction is, and what has to be done about it."""

from __future__ import annotations

from generator.model.decl import Function, Param, When
from generator.model.interface.params import AUPROBE, INSN, MACHINE, MM, REGS

DECODE_FUNCTIONS = (
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
        params=(INSN,),
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
        params=(AUPROBE, INSN, Param("bool", "x86_64")),
        storage="static",
        doc=("Decode the probed instruction.",),
        patch="analyse",
    ),
    Function(
        name="uprobe_insn_has_prefix",
        returns="bool",
        params=(INSN, Param("insn_byte_t", "wanted")),
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
        params=(INSN,),
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
        params=(INSN,),
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
        params=(INSN,),
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
        params=(INSN,),
        storage="static",
        doc=("Return the fixups of an instruction, or 0 if it cannot be probed.",),
        patch="analyse",
    ),
    Function(
        name="uprobe_mode",
        returns="struct arch_uprobe_mode *",
        params=(AUPROBE, Param("bool", "x86_64")),
        storage="static",
        doc=("Return what is known about the instruction as one of 64-bit or of 32-bit code.",),
        patch="analyse",
    ),
    Function(
        name="uprobe_analyze_mode",
        returns="int",
        params=(AUPROBE, Param("bool", "x86_64")),
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
        params=(AUPROBE, REGS),
        storage="static",
        doc=("Return the analysis for the mode that the current task is in.",),
        patch="arch-xol",
    ),
    Function(
        name="uprobe_insn_is_nop",
        returns="bool",
        params=(INSN,),
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
)
