# SPDX-License-Identifier: GPL-2.0-only
"""Compare an instruction with its copy by what the judge decodes in both.

For what no machine at hand executes: the copy must be the same instruction with the same operands,
but for the one that was relative to rip: that has a base register in place of rip, one that the
instruction does not use otherwise, and the same displacement. And, of all, where a branch goes.
"""

from __future__ import annotations

from iced_x86 import InstructionInfoFactory, OpAccess, OpKind, Register, RegisterExt

from generator.checks.proof.judge import Decoded, decode
from generator.checks.proof.layout import SLOT_BYTES
from generator.checks.proof.library import Verdict

_FIX_BRANCH = 0x04
_SCRATCH = {3: Register.RBX, 6: Register.RSI, 7: Register.RDI}


def wrong_copy(decoded: Decoded, verdict: Verdict, slot: int) -> str:
    """Return what is wrong with the copy of an instruction, "" when nothing is."""
    copy = decode(verdict.ixol, bits=decoded.bits, ip=slot)
    if not copy.valid or copy.code != decoded.code or copy.length != decoded.length:
        return f"the copy is {copy.code if copy.insn else 'no instruction'} of {copy.length} bytes"
    relative = decoded.insn.is_ip_rel_memory_operand
    if bool(verdict.scratch) != relative:
        return f"scratch register {verdict.scratch}, and rip is {'' if relative else 'not '}used"
    for place in range(decoded.insn.op_count):
        if _operand(decoded, place, relative) != _operand(copy, place, relative):
            return f"operand {place} of the copy is another one"
    if relative:
        return _wrong_base(decoded, copy, verdict)
    same = decoded.bytes == copy.bytes
    return "" if same else "the copy differs, and nothing in it is relative to rip"


def _operand(decoded: Decoded, place: int, relative: bool) -> tuple[object, ...]:
    """Return what an operand is; of memory relative to rip, before or in the copy, its size."""
    insn = decoded.insn
    kind = insn.op_kind(place)
    if kind == OpKind.REGISTER:
        return kind, insn.op_register(place)
    if kind != OpKind.MEMORY:
        return kind, insn.immediate(place)
    size = insn.memory_size, insn.segment_prefix, insn.is_broadcast
    if relative:
        return kind, size
    named = insn.memory_base, insn.memory_index, insn.memory_index_scale
    return kind, size, named, insn.memory_displacement


def _wrong_base(decoded: Decoded, copy: Decoded, verdict: Verdict) -> str:
    """Look at the memory operand of a copy that is not relative to rip any more."""
    insn = copy.insn
    wanted = _SCRATCH[verdict.scratch]
    base = insn.memory_base
    if RegisterExt.full_register(base) != wanted:
        return "the copy's base register is not the scratch register"
    if insn.memory_index != Register.NONE or insn.op_mask != decoded.insn.op_mask:
        return "the copy has an index or another mask"
    # as a signed number of 32 bits
    distance = decoded.insn.memory_displacement - (decoded.insn.ip + decoded.length)
    if (insn.memory_displacement - distance) % (1 << 32):
        return "the copy's displacement is another one"
    used = {
        RegisterExt.full_register(use.register)
        for use in InstructionInfoFactory().info(decoded.insn).used_registers()
        if use.access != OpAccess.NONE
    }
    return "the instruction uses the scratch register" if wanted in used else ""


def stray_branch(verdict: Verdict, slot: int, *, bits: int) -> str:
    """Return where the copy of a branch leaves its slot for, "" when it stays.

    The emulator jumps anywhere; a processor refuses what is not canonical.
    """
    if not verdict.fixups & _FIX_BRANCH:
        return ""
    copy = decode(verdict.ixol[: verdict.ilen], bits=bits, ip=slot)
    target = copy.insn.near_branch_target if copy.valid else 0
    if slot <= target < slot + SLOT_BYTES:
        return ""
    return f"the copy goes to {target:#x}, the slot is {slot:#x}"
