# SPDX-License-Identifier: GPL-2.0-only
"""The x86 opcode tables: what may be probed, and what has to be fixed up after the copy has run.

One class per opcode; the C tables, the letters in them and the comments are rendered from here.
What is not listed is refused. VEX, EVEX and XOP encodings are refused as a whole for now: their
opcode byte names another instruction than the same byte in the legacy maps.

Sources: Intel SDM volume 2, appendix A (opcode maps A-2 to A-6), and the instructions' own
sections; AMD APM volume 3, appendix A, for what only AMD has.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field


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
    """An opcode whose ModRM.reg selects the instruction: one class letter for each value."""

    opcode: int
    letters: str
    what: str


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """Why opcodes are refused: for people, and for the tests that arm them."""

    map: str
    opcodes: tuple[int, ...]
    reason: str


@dataclass(frozen=True, kw_only=True)
class OpcodeMap:
    """256 classes; ``name`` is the C array, ``escape`` the bytes in front of the opcode."""

    name: str
    escape: str
    letters: str


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


FIXUPS = (
    Fixup(name="UPROBE_FIX_IP", bit=0x01, meaning="ip moves on from the slot"),
    Fixup(name="UPROBE_FIX_ABS", bit=0x02, meaning="ip was loaded, leave it alone"),
    Fixup(name="UPROBE_FIX_BRANCH", bit=0x04, meaning="ip tells whether a branch was taken"),
    Fixup(name="UPROBE_FIX_CALL", bit=0x08, meaning="a return address was pushed"),
    Fixup(name="UPROBE_FIX_PUSHF", bit=0x10, meaning="the flags were pushed"),
    Fixup(name="UPROBE_FIX_SETF", bit=0x20, meaning="the flags were loaded, TF included"),
    Fixup(name="UPROBE_INSN_32BIT", bit=0x40, meaning="in 32-bit code only"),
    Fixup(name="UPROBE_INSN_GROUP", bit=0x80, meaning="look at ModRM.reg"),
)

CLASSES = (
    InsnClass(letter="_", fixups=(), meaning="refused"),
    InsnClass(letter="X", fixups=("UPROBE_FIX_IP",), meaning="executed out of line"),
    InsnClass(
        letter="L",
        fixups=("UPROBE_FIX_IP", "UPROBE_INSN_32BIT"),
        meaning="the same, invalid in 64-bit code",
    ),
    InsnClass(letter="A", fixups=("UPROBE_FIX_ABS",), meaning="ret, jmp to an absolute address"),
    InsnClass(letter="B", fixups=("UPROBE_FIX_BRANCH",), meaning="relative branch"),
    InsnClass(letter="C", fixups=("UPROBE_FIX_BRANCH", "UPROBE_FIX_CALL"), meaning="relative call"),
    InsnClass(
        letter="I",
        fixups=("UPROBE_FIX_ABS", "UPROBE_FIX_CALL"),
        meaning="call to an absolute address",
    ),
    InsnClass(letter="P", fixups=("UPROBE_FIX_IP", "UPROBE_FIX_PUSHF"), meaning="pushf"),
    InsnClass(letter="S", fixups=("UPROBE_FIX_IP", "UPROBE_FIX_SETF"), meaning="popf"),
    InsnClass(letter="G", fixups=("UPROBE_INSN_GROUP",), meaning="depends on ModRM.reg"),
)


def _range(*parts: int | tuple[int, int]) -> tuple[int, ...]:
    """Return the opcodes of single values and of ranges, both ends included."""
    found: list[int] = []
    for part in parts:
        first, last = part if isinstance(part, tuple) else (part, part)
        found.extend(range(first, last + 1))
    return tuple(found)


def _letters(**classes: Iterable[int]) -> str:
    """Return 256 letters, ``_`` where no class lists the opcode."""
    row = ["_"] * 256
    for letter, opcodes in classes.items():
        for opcode in opcodes:
            if row[opcode] != "_":
                raise ValueError(f"opcode {opcode:02x} is in two classes")
            row[opcode] = letter
    return "".join(row)


# The tables are read as rows of opcodes.
# fmt: off
ONE_BYTE = OpcodeMap(
    name="uprobe_map_1byte",
    escape="",
    letters=_letters(
        X=_range(
            (0x00, 0x05), (0x08, 0x0D), (0x10, 0x15), (0x18, 0x1D), (0x20, 0x25), (0x28, 0x2D),
            (0x30, 0x35), (0x38, 0x3D), (0x50, 0x5F), 0x63, (0x68, 0x6B), 0x80, 0x81,
            (0x83, 0x8D), (0x90, 0x99), 0x9B, (0x9E, 0xC1), 0xC8, 0xC9, (0xD0, 0xD3),
            (0xD7, 0xDF), 0xF5, 0xF8, 0xF9, 0xFC, 0xFD,
        ),
        L=_range(
            0x06, 0x07, 0x0E, 0x16, 0x1E, 0x1F, 0x27, 0x2F, 0x37, 0x3F, (0x40, 0x4F),
            (0x60, 0x62), 0x82, 0xC4, 0xC5, 0xD4, 0xD5,
        ),
        A=_range(0xC2, 0xC3),
        B=_range((0x70, 0x7F), (0xE0, 0xE3), 0xE9, 0xEB),
        C=_range(0xE8),
        P=_range(0x9C),
        S=_range(0x9D),
        G=_range(0x8E, 0x8F, 0xC6, 0xC7, 0xF6, 0xF7, 0xFE, 0xFF),
    ),
)

TWO_BYTE = OpcodeMap(
    name="uprobe_map_0f",
    escape="0f",
    letters=_letters(
        X=_range(
            0x0D, (0x10, 0x18), 0x1C, 0x1E, 0x1F, (0x28, 0x2F), 0x31, (0x40, 0x77), (0x7C, 0x7F),
            (0x90, 0xA5), 0xA8, 0xA9, (0xAB, 0xB1), 0xB3, (0xB6, 0xB8), (0xBB, 0xC6),
            (0xC8, 0xFE),
        ),
        B=_range((0x80, 0x8F)),
        G=_range(0xBA, 0xC7),
    ),
)

MAP_0F38 = OpcodeMap(
    name="uprobe_map_0f38",
    escape="0f 38",
    letters=_letters(
        X=_range(
            (0x00, 0x0B), 0x10, 0x14, 0x15, 0x17, (0x1C, 0x1E), (0x20, 0x25), (0x28, 0x2B),
            (0x30, 0x35), (0x37, 0x41), (0xC8, 0xCD), 0xCF, (0xDB, 0xDF), 0xF0, 0xF1, 0xF6,
        ),
    ),
)

MAP_0F3A = OpcodeMap(
    name="uprobe_map_0f3a",
    escape="0f 3a",
    letters=_letters(
        X=_range(
            (0x08, 0x0F), (0x14, 0x17), (0x20, 0x22), (0x40, 0x42), 0x44, (0x60, 0x63), 0xCC,
            0xCE, 0xCF, 0xDF,
        ),
    ),
)
# fmt: on

GROUPS = (
    Group(opcode=0x8E, letters="X__XXX__", what="mov to a segment register, not cs, not ss"),
    Group(opcode=0x8F, letters="X_______", what="pop; the others are XOP"),
    Group(opcode=0xC6, letters="X_______", what="mov; not xabort"),
    Group(opcode=0xC7, letters="X_______", what="mov; not xbegin"),
    Group(opcode=0xF6, letters="X_XXXXXX", what="test, not, neg, mul, imul, div, idiv"),
    Group(opcode=0xF7, letters="X_XXXXXX", what="the same"),
    Group(opcode=0xFE, letters="XX______", what="inc, dec"),
    Group(opcode=0xFF, letters="XXI_A_X_", what="inc, dec, call, jmp, push; none far"),
    Group(opcode=0x0FBA, letters="____XXXX", what="bt, bts, btr, btc"),
    Group(opcode=0x0FC7, letters="_X____XX", what="cmpxchg8b, rdrand, rdseed, rdpid"),
)

REFUSALS = (
    Refusal(
        map="",
        opcodes=_range(0x17),
        reason="pop ss: the debug trap comes one instruction late, behind the slot",
    ),
    Refusal(map="", opcodes=_range((0x6C, 0x6F), (0xE4, 0xE7), (0xEC, 0xEF)), reason="port I/O"),
    Refusal(map="", opcodes=_range(0x9A, 0xCA, 0xCB, 0xEA), reason="far call, jmp, ret"),
    Refusal(map="", opcodes=_range((0xCC, 0xCF), 0xF1), reason="int, into, iret, int1"),
    Refusal(map="", opcodes=_range(0xD6), reason="salc, not documented"),
    Refusal(map="", opcodes=_range(0xF4, 0xFA, 0xFB), reason="hlt, cli, sti: privileged"),
    Refusal(map="0f", opcodes=_range(0x00, 0x01, 0x02, 0x03), reason="system registers"),
    Refusal(
        map="0f",
        opcodes=_range(0x05, 0x07, 0x34, 0x35),
        reason="system calls and returns: the kernel sees the address of the slot",
    ),
    Refusal(
        map="0f",
        opcodes=_range(0x06, 0x08, 0x09, (0x20, 0x23), 0x30, 0x32, 0x33, 0x37, 0x78, 0x79, 0xAA),
        reason="privileged",
    ),
    Refusal(map="0f", opcodes=_range(0x0B, 0xB9, 0xFF), reason="ud2, ud1, ud0: always #UD"),
    Refusal(map="0f", opcodes=_range(0x0E, 0x0F, 0xA6, 0xA7), reason="3DNow!, PadLock"),
    Refusal(map="0f", opcodes=_range(0x1A, 0x1B), reason="MPX"),
    Refusal(
        map="0f",
        opcodes=_range(0x19, 0x1D),
        reason="reserved NOPs: the decoder does not see their operands",
    ),
    Refusal(map="0f", opcodes=_range(0xB2, 0xB4, 0xB5), reason="lss, lfs, lgs: far pointers"),
)

NOPS = (
    NopForm(
        opcode=(0x90,),
        reg=None,
        # F3 90 is pause: a hint to wait, and a probe hit is a longer wait
        without=((0xF0, "#UD"),),
        rex_b=True,
    ),
    NopForm(opcode=(0x0F, 0x1F), reg=0, without=((0xF0, "#UD"),)),
    # endbr64, endbr32: no kernel lets user space ask for indirect branch tracking
    NopForm(
        opcode=(0x0F, 0x1E), reg=None, modrm=(0xFA, 0xFB), prefix=0xF3, without=((0xF0, "#UD"),)
    ),
)

# SDM volume 2, table A-3: rdtsc, emms, jcc, push and pop of fs and gs, cpuid, bswap
NO_MODRM = (
    (0x31, 0x31),
    (0x77, 0x77),
    (0x80, 0x8F),
    (0xA0, 0xA2),
    (0xA8, 0xA9),
    (0xC8, 0xCF),
)

OPCODES = OpcodeModel(
    fixups=FIXUPS,
    classes=CLASSES,
    maps=(ONE_BYTE, TWO_BYTE, MAP_0F38, MAP_0F3A),
    groups=GROUPS,
    refusals=REFUSALS,
    nops=NOPS,
    no_modrm=NO_MODRM,
)
