# SPDX-License-Identifier: GPL-2.0-only
"""The proof in the kernel: the proof's instructions as a file for a guest.

``qemu/guest/corpus.c`` executes each instruction without a probe and with one, in one boot, and
compares what both leave. The file has the layout of ``qemu/guest/corpus.h``. Here as there an
instruction lies in a stretch of its own, in reach of its data, with breakpoints around it.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from iced_x86 import Register, RegisterExt

from generator.checks.proof.cases import Case
from generator.checks.proof.judge import KERNEL_ENTRY, Decoded, decode, text
from generator.checks.proof.known import NOT_DETERMINISTIC, WRONG_IN_QEMU, goes_wrong
from generator.checks.proof.layout import LAYOUTS, PAGE, REGION_HIGH, REGION_SIZE, Site
from generator.checks.proof.library import INSN_BYTES, Registers
from generator.checks.proof.machine import TF, Machine
from generator.checks.proof.start import make_start, region_content, register_name

CODE_HIGH, CODE_LOW, STRIDE = 0x555555000000, 0x40000000, 512

_HEADER = struct.Struct("<8sQQQ")
_CASE = struct.Struct("<19Q16sB2B5x")
_REGISTERS = (
    *("r15", "r14", "r13", "r12", "bp", "bx", "r11", "r10", "r9", "r8"),
    *("ax", "cx", "dx", "si", "di", "sp", "flags"),
)
_PAD = 0xCC

# where in its stretch an instruction begins: aligned or not, and on two pages
_IN_PAGE = PAGE // STRIDE
_FIRST, _SPREAD, _ACROSS = 32, 61, 507

# alignment checks, direction and debugging are other tests' business
_FLAGS = 0xCD5

# lret and iret: QEMU lets the kernel fault on them. Behind what is no instruction there are any
# bytes, and the base gets there, since it takes some such for a NOP.
_FAR_RETURNS = frozenset({0xCA, 0xCB, 0xCF})


@dataclass(frozen=True, kw_only=True)
class Placed:
    """An instruction in the corpus: its place, its bytes, and who refuses to probe it.

    ``refused`` is by ours and by the base, ``reason`` why ours does: "" for no reason.
    """

    vaddr: int
    code: bytes
    text: str
    mnemonic: str
    refused: tuple[bool, bool]
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Corpus:
    """The file for the guest, and what is in it."""

    data: bytes
    cases: tuple[Placed, ...]


def _placed(
    vaddr: int, code: bytes, decoded: Decoded, refused: tuple[bool, bool], why: str
) -> Placed:
    return Placed(
        vaddr=vaddr,
        code=code,
        text=text(decoded),
        mnemonic=decoded.mnemonic if decoded.insn else "(bad)",
        refused=refused,
        reason=why,
    )


def make_corpus(
    cases: Sequence[Case],
    accepts: tuple[Callable[[bytes], bool], Callable[[bytes], bool]],
    *,
    bits: int,
    seed: int,
    reason: Callable[[bytes], str] = lambda code: "",
) -> Corpus:
    """Place the cases of a mode that a kernel accepts, and choose the states they start from.

    Args:
        cases: see ``make_cases``.
        accepts: whether an instruction, ``INSN_BYTES`` bytes, is probed: by ours, by the base.
        bits: 64 or 32.
        seed: chooses the states.
        reason: why ours refuses an instruction, "" when nobody has one.
    """
    chosen = [case for case in cases if case.bits == bits and _is_fit(case, accepts)]
    high = [case for case in chosen if _region(case) == REGION_HIGH]
    # the others begin on a page of their own
    del high[len(high) // _IN_PAGE * _IN_PAGE :]
    low = [case for case in chosen if _region(case) != REGION_HIGH]
    machine, memory = Machine(bits), region_content(seed)
    placed, records = [], []
    for index, case in enumerate([*high, *low]):
        offset = STRIDE * index + (
            _ACROSS if index % _IN_PAGE == 7 else _FIRST + index * 7 % _SPREAD
        )
        base = CODE_HIGH if index < len(high) else CODE_LOW - STRIDE * len(high)
        vaddr = base + offset
        code = _moved(case, vaddr)
        decoded = decode(_padded(code), bits=bits, ip=vaddr)
        refused = _refused(code, accepts)
        site = Site(vaddr=vaddr, region=_region(case))
        rng = random.Random(f"{seed} corpus {code.hex()}")
        start = make_start(machine, decoded, site, memory, rng)
        registers = Registers.from_buffer_copy(start.registers)
        if not _is_contained(decoded, registers):
            # the place is taken, a NOP stands in it
            code = b"\x90"
            decoded = decode(_padded(code), bits=bits, ip=vaddr)
            refused = _refused(code, accepts)
        values = [getattr(registers, name) for name in _REGISTERS]
        values[-1] &= _FLAGS & ~TF
        records.append(
            _CASE.pack(*values, offset, start.region, code.ljust(16, b"\0"), len(code), *refused)
        )
        why = reason(_padded(code)) if refused[0] else ""
        placed.append(_placed(vaddr, code, decoded, refused, why))
    header = _HEADER.pack(b"corpus1", len(placed), len(high), 0)
    return Corpus(data=header + b"".join(records), cases=tuple(placed))


def _padded(code: bytes) -> bytes:
    return code[:INSN_BYTES].ljust(INSN_BYTES, bytes([_PAD]))


def _refused(
    code: bytes, accepts: tuple[Callable[[bytes], bool], Callable[[bytes], bool]]
) -> tuple[bool, bool]:
    return not accepts[0](_padded(code)), not accepts[1](_padded(code))


def _site(case: Case) -> Site:
    return LAYOUTS[case.bits].sites[case.site]


def _is_contained(decoded: Decoded, registers: Registers) -> bool:
    """Tell whether an operand in memory is in a region, or where nothing is.

    Elsewhere the guest's program has its own memory, with another content each time. That matters
    in 32-bit code: there is little where nothing is.
    """
    insn = decoded.insn
    if decoded.bits == 64 or not decoded.valid or not decoded.has_memory:
        return True
    if insn.memory_segment == Register.GS or decoded.mnemonic in _BIT_STRINGS:
        return False
    base, index = _value(registers, insn.memory_base), _value(registers, insn.memory_index)
    address = base + index * insn.memory_index_scale + insn.memory_displacement
    short = decoded.constants.displacement_size == 2 or RegisterExt.size(insn.memory_base) == 2
    address &= 0xFFFF if short else 0xFFFFFFFF
    near = any(start <= address < start + REGION_SIZE for start in LAYOUTS[32].regions)
    return near or address in _NOWHERE


_BIT_STRINGS = frozenset({"bt", "bts", "btr", "btc"})

# between the code and what the kernel maps by itself
_NOWHERE = range(0x50000000, 0xD0000000)


def _value(registers: Registers, register: Any) -> int:  # noqa: ANN401 - iced-x86 has no type
    """Return what a general register holds, 0 for others and for none."""
    if not RegisterExt.is_gpr(register):
        return 0
    value = int(getattr(registers, register_name(register)))
    return value & ((1 << 8 * RegisterExt.size(register)) - 1)


def _region(case: Case) -> int:
    return _site(case).region


def _is_fit(case: Case, accepts: tuple[Callable[[bytes], bool], Callable[[bytes], bool]]) -> bool:
    """Tell whether a case is probed, repeats what it does, and comes to an end.

    What ours refuses and the base does not is there for the base alone, unless it enters the
    kernel: nobody knows which system call that would be. It has to be an instruction: the base
    takes some bytes that are none for a shorter one, and goes on in their middle.
    """
    vaddr = _site(case).vaddr
    decoded = decode(_padded(case.code), bits=case.bits, ip=vaddr)
    if decoded.valid and decoded.mnemonic in NOT_DETERMINISTIC.keys() | WRONG_IN_QEMU.keys():
        return False
    if goes_wrong(decoded) or _is_endless(decoded, vaddr):
        return False
    if not decoded.valid and _FAR_RETURNS & set(case.code):
        return False
    if accepts[0](_padded(case.code)):
        return True
    if not decoded.valid or decoded.mnemonic in KERNEL_ENTRY:
        return False
    return accepts[1](_padded(case.code))


def _is_endless(decoded: Decoded, vaddr: int) -> bool:
    """Tell whether a branch goes into itself."""
    if not decoded.insn or not decoded.insn.near_branch_target:
        return False
    return vaddr <= decoded.insn.near_branch_target < vaddr + decoded.length


def _moved(case: Case, vaddr: int) -> bytes:
    """Return the code for another address: an operand relative to rip stays where it is."""
    old = _site(case).vaddr
    decoded = decode(_padded(case.code), bits=case.bits, ip=old)
    code = bytearray(case.code[: decoded.length or INSN_BYTES - 1])
    if decoded.insn and decoded.insn.is_ip_rel_memory_operand:
        place = decoded.constants.displacement_offset
        (distance,) = struct.unpack_from("<I", code, place)
        struct.pack_into("<I", code, place, (distance - (vaddr - old)) % (1 << 32))
    return bytes(code)
