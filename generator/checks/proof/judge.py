# SPDX-License-Identifier: GPL-2.0-only
"""A decoder that is not the one in the kernel: iced-x86, made from the manuals' opcode tables.

It says how long an instruction is and what it is called, and which instructions a probe must not
touch - from names and properties of instructions, where the C goes by opcode bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from iced_x86 import (
    Code,
    ConstantOffsets,
    CpuidFeature,
    Decoder,
    DecoderOptions,
    EncodingKind,
    FlowControl,
    Formatter,
    FormatterSyntax,
    Instruction,
    Mnemonic,
    OpCodeInfo,
    OpCodeTableKind,
    OpKind,
    Register,
)

LONGEST = 15
LEGACY_PREFIXES = frozenset(bytes.fromhex("f0 f2 f3 2e 36 3e 26 64 65 66 67"))


@cache
def _names(enumeration: object) -> dict[int, str]:
    """Return the names of an enumeration of iced-x86, which has integers in place of members."""
    return {
        value: name
        for name, value in vars(enumeration).items()
        if isinstance(value, int) and name.isupper()
    }


@dataclass(frozen=True, kw_only=True)
class Decoded:
    """What the judge sees in some bytes.

    Attributes:
        valid: it is an instruction; otherwise executing it raises #UD.
        length: bytes; also of an invalid one whose length is clear, else 0.
        bits, bytes: what was decoded: 32-bit or 64-bit code, and the code.
        insn: what iced-x86 makes of it.
        constants: where displacement and immediate stand.
    """

    valid: bool
    length: int
    bits: int
    bytes: bytes
    insn: Instruction
    constants: ConstantOffsets

    @property
    def mnemonic(self) -> str:
        """The name of the instruction, in lower case."""
        return _names(Mnemonic)[self.insn.mnemonic].lower()

    @property
    def code(self) -> str:
        """The name of the form of the instruction, with its operands."""
        return _names(Code)[self.insn.code]

    @property
    def has_vex(self) -> bool:
        """It is encoded with a VEX or EVEX prefix."""
        return self.insn.encoding in (EncodingKind.VEX, EncodingKind.EVEX)

    @property
    def needs(self) -> str:
        """What a processor must have to know it, by the names of CPUID's features."""
        return "+".join(sorted(_names(CpuidFeature)[f].lower() for f in self.insn.cpuid_features()))

    @property
    def repeats(self) -> bool:
        """It is a string instruction with a rep prefix."""
        insn = self.insn
        return insn.is_string_instruction and (insn.has_rep_prefix or insn.has_repne_prefix)

    @property
    def is_branch(self) -> bool:
        """It may load the instruction pointer."""
        return self.insn.flow_control != FlowControl.NEXT

    def has_branched(self, ip: int) -> bool:
        """Tell from the instruction pointer that it has left whether it was a branch, and taken."""
        if self.insn.flow_control == FlowControl.CONDITIONAL_BRANCH:
            return ip != self.insn.next_ip
        return self.is_branch

    @property
    def hides_branch(self) -> bool:
        """It is a conditional branch to where it goes anyway: taken or not, nobody can tell."""
        insn = self.insn
        conditional = insn.flow_control == FlowControl.CONDITIONAL_BRANCH
        return conditional and insn.near_branch_target == insn.next_ip

    @property
    def has_memory(self) -> bool:
        """It has a memory operand that is described by ModRM or by a displacement."""
        return any(self.insn.op_kind(place) == OpKind.MEMORY for place in range(self.insn.op_count))


def decode(code: bytes, *, bits: int, ip: int) -> Decoded:
    """Decode the first instruction of ``code``; bytes that are no instruction are no error."""
    strict = Decoder(bits, code[:LONGEST], DecoderOptions.NONE, ip=ip)
    insn = strict.decode()
    if insn:
        return _decoded(strict, insn, code, valid=True)
    lenient = Decoder(bits, code[:LONGEST], DecoderOptions.NO_INVALID_CHECK, ip=ip)
    return _decoded(lenient, lenient.decode(), code, valid=False)


def _decoded(decoder: Decoder, insn: Instruction, code: bytes, *, valid: bool) -> Decoded:
    length = insn.len if insn else 0
    return Decoded(
        valid=valid,
        length=length,
        bits=decoder.bitness,
        bytes=code[:length],
        insn=insn,
        constants=decoder.get_constant_offsets(insn),
    )


def text(decoded: Decoded) -> str:
    """Return the instruction in AT&T syntax, as kernel people read it."""
    if not decoded.insn:
        return "(bad)"
    formatter = Formatter(FormatterSyntax.GAS)
    # 8(%rip), as it is written, and not the address that it is at ip 0
    formatter.rip_relative_addresses = True
    formatter.uppercase_hex = False
    return formatter.format(decoded.insn)


