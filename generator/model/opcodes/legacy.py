# SPDX-License-Identifier: GPL-2.0-only
"""The legacy opcode maps: what may be probed, which groups there are, what is refused and why.

Sources: Intel SDM volume 2, appendix A (opcode maps A-2 to A-6), and the instructions' own
sections; AMD APM volume 3, appendix A, for what only AMD has.
"""

from __future__ import annotations

from generator.model.opcodes.shape import Group, NopForm, OpcodeMap, Refusal, letters, span

# The tables are read as rows of opcodes.
# fmt: off
ONE_BYTE = OpcodeMap(
    name="uprobe_map_1byte",
    escape="",
    source="SDM volume 2, tables A-2 and A-6",
    letters=letters(
        X=span(
            (0x00, 0x05), (0x08, 0x0D), (0x10, 0x15), (0x18, 0x1D), (0x20, 0x25), (0x28, 0x2D),
            (0x30, 0x35), (0x38, 0x3D), (0x50, 0x5F), 0x63, (0x68, 0x6B), 0x80, 0x81,
            (0x83, 0x8D), (0x90, 0x99), 0x9B, (0x9E, 0xC1), 0xC8, 0xC9, (0xD0, 0xD3),
            (0xD7, 0xDF), 0xF5, 0xF8, 0xF9, 0xFC, 0xFD,
        ),
        L=span(
            0x06, 0x07, 0x0E, 0x16, 0x1E, 0x1F, 0x27, 0x2F, 0x37, 0x3F, (0x40, 0x4F),
            (0x60, 0x62), 0x82, 0xC4, 0xC5, (0xD4, 0xD6),
        ),
        A=span(0xC2, 0xC3),
        B=span((0x70, 0x7F), (0xE0, 0xE3), 0xE9, 0xEB),
        C=span(0xE8),
        P=span(0x9C),
        S=span(0x9D),
        G=span(0x8E, 0x8F, 0xC6, 0xC7, 0xF6, 0xF7, 0xFE, 0xFF),
    ),
)

TWO_BYTE = OpcodeMap(
    name="uprobe_map_0f",
    escape="0f",
    source="SDM volume 2, tables A-3 and A-6",
    letters=letters(
        X=span(
            0x02, 0x03, 0x0B, 0x0D, 0x0E, (0x10, 0x18), (0x1A, 0x1C), 0x1E, 0x1F, (0x28, 0x2F),
            0x31, 0x33, (0x40, 0x77), (0x7C, 0x7F), (0x90, 0xA9), (0xAB, 0xB1), (0xB3, 0xB9),
            (0xBB, 0xC6), (0xC8, 0xFE),
        ),
        B=span((0x80, 0x8F)),
        G=span(0x00, 0x01, 0xBA, 0xC7),
    ),
)

MAP_0F38 = OpcodeMap(
    name="uprobe_map_0f38",
    escape="0f 38",
    source="SDM volume 2, table A-4",
    letters=letters(
        X=span(
            (0x00, 0x0B), 0x10, 0x14, 0x15, 0x17, (0x1C, 0x1E), (0x20, 0x25), (0x28, 0x2B),
            (0x30, 0x35), (0x37, 0x41), (0xC8, 0xCD), 0xCF, (0xDB, 0xDF), 0xF0, 0xF1, 0xF6,
            (0xF8, 0xFC),
        ),
    ),
)

MAP_0F3A = OpcodeMap(
    name="uprobe_map_0f3a",
    escape="0f 3a",
    source="SDM volume 2, table A-5",
    letters=letters(
        X=span(
            (0x08, 0x0F), (0x14, 0x17), (0x20, 0x22), (0x40, 0x42), 0x44, (0x60, 0x63), 0xCC,
            0xCE, 0xCF, 0xDF,
        ),
    ),
)
# fmt: on

LEGACY_MAPS = (ONE_BYTE, TWO_BYTE, MAP_0F38, MAP_0F3A)

