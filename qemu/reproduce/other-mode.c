// SPDX-License-Identifier: GPL-2.0-only
/* A 64-bit program goes into 32-bit code and back. */
#include <stdio.h>
#include <unistd.h>

extern const char __ehdr_start[], site[];
int code(void);

asm(".data\n"
    "target:	.long	1f, 0x23\n"
    "stack:	.quad	0\n"
    ".text\n"
    "code:	mov	%rsp, stack\n"
    "	ljmp	*target\n"
    "	.code32\n"
    "1:	nop\n"
    "site:	mov	$7, %eax\n"
    "	ljmp	$0x33, $2f\n"
    "	.code64\n"
    "2:	mov	stack, %rsp\n"
    "	ret\n"
    "	.skip	16, 0x90\n");

static int body(void)
{
	return code() != 7;
}

/* Say where the probe goes, or do it. */
int main(int argc, char **argv)
{
	if (argc > 1)
		printf("p %#lx runs\n", (unsigned long)(site - __ehdr_start));
	fflush(stdout);
	return argc > 2 ? pause() : argc > 1 ? 0 : body();
}
