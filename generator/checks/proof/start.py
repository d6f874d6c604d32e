# SPDX-License-Identifier: GPL-2.0-only
"""The state that an instruction starts from: registers that make it do something.

Addresses point to where memory is, most of the time: a case whose operand is missing proves only
how a fault is handled. Everything is derived from the seed and the encoding.
"""

from __future__ import annotations

import ctypes
import random
import struct
from dataclasses import dataclass
from typing import Any

from iced_x86 import Register, RegisterExt

from generator.checks.proof.judge import Decoded
from generator.checks.proof.layout import (
    OPERANDS,
    REGION_LOW,
    REGION_SIZE,
    REGION_TINY,
    STACK,
    Site,
)
from generator.checks.proof.library import REGISTER_NAMES, Registers
from generator.checks.proof.machine import CELL, TF, Processor

_ARITHMETIC = 0x8D5  # OF, SF, ZF, AF, PF, CF
_DF = 0x400
_AC = 0x40000  # of no effect at CPL 0, where the emulator runs
_FIXED = 0x202  # IF, and the bit that is always set

# bytes of one kind in a region
_BLOCK = 64

_VALUES = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0x7FFFFFFF, 0x80000000, (1 << 63) - 1)
_DOUBLES = (0.0, 1.0, -1.0, 0.5, 3.25, -1e10, 1e-3, 65536.0)

# in the order of their numbers in an encoding
_NUMBERED = ("ax", "cx", "dx", "bx", "sp", "bp", "si", "di")


@dataclass(frozen=True, kw_only=True)
class Start:
    """What a case starts with.

    Attributes:
        registers: ``struct pt_regs``.
        extra: the registers behind it, see ``Machine.extra``.
        region: the address of the data that is compared afterwards.
        memory: its content.
        trap_nr: number of the exception that the task had last.
        blockstep: a debugger has asked for block-stepping.
        watched: a debugger watches something that the instruction accesses.
    """

    registers: bytes
    extra: bytes
    region: int
    memory: bytes
    trap_nr: int
    blockstep: bool
    watched: bool

    @property
    def tf(self) -> bool:
        """The program steps itself."""
        flags = int.from_bytes(self.registers[Registers.flags.offset :][:8], "little")
        return bool(flags & TF)


