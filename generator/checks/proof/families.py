# SPDX-License-Identifier: GPL-2.0-only
"""Families of encodings: those of one opcode that are likely to be one instruction."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from iced_x86 import Code, EncodingKind, MandatoryPrefix, OpCodeInfo, OpCodeTableKind

from generator.model.opcodes import SYSTEM, OpcodeMap, OpcodeModel

REFUSED = "_"
_ESCAPES = frozenset(bytes.fromhex("0f 26 2e 36 3e 64 65 66 67 f0 f2 f3"))
# REX, EVEX and VEX, which are opcodes in 32-bit code
_PREFIXES_64 = frozenset((*range(0x40, 0x50), 0x62, 0xC4, 0xC5))
# in the order of VEX.pp
MANDATORY = (b"", b"\x66", b"\xf3", b"\xf2")
# VEX.mmmmm and VEX.pp as the decoder's tables have them
_VEX_MAPS = {
    OpCodeTableKind.T0F: 1,
    OpCodeTableKind.T0F38: 2,
    OpCodeTableKind.T0F3A: 3,
    OpCodeTableKind.MAP5: 5,
    OpCodeTableKind.MAP6: 6,
}
_VEX_PREFIXES = {
    MandatoryPrefix.NONE: b"",
    MandatoryPrefix.PNP: b"",
    MandatoryPrefix.P66: b"\x66",
    MandatoryPrefix.PF3: b"\xf3",
    MandatoryPrefix.PF2: b"\xf2",
}


@dataclass(frozen=True, kw_only=True)
class Family:
    """The encodings of one opcode that are likely to be one instruction.

    Attributes:
        bits: 64 or 32.
        map: the name of the C table.
        opcode: the last opcode byte.
        prefix: the mandatory prefix.
        escape: the bytes in front of the opcode.
        vex: the number of the map in a VEX or EVEX prefix, 0 for none.
        reg: the value of ModRM.reg, None when it selects nothing.
        letter: its class.
        modrm: the ModRM byte, where all of it selects.
        memory: ModRM names memory, with a register it is another family's.
    """

    bits: int
    map: str
    escape: bytes
    opcode: int
    prefix: bytes
    reg: int | None
    letter: str
    vex: int = 0
    modrm: int | None = None
    memory: bool = False

    @property
    def name(self) -> str:
        """The opcode as the manuals write it, without the prefix and the mode."""
        text = (self.escape + bytes([self.opcode])).hex(" ")
        text = f"vex {text}" if self.vex else text
        if self.modrm is not None:
            return f"{text} {self.modrm:02x}"
        return text if self.reg is None else f"{text} /{self.reg}"


def families(model: OpcodeModel) -> list[Family]:
    """List the families of a table, refused opcodes included."""
    found: list[Family] = []
    for bits in (64, 32):
        for table in model.maps:
            for opcode in range(256):
                found += _of_opcode(bits, table, opcode, model)
    return found


def _of_opcode(bits: int, table: OpcodeMap, opcode: int, model: OpcodeModel) -> Iterator[Family]:
    escape = bytes.fromhex(table.escape)
    if table.vex:
        yield from _of_vex_opcode(bits, table, opcode)
        return
    if not escape and (opcode in _ESCAPES or (bits == 64 and opcode in _PREFIXES_64)):
        return
    if escape == b"\x0f" and opcode in (0x38, 0x3A):
        return
    letter = table.letters[opcode]
    whole = opcode if not escape else 0x0F00 | opcode
    if whole == SYSTEM and letter == "G":
        yield from _of_system(bits, table, model)
    regs: tuple[int | None, ...] = tuple(range(8)) if letter == "G" else (None,)
    for reg in regs:
        kind = letter if reg is None else model.group_letter(whole, reg << 3)
        if kind == "L" and bits == 64:
            kind = REFUSED
        for prefix in MANDATORY if escape and kind != REFUSED else (b"",):
            yield Family(
                bits=bits,
                map=table.name,
                escape=escape,
                opcode=opcode,
                prefix=prefix,
                reg=reg,
                letter=kind,
                memory=whole == SYSTEM,
            )


def _of_system(bits: int, table: OpcodeMap, model: OpcodeModel) -> Iterator[Family]:
    """Yield a family for each ModRM byte behind 0f 01 that names no memory."""
    for modrm in range(0xC0, 0x100):
        letter = model.group_letter(SYSTEM, modrm)
        for prefix in MANDATORY if letter != REFUSED else (b"",):
            yield Family(
                bits=bits,
                map=table.name,
                escape=b"\x0f",
                opcode=SYSTEM & 0xFF,
                prefix=prefix,
                reg=None,
                letter=letter,
                modrm=modrm,
            )


def _of_vex_opcode(bits: int, table: OpcodeMap, opcode: int) -> Iterator[Family]:
    letter = table.letters[opcode]
    for prefix in MANDATORY if letter != REFUSED else (b"",):
        yield Family(
            bits=bits,
            map=table.name,
            escape=bytes.fromhex(table.escape),
            opcode=opcode,
            prefix=prefix,
            reg=None,
            letter=letter,
            vex=table.vex,
        )


@cache
def _vex_instructions() -> frozenset[tuple[int, int, int, bytes]]:
    """Return mode, map, opcode and prefix of all that is an instruction behind VEX or EVEX."""
    codes = (code for code in vars(Code).values() if isinstance(code, int))
    return frozenset(
        (bits, _VEX_MAPS[info.table], info.op_code, _VEX_PREFIXES[info.mandatory_prefix])
        for info in (OpCodeInfo(code) for code in codes)  # type: ignore[arg-type]  # plain numbers
        if info.encoding in (EncodingKind.VEX, EncodingKind.EVEX) and info.table in _VEX_MAPS
        for bits, there in ((64, info.mode64), (32, info.mode32))
        if there
    )


def is_barren(family: Family) -> bool:
    """Tell whether a family is known to have no instruction: most of those behind VEX."""
    key = family.bits, family.vex, family.opcode, family.prefix
    return bool(family.vex) and key not in _vex_instructions()
