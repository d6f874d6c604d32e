# SPDX-License-Identifier: GPL-2.0-only
"""Count one program: verdicts of function entries, of returns and of all instructions."""

from __future__ import annotations

import re
from array import array
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from iced_x86 import Decoder

from generator.checks.census.elf import Code, Program
from generator.checks.proof.judge import decode, reason_to_refuse
from generator.checks.proof.library import VERDICTS, Classifier

REFUSED, STEPPED, NOT_STEPPED = VERDICTS

# added to the verdict on a return, see shim/classify.h
_IS_RETURN = 4

_ALL_REFUSED = re.compile(rb"[\x00\x04]")
_ALL_STEPPED = re.compile(rb"[\x01\x05]")


@dataclass(kw_only=True)
class Tally:
    """Figures of one side.

    Attributes:
        entries, returns, instructions: how many of them have each verdict.
        stepped: instructions that functions begin with and that are stepped, by name.
        refused: instructions that are refused, by name and with the judge's reason.
    """

    entries: Counter[str] = field(default_factory=Counter)
    returns: Counter[str] = field(default_factory=Counter)
    instructions: Counter[str] = field(default_factory=Counter)
    stepped: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)

    def add(self, other: Tally) -> None:
        """Add the figures of another program."""
        for name in ("entries", "returns", "instructions", "stepped", "refused"):
            getattr(self, name).update(getattr(other, name))


def count_program(program: Program, sides: Sequence[Classifier]) -> list[Tally]:
    """Count the verdicts of each side."""
    tallies = [Tally() for _ in sides]
    for section in program.sections:
        offsets = instruction_offsets(section, program.bits)
        for tally, side in zip(tallies, sides, strict=True):
            _count_section(tally, section, offsets, program.bits, side)
    return tallies


def instruction_offsets(section: Code, bits: int) -> array[int]:
    """Return where the instructions of all functions begin, as the judge decodes them."""
    offsets: array[int] = array("I")
    for start, end in section.spans:
        decoder = Decoder(bits, section.data[start:end], ip=start)
        offsets.extend(insn.ip for insn in decoder if insn)
    return offsets


def _count_section(
    tally: Tally, section: Code, offsets: array[int], bits: int, side: Classifier
) -> None:
    verdicts = side.classify(section.data, offsets, bits=bits)
    for number, name in enumerate(VERDICTS):
        returns = verdicts.count(number + _IS_RETURN)
        tally.returns[name] += returns
        tally.instructions[name] += verdicts.count(number) + returns
    for match in _ALL_REFUSED.finditer(verdicts):
        tally.refused[_name(section, offsets[match.start()], bits)] += 1

    entries = array("I", section.entries)
    verdicts = side.classify(section.data, entries, bits=bits)
    for number, name in enumerate(VERDICTS):
        tally.entries[name] += verdicts.count(number) + verdicts.count(number + _IS_RETURN)
    for match in _ALL_STEPPED.finditer(verdicts):
        tally.stepped[_name(section, entries[match.start()], bits)] += 1


def _name(section: Code, offset: int, bits: int) -> str:
    """Return the mnemonic of an instruction, and why it must be refused, if it must."""
    found = decode(section.data[offset : offset + 15], bits=bits, ip=offset)
    if not found.valid:
        return "(bad)"
    reason = reason_to_refuse(found)
    return f"{found.mnemonic} ({reason})" if reason else found.mnemonic
