# SPDX-License-Identifier: GPL-2.0-only
"""The x86 opcode tables: what may be probed, and what has to be fixed up after the copy has run.

One class per opcode; the C tables, the letters in them and the comments are rendered from here.
What is not listed is refused. VEX and EVEX encodings have maps of their own (``vex.py``); XOP and
REX2 are refused as a whole.

Sources: Intel SDM volume 2, appendix A (opcode maps A-2 to A-6), and the instructions' own
sections; AMD APM volume 3, appendix A, for what only AMD has.
"""

from __future__ import annotations

from generator.model.opcodes.classes import CLASSES, FIXUPS
from generator.model.opcodes.legacy import (
    GROUPS,
    LEGACY_MAPS,
    NO_MODRM,
    NOPS,
    REFUSALS,
)
from generator.model.opcodes.shape import (
    SYSTEM,
    Fixup,
    Group,
    InsnClass,
    NopForm,
    OpcodeMap,
    OpcodeModel,
    Refusal,
)
from generator.model.opcodes.vex import VEX_MAPS

__all__ = [
    "OPCODES",
    "SYSTEM",
    "Fixup",
    "Group",
    "InsnClass",
    "NopForm",
    "OpcodeMap",
    "OpcodeModel",
    "Refusal",
]

OPCODES = OpcodeModel(
    fixups=FIXUPS,
    classes=CLASSES,
    maps=(*LEGACY_MAPS, *VEX_MAPS),
    groups=GROUPS,
    refusals=REFUSALS,
    nops=NOPS,
    no_modrm=NO_MODRM,
)
