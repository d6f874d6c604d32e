/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Functions that begin with a NOP of five bytes, as what a tracer marks does:
 * three times the argument. Kernels since 6.18 make a call of it in 64-bit code.
 */
#ifndef HUNTED_MARKER_H
#define HUNTED_MARKER_H

#include "hunted.h"

#define MARKED(name)							\
	asm(".text\n.balign 16\n.globl " #name "\n" #name ":\n"		\
	    "\t.byte 0x0f, 0x1f, 0x44, 0x00, 0x00\n"			\
	    "\timul $3, " FIRST_ARG ", " R(ax) "\n\tret\n");		\
	long name(long x)

#define NOP_FIRST	0x0f
#define INT3		0xcc
#define CALL		0xe8

static inline unsigned char first_byte(const void *at)
{
	return *(const volatile unsigned char *)at;
}

/* How many mappings the kernel has made for such calls. */
static inline int trampolines(void)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	char line[256];
	int count = 0;

	while (maps && fgets(line, sizeof(line), maps))
		count += strstr(line, "[uprobes-trampoline]") != NULL;
	if (maps)
		fclose(maps);
	return count;
}

/* Call it so many times: is it right each time? */
static inline bool is_right(long (*fn)(long), int times)
{
	for (int i = 0; i < times; i++)
		if (fn(i + 5) != 3 * (i + 5))
			return false;
	return true;
}

#endif
