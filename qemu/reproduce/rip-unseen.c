// SPDX-License-Identifier: GPL-2.0-only
/* A cmov with a prefix that means nothing reads from another address. */
#include <stdio.h>
#include <unistd.h>

extern const char __ehdr_start[], site[];
int code(void);

asm(".text\n"
    "code:	xor	%eax, %eax\n"
    "site:	.byte	0xf3, 0x0f, 0x44, 0x05\n"	/* cmove value(%rip), %eax */
    "	.long	value - . - 4\n"
    "	ret\n"
    "	.skip	64, 0xcc\n"			/* out of the copy's sight */
    "value:	.long	7\n");

static int body(void)
{
	return code() != 7;
}

/* Say where the probe goes, or do it. */
int main(int argc, char **argv)
{
	if (argc > 1)
		printf("p %#lx either\n", (unsigned long)(site - __ehdr_start));
	fflush(stdout);
	return argc > 2 ? pause() : argc > 1 ? 0 : body();
}
