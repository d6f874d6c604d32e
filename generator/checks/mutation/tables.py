# SPDX-License-Identifier: GPL-2.0-only
"""Faults in the opcode tables of the C: an opcode that has moved to another class, a fixup lost.

The arrays are found by their names in the model; what is replaced are the letters in the C.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from generator import csource
from generator.checks.mutation.fault import Fault, make_fault
from generator.model.opcodes import OpcodeModel

_LETTER = re.compile(r"\b([A-Z_])(?=\s*[,}])")
_ROW = re.compile(r"\{ 0x[0-9a-f]+,\s*\{([^}]*)\}")
_EMULATED = re.compile(r"\bUPROBE_(OP|ARGS|ALU)_(\w+)\b")


def table_faults(path: str, text: str, model: OpcodeModel) -> Iterator[Fault]:
    """Yield a fault for every entry of the maps and groups, and every fixup of a class."""
    data = text.encode("utf-8", "surrogateescape")
    if len(data) != len(text):
        raise ValueError(f"{path} is not plain ASCII")
    masked = csource.mask(text)
    letters = [kind.letter for kind in model.classes]
    for table in model.maps:
        span = _array(masked, table.name)
        places = _LETTER.finditer(masked, *span) if span else iter(())
        yield from _moved(path, table.name, data, places, letters)
    groups = _array(masked, "uprobe_insn_groups")
    for row in _ROW.finditer(masked, *groups) if groups else ():
        places = _LETTER.finditer(masked, row.start(1), row.end(1) + 1)
        yield from _moved(path, "uprobe_insn_groups", data, places, letters)
    yield from _fixups(path, data, masked, model)
    yield from _emulated(path, data, masked)


def _array(masked: str, name: str) -> tuple[int, int] | None:
    """Return where the initialiser of an array stands."""
    match = re.search(rf"\b{name}\[\w*\] = \{{(.*?)^\}};", masked, re.M | re.S)
    return match.span(1) if match else None


def _moved(
    path: str, name: str, data: bytes, places: Iterator[re.Match[str]], letters: list[str]
) -> Iterator[Fault]:
    """Yield each opcode moved: refused ones are accepted, others get another class or none."""
    for number, match in enumerate(places):
        letter = match[1]
        if letter == "_":
            other = "X"
        elif number % 2:
            other = "_"
        else:
            other = letters[(letters.index(letter) + 1) % len(letters)]
        yield make_fault("opcode moved", path, name, data, match.span(1), other)


def _fixups(path: str, data: bytes, masked: str, model: OpcodeModel) -> Iterator[Fault]:
    """Yield the classes that have lost one of their fixups."""
    for kind in model.classes:
        match = re.search(rf"^#define {kind.letter} \(([^)]*)\)", masked, re.M)
        for fixup in kind.fixups if match and len(kind.fixups) > 1 else ():
            rest = " | ".join(name for name in kind.fixups if name != fixup)
            yield make_fault("fixup lost", path, kind.letter, data, match.span(1), rest)  # type: ignore[union-attr]


def _emulated(path: str, data: bytes, masked: str) -> Iterator[Fault]:
    """Yield rows of the table of emulation with another operation or other operands."""
    span = _array(masked, "uprobe_emulated")
    if not span:
        return
    found = list(_EMULATED.finditer(masked, *span))
    names = {kind: sorted({m[0] for m in found if m[1] == kind}) for kind in ("OP", "ARGS", "ALU")}
    for match in found:
        others = names[match[1]]
        if len(others) > 1:
            other = others[(others.index(match[0]) + 1) % len(others)]
            yield make_fault(
                "emulated as another", path, "uprobe_emulated", data, match.span(), other
            )
