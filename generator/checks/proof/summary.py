# SPDX-License-Identifier: GPL-2.0-only
"""Count what the cases have shown, and say what they have not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from generator.checks.proof.families import REFUSED, Family
from generator.checks.proof.known import ALWAYS_UD
from generator.checks.proof.verdict import Outcome, Result
from generator.model.emulation import EMULATION, EmulatedForm


@dataclass(frozen=True, kw_only=True)
class Uncovered:
    """An opcode with a verdict of which no case was executed to its end, and why."""

    bits: int
    opcode: str
    letter: str
    why: str


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """Cases that were not compared: their number for one instruction, and one of them."""

    mnemonic: str
    reason: str
    cases: int
    example: str


@dataclass(frozen=True, kw_only=True)
class Emulated:
    """A row of the table of emulation: cases that were emulated, and that were left to a fault."""

    form: str
    cases: int
    faults: int


@dataclass(frozen=True, kw_only=True)
class Failure:
    """A case that is not as it must be; ``uprobekit proof`` with the same seed makes it again."""

    bits: int
    code: str
    text: str
    opcode: str
    reason: str
    differences: dict[str, tuple[str, str]]


@dataclass(frozen=True, kw_only=True)
class Summary:
    """The figures of a run.

    Attributes:
        cases: distinct encodings.
        instructions: those that the judge knows, of opcodes that are accepted.
        outcomes: cases for each outcome.
        by_map, by_letter: the same for each opcode map and each class of the table.
        opcodes: opcodes with a verdict, for each mode and ModRM extension.
        covered: of these, those of which an instruction was executed and left the right state.
        mnemonics: how many instructions, by the judge's names, were executed.
        uncovered: the others.
        emulated: what has become of each row of the table of emulation.
        left_out: what was not compared.
        refusals: the judge's reasons for what is refused; "" for what it would accept.
        needless: instructions that are refused and that the judge would accept.
        failures: what is wrong.
    """

    cases: int
    instructions: int
    outcomes: dict[str, int]
    by_map: dict[str, dict[str, int]]
    by_letter: dict[str, dict[str, int]]
    opcodes: int
    covered: int
    mnemonics: int
    uncovered: tuple[Uncovered, ...]
    emulated: tuple[Emulated, ...]
    left_out: tuple[LeftOut, ...]
    refusals: dict[str, int]
    needless: dict[str, int]
    failures: tuple[Failure, ...]


def summarize(results: Sequence[Result], families: Sequence[Family]) -> Summary:
    """Count ``results``."""
    by_map: dict[str, Counter[str]] = {}
    by_letter: dict[str, Counter[str]] = {}
    for result in results:
        family = families[result.case.family]
        by_map.setdefault(family.map, Counter())[result.outcome] += 1
        by_letter.setdefault(family.letter, Counter())[result.outcome] += 1
    uncovered, opcodes = _coverage(results, families)
    refused = [result for result in results if result.outcome == Outcome.REFUSED]
    return Summary(
        cases=len(results),
        instructions=sum(
            result.case.valid and families[result.case.family].letter != REFUSED
            for result in results
        ),
        outcomes=_sorted(Counter(str(result.outcome) for result in results)),
        by_map={name: _sorted(count) for name, count in by_map.items()},
        by_letter={name: _sorted(count) for name, count in sorted(by_letter.items())},
        opcodes=opcodes,
        covered=opcodes - len(uncovered),
        mnemonics=len({result.mnemonic for result in results if result.outcome.executed}),
        uncovered=tuple(uncovered),
        emulated=tuple(_emulated(form, results, families) for form in EMULATION.forms),
        left_out=_left_out(results),
        refusals=_sorted(Counter(result.reason for result in refused)),
        needless=_sorted(Counter(result.mnemonic for result in refused if not result.reason)),
        failures=tuple(
            Failure(
                bits=result.case.bits,
                code=result.case.code.hex(" "),
                text=result.text,
                opcode=families[result.case.family].name,
                reason=result.reason,
                differences=result.differences,
            )
            for result in results
            if result.outcome == Outcome.UNEQUAL
        ),
    )


def _sorted(count: Counter[str]) -> dict[str, int]:
    return {str(name): number for name, number in sorted(count.items())}


def _coverage(results: Sequence[Result], families: Sequence[Family]) -> tuple[list[Uncovered], int]:
    """Return the uncovered opcodes and the number of all with a verdict."""
    letters = {
        (family.bits, family.name): family.letter for family in families if family.letter != REFUSED
    }
    seen: dict[tuple[int, str], Counter[str]] = {key: Counter() for key in letters}
    done = set()
    for result in results:
        family = families[result.case.family]
        key = family.bits, family.name
        if key not in letters:
            continue
        always = result.outcome == Outcome.FAULTED and result.mnemonic in ALWAYS_UD
        if result.outcome.executed or always:
            done.add(key)
        reason = result.reason or result.outcome
        seen[key][f"{result.mnemonic}: {reason}"] += 1
    return [
        Uncovered(
            bits=key[0],
            opcode=key[1],
            letter=letter,
            why="; ".join(why for why, _ in seen[key].most_common(2)) or "no case",
        )
        for key, letter in letters.items()
        if key not in done
    ], len(letters)


def _emulated(
    form: EmulatedForm, results: Sequence[Result], families: Sequence[Family]
) -> Emulated:
    """Count the cases that ``form`` covers."""
    outcomes = _outcomes(form, results, families)
    return Emulated(
        form=f"{form.pattern} {form.what}",
        cases=outcomes[Outcome.SKIPPED],
        faults=outcomes[Outcome.FAULTED],
    )


def _outcomes(
    form: EmulatedForm,
    results: Sequence[Result],
    families: Sequence[Family],
    *,
    emulated: bool = True,
) -> Counter[Outcome]:
    """Return what became of the cases that ``form`` covers: those that it was found for, or not."""
    opcodes = frozenset(form.opcodes)
    outcomes: Counter[Outcome] = Counter()
    for result in results:
        family = families[result.case.family]
        whole = int.from_bytes(family.escape + bytes([family.opcode]))
        if result.emulated != emulated or whole not in opcodes or family.vex:
            continue
        if not form.regs or family.reg is None or family.reg in form.regs:
            outcomes[result.outcome] += 1
    return outcomes


def stepped_forms(results: Sequence[Result], families: Sequence[Family]) -> tuple[str, ...]:
    """Return the rows of emulation of which every case was stepped that could be emulated.

    The effect is right and the row is of no use: it is not found, or what it says is not done.
    64-bit and 32-bit code are looked at one by one; a row with fewer than three such cases is not
    judged: what faults is left to the slot.
    """
    found = []
    for bits in (64, 32):
        these = [result for result in results if result.case.bits == bits]
        for form in EMULATION.forms:
            outcomes = _outcomes(form, these, families)
            if not outcomes and not (bits == 32 and form.operands in _ONLY_64):
                outcomes = _outcomes(form, these, families, emulated=False)
            if not outcomes[Outcome.SKIPPED] and outcomes[Outcome.EQUAL] > 2:
                found.append(f"{form.pattern} {form.what} ({bits}-bit)")
    return tuple(found)


# in 32-bit code the opcode is that of another instruction, arpl
_ONLY_64 = frozenset({"G_ED"})


def _left_out(results: Sequence[Result]) -> tuple[LeftOut, ...]:
    groups: dict[tuple[str, str], list[Result]] = {}
    for result in results:
        if result.outcome == Outcome.LEFT_OUT:
            groups.setdefault((result.mnemonic, result.reason), []).append(result)
    return tuple(
        LeftOut(
            mnemonic=mnemonic,
            reason=reason,
            cases=len(found),
            example=f"{found[0].case.code.hex(' ')} ({found[0].case.bits}-bit)",
        )
        for (mnemonic, reason), found in sorted(groups.items())
    )


def as_data(summary: Summary) -> dict[str, object]:
    """Return a summary for JSON."""
    return asdict(summary)


def as_text(summary: Summary, *, most: int = 20) -> str:
    """Return a summary for people; of the failures the first ``most``."""
    lines = [f"{summary.cases} encodings, {summary.instructions} of them accepted instructions"]
    lines += [f"  {name:18} {number:7}" for name, number in summary.outcomes.items()]
    lines.append(
        f"{summary.covered} of {summary.opcodes} opcodes executed, {summary.mnemonics} mnemonics"
    )
    lines += [f"  {name:18} {_counts(count)}" for name, count in summary.by_map.items()]
    lines += [f"  class {name:12} {_counts(count)}" for name, count in summary.by_letter.items()]
    lines.append("emulated:")
    lines += [f"  {e.form:24} {e.cases:6}, faults {e.faults}" for e in summary.emulated]
    if summary.uncovered:
        lines.append("not executed:")
        lines += [f"  {u.opcode} ({u.bits}-bit): {u.why}" for u in summary.uncovered]
    if summary.left_out:
        lines.append("left out:")
        lines += [f"  {x.mnemonic}: {x.reason}: {x.cases}, {x.example}" for x in summary.left_out]
    if summary.needless:
        lines.append("refused, and the judge would accept it:")
        lines.append("  " + ", ".join(f"{n} ({c})" for n, c in summary.needless.items()))
    for failure in summary.failures[:most]:
        lines.append(f"{failure.code} ({failure.bits}-bit) {failure.text}: {failure.reason}")
        lines += [f"  {name}: {a} | {b}" for name, (a, b) in failure.differences.items()]
    return "\n".join(lines)


def _counts(count: dict[str, int]) -> str:
    return ", ".join(f"{name} {number}" for name, number in count.items())
