// SPDX-License-Identifier: GPL-2.0-only
/* A far return can be probed; its operand size and segment are not undone. */
#include <stdio.h>
#include <unistd.h>

extern const char __ehdr_start[], site[];
int code(void);

asm(".text\n"
    "code:	mov	%cs, %eax\n"
    "	push	%rax\n"
    "	push	$1f\n"
    "site:	lretq\n"
    "1:	xor	%eax, %eax\n"
    "	ret\n");

static int body(void)
{
	return code();
}

/* Say where the probe goes, or do it. */
int main(int argc, char **argv)
{
	if (argc > 1)
		printf("p %#lx refused\n", (unsigned long)(site - __ehdr_start));
	fflush(stdout);
	return argc > 2 ? pause() : argc > 1 ? 0 : body();
}
