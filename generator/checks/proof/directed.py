# SPDX-License-Identifier: GPL-2.0-only
"""Encodings that are tried in every run, however small, before those that chance makes.

Each was done wrong by the kernel of some time, or is one that random encodings meet too seldom.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Directed:
    """An encoding.

    Attributes:
        bits: 64 or 32.
        opcode: its opcode, as ``Family.name`` has it.
        code: its bytes, hexadecimal.
        why: what is to be seen of it.
    """

    bits: int
    opcode: str
    code: str
    why: str


# mode, opcode, bytes, and what is to be seen
_EXECUTED = (
    (64, "90", "49 90", "xchg %r8,%rax is no NOP"),
    (64, "87", "87 c0", "clears the upper half of rax"),
    (64, "90", "90", "NOPs are not stepped"),
    (64, "90", "66 90", "NOPs are not stepped"),
    (64, "0f 1f", "0f 1f 84 00 00 00 00 00", "NOPs are not stepped"),
    (64, "0f 1f", "66 2e 0f 1f 84 00 00 00 00 00", "a segment override is no reason to refuse"),
    (64, "90", "f3 90", "pause"),
    (64, "0f 1e", "f3 0f 1e fa", "endbr64"),
    (32, "0f 1e", "f3 0f 1e fb", "endbr32"),
    (64, "f7 /6", "48 f7 35 00 00 00 00", "div of an operand relative to rip uses rax and rdx"),
    (64, "0f c7 /1", "48 0f c7 0d 00 00 00 00", "cmpxchg16b uses rbx and rcx as well"),
    (64, "39", "48 39 35 00 00 00 00", "rsi is in use, and no scratch register"),
    (64, "39", "4c 39 35 00 00 00 00", "r14 is not rsi"),
    (64, "8b", "49 8b 05 00 00 00 00", "REX.B means nothing, and would in the copy"),
    (64, "e8", "e8 ff ff ff 7f", "the longest distance"),
    (64, "e9", "e9 00 00 00 80", "the longest distance"),
    (64, "0f 84", "0f 84 fb ff ff ff", "goes back"),
    (32, "e8", "e8 00 00 00 80", "the target wraps around"),
    (64, "8b", "4a 8b 0c e0", "r12 is an index, rsp is not"),
    (64, "c9", "66 c9", "leavew keeps what is above 16 bits of rbp"),
    (32, "c9", "66 c9", "leavew keeps what is above 16 bits of ebp"),
    (64, "0f b6", "0f b6 c4", "movzbl %ah, %eax"),
    (64, "0f be", "0f be ed", "movsbl %ch, %ebp"),
    (32, "0f b6", "0f b6 f7", "movzbl %bh, %esi"),
    (64, "8d", "67 48 8d 44 0f f8", "lea (%edi,%ecx): an address of 32 bits"),
    (64, "8b", "67 8b 47 f8", "mov -8(%edi), %eax: the upper half of rdi is not seen"),
    (64, "e8", "66 48 e8 00 01 00 00", "REX.W goes before 66"),
    (64, "01", "66 48 01 c8", "REX.W goes before 66"),
    (64, "9c", "9c", "pushes flags without TF"),
    (64, "9d", "9d", "loads TF"),
    (64, "ff /2", "ff 14 24", "call *(%rsp) reads before it pushes"),
    (64, "ff /2", "ff d4", "call *%rsp"),
    (64, "54", "54", "push %rsp"),
    (64, "5c", "5c", "pop %rsp"),
    (64, "c8", "c8 10 00 02", "enter"),
    (64, "a5", "f3 48 a5", "is hit once for each repetition"),
    (64, "e3", "67 e3 05", "jecxz"),
    (64, "ae", "f2 ae", "is hit once for each repetition"),
    (64, "0f 0b", "0f 0b", "reported at its own address"),
    (64, "vex 0f 77", "c5 f8 77", "vzeroupper is not ja"),
    (64, "vex 0f 74", "c5 e9 74 d9", "vpcmpeqb is not je"),
    (64, "vex 0f e8", "c5 f9 e8 c1", "vpsubsb is not call"),
    (64, "vex 0f 38 f7", "c4 e2 c9 f7 3d 00 00 00 00", "shlx: rsi and rdi are in use"),
    (64, "vex 0f 6f", "62 f1 7d 48 6f 05 00 00 00 00", "EVEX, relative to rip"),
    (32, "vex 0f 77", "c5 f8 77", "vzeroupper is not ja"),
)

# opcode and bytes, in both modes
_TOO_SHORT = (
    ("0f 41", "f3 0f 41 c1"),
    ("0f 44", "f3 0f 44 0d 00 00 00 00"),
    ("0f 45", "f3 0f 45 0d 00 00 00 00"),
    ("0f 4b", "f2 0f 4b c1"),
    ("0f 90", "f3 0f 90 c0"),
    ("0f 99", "f3 0f 99 c0"),
    ("0f 19", "0f 19 c0"),
    ("0f 1d", "0f 1d 00"),
    ("0f 73", "66 67 0f 73 fb 80"),
    ("0f 38 10", "66 67 0f 38 10 c1"),
    ("0f 2b", "f3 0f 2b 06"),
)

EXECUTED = tuple(
    Directed(bits=bits, opcode=opcode, code=code, why=why) for bits, opcode, code, why in _EXECUTED
)
"""Those that have an effect, which must be the one without a probe."""

TOO_SHORT = tuple(
    Directed(bits=bits, opcode=opcode, code=code, why="the decoder misses its operands: refused")
    for opcode, code in _TOO_SHORT
    for bits in (64, 32)
)
"""Those of which the kernel's decoder sees too few bytes; a copy would be cut off."""

OTHER_MAPS = tuple(
    Directed(bits=64, opcode="d5", code=code, why="REX2: the opcode is one of another map")
    for code in ("d5 15 5e", "d5 80 05", "d5 00 8b 05 10 00 00 00")
)
"""Those whose opcode byte must not be looked up: decoders of later bases know the prefix."""

REFUSED = tuple(
    Directed(bits=64, opcode=opcode, code=code, why="processors differ in what 66 means there")
    for opcode, code in (("ff /2", "66 41 ff d0"), ("ff /4", "66 41 ff e0"))
)
"""Those that the processor knows, and that are not probed."""

DIRECTED = EXECUTED + TOO_SHORT + OTHER_MAPS + REFUSED
