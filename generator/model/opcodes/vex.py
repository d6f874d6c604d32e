# SPDX-License-Identifier: GPL-2.0-only
"""The opcode maps behind VEX and EVEX prefixes.

The two kinds of prefix number the same maps. An opcode that one of them lacks raises #UD behind it,
in the slot as in its place: what counts is that the length is known. Every instruction works on
registers and on the memory that ModRM names, so all of them are executed out of line.

Not listed, and so refused: opcodes that no manual names, FMA4 (which the kernel's decoder does not
know: no length), the maps 4 (APX) and 7, and the instructions of Knights Corner.

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
# no bytes stand for these maps: their numbers do
EVEX_5 = OpcodeMap(
    name="uprobe_map_evex_5",
    escape="05",
    source="SDM volume 2, the instructions of AVX512-FP16 with EVEX.MAP5",
    vex=5,
    letters=letters(
        X=span(
            0x10, 0x11, 0x1D, 0x2A, (0x2C, 0x2F), 0x51, (0x58, 0x5F), 0x6E, (0x78, 0x7E),
        ),
    ),
)

EVEX_6 = OpcodeMap(
    name="uprobe_map_evex_6",
    escape="06",
    source="SDM volume 2, the instructions of AVX512-FP16 with EVEX.MAP6",
    vex=6,
    letters=letters(
        X=span(
            0x13, 0x2C, 0x2D, 0x42, 0x43, (0x4C, 0x4F), 0x56, 0x57, (0x96, 0x9F), (0xA6, 0xAF),
            (0xB6, 0xBF), 0xD6, 0xD7,
        ),
    ),
)
# fmt: on

VEX_MAPS = (VEX_0F, VEX_0F38, VEX_0F3A, EVEX_5, EVEX_6)
