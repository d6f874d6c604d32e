// SPDX-License-Identifier: GPL-2.0-only
/* The trap flag is among the flags that pushf pushes. */
#include <stdio.h>
#include <unistd.h>

#define TF	0x100

extern const char __ehdr_start[], site[];
long code(void);

asm(".text\n"
    "code:	nop\n"
    "site:	pushf\n"
    "	pop	%rax\n"
    "	ret\n"
    "	.skip	16, 0x90\n");

static int body(void)
{
	return !!(code() & TF);
}

/* Say where the probe goes, or do it. */
int main(int argc, char **argv)
{
	if (argc > 1)
		printf("p %#lx runs\n", (unsigned long)(site - __ehdr_start));
	fflush(stdout);
	return argc > 2 ? pause() : argc > 1 ? 0 : body();
}