def region_content(seed: int) -> bytes:
    """Return what stands in a region: random, small and zero words, in blocks."""
    rng = random.Random(f"memory {seed}")
    words = []
    for block in range(REGION_SIZE // _BLOCK):
        kind = block % 4
        for _ in range(8):
            value = rng.getrandbits(64) if kind < 2 else rng.randrange(256) if kind == 2 else 0
            words.append(value)
    return struct.pack(f"<{len(words)}Q", *words)


def make_start(
    machine: Processor, decoded: Decoded, site: Site, memory: bytes, rng: random.Random
) -> Start:
    """Choose the state for one case."""
    width = machine.bits
    region = _region(decoded, site)
    values = _pick_registers(width, region, rng)
    _adapt(values, decoded, region, rng)
    if rng.random() < 0.06:
        values["sp"] = 0x13370000 + rng.randrange(0x1000)
    regs = machine.registers
    for name in REGISTER_NAMES:
        setattr(regs, name, values.get(name, 0) & ((1 << width) - 1))
    regs.cs = 0x33 if width == 64 else 0x23
    regs.ss = 0x2B
    regs.flags = _FIXED | (rng.getrandbits(12) & _ARITHMETIC)
    regs.flags |= _DF if rng.random() < 0.1 else 0
    regs.flags |= _AC if rng.random() < 0.05 else 0
    regs.flags |= TF if rng.random() < 0.1 else 0
    machine.load(bytes(regs), _extra(machine, rng))
    _index_near(machine, decoded, rng)
    machine.settle()
    return Start(
        registers=bytes(regs),
        extra=machine.extra.raw,
        region=region,
        memory=memory,
        trap_nr=rng.choice((0, 13, 14)),
        blockstep=rng.random() < (0.5 if regs.flags & TF else 0.1) and not decoded.hides_branch,
        watched=rng.random() < 0.1,
    )


def _region(decoded: Decoded, site: Site) -> int:
    """Return the region that the operands can reach."""
    insn = decoded.insn
    if not insn or not decoded.has_memory:
        return site.region
    base = insn.memory_base or insn.memory_index
    if insn.is_ip_rel_memory_operand:
        return site.region if base == Register.RIP else REGION_LOW
    if not base:
        return REGION_TINY if decoded.constants.displacement_size == 2 else REGION_LOW
    size = RegisterExt.size(base)
    return {2: REGION_TINY, 4: REGION_LOW}.get(size, site.region)


def _pick_registers(width: int, region: int, rng: random.Random) -> dict[str, int]:
    names = [*_NUMBERED, *(f"r{i}" for i in range(8, 16))] if width == 64 else [*_NUMBERED]
    values = {}
    for name in names:
        value = rng.choice(_VALUES) if rng.random() < 0.3 else rng.getrandbits(width)
        values[name] = -value if rng.random() < 0.1 else value
    values["sp"] = region + (rng.randrange(STACK.start, STACK.stop) & -8)
    for name in ("bx", "bp", "si", "di"):
        values[name] = region + rng.randrange(OPERANDS.start, OPERANDS.stop)
    return values


def _adapt(values: dict[str, int], decoded: Decoded, region: int, rng: random.Random) -> None:
    """Let counts be small, and the memory operand lie in the region."""
    insn = decoded.insn
    if not insn:
        return
    if decoded.repeats:
        values["cx"] = rng.randrange(4)
    elif decoded.mnemonic in ("div", "idiv"):
        values["dx"] = values["ax"] = rng.randrange(3)
    if decoded.mnemonic.startswith("pcmpestr"):
        # lengths; Unicorn takes the absolute value of the smallest integer and goes astray
        values["ax"], values["dx"] = rng.randrange(-20, 20), rng.randrange(-20, 20)
    if decoded.mnemonic in ("bt", "bts", "btr", "btc") and insn.op_count == 2:
        _set(values, insn.op1_register, rng.randrange(0x400))
    to_segment = insn.op_count and RegisterExt.is_segment_register(insn.op0_register)
    if to_segment and rng.random() < 0.7:
        _load_null(values, decoded, region)
        return
    if insn.op_count == 2 and register_name(insn.op0_register) in values and rng.random() < 0.1:
        # the sum is zero, and there is a carry
        _set(values, insn.op1_register, -values[register_name(insn.op0_register)])
    # pop has read the stack already when its operand is missing
    missing = 0.3 if decoded.mnemonic == "pop" else 0.06
    if decoded.has_memory and not insn.is_ip_rel_memory_operand and rng.random() > missing:
        _place_operand(values, decoded, region, rng)


def _load_null(values: dict[str, int], decoded: Decoded, region: int) -> None:
    """Let a segment register be loaded with 0; there are no descriptors for anything else."""
    insn = decoded.insn
    zeros = region + OPERANDS.start + 3 * _BLOCK
    values["sp"] = zeros + 16
    if insn.op_count > 1 and not decoded.has_memory:
        _set(values, insn.op1_register, 0)
    elif decoded.has_memory:
        _solve(values, decoded, zeros + 32, 0)


def _index_near(machine: Processor, decoded: Decoded, rng: random.Random) -> None:
    """Let the indices of a gather or scatter be small: four bytes each, or eight."""
    insn = decoded.insn
    if not insn or not insn.is_vsib:
        return
    size = 8 if insn.is_vsib64 else 4
    number = RegisterExt.number(insn.memory_index)
    for place, name in enumerate(machine.cells):
        if name[1:].startswith(f"mm{number}["):
            words = (rng.randrange(64).to_bytes(size, "little") for _ in range(CELL // size))
            ctypes.memmove(ctypes.byref(machine.extra, place * CELL), b"".join(words), CELL)


def _set(values: dict[str, int], register: Any, value: int) -> None:  # noqa: ANN401 - no type
    name = register_name(register)
    if name in values:
        values[name] = value


def register_name(register: Any) -> str:  # noqa: ANN401 - iced-x86 has no type for it
    """Return the name in ``struct pt_regs`` of a general register of any size, "" for others."""
    if not RegisterExt.is_gpr(register):
        return ""
    number = RegisterExt.number(RegisterExt.full_register(register))
    return _NUMBERED[number] if number < 8 else f"r{number}"


def _place_operand(
    values: dict[str, int], decoded: Decoded, region: int, rng: random.Random
) -> None:
    """Let the memory operand lie somewhere in the region."""
    place = rng.randrange(OPERANDS.start, OPERANDS.stop)
    target = region + (place & -16 if rng.random() < 0.8 else place)
    _solve(values, decoded, target, rng.randrange(256))
    if RegisterExt.size(decoded.insn.memory_base) == 4 and rng.random() < 0.5:
        # what an address of 32 bits does not see; registers are cut to the mode afterwards
        values[register_name(decoded.insn.memory_base)] |= rng.getrandbits(32) << 32


def _solve(values: dict[str, int], decoded: Decoded, target: int, index_value: int) -> None:
    """Set base and index so that the operand lies at ``target``, or close by."""
    insn = decoded.insn
    base, index = register_name(insn.memory_base), register_name(insn.memory_index)
    scale = insn.memory_index_scale
    if base and base == index:
        values[base] = (target - insn.memory_displacement) // (1 + scale)
        return
    if index and base:
        values[index] = index_value
        values[base] = target - insn.memory_displacement - values[index] * scale
    elif base:
        values[base] = target - insn.memory_displacement
    elif index:
        values[index] = (target - insn.memory_displacement) // scale


def _extra(machine: Processor, rng: random.Random) -> bytes:
    """Choose vector and FPU registers."""
    cells = []
    for name in machine.cells:
        if name[1:3] == "mm":
            cells.append(rng.randbytes(16) if rng.random() < 0.7 else _floats(rng))
        elif name[0] == "k":
            cells.append(_mask(rng).to_bytes(CELL, "little"))
        elif name.startswith("st"):
            cells.append(_extended(rng.choice(_DOUBLES)))
        else:
            cells.append(_CONTROL.get(name, 0).to_bytes(16, "little"))
    return b"".join(cells)


def _mask(rng: random.Random) -> int:
    """Choose an opmask; one that masks nothing more often, vectors are short."""
    return rng.choice((rng.getrandbits(64), (1 << 64) - 1, rng.getrandbits(8)))


# the segment bases are small, so that an operand stays in its region
_CONTROL = {"fpcw": 0x37F, "fptag": 0, "mxcsr": 0x1F80, "fs_base": 0x40, "gs_base": 0x80}


def _floats(rng: random.Random) -> bytes:
    return struct.pack("<2d", rng.choice(_DOUBLES), rng.choice(_DOUBLES))


def _extended(value: float) -> bytes:
    """Return a number in the 80-bit format of the x87."""
    (bits,) = struct.unpack("<Q", struct.pack("<d", value))
    sign, exponent, fraction = bits >> 63, bits >> 52 & 0x7FF, bits & ((1 << 52) - 1)
    if not exponent:
        return bytes(16)
    mantissa = 1 << 63 | fraction << 11
    return struct.pack("<QH6x", mantissa, sign << 15 | exponent - 1023 + 16383)
