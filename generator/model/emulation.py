# SPDX-License-Identifier: GPL-2.0-only
"""What is emulated: which opcodes, as which operation, with which operands.

A row of the table covers all opcodes that fit its pattern, in the notation of appendix B of volume
2 of the Intel SDM: ``w`` is 0 for operands of one byte, ``ooo`` an arithmetic operation, ``cccc`` a
condition, ``rrr`` a register; other letters stand for a bit that may be either.

Only instructions that act on general registers, flags and memory are worth it, and only where the
result is certain on every processor: none whose flags are undefined, none that reads or writes a
segment, control or vector register.

Sources: SDM volume 2, appendix B.2 (formats and encodings of the general-purpose instructions), and
the instructions' own sections for the flags; APM volume 3, chapter 3.
"""

from __future__ import annotations

from dataclasses import dataclass

FRAME, STACK, BRANCH, ALU = "emulate-mov", "emulate-stack", "emulate-branch", "emulate-alu"
"""The patches: the first brings the table, the access to operands, and moves."""

_BROUGHT = {
    "ALU": ALU,
    **dict.fromkeys(("PUSH", "POP", "LEAVE"), STACK),
    **dict.fromkeys(("CALL", "RET", "JMP", "JCC"), BRANCH),
}


@dataclass(frozen=True, kw_only=True)
class Operation:
    """An enumerator, the comment beside it, and the patch that brings it."""

    name: str
    meaning: str
    patch: str = FRAME


@dataclass(frozen=True, kw_only=True)
class EmulatedForm:
    """A row of the table.

    Attributes:
        pattern: eight characters for the opcode byte, and "0f " in front for the two-byte map.
        operation: what is done, without the prefix of the enumerator.
        operands: where the operands are, in the same way.
        alu: the arithmetic operation; "CODED" where the opcode or ModRM.reg says which.
        regs: the values of ModRM.reg; empty where it selects nothing.
        what: the instructions, for the comment.
    """

    pattern: str
    operation: str
    operands: str
    alu: str = "CODED"
    regs: tuple[int, ...] = ()
    what: str

    @property
    def patch(self) -> str:
        """The patch that brings the row: that of its operation."""
        return _BROUGHT.get(self.operation, FRAME)

    @property
    def mask(self) -> int:
        """The bits of the opcode, 0f included, that must fit."""
        mask = int("".join("1" if bit in "01" else "0" for bit in self._bits), 2)
        return 0xFF00 | mask

    @property
    def value(self) -> int:
        """What these bits must be."""
        value = int("".join(bit if bit in "01" else "0" for bit in self._bits), 2)
        return (0x0F00 if self.pattern.startswith("0f ") else 0) | value

    @property
    def wide(self) -> int:
        """The bit that is 0 for operands of one byte; 0 where there is no such bit."""
        return int("".join("1" if bit == "w" else "0" for bit in self._bits), 2)

    @property
    def opcodes(self) -> tuple[int, ...]:
        """The opcodes that fit, as the C compares them: 0x0fxx behind 0f."""
        return tuple(
            code
            for code in range(self.value & 0xFF00, (self.value & 0xFF00) + 0x100)
            if code & self.mask == self.value
        )

    @property
    def _bits(self) -> str:
        bits = self.pattern.removeprefix("0f ")
        if len(bits) != 8:
            raise ValueError(f"'{self.pattern}' is no pattern of eight bits")
        return bits


@dataclass(frozen=True, kw_only=True)
class EmulationModel:
    """The operations, the places of operands, the arithmetic, and the table."""

    operations: tuple[Operation, ...]
    operands: tuple[Operation, ...]
    arithmetic: tuple[Operation, ...]
    forms: tuple[EmulatedForm, ...]


# those from PUSH to RET use the stack, from PUSH on an operand is a word; the first patch has all
# of them, since it compares with these two
OPERATIONS = (
    Operation(name="NONE", meaning="is not emulated"),
    Operation(name="MOV", meaning="dst = src"),
    Operation(name="ALU", meaning="dst = dst op src, and the flags"),
    Operation(name="XCHG", meaning="dst, src = src, dst"),
    Operation(name="CMOV", meaning="dst = src, on a condition"),
    Operation(name="SETCC", meaning="dst = 1 or 0"),
    Operation(name="PUSH", meaning="push src"),
    Operation(name="POP", meaning="pop dst"),
    Operation(name="LEAVE", meaning="sp = bp, pop bp"),
    Operation(name="CALL", meaning="push ip, ip = src"),
    Operation(name="RET", meaning="pop ip, sp += src"),
    Operation(name="JMP", meaning="ip = src"),
    Operation(name="JCC", meaning="ip = src, on a condition"),
)

OPERANDS = (
    Operation(name="NONE", meaning="none, or implied", patch=STACK),
    Operation(name="E_G", meaning="ModRM.rm, ModRM.reg"),
    Operation(name="G_E", meaning="ModRM.reg, ModRM.rm"),
    Operation(name="G_EX", meaning="the same, ModRM.rm is extended"),
    Operation(name="G_ED", meaning="the same, from 32 bits with the sign"),
    Operation(name="G_M", meaning="ModRM.reg, the address in ModRM.rm"),
    Operation(name="E_I", meaning="ModRM.rm, immediate"),
    Operation(name="A_I", meaning="rax, immediate", patch=ALU),
    Operation(name="A_A", meaning="rax, its lower half with the sign"),
    Operation(name="E_1", meaning="ModRM.rm, 1", patch=ALU),
    Operation(name="E", meaning="ModRM.rm", patch=STACK),
    Operation(name="EB", meaning="ModRM.rm, one byte"),
    Operation(name="Z", meaning="register in the opcode", patch=STACK),
    Operation(name="Z_1", meaning="register in the opcode, 1", patch=ALU),
    Operation(name="Z_I", meaning="register in the opcode, immediate"),
    Operation(name="Z_A", meaning="register in the opcode, rax"),
    Operation(name="I", meaning="immediate", patch=STACK),
    Operation(name="J", meaning="distance from the next instruction", patch=BRANCH),
)

