# SPDX-License-Identifier: GPL-2.0-only
"""C text for the model of emulation: the enumerators, and the table of what is emulated."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from generator.model.emulation import EmulatedForm, Operation
from generator.render.cdecl import pad


def enumerators(prefix: str, operations: Sequence[Operation], has: Callable[[str], bool]) -> str:
    """Return the lines inside of an enumeration, comments aligned.

    Args:
        prefix: of the enumerators, behind ``UPROBE_``.
        operations: the enumerators of all patches.
        has: whether a patch is applied.
    """
    lines = []
    for operation in operations:
        if not has(operation.patch):
            continue
        text = f"\tUPROBE_{prefix}_{operation.name},"
        remark = f"/* {operation.meaning} */"
        lines.append(f"{pad(text, 32)}{remark}\n" if operation.meaning else f"{text}\n")
    return "".join(lines)


def _row(form: EmulatedForm) -> str:
    regs = sum(1 << reg for reg in form.regs) or 0xFF
    numbers = f"0x{form.mask:04x}, 0x{form.value:04x}, 0x{regs:02x}, 0x{form.wide:02x}"
    names = (f"OP_{form.operation}", f"ARGS_{form.operands}", f"ALU_{form.alu}")
    symbols = ", ".join(f"UPROBE_{name}" for name in names)
    return f"\t/* {form.what} */\n\t{{ {numbers},\n\t  {symbols} }},\n"


def table(forms: Sequence[EmulatedForm], has: Callable[[str], bool]) -> str:
    """Return the initialisers of the table, those of applied patches only."""
    return "".join(_row(form) for form in forms if has(form.patch))
