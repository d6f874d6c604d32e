# SPDX-License-Identifier: GPL-2.0-only
"""Ask our C and the base's about every opcode of the model's maps, in 64-bit code."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from generator.model.opcodes import OpcodeModel
from generator.verify.proof.library import VERDICTS, Classifier

BITS = 64
"""The base's own analysis is compiled without its tables for 32-bit code."""

PREFIXES = (0x0F, 0x26, 0x2E, 0x36, 0x3E, *range(0x64, 0x68), 0xF0, 0xF2, 0xF3)
"""SDM volume 2, table A-2: prefixes and the escape; what they are followed by is the opcode.

REX is not among them: it is one in 64-bit code only."""

REX = range(0x40, 0x50)

_SLOT = 16


@dataclass(frozen=True, kw_only=True)
class OpcodeVerdict:
    """An opcode.

    Attributes:
        map: name of the model's map.
        opcode: its number in it.
        ours, base: a word of ``VERDICTS`` for each value of ModRM.reg, the better one of a
            register and a memory operand.
    """

    map: str
    opcode: int
    ours: tuple[str, ...]
    base: tuple[str, ...]


def judge_opcodes(libraries: tuple[Path, Path], model: OpcodeModel) -> tuple[OpcodeVerdict, ...]:
    """Return what both sides do about each opcode.

    Args:
        libraries: the compiled C, ours and the base's.
        model: names the maps; one whose escape is no plain bytes is left out.

    Raises:
        InfraError: a library cannot be loaded.
    """
    sides = [Classifier(library) for library in libraries]
    return tuple(
        OpcodeVerdict(map=table.name, opcode=opcode, ours=ours, base=base)
        for table in model.maps
        if re.fullmatch(r"(?:[0-9a-f]{2} ?)*", table.escape)
        for opcode, (ours, base) in enumerate(_map(sides, bytes.fromhex(table.escape)))
        if table.escape or opcode not in (*PREFIXES, *REX)
    )


def _map(sides: Sequence[Classifier], escape: bytes) -> Iterator[tuple[tuple[str, ...], ...]]:
    """Yield for each opcode of a map the words of each side."""
    code = b"".join(_instructions(escape))
    offsets = array("I", range(0, len(code), _SLOT))
    found = [[v & 3 for v in side.classify(code, offsets, bits=BITS)] for side in sides]
    for start in range(0, 16 * 256, 16):
        yield tuple(
            tuple(VERDICTS[max(row[start + reg], row[start + 8 + reg])] for reg in range(8))
            for row in found
        )


def _instructions(escape: bytes) -> Iterator[bytes]:
    """Yield each opcode with a register, then with a memory operand, for each ModRM.reg."""
    for opcode in range(256):
        for mod in (0xC0, 0x00):
            for reg in range(8):
                yield (escape + bytes([opcode, mod | reg << 3])).ljust(_SLOT, b"\0")
