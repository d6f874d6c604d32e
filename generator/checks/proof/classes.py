# SPDX-License-Identifier: GPL-2.0-only
"""The class of an opcode, looked up in the model with what the kernel's decoder has found."""

from __future__ import annotations

from generator.checks.proof.library import ENOEXEC, Verdict
from generator.model.opcodes import OpcodeMap, OpcodeModel


def _place(model: OpcodeModel, verdict: Verdict) -> tuple[OpcodeMap | None, int]:
    """Return the map, None for one that the model does not have, and the opcode in it."""
    first, second, third = verdict.opcode
    escape, opcode = "", first
    if not verdict.vex_map and first == 0x0F:
        escape, opcode = ("0f", second)
        if second in (0x38, 0x3A):
            escape, opcode = f"0f {second:02x}", third
    for table in model.maps if not verdict.rex2 else ():
        if table.vex == verdict.vex_map and (table.vex or table.escape == escape):
            return table, opcode
    return None, opcode


def table_letter(model: OpcodeModel, verdict: Verdict) -> str:
    """Return the class of the opcode that the decoder has found, "" for a map without classes."""
    table, opcode = _place(model, verdict)
    if not table:
        return ""
    letter = table.letters[opcode]
    if letter != "G":
        return letter
    whole = opcode if not table.escape else 0x0F00 | opcode
    return model.group_letter(whole, verdict.modrm)


def table_reason(model: OpcodeModel, verdict: Verdict, bits: int) -> str:
    """Return what the model says about a refused opcode, "" when it is not the opcode."""
    if verdict.ret == -ENOEXEC or not verdict.length:
        return ""
    letter = table_letter(model, verdict)
    if letter == "L" and bits == 64:
        return "invalid in 64-bit code"
    if not letter:
        return "of this map no opcode is probed"
    if letter != "_":
        return ""
    table, opcode = _place(model, verdict)
    for refusal in model.refusals:
        if table and refusal.map == table.title and opcode in refusal.opcodes:
            return refusal.reason
    return ""
