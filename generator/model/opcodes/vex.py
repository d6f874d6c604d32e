# SPDX-License-Identifier: GPL-2.0-only
"""The opcode maps behind VEX and EVEX prefixes.

The two kinds of prefix number the same maps. An opcode that one of them lacks raises #UD behind it,
in the slot as in its place: what counts is that the length is known. Every instruction works on
registers and on the memory that ModRM names, so all of them are executed out of line.

Not listed, and so refused: opcodes that no manual names, FMA4 (no processor has it any more), the
maps 4 (APX), 5 and 6 (AVX512-FP16) and 7, and the instructions of Knights Corner.

Source: Intel SDM volume 2, appendix A, tables A-3 to A-6 (entries with v), the instructions' own
sections, and volume 1, chapters 14 and 15.
"""

from __future__ import annotations

from generator.model.opcodes.shape import OpcodeMap, letters, span

# fmt: off
VEX_0F = OpcodeMap(
    name="uprobe_map_vex_0f",
    escape="0f",
    source="SDM volume 2, table A-3, entries with v; volume 1, chapters 14 and 15",
    vex=1,
    letters=letters(
        X=span(
            (0x10, 0x17), (0x28, 0x2F), 0x41, 0x42, (0x44, 0x47), 0x4A, 0x4B, (0x50, 0x7F),
            (0x90, 0x93), 0x98, 0x99, 0xAE, 0xC2, (0xC4, 0xC6), (0xD0, 0xFE),
        ),
    ),
)

VEX_0F38 = OpcodeMap(
    name="uprobe_map_vex_0f38",
    escape="0f 38",
    source="SDM volume 2, table A-4, entries with v; volume 1, chapters 14 and 15",
    vex=2,
    letters=letters(
        X=span(
            (0x00, 0x47), 0x49, (0x4B, 0x55), (0x58, 0x5C), 0x5E, (0x62, 0x66), 0x68, 0x6C,
            (0x70, 0x73), (0x75, 0x7F), 0x83, (0x88, 0x93), (0x96, 0xA3), (0xA6, 0xB1),
            (0xB4, 0xBF), 0xC4, (0xC6, 0xC8), (0xCA, 0xCD), 0xCF, 0xD2, 0xD3, (0xDA, 0xEF), 0xF2,
            0xF3, (0xF5, 0xF7),
        ),
    ),
)

VEX_0F3A = OpcodeMap(
    name="uprobe_map_vex_0f3a",
    escape="0f 3a",
    source="SDM volume 2, table A-5, entries with v; volume 1, chapters 14 and 15",
    vex=3,
    letters=letters(
        X=span(
            (0x00, 0x06), (0x08, 0x0F), (0x14, 0x1B), (0x1D, 0x23), (0x25, 0x27), (0x30, 0x33),
            (0x38, 0x3B), (0x3E, 0x44), 0x46, (0x4A, 0x4C), 0x50, 0x51, (0x54, 0x57),
            (0x60, 0x63), 0x66, 0x67, (0x70, 0x73), 0xC2, 0xCE, 0xCF, 0xDE, 0xDF, 0xF0,
        ),
    ),
)
# fmt: on

VEX_MAPS = (VEX_0F, VEX_0F38, VEX_0F3A)
