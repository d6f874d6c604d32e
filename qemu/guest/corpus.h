/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CORPUS_H
#define CORPUS_H

#include <stdint.h>

/* The file that the host writes: this, and the cases behind it, 64 or 32 bits. */
struct corpus_header {
	char		magic[8];	/* "corpus1" */
	uint64_t	cases;
	uint64_t	low;		/* the cases from this one on lie at */
					/* CODE_LOW, the others at CODE_HIGH */
	uint64_t	unused;
};

struct corpus_case {
	uint64_t	r15, r14, r13, r12, bp, bx, r11, r10, r9, r8;
	uint64_t	ax, cx, dx, si, di, sp, flags;
	uint64_t	offset;		/* in the file of the code */
	uint64_t	region;		/* where the operands are */
	uint8_t		code[16];
	uint8_t		length;
	uint8_t		refused[2];	/* by the series, by the base */
	uint8_t		unused[5];
};

/* As in generator/checks/proof/corpus.py */
#define CODE_LOW	0x40000000UL
#define CODE_STRIDE	512UL
#define REGION_SIZE	0x4000UL
#ifdef __x86_64__
#define CODE_HIGH	0x555555000000UL
#define REGIONS		{ 0x4000UL, 0x20000000UL, 0x55555d000000UL }
#else
#define CODE_HIGH	0UL	/* there are no such cases */
#define REGIONS		{ 0x4000UL, 0x20000000UL }
#endif

#endif