# the first eight are numbered as in the opcodes
ARITHMETIC = (
    *(Operation(name=name, meaning="", patch=ALU) for name in ("ADD", "OR", "ADC", "SBB")),
    *(Operation(name=name, meaning="", patch=ALU) for name in ("AND", "SUB", "XOR", "CMP")),
    Operation(name="TEST", meaning="AND, without a result", patch=ALU),
    Operation(name="INC", meaning="ADD, carry stays", patch=ALU),
    Operation(name="DEC", meaning="SUB, carry stays", patch=ALU),
    Operation(name="NEG", meaning="0 - dst", patch=ALU),
    Operation(name="NOT", meaning="without flags", patch=ALU),
    Operation(name="CODED", meaning="the opcode says which"),
)

FORMS = (
    EmulatedForm(pattern="1000100w", operation="MOV", operands="E_G", what="mov"),
    EmulatedForm(pattern="1000101w", operation="MOV", operands="G_E", what="mov"),
    EmulatedForm(pattern="1011wrrr", operation="MOV", operands="Z_I", what="mov"),
    EmulatedForm(pattern="1100011w", operation="MOV", operands="E_I", regs=(0,), what="mov"),
    EmulatedForm(pattern="10001101", operation="MOV", operands="G_M", what="lea"),
    EmulatedForm(pattern="01100011", operation="MOV", operands="G_ED", what="movsxd"),
    EmulatedForm(pattern="0f 1011s11x", operation="MOV", operands="G_EX", what="movzx, movsx"),
    EmulatedForm(pattern="10011000", operation="MOV", operands="A_A", what="cbw, cwde, cdqe"),
    EmulatedForm(pattern="00ooo00w", operation="ALU", operands="E_G", what="add ... cmp"),
    EmulatedForm(pattern="00ooo01w", operation="ALU", operands="G_E", what="add ... cmp"),
    EmulatedForm(pattern="00ooo10w", operation="ALU", operands="A_I", what="add ... cmp"),
    EmulatedForm(
        pattern="1000000w",
        operation="ALU",
        operands="E_I",
        regs=tuple(range(8)),
        what="add ... cmp",
    ),
    EmulatedForm(
        pattern="10000011",
        operation="ALU",
        operands="E_I",
        regs=tuple(range(8)),
        what="add ... cmp",
    ),
    EmulatedForm(pattern="1000010w", operation="ALU", operands="E_G", alu="TEST", what="test"),
    EmulatedForm(pattern="1010100w", operation="ALU", operands="A_I", alu="TEST", what="test"),
    EmulatedForm(
        pattern="1111011w", operation="ALU", operands="E_I", alu="TEST", regs=(0,), what="test"
    ),
    EmulatedForm(
        pattern="1111111w", operation="ALU", operands="E_1", alu="INC", regs=(0,), what="inc"
    ),
    EmulatedForm(
        pattern="1111111w", operation="ALU", operands="E_1", alu="DEC", regs=(1,), what="dec"
    ),
    EmulatedForm(pattern="01000rrr", operation="ALU", operands="Z_1", alu="INC", what="inc"),
    EmulatedForm(pattern="01001rrr", operation="ALU", operands="Z_1", alu="DEC", what="dec"),
    EmulatedForm(
        pattern="1111011w", operation="ALU", operands="E_1", alu="NEG", regs=(3,), what="neg"
    ),
    EmulatedForm(
        pattern="1111011w", operation="ALU", operands="E_1", alu="NOT", regs=(2,), what="not"
    ),
    EmulatedForm(pattern="1000011w", operation="XCHG", operands="E_G", what="xchg"),
    EmulatedForm(pattern="10010rrr", operation="XCHG", operands="Z_A", what="xchg"),
    EmulatedForm(pattern="0f 0100cccc", operation="CMOV", operands="G_E", what="cmovcc"),
    EmulatedForm(pattern="0f 1001cccc", operation="SETCC", operands="EB", what="setcc"),
    EmulatedForm(pattern="01010rrr", operation="PUSH", operands="Z", what="push"),
    EmulatedForm(pattern="011010x0", operation="PUSH", operands="I", what="push"),
    EmulatedForm(pattern="11111111", operation="PUSH", operands="E", regs=(6,), what="push"),
    EmulatedForm(pattern="01011rrr", operation="POP", operands="Z", what="pop"),
    EmulatedForm(pattern="10001111", operation="POP", operands="E", regs=(0,), what="pop"),
    EmulatedForm(pattern="11001001", operation="LEAVE", operands="NONE", what="leave"),
    EmulatedForm(pattern="111010x1", operation="JMP", operands="J", what="jmp"),
    EmulatedForm(pattern="11111111", operation="JMP", operands="E", regs=(4,), what="jmp"),
    EmulatedForm(pattern="0111cccc", operation="JCC", operands="J", what="jcc"),
    EmulatedForm(pattern="0f 1000cccc", operation="JCC", operands="J", what="jcc"),
    EmulatedForm(pattern="11101000", operation="CALL", operands="J", what="call"),
    EmulatedForm(pattern="11111111", operation="CALL", operands="E", regs=(2,), what="call"),
    EmulatedForm(pattern="1100001x", operation="RET", operands="I", what="ret"),
)

EMULATION = EmulationModel(
    operations=OPERATIONS, operands=OPERANDS, arithmetic=ARITHMETIC, forms=FORMS
)
