# SPDX-License-Identifier: GPL-2.0-only
"""Text for the opcode model: fixup bits, class letters, maps, groups, and what NOPs are."""

from __future__ import annotations

from generator.model.decl import Macro
from generator.model.opcodes import NopForm, OpcodeMap, OpcodeModel
from generator.render import cdecl


def fixups(model: OpcodeModel) -> str:
    """Return the defines of the fixup bits."""
    return cdecl.macros(
        [Macro(name=f.name, value=f"0x{f.bit:02x}", comment=f.meaning) for f in model.fixups]
    )


def letters(model: OpcodeModel) -> str:
    """Return the defines of the letters that the tables are written in."""
    rows = []
    for kind in model.classes:
        value = " | ".join(kind.fixups) or "0"
        value = f"({value})" if " " in value else value
        rows.append(Macro(name=kind.letter, value=value, comment=kind.meaning))
    lines = []
    for row in rows:
        text = f"#define {row.name} {row.value}"
        lines.append(f"{cdecl.pad(text, 56)}/* {row.comment} */\n")
    return "".join(lines)


def unletters(model: OpcodeModel) -> str:
    """Return the lines that take the letters away again."""
    return "".join(f"#undef {kind.letter}\n" for kind in model.classes)


def table(table_map: OpcodeMap) -> str:
    """Return the rows of a map: sixteen letters a line, the high half of the opcode in front."""
    lines = ["\t/*        0  1  2  3  4  5  6  7    8  9  a  b  c  d  e  f */\n"]
    for row in range(16):
        cells = table_map.letters[16 * row : 16 * row + 16]
        left, right = ", ".join(cells[:8]), ", ".join(cells[8:])
        lines.append(f"\t/* {row:x}x */ {left},   {right},\n")
    return "".join(lines)


def groups(model: OpcodeModel) -> str:
    """Return the initialisers of the groups, one a line."""
    lines = []
    for group in model.groups:
        cells = ", ".join(group.letters)
        lines.append(f"\t{{ 0x{group.opcode:04x}, {{ {cells} }} }},\t/* {group.what} */\n")
    return "".join(lines)


def no_modrm(model: OpcodeModel) -> str:
    """Return the case labels of the opcodes behind 0f that have no ModRM byte."""
    labels = [
        f"0x{first:02x}" if first == last else f"0x{first:02x} ... 0x{last:02x}"
        for first, last in model.no_modrm
    ]
    return "\n".join(f"\tcase {label}:" for label in labels)


def nop_pattern(form: NopForm) -> str:
    """Return one encoding of a NOP in words, as in ``0f 1f /0 without f0 (#UD)``."""
    text = " ".join(f"{byte:02x}" for byte in form.opcode)
    if form.reg is not None:
        text += f" /{form.reg}"
    without = [f"{prefix:02x} ({reason})" for prefix, reason in form.without]
    if form.rex_b:
        without.append("REX.B (another register)")
    if form.modrm:
        text += f" with ModRM {' or '.join(f'{byte:02x}' for byte in form.modrm)}"
    if form.prefix:
        text += f" after {form.prefix:02x}"
    return f"{text} without {', '.join(without)}" if without else text
