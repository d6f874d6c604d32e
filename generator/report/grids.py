# SPDX-License-Identifier: GPL-2.0-only
"""The opcode maps as grids of 16 by 16: our verdict, the base's beside it, and the reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from generator.checks.census.opcodes import PREFIXES
from generator.model.opcodes import OpcodeMap, OpcodeModel

_NO_STEP = 6
_LETTERS = {"refused": "_", "stepped": "s", "not stepped": "e"}


@dataclass(frozen=True, kw_only=True)
class GridCell:
    """An opcode.

    Attributes:
        opcode: its bytes.
        letter: our class, as in the C; ``base`` that of the base, "" where it was not asked.
        kind: number of the colour; ``base_kind`` that of the base.
        differs: the base does something else.
        why: everything in words.
    """

    opcode: str
    letter: str
    base: str
    kind: int
    base_kind: int
    differs: bool
    why: str


@dataclass(frozen=True, kw_only=True)
class Grid:
    """A map."""

    name: str
    escape: str
    rows: tuple[tuple[GridCell, ...], ...]


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What the C of both sides does about an opcode: words, for each value of ModRM.reg."""

    ours: Sequence[str]
    base: Sequence[str]


def make_grids(model: OpcodeModel, asked: Mapping[tuple[str, int], Asked]) -> tuple[Grid, ...]:
    """Return a grid for each map.

    Args:
        model: verdicts and reasons.
        asked: by map and opcode, as ``uprobekit verdicts`` says it; may be empty.
    """
    return tuple(
        Grid(
            name=table.name,
            escape=table.title,
            rows=tuple(
                tuple(
                    _cell(
                        model, table, 16 * row + column, asked.get((table.name, 16 * row + column))
                    )
                    for column in range(16)
                )
                for row in range(16)
            ),
        )
        for table in model.maps
    )


def _cell(model: OpcodeModel, table: OpcodeMap, opcode: int, asked: Asked | None) -> GridCell:
    letter = table.letters[opcode]
    name = f"{table.title} {opcode:02x}".strip()
    prefix = not table.escape and opcode in PREFIXES
    said = "a prefix or an escape, no opcode" if prefix else _said(model, table, opcode)
    base = _base_letter(asked) if asked and not prefix else ""
    differs = bool(base) and asked is not None and list(asked.ours) != list(asked.base)
    words = f"{name}: {said}"
    if base and asked:
        words += f". In 64-bit code ours: {_words(asked.ours)}; the base: {_words(asked.base)}"
    return GridCell(
        opcode=name,
        letter="" if prefix else letter,
        base=base,
        kind=0 if prefix else _NO_STEP if _is_free(asked) else _kind(model, letter),
        base_kind={"_": 5, "s": 1, "e": _NO_STEP, "~": 2}.get(base, 0),
        differs=differs,
        why=words,
    )


def _said(model: OpcodeModel, table: OpcodeMap, opcode: int) -> str:
    letter = table.letters[opcode]
    meaning = model.by_letter[letter].meaning
    if letter == "G":
        return f"{meaning}: {_group(model, table, opcode)}"
    if model.by_letter[letter].fixups:
        return meaning
    reasons = [
        refusal.reason
        for refusal in model.refusals
        if not table.vex and refusal.map == table.escape and opcode in refusal.opcodes
    ]
    return f"{meaning}: {reasons[0] if reasons else 'no instruction that is known, or not yet'}"


def _group(model: OpcodeModel, table: OpcodeMap, opcode: int) -> str:
    number = int(f"0{table.escape.replace(' ', '')}{opcode:02x}", 16)
    for group in model.groups:
        if group.opcode == number:
            cells = [f"/{reg} {model.by_letter[x].meaning}" for reg, x in enumerate(group.letters)]
            return f"{group.what} ({', '.join(cells)})"
    return "no group"


def _kind(model: OpcodeModel, letter: str) -> int:
    """Return the number of a colour: refused, stepped, in 32 bits only, branch, stack, group."""
    fixups = model.by_letter[letter].fixups
    if not fixups:
        return 5
    if "UPROBE_INSN_GROUP" in fixups:
        return 4
    if "UPROBE_INSN_32BIT" in fixups:
        return 2
    return 3 if fixups != ("UPROBE_FIX_IP",) else 1


def _is_free(asked: Asked | None) -> bool:
    """Tell whether our C never needs a single step for it."""
    return asked is not None and set(asked.ours) == {"not stepped"}


def _base_letter(asked: Asked) -> str:
    letters = {_LETTERS.get(word, "?") for word in asked.base}
    return letters.pop() if len(letters) == 1 else "~"


def _words(side: Sequence[str]) -> str:
    if len(set(side)) == 1:
        return side[0]
    return ", ".join(f"/{reg} {word}" for reg, word in enumerate(side))
