# SPDX-License-Identifier: GPL-2.0-only
"""The opcode model as a page for people: docs/opcodes.md, in Markdown."""

from __future__ import annotations

from collections.abc import Iterator

from generator.model.emulation import EmulationModel
from generator.model.opcodes import OpcodeMap, OpcodeModel
from generator.render.opcodes import nop_pattern

_HEX = "0123456789abcdef"


def opcode_page(model: OpcodeModel, emulation: EmulationModel) -> str:
    """Return the page."""
    lines = [
        "# What may be probed",
        "",
        "Made from `generator/model/opcodes/` and `generator/model/emulation.py` by `uprobekit "
        "opcodes`; a",
        "test compares. `uprobekit explain` says the same of one instruction, and what its copy "
        "looks like.",
        "",
        "## Classes",
        "",
        "| | meaning | afterwards |",
        "|---|---|---|",
        *(
            f"| `{kind.letter}` | {kind.meaning} | {_afterwards(model, kind.fixups)} |"
            for kind in model.classes
        ),
        "",
        "What is refused is refused when the probe is armed, with `EOPNOTSUPP`; what the decoder "
        "does not",
        "know, with `ENOEXEC`. `L` is refused in 64-bit code. x32 programs are 64-bit code.",
        "",
    ]
    for table in model.maps:
        lines += [*_map(table, model), ""]
    lines += ["## ModRM.reg selects", "", "| opcode | /0 to /7 | what |", "|---|---|---|"]
    lines += [
        f"| `{_opcode(g.opcode)}` | `{' '.join(g.letters)}` | {g.what} |" for g in model.groups
    ]
    lines += ["", "## Refused, and why", "", "| opcode | reason | source |", "|---|---|---|"]
    for refusal in model.refusals:
        codes = ", ".join(f"{refusal.map} {code:02x}".strip() for code in refusal.opcodes)
        lines.append(f"| `{codes}` | {refusal.reason} | {refusal.source} |")
    lines += ["", "## Skipped: no effect", ""]
    lines += [f"- `{nop_pattern(form)}`" for form in model.nops]
    return "\n".join([*lines, *_emulated(emulation)]) + "\n"


def _emulated(emulation: EmulationModel) -> list[str]:
    return [
        "",
        "## Emulated",
        "",
        "Where memory is missing the copy is stepped, and raises the fault.",
        "",
        "| opcode | ModRM.reg | what |",
        "|---|---|---|",
        *(
            f"| `{form.pattern}` | {' '.join(f'/{reg}' for reg in form.regs)} | {form.what} |"
            for form in emulation.forms
        ),
    ]


def _afterwards(model: OpcodeModel, fixups: tuple[str, ...]) -> str:
    meanings = {fixup.name: fixup.meaning for fixup in model.fixups}
    return "; ".join(meanings[name] for name in fixups)


def _opcode(opcode: int) -> str:
    return opcode.to_bytes(2 if opcode > 0xFF else 1).hex(" ")


def _map(table: OpcodeMap, model: OpcodeModel) -> Iterator[str]:
    yield f"## {table.title or 'One byte'}"
    yield ""
    yield f"Source: {table.source}. Empty: refused, a prefix, or an escape."
    yield ""
    yield f"| |{'|'.join(_HEX)}|"
    yield f"|---{'|:-:' * 16}|"
    for row in range(16):
        cells = table.letters[16 * row : 16 * row + 16].replace("_", " ")
        yield f"|**{row:x}x**|{'|'.join(cells)}|"