# Privileged by what they do, or where a probe cannot be right, whatever the decoder calls them
_SYSTEM = frozenset(
    {
        *("enclu", "encls", "enclv", "uiret", "skinit", "monitor", "mwait", "pconfig", "tdcall"),
        *("seamcall", "seamret", "seamops", "invlpgb", "tlbsync", "psmash", "pvalidate"),
        *("rmpadjust", "rmpupdate", "rmpquery", "clac", "stac", "vmlaunch", "vmresume", "vmxoff"),
        *("vmread", "vmwrite", "vmrun", "vmload", "vmsave", "stgi", "clgi", "invlpga", "getsec"),
        *("hreset", "erets", "eretu", "lkgs", "wrmsrns", "rdmsrlist", "wrmsrlist", "pbndkb"),
        "xbegin",
    }
)

# The instruction behind another mandatory prefix, or the group, is one that user space has: they
# raise their exception in the slot as well.
_BESIDE_OTHERS = frozenset(
    {"setssbsy", "vmgexit", "vmcall", "vmmcall", "rdpmc", "rmpquery", "enqcmds"}
)

KERNEL_ENTRY = frozenset(
    {
        *("syscall", "sysenter", "sysexit", "sysret", "sysexitq", "sysretq", "int", "int1", "int3"),
        *("into", "iret", "iretd", "iretq", "icebp", "rsm"),
    }
)

_PORTS = frozenset({"in", "out", "insb", "insw", "insd", "outsb", "outsw", "outsd"})

_FAR = frozenset({"retf"})

_OTHER_TEST = frozenset(
    {
        Code.TEST_RM8_IMM8_F6R1,
        Code.TEST_RM16_IMM16_F7R1,
        Code.TEST_RM32_IMM32_F7R1,
        Code.TEST_RM64_IMM32_F7R1,
    }
)

# Changes after which the next instruction is executed before the trap, SDM volume 3A, 6.8.3
_INTO_SS = frozenset({Register.SS})


def reason_to_refuse(decoded: Decoded) -> str:
    """Return why a probe must not be put on an instruction, "" when nothing speaks against it.

    For some encodings the reason is that the series does not cover them.
    """
    insn, name = decoded.insn, decoded.mnemonic
    if insn.encoding != EncodingKind.LEGACY:
        return _encoding_reason(decoded)
    if name in KERNEL_ENTRY:
        return "enters the kernel, or always traps"
    if name in _FAR or insn.is_jmp_far or insn.is_call_far:
        return "far"
    if insn.is_jmp_far_indirect or insn.is_call_far_indirect:
        return "far"
    if name in _PORTS:
        return "port I/O"
    if (insn.is_privileged and name not in _BESIDE_OTHERS) or name in _SYSTEM:
        return "privileged, or about the state of the system"
    if name == "lss" or (
        insn.op_count and insn.op0_register in _INTO_SS and name in ("mov", "pop")
    ):
        return "loads ss"
    if insn.code in _OTHER_TEST:
        return "ModRM.reg 1: the manuals leave it blank, SDM volume 2D, table A-6, group 3"
    return _branch_reason(decoded)


def _encoding_reason(decoded: Decoded) -> str:
    """Refuse what is in none of the maps that the series has, and FMA4."""
    kind = _names(EncodingKind)[decoded.insn.encoding]
    table = OpCodeInfo(decoded.insn.code).table
    if not decoded.has_vex or table not in _VEX_TABLES:
        return f"{kind} encoding, {_names(OpCodeTableKind)[table]}"
    fma4 = {CpuidFeature.FMA4, CpuidFeature.XOP} & set(decoded.insn.cpuid_features())
    return "FMA4" if fma4 else ""


_VEX_TABLES = (
    OpCodeTableKind.T0F,
    OpCodeTableKind.T0F38,
    OpCodeTableKind.T0F3A,
    OpCodeTableKind.MAP5,
    OpCodeTableKind.MAP6,
)


def _branch_reason(decoded: Decoded) -> str:
    """Refuse a near branch with a prefix for 16-bit operands: processors differ on its meaning.

    Intel ignores the prefix in 64-bit code, AMD does not (SDM volume 2, JMP; APM volume 3, JMP);
    in 32-bit code both cut the instruction pointer off.
    """
    insn = decoded.insn
    near = (
        insn.is_jcc_short_or_near
        or insn.is_jmp_short_or_near
        or insn.is_call_near
        or insn.is_jmp_near_indirect
        or insn.is_call_near_indirect
        or insn.is_loop
        or insn.is_loopcc
        or insn.is_jcx_short
        or insn.mnemonic == Mnemonic.RET
    )
    prefixes, rex = split_prefixes(decoded.bytes, bits=decoded.bits)
    return "16-bit operand of a near branch" if near and 0x66 in prefixes and not rex & 8 else ""


def split_prefixes(code: bytes, *, bits: int) -> tuple[bytes, int]:
    """Return the legacy prefixes of an instruction, and its REX prefix or 0."""
    place = 0
    while place < len(code) and code[place] in LEGACY_PREFIXES:
        place += 1
    rex = code[place] if bits == 64 and place < len(code) and code[place] & 0xF0 == 0x40 else 0
    return code[:place], rex