GROUPS = (
    Group(opcode=0x8E, letters="X__XXX__", what="mov to a segment register, not cs, not ss"),
    Group(opcode=0x8F, letters="X_______", what="pop; the others are XOP"),
    Group(opcode=0xC6, letters="X______X", what="mov, xabort"),
    Group(opcode=0xC7, letters="X_______", what="mov; not xbegin, which saves ip"),
    Group(opcode=0xF6, letters="X_XXXXXX", what="test, not, neg, mul, imul, div, idiv"),
    Group(opcode=0xF7, letters="X_XXXXXX", what="the same"),
    Group(opcode=0xFE, letters="XX______", what="inc, dec"),
    Group(opcode=0xFF, letters="XXI_A_X_", what="inc, dec, call, jmp, push; none far"),
    Group(opcode=0x0FBA, letters="____XXXX", what="bt, bts, btr, btc"),
    Group(opcode=0x0FC7, letters="_X__X_XX", what="cmpxchg8b, xsavec, rdrand, rdseed, rdpid"),
    Group(opcode=0x0F00, letters="XX__XX__", what="sldt, str, verr, verw; not lldt, ltr"),
    Group(opcode=0x0F01, letters="XX__XX__", what="sgdt, sidt, smsw, rstorssp"),
    # behind 0f 01, without memory: the second half of the number is ModRM, ModRM.rm selects
    Group(opcode=0x01C0, letters="_X______", what="vmcall"),
    Group(opcode=0x01D0, letters="X___XXX_", what="xgetbv, vmfunc, xend, xtest; not enclu"),
    Group(opcode=0x01D8, letters="_X______", what="vmmcall"),
    Group(opcode=0x01E0, letters="XXXXXXXX", what="smsw"),
    Group(opcode=0x01E8, letters="XXX__XXX", what="serialize, rdpkru, wrpkru; not uiret"),
    Group(opcode=0x01F8, letters="_XXXXX__", what="rdtscp, monitorx, mwaitx, clzero, rdpru"),
)

REFUSALS = (
    Refusal(
        map="",
        opcodes=span(0x17),
        reason="pop ss: the debug trap comes one instruction late, behind the slot",
        source="SDM volume 3A, 6.8.3",
    ),
    Refusal(
        map="",
        opcodes=span((0x6C, 0x6F), (0xE4, 0xE7), (0xEC, 0xEF)),
        reason="port I/O",
        source="SDM volume 1, 19.5",
    ),
    Refusal(
        map="",
        opcodes=span(0x9A, 0xCA, 0xCB, 0xEA),
        reason="far call, jmp, ret",
        source="SDM volume 2, CALL, JMP, RET",
    ),
    Refusal(
        map="",
        opcodes=span((0xCC, 0xCF), 0xF1),
        reason="int, into, iret, int1",
        source="SDM volume 2, INT n, IRET",
    ),
    Refusal(
        map="",
        opcodes=span(0xF4, 0xFA, 0xFB),
        reason="hlt, cli, sti: privileged",
        source="SDM volume 2, HLT, CLI, STI",
    ),
    Refusal(
        map="0f",
        opcodes=span(0x05, 0x07, 0x34, 0x35),
        reason="system calls and returns: the kernel sees the address of the slot",
        source="SDM volume 2, SYSCALL, SYSENTER",
    ),
    Refusal(
        map="0f",
        opcodes=span(0x06, 0x08, 0x09, (0x20, 0x23), 0x30, 0x32, 0x37, 0x78, 0x79, 0xAA),
        reason="privileged",
        source="SDM volume 3A, 5.9",
    ),
    Refusal(
        map="0f",
        opcodes=span(0x0F),
        reason="3DNow!: the decoder does not see the opcode behind the operands",
        source="APM volume 3, appendix A.1.2",
    ),
    Refusal(
        map="0f",
        opcodes=span(0x19, 0x1D),
        reason="reserved NOPs: the decoder does not see their operands",
        source="SDM volume 2, table A-3",
    ),
    Refusal(
        map="0f",
        opcodes=span(0xFF),
        reason="ud0: the decoder does not see its operands",
        source="SDM volume 2, UD",
    ),
    Refusal(
        map="0f",
        opcodes=span(0xB2),
        reason="lss: loads ss, as pop ss does",
        source="SDM volume 2, LDS/LES/LFS/LGS/LSS",
    ),
)

NOPS = (
    NopForm(
        opcode=(0x90,),
        reg=None,
        # F3 90 is pause: a hint to wait, and a probe hit is a longer wait
        without=((0xF0, "#UD"),),
        rex_b=True,
    ),
    NopForm(opcode=(0x0F, 0x1F), reg=0, without=((0xF0, "#UD"),)),
    # endbr64, endbr32: no kernel lets user space ask for indirect branch tracking
    NopForm(
        opcode=(0x0F, 0x1E), reg=None, modrm=(0xFA, 0xFB), prefix=0xF3, without=((0xF0, "#UD"),)
    ),
)

# SDM volume 2, table A-3: ud2, femms, rdtsc, rdpmc, emms, jcc, push and pop of fs and gs, cpuid,
# bswap
NO_MODRM = (
    (0x0B, 0x0B),
    (0x0E, 0x0E),
    (0x31, 0x31),
    (0x33, 0x33),
    (0x77, 0x77),
    (0x80, 0x8F),
    (0xA0, 0xA2),
    (0xA8, 0xA9),
    (0xC8, 0xCF),
)
