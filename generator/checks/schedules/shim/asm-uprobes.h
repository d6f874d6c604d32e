/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASM_UPROBES_H
#define ASM_UPROBES_H
/* A processor that has instructions of one byte, and a breakpoint. */
#include "kernel.h"

typedef u8 uprobe_opcode_t;

#define MAX_UINSN_BYTES		16
#define UPROBE_SWBP_INSN	0xcc
#define UPROBE_SWBP_INSN_SIZE	1
#define UPROBE_XOL_SLOT_BYTES	128

struct arch_uprobe {
	u8 insn[MAX_UINSN_BYTES];
	u8 ixol[MAX_UINSN_BYTES];
};

struct arch_uprobe_task {
	unsigned long steps;
};

#endif
