// SPDX-License-Identifier: GPL-2.0-only
/* A far return can be probed; its operand size and segment are not undone. */
#include <stdio.h>
#include <unistd.h>

extern const char __ehdr_start[], site[];

asm(".text\n"
    "site:	lretq\n");

/* It is not executed: QEMU 7.2 reads the stack of a far return as the kernel. */
static int body(void)
{
	return 0;
}

/* Say where the probe goes, or do it. */
int main(int argc, char **argv)
{
	if (argc > 1)
		printf("p %#lx refused\n", (unsigned long)(site - __ehdr_start));
	fflush(stdout);
	return argc > 2 ? pause() : argc > 1 ? 0 : body();
}
