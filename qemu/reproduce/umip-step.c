// SPDX-License-Identifier: GPL-2.0-only
/* The kernel executes sgdt for the program, which then goes on behind its copy. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define OF_UMIP	0xfffffffffffe0000	/* what the kernel says of the table */

extern const char __ehdr_start[], site[];
void code(void *to);

asm(".text\n"
    "code:\n"
    "site:	sgdt	(%rdi)\n"
    "	ret\n");

static int body(void)
{
	unsigned char table[10];
	unsigned long base;

	code(table);
	memcpy(&base, table + 2, sizeof(base));
	return base == OF_UMIP ? 0 : 77;
}

/* Say where the probe goes, or do it. */
int main(int argc, char **argv)
{
	if (argc > 1)
		printf("p %#lx runs\n", (unsigned long)(site - __ehdr_start));
	fflush(stdout);
	return argc > 2 ? pause() : argc > 1 ? 0 : body();
}
