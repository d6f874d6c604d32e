# SPDX-License-Identifier: GPL-2.0-only
"""Ask our C and the base's about every opcode of the model's maps, in 64-bit code."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from generator.checks.proof.library import VERDICTS, Classifier
from generator.model.opcodes import OpcodeMap, OpcodeModel

BITS = 64
"""The base's own analysis is compiled without its tables for 32-bit code."""

PREFIXES = (0x0F, 0x26, 0x2E, 0x36, 0x3E, *range(0x64, 0x68), 0xF0, 0xF2, 0xF3)
"""SDM volume 2, table A-2: prefixes and the escape; what they are followed by is the opcode.

REX is not among them: it is one in 64-bit code only."""

REX = range(0x40, 0x50)
Pair = tuple[tuple[str, ...], tuple[str, ...]]

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
        model: names the maps.

    Raises:
        InfraError: a library cannot be loaded.
    """
    sides = [Classifier(library) for library in libraries]
    return tuple(
        OpcodeVerdict(map=table.name, opcode=opcode, ours=ours, base=base)
        for table in model.maps
        for opcode, (ours, base) in enumerate(_map(sides, _escapes(table)))
        if table.escape or opcode not in (*PREFIXES, *REX)
    )


def _escapes(table: OpcodeMap) -> tuple[bytes, ...]:
    """Return what can stand in front of the opcodes: with VEX, one for each implied prefix."""
    if not table.vex:
        return (bytes.fromhex(table.escape),)
    # all registers the low ones, W and L clear
    return tuple(bytes([0xC4, 0xE0 | table.vex, 0x78 | pp]) for pp in range(4))


def _map(sides: Sequence[Classifier], escapes: Sequence[bytes]) -> Iterator[Pair]:
    """Yield for each opcode of a map the words of each side, the best of all forms."""
    forms = [(escape, mod) for escape in escapes for mod in (0xC0, 0x00)]
    code = b"".join(
        (escape + bytes([opcode, mod | reg << 3])).ljust(_SLOT, b"\0")
        for opcode in range(256)
        for escape, mod in forms
        for reg in range(8)
    )
    offsets = array("I", range(0, len(code), _SLOT))
    ours, base = (
        [verdict & 3 for verdict in side.classify(code, offsets, bits=BITS)] for side in sides
    )
    size = 8 * len(forms)
    for start in range(0, size * 256, size):
        yield _best(ours[start : start + size]), _best(base[start : start + size])


def _best(verdicts: Sequence[int]) -> tuple[str, ...]:
    return tuple(VERDICTS[max(verdicts[reg::8])] for reg in range(8))
