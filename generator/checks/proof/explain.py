# SPDX-License-Identifier: GPL-2.0-only
"""Say what a probe on an instruction does, as the compiled C decides it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from generator.checks.proof.classes import table_letter, table_reason
from generator.checks.proof.judge import decode, reason_to_refuse, text
from generator.checks.proof.library import ENOEXEC, INSN_BYTES, Library, Verdict
from generator.errors import UserError
from generator.model.emulation import EMULATION
from generator.model.opcodes import OpcodeModel

_PAD = 0xCC
_SCRATCH = {0: "", 3: "rbx", 6: "rsi", 7: "rdi"}


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """What is known about one instruction.

    Attributes:
        bits: 64 or 32.
        code: the bytes of the instruction, without what follows it.
        text: the judge's disassembly.
        length: as the base's decoder counts it, 0 for no instruction.
        accepted: a probe can be put on it.
        error: the error number of the analysis, 0 when it is accepted.
        letter, meaning: the class of its opcode in the tables.
        fixups: what is done after the copy has run: name of the bit, and its meaning.
        copy: what is executed in the slot.
        scratch: the register that stands in for rip, "" for none.
        distance: of a relative branch.
        skipped: it is not stepped at all, it has no effect.
        emulated: what is done in its place, "" when it is stepped.
        reason: why it is refused.
    """

    bits: int
    code: str
    text: str
    length: int
    accepted: bool
    error: int
    letter: str
    meaning: str
    fixups: dict[str, str]
    copy: str
    scratch: str
    distance: int
    skipped: bool
    emulated: str
    reason: str


def explain(library: Path, model: OpcodeModel, code: bytes, *, bits: int) -> Explanation:
    """Analyse ``code`` with the compiled C and say what comes of it.

    Raises:
        UserError: the instruction goes on behind ``code``.
    """
    verdict = Library(library).analyze(code.ljust(INSN_BYTES, bytes([_PAD])), bits=bits)
    if verdict.length > len(code):
        raise UserError(
            f"the instruction goes on: the decoder wants {verdict.length} bytes, not {len(code)}"
        )
    decoded = decode(code, bits=bits, ip=0)
    accepted = not verdict.ret
    letter = table_letter(model, verdict) if verdict.length else ""
    known = model.by_letter.get(letter)
    reason = ""
    if not accepted:
        judged = reason_to_refuse(decoded) if decoded.valid else "not an instruction"
        reason = table_reason(model, verdict, bits) or judged or _other_reason(verdict)
    return Explanation(
        bits=bits,
        code=code[: verdict.length or len(code)].hex(" "),
        text=text(decoded),
        length=verdict.length,
        accepted=accepted,
        error=-verdict.ret,
        letter=letter,
        meaning=known.meaning if known else "",
        fixups={f.name: f.meaning for f in model.fixups if accepted and verdict.fixups & f.bit},
        copy=verdict.ixol[: verdict.ilen].hex(" "),
        scratch=_SCRATCH[verdict.scratch],
        distance=verdict.offs,
        skipped=accepted and verdict.nop,
        emulated=EMULATION.operations[verdict.op].meaning if accepted and verdict.op else "",
        reason=reason,
    )


def _other_reason(verdict: Verdict) -> str:
    """Say why the analysis refuses what both the tables and the judge would accept."""
    if verdict.ret == -ENOEXEC:
        return "the decoder does not know it"
    return "not in the tables, or the decoder does not see all of its operands"


def _step(found: Explanation) -> str:
    """Say what is done in place of a step."""
    if found.skipped:
        return "none, the instruction pointer is moved"
    if found.emulated:
        return f"emulated where memory allows: {found.emulated}"
    return ""


def as_text(found: Explanation, given: bytes = b"") -> str:
    """Return an explanation for people; of what was ``given``, it says what it is not about."""
    behind = given[found.length :].hex(" ") if found.length else ""
    rows = {
        "instruction": found.text,
        "bytes": f"{found.code} ({found.bits}-bit code, length {found.length})",
        "verdict": "can be probed" if found.accepted else f"refused: {os.strerror(found.error)}",
        "reason": found.reason,
        "class": f"{found.letter}: {found.meaning}" if found.letter else "",
        "fixups": ", ".join(f"{name} ({what})" for name, what in found.fixups.items()),
        "copy": found.copy if found.accepted and not found.skipped else "",
        "scratch": f"{found.scratch} stands in for rip" if found.scratch else "",
        "distance": f"{found.distance:+}" if "UPROBE_FIX_BRANCH" in found.fixups else "",
        "step": _step(found),
        "behind it": f"{behind}, not looked at: one instruction at a time" if behind else "",
    }
    return "\n".join(f"{name:12} {value}" for name, value in rows.items() if value)
