# SPDX-License-Identifier: GPL-2.0-only
"""The fixups, and the classes of instructions that need the same ones."""

from __future__ import annotations

from generator.model.opcodes.shape import Fixup, InsnClass

FIXUPS = (
    Fixup(name="UPROBE_FIX_IP", bit=0x01, meaning="ip moves on from the slot"),
    Fixup(name="UPROBE_FIX_ABS", bit=0x02, meaning="ip was loaded, leave it alone"),
    Fixup(name="UPROBE_FIX_BRANCH", bit=0x04, meaning="ip tells whether a branch was taken"),
    Fixup(name="UPROBE_FIX_CALL", bit=0x08, meaning="a return address was pushed"),
    Fixup(name="UPROBE_FIX_PUSHF", bit=0x10, meaning="the flags were pushed"),
    Fixup(name="UPROBE_FIX_SETF", bit=0x20, meaning="the flags were loaded, TF included"),
    Fixup(name="UPROBE_INSN_32BIT", bit=0x40, meaning="in 32-bit code only"),
    Fixup(name="UPROBE_INSN_GROUP", bit=0x80, meaning="look at ModRM.reg"),
)

CLASSES = (
    InsnClass(letter="_", fixups=(), meaning="refused"),
    InsnClass(letter="X", fixups=("UPROBE_FIX_IP",), meaning="executed out of line"),
    InsnClass(
        letter="L",
        fixups=("UPROBE_FIX_IP", "UPROBE_INSN_32BIT"),
        meaning="the same, invalid in 64-bit code",
    ),
    InsnClass(letter="A", fixups=("UPROBE_FIX_ABS",), meaning="ret, jmp to an absolute address"),
    InsnClass(letter="B", fixups=("UPROBE_FIX_BRANCH",), meaning="relative branch"),
    InsnClass(letter="C", fixups=("UPROBE_FIX_BRANCH", "UPROBE_FIX_CALL"), meaning="relative call"),
    InsnClass(
        letter="I",
        fixups=("UPROBE_FIX_ABS", "UPROBE_FIX_CALL"),
        meaning="call to an absolute address",
    ),
    InsnClass(letter="P", fixups=("UPROBE_FIX_IP", "UPROBE_FIX_PUSHF"), meaning="pushf"),
    InsnClass(letter="S", fixups=("UPROBE_FIX_IP", "UPROBE_FIX_SETF"), meaning="popf"),
    InsnClass(letter="G", fixups=("UPROBE_INSN_GROUP",), meaning="depends on ModRM.reg"),
)
