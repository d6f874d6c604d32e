# SPDX-License-Identifier: GPL-2.0-only
"""The cases: encodings made from the opcode table, none of them twice.

Every opcode of the table is a family, for each mode, mandatory prefix and value of ModRM.reg that
may make another instruction of it. Each family yields the forms that have to be there first - all
kinds of operands, prefixes, far and near targets - and then random ones. Families take turns until
there are enough. In front of all stand the directed cases. The same seed gives the same cases.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count

from iced_x86 import Register

from generator.checks.proof.directed import DIRECTED
from generator.checks.proof.families import MANDATORY, REFUSED, Family, families, is_barren
from generator.checks.proof.judge import LEGACY_PREFIXES, Decoded, decode
from generator.checks.proof.layout import LAYOUTS, OPERANDS, REGION_LOW, REGION_TINY, Site
from generator.model.opcodes import OpcodeModel

_SEGMENTS = bytes.fromhex("2e 36 3e 26 64 65")
# ModRM.mod and ModRM.rm: displacements of each size, SIB, and no memory
_ADDRESSING = ((1, 3), (0, 4), (2, 7), (0, 1), (3, 6), (2, 4), (1, 4))
# displacements of branches, where arithmetic can go wrong
_DISTANCES = (0, 1, -1, 2, -2, 0x7F, -0x80, 0x7FFFFFFF, -0x80000000, 0x7FFFFFF0, -0x7FFFFFF0)
# rsi and rdi as VEX.vvvv has them
_SCRATCH = (9, 8)
# a family that finds nothing new so often is finished
_PATIENCE = 60


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """An instruction to be tried.

    Attributes:
        bits: 64 or 32.
        code: its bytes.
        site: where it stands, an index into the sites of the layout.
        family: index of its family.
        valid: the judge knows it.
        refused: the table refuses its opcode.
    """

    bits: int
    code: bytes
    site: int
    family: int
    valid: bool = True
    refused: bool = False


class _Maker:
    """Makes encodings of one family."""

    def __init__(self, family: Family, index: int, rng: random.Random) -> None:
        self.family = family
        self.index = index
        self.rng = rng
        self.barren = is_barren(family)
        self.valid = 0
        self.invalid = 0

    def forms(self) -> Iterator[tuple[bytes, int, int]]:
        """Yield prefixes, ModRM.mod and ModRM.rm: first one of each kind, then random ones.

        The kinds come in another order in each family, so that a small run has all of them.
        """
        yield b"", 3, 1
        yield b"", 0, 5
        kinds = [(b"", mod, rm) for mod, rm in _ADDRESSING]
        if self.family.bits == 64:
            kinds += [(bytes([rex]), self.rng.choice((0, 3)), 5) for rex in range(0x40, 0x50)]
        kinds += [
            (bytes([prefix]), self.rng.randrange(4), self._rm())
            for prefix in sorted(LEGACY_PREFIXES)
        ]
        self.rng.shuffle(kinds)
        yield from kinds
        while True:
            yield self._prefixes(), self.rng.choice((0, 0, 1, 2, 3)), self._rm()

    def _rm(self) -> int:
        """Return a ModRM.rm; the ones that are special more often."""
        return self.rng.choice((0, 1, 2, 3, 4, 4, 5, 5, 5, 6, 7))

    def _prefixes(self) -> bytes:
        rng = self.rng
        found = b""
        if rng.random() < 0.25:
            found += rng.choice((b"\x66", b"\x67", b"\xf2", b"\xf3", b"\xf0", b"\x66\x67"))
        if rng.random() < 0.15:
            found += bytes([rng.choice(_SEGMENTS)])
        if rng.random() < 0.02:
            found = bytes([rng.choice(_SEGMENTS + b"\x66")]) * rng.randrange(2, 14)
        if self.family.bits == 64 and rng.random() < 0.6:
            found += bytes([rng.randrange(0x40, 0x50)])
        return found

    def make(self) -> Iterator[Case | None]:
        """Yield cases, some of them equal, and None for what is not wanted.

        There is an end only where nothing is an instruction.
        """
        family = self.family
        for tries, (prefixes, mod, rm) in enumerate(self.forms()):
            if self._is_finished(tries):
                return
            tail = bytes([self._modrm(mod, rm)]) + self.rng.randbytes(12)
            site = self.rng.randrange(len(LAYOUTS[family.bits].sites))
            vaddr = LAYOUTS[family.bits].sites[site].vaddr
            for head in self._heads(prefixes):
                decoded = decode(head + tail, bits=family.bits, ip=vaddr)
                if decoded.valid:
                    break
            if decoded.valid or self.invalid < _INVALID:
                self.valid += decoded.valid
                self.invalid += not decoded.valid
                yield self._finish(head + tail, decoded, site)
            else:
                yield None

    def _modrm(self, mod: int, rm: int) -> int:
        """Return a ModRM byte, of the family in any case."""
        family = self.family
        if family.modrm is not None:
            return family.modrm
        reg = self.rng.randrange(8) if family.reg is None else family.reg
        if family.memory and mod == 3:
            mod = 0
        return mod << 6 | reg << 3 | rm

    def _is_finished(self, tries: int) -> bool:
        """Tell whether no instruction is to be expected after so many attempts."""
        if self.family.vex:
            return self.barren and tries >= _INVALID
        return tries > _BARREN and not self.valid

    def _heads(self, prefixes: bytes) -> Iterator[bytes]:
        """Yield what may stand in front of ModRM; of VEX and EVEX several, most are invalid."""
        family = self.family
        is_rex = family.bits == 64 and prefixes and prefixes[-1] & 0xF0 == 0x40
        rex = prefixes[-1:] if is_rex else b""
        legacy = prefixes[: len(prefixes) - len(rex)]
        opcode = bytes([family.opcode])
        if not family.vex:
            yield legacy + family.prefix + rex + family.escape + opcode
            return
        # of the others a processor raises #UD in front of VEX
        legacy = bytes(p for p in legacy if p in _SEGMENTS + b"\x67" or self.rng.random() < 0.1)
        for _ in range(1 if self.barren else _VARIANTS):
            yield legacy + self._vex(rex[0] if rex else self.rng.choice(_NO_REX)) + opcode

    def _vex(self, rex: int) -> bytes:
        """Make a VEX prefix of two or three bytes or an EVEX prefix, SDM volume 2, 2.3.5, 2.7.1."""
        family, rng = self.family, self.rng
        mandatory = MANDATORY.index(family.prefix)
        extended = ~rex & 7 if family.bits == 64 else 7
        vvvv = rng.choice((15, 15, *_SCRATCH, rng.randrange(16)))
        last = (rex & 8) << 4 | vvvv << 3 | mandatory
        if rng.random() < 0.4:
            upper = rng.choice((1, rng.randrange(2))) if family.bits == 64 else 1
            first = extended << 5 | upper << 4 | family.vex
            third = rng.choice((0, 0, rng.randrange(128))) | 8
            third |= rng.choice((0, rng.randrange(8))) | rng.randrange(3) << 5
            return bytes([0x62, first, last | 4, third])
        last |= rng.randrange(2) << 2
        if family.vex == 1 and extended & 3 == 3 and not rex & 8 and rng.random() < 0.5:
            # in 32-bit code the two upper bits tell it from lds
            return bytes([0xC5, last | (extended & 4) << 5 | (0x40 if family.bits == 32 else 0)])
        return bytes([0xC4, extended << 5 | family.vex, last])

    def _finish(self, code: bytes, decoded: Decoded, site: int) -> Case:
        """Cut the code to its length, and let displacements point to where something is."""
        bits = self.family.bits
        place = LAYOUTS[bits].sites[site]
        cut = bytearray(code[: decoded.length or 15])
        if decoded.length:
            self._aim(cut, decoded, place)
            self._stretch(cut, decoded)
        return Case(
            bits=bits,
            code=bytes(cut),
            site=site,
            family=self.index,
            valid=decoded.valid,
            refused=self.family.letter == REFUSED,
        )

    def _aim(self, code: bytearray, decoded: Decoded, place: Site) -> None:
        """Point an address without registers into a region, most of the time."""
        insn, where = decoded.insn, decoded.constants
        size = where.displacement_size
        absolute = decoded.has_memory and not insn.memory_base and not insn.memory_index
        if self.rng.random() < 0.06 or not (insn.is_ip_rel_memory_operand or absolute):
            return
        region = REGION_TINY if size == 2 else REGION_LOW
        if insn.is_ip_rel_memory_operand and insn.memory_base == Register.RIP:
            region = place.region
        target = region + (self.rng.randrange(OPERANDS.start, OPERANDS.stop) & -16)
        if insn.is_ip_rel_memory_operand:
            target -= place.vaddr + decoded.length
        start = where.displacement_offset
        code[start : start + size] = (target % (1 << 8 * size)).to_bytes(size, "little")

    def _stretch(self, code: bytearray, decoded: Decoded) -> None:
        """Take a distance or an immediate from the ends of its range, often."""
        where = decoded.constants
        size = where.immediate_size
        if not size or self.rng.random() < 0.5:
            return
        value = self.rng.choice(_DISTANCES) % (1 << 8 * size)
        start = where.immediate_offset
        code[start : start + size] = value.to_bytes(size, "little")


# VEX.W is there in 32-bit code as well
_NO_REX = (0x40, 0x48)
# attempts to find a valid VEX or EVEX prefix
_VARIANTS = 24
# a family without VEX and without a valid encoding after so many is one of no instruction
_BARREN = 12
# encodings of a refused opcode that are tried, and of each opcode such that are no instruction
_REFUSED_TURNS = 3
_INVALID = 2


def _directed(listed: Sequence[Family], seed: int) -> Iterator[Case]:
    """Yield the directed cases of the families that the table has."""
    rng = random.Random(f"{seed} directed")
    places: dict[tuple[int, str], int] = {}
    for number, family in enumerate(listed):
        if not is_barren(family):
            places.setdefault((family.bits, family.name), number)
    for directed in DIRECTED:
        index = places.get((directed.bits, directed.opcode))
        if index is None:  # the model at hand has no such map
            continue
        code, sites = bytes.fromhex(directed.code), LAYOUTS[directed.bits].sites
        site = rng.randrange(len(sites))
        yield Case(
            bits=directed.bits,
            code=code,
            site=site,
            family=index,
            valid=decode(code, bits=directed.bits, ip=sites[site].vaddr).valid,
            refused=listed[index].letter == REFUSED,
        )


def make_cases(model: OpcodeModel, *, wanted: int, seed: int) -> list[Case]:
    """Make cases with distinct encodings.

    Args:
        model: the opcode table.
        wanted: how many instructions of accepted opcodes; the cases with refused opcodes and with
            bytes that are no instruction come on top. There are fewer when the table has no more.
        seed: the same one gives the same cases.
    """
    listed = families(model)
    streams = {
        index: _Maker(family, index, random.Random(f"{seed} {index}")).make()
        for index, family in enumerate(listed)
    }
    cases = list(_directed(listed, seed))
    wanted -= sum(case.valid and not case.refused for case in cases)
    seen = {(case.bits, case.code) for case in cases}
    for turn in count():
        for index in list(streams):
            refused = listed[index].letter == REFUSED
            case = None if refused and turn >= _REFUSED_TURNS else _next_new(streams[index], seen)
            if case is None:
                del streams[index]
                continue
            cases.append(case)
            wanted -= case.valid and not case.refused
            if wanted <= 0:
                return cases
        if not streams:
            break
    return cases


def _next_new(stream: Iterator[Case | None], seen: set[tuple[int, bytes]]) -> Case | None:
    for _ in range(_PATIENCE):
        case = next(stream, None)
        if case and (case.bits, case.code) not in seen:
            seen.add((case.bits, case.code))
            return case
    return None
