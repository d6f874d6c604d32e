# SPDX-License-Identifier: GPL-2.0-only
"""What a case of the proof has shown: the result, and the reasons for a refusal."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from generator.checks.proof.cases import Case
from generator.checks.proof.classes import table_letter, table_reason
from generator.checks.proof.families import REFUSED
from generator.checks.proof.judge import Decoded, decode, reason_to_refuse, text
from generator.checks.proof.known import (
    ALWAYS_TRAPS,
    ALWAYS_UD,
    NO_INSTRUCTION,
    NOT_ASKED,
    NOT_DETERMINISTIC,
    NOT_HERE,
    goes_wrong,
    raises_ud,
    runs_natively,
)
from generator.checks.proof.library import (
    ENOEXEC,
    EOPNOTSUPP,
    Library,
    Verdict,
)
from generator.checks.proof.machine import TRAP_UD, Fault, Processor
from generator.checks.proof.start import Start
from generator.model.opcodes import OPCODES


class Outcome(StrEnum):
    """What became of a case."""

    EQUAL = "executed, equal"
    SKIPPED = "skipped, equal"
    FAULTED = "fault, equal"
    REFUSED = "refused"
    LEFT_OUT = "left out"
    UNEQUAL = "unequal"

    @property
    def executed(self) -> bool:
        """The instruction has had its effect, and it was the right one."""
        return self in (Outcome.EQUAL, Outcome.SKIPPED)


@dataclass(frozen=True, kw_only=True)
class Result:
    """What one case has shown.

    Attributes:
        case: the case.
        outcome: in a word.
        mnemonic, text: what the judge calls the instruction.
        fixups: of the analysis.
        emulated: the analysis has found how to emulate it.
        reason: why it was left out; what is unequal; why the judge would refuse it, or "".
        differences: register or address, and the value in state A and in state B.
    """

    case: Case
    outcome: Outcome
    mnemonic: str
    text: str
    fixups: int = 0
    emulated: bool = False
    reason: str = ""
    differences: dict[str, tuple[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class State:
    """What an execution has left."""

    registers: bytes
    extra: bytes
    memory: bytes
    fault: Fault | None
    sigtraps: int
    skipped: bool = False


def stops_behind(start: Start, decoded: Decoded, ip: int) -> bool:
    """Tell whether who steps is stopped behind an instruction that has gone to ``ip``."""
    return not start.blockstep or decoded.has_branched(ip)


def _wrong_refusal(decoded: Decoded, verdict: Verdict, refusal: str) -> str:
    """Return what is wrong with a refusal, "" when somebody has a reason for it.

    Reasons are the judge's, the table's, and a decoder that sees less than the judge.
    """
    wanted = -EOPNOTSUPP if verdict.length else -ENOEXEC
    if verdict.ret != wanted:
        return f"refused with {verdict.ret} in place of {wanted}"
    if refusal or verdict.length != decoded.length:
        return ""
    letter = table_letter(OPCODES, verdict)
    if letter == REFUSED or table_reason(OPCODES, verdict, decoded.bits):
        return ""
    return f"refused, and class {letter} of the table is accepted"


def find_reason(library: Library, code: bytes, *, bits: int) -> str:
    """Return why an instruction is refused: the judge's reason, the model's, or the decoder's.

    Args:
        library: the compiled C of the series, which refuses it.
        code: ``INSN_BYTES`` bytes.
        bits: 64 or 32.
    """
    decoded, verdict = decode(code, bits=bits, ip=0), library.analyze(code, bits=bits)
    if not decoded.valid:
        return "no instruction"
    if verdict.length != decoded.length:
        return "the kernel's decoder does not see all of it"
    return reason_to_refuse(decoded) or table_reason(OPCODES, verdict, bits)


def judge_analysis(case: Case, decoded: Decoded, verdict: Verdict) -> Result | None:
    """Compare the analysis with the judge; returns a result when nothing is left to execute."""
    refusal = reason_to_refuse(decoded) if decoded.valid else "no instruction"
    if verdict.changed:
        return make_result(
            case, decoded, verdict, Outcome.UNEQUAL, "the analysis changes the original"
        )
    if verdict.ret:
        wrong = _wrong_refusal(decoded, verdict, refusal)
        outcome = Outcome.UNEQUAL if wrong else Outcome.REFUSED
        return make_result(case, decoded, verdict, outcome, wrong or refusal)
    if case.refused:
        return make_result(
            case, decoded, verdict, Outcome.UNEQUAL, "accepted, and the table refuses it"
        )
    if decoded.valid and decoded.length != verdict.ilen:
        return make_result(
            case,
            decoded,
            verdict,
            Outcome.UNEQUAL,
            f"length {verdict.ilen}, the judge says {decoded.length}",
        )
    left_out = goes_wrong(decoded)
    if decoded.valid and not left_out:
        left_out = (NOT_DETERMINISTIC | ALWAYS_TRAPS | NOT_ASKED).get(decoded.mnemonic, "")
    if left_out:
        return make_result(case, decoded, verdict, Outcome.LEFT_OUT, left_out)
    if decoded.valid and refusal:
        return make_result(
            case, decoded, verdict, Outcome.UNEQUAL, f"accepted, and must not be: {refusal}"
        )
    return None


def find_lack(machine: Processor, decoded: Decoded, state: State, vaddr: int) -> str:
    """Return why what the emulator has done says nothing, "" when it does.

    Raises:
        RuntimeError: it does not know the instruction, and ``known.py`` does not say so.
    """
    undefined = state.fault is not None and state.fault.number == TRAP_UD
    if not decoded.valid:
        return "" if undefined else NO_INSTRUCTION
    if undefined and decoded.mnemonic not in ALWAYS_UD:
        native = runs_natively(decoded)
        known = f"{NOT_HERE}: {decoded.needs}" if native else raises_ud(decoded)
        if not known:
            raise RuntimeError("the emulator raises #UD, and the judge knows the instruction")
        return known
    ip = machine.registers.ip
    if state.fault or decoded.is_branch or (decoded.repeats and ip == vaddr):
        return ""
    if ip != vaddr + decoded.length:
        raise RuntimeError(f"the emulator takes {ip - vaddr} bytes for the instruction")
    return ""


def make_result(
    case: Case,
    decoded: Decoded,
    verdict: Verdict,
    outcome: Outcome,
    reason: str = "",
    differences: dict[str, tuple[str, str]] | None = None,
) -> Result:
    """Return a result; of the case, what reports show."""
    shown = outcome in (Outcome.UNEQUAL, Outcome.LEFT_OUT)
    return Result(
        case=case,
        outcome=outcome,
        mnemonic=decoded.mnemonic if decoded.insn else "(bad)",
        text=text(decoded) if shown else "",
        fixups=verdict.fixups,
        emulated=bool(verdict.op),
        reason=reason,
        differences=differences or {},
    )
