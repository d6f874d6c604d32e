# SPDX-License-Identifier: GPL-2.0-only
"""What the opcode model is made of: fixups, classes of instructions, maps, groups, NOPs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

SYSTEM = 0x0F01
"""The opcode of which the whole ModRM byte selects the instruction, unless there is memory."""


@dataclass(frozen=True, kw_only=True)
class Fixup:
    """A bit in ``arch_uprobe.fixups``; ``meaning`` is the comment beside the define."""

    name: str
    bit: int
    meaning: str


@dataclass(frozen=True, kw_only=True)
class InsnClass:
    """What is done about an instruction: a letter in the C tables.

    Attributes:
        letter: one character, a macro in the C file for the length of the tables.
        fixups: names of the fixups; empty means that the instruction is refused.
        meaning: the comment beside the letter.
    """

    letter: str
    fixups: tuple[str, ...]
    meaning: str


@dataclass(frozen=True, kw_only=True)
class Group:
    """An opcode whose ModRM.reg selects the instruction: one class letter for each value.

    ``opcode`` is 0x0fxx behind 0f. Behind 0f 01 without a memory operand the whole of ModRM
    selects: 0x01xx has the ModRM byte with ModRM.rm 0, and a letter for each value of ModRM.rm.
    """

    opcode: int
    letters: str
    what: str


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """Why opcodes are refused: for people, and for the tests that arm them.

    Attributes:
        map: as ``OpcodeMap.title``.
        opcodes: in that map.
        reason: in words.
        source: the section of the manual that says what the instructions do.
    """

    map: str
    opcodes: tuple[int, ...]
    reason: str
    source: str


@dataclass(frozen=True, kw_only=True)
class OpcodeMap:
    """256 classes of the opcodes behind the same bytes.

    Attributes:
        name: the C array.
        escape: the bytes in front of the opcode; for VEX and EVEX those that they stand for, or
            the number of a map without such bytes.
        letters: the classes.
        source: the table of the manual.
        vex: the number of the map in a VEX or EVEX prefix, 0 for legacy encodings.
    """

    name: str
    escape: str
    letters: str
    source: str
    vex: int = 0

    @property
    def title(self) -> str:
        """How people call the map, without the opcode: ``0f 38``, ``vex 0f 38``."""
        return f"vex {self.escape}" if self.vex else self.escape


@dataclass(frozen=True, kw_only=True)
class NopForm:
    """One encoding without any effect, SDM volume 2B, NOP.

    Attributes:
        opcode: the opcode bytes.
        reg: the value of ModRM.reg, or None for an opcode without ModRM.
        without: legacy prefixes that make something else of it, with the reason.
        rex_b: REX.B makes something else of it.
        modrm: the values of the ModRM byte where that is part of the encoding.
        prefix: a mandatory prefix, 0 for none.
    """

    opcode: tuple[int, ...]
    reg: int | None
    without: tuple[tuple[int, str], ...]
    rex_b: bool = False
    modrm: tuple[int, ...] = ()
    prefix: int = 0


@dataclass(frozen=True, kw_only=True)
class OpcodeModel:
    """Everything there is to say about opcodes.

    ``no_modrm`` has the ranges of opcodes behind 0f that have no ModRM byte, of those that are
    accepted; behind 0f 38 and 0f 3a there are none.
    """

    fixups: tuple[Fixup, ...]
    classes: tuple[InsnClass, ...]
    maps: tuple[OpcodeMap, ...]
    groups: tuple[Group, ...]
    refusals: tuple[Refusal, ...]
    nops: tuple[NopForm, ...]
    no_modrm: tuple[tuple[int, int], ...]
    by_letter: dict[str, InsnClass] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_letter", {c.letter: c for c in self.classes})

    def group_letter(self, opcode: int, modrm: int) -> str:
        """Return the class of an opcode with ``G``, 0x0fxx behind 0f, and a ModRM byte."""
        place = modrm >> 3 & 7
        if opcode == SYSTEM and modrm >= 0xC0:
            opcode, place = 0x0100 | modrm & 0xF8, modrm & 7
        found = (group.letters[place] for group in self.groups if group.opcode == opcode)
        return next(found, "_")


def span(*parts: int | tuple[int, int]) -> tuple[int, ...]:
    """Return the opcodes of single values and of ranges, both ends included."""
    found: list[int] = []
    for part in parts:
        first, last = part if isinstance(part, tuple) else (part, part)
        found.extend(range(first, last + 1))
    return tuple(found)


def letters(**classes: Iterable[int]) -> str:
    """Return 256 letters, ``_`` where no class lists the opcode."""
    row = ["_"] * 256
    for letter, opcodes in classes.items():
        for opcode in opcodes:
            if row[opcode] != "_":
                raise ValueError(f"opcode {opcode:02x} is in two classes")
            row[opcode] = letter
    return "".join(row)
