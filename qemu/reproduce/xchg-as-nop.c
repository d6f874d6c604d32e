// SPDX-License-Identifier: GPL-2.0-only
/* xchg %r8, %rax is taken for a NOP, and not executed. */
#include <stdio.h>
#include <unistd.h>

extern const char __ehdr_start[], site[];
int code(void);

asm(".text\n"
    "code:	mov	$1, %eax\n"
    "	mov	$2, %r8d\n"
    "site:	.byte	0x49, 0x90\n"
    "	ret\n");

static int body(void)
{
	return code() != 2;
}

/* Say where the probe goes, or do it. */
int main(int argc, char **argv)
{
	if (argc > 1)
		printf("p %#lx runs\n", (unsigned long)(site - __ehdr_start));
	fflush(stdout);
	return argc > 2 ? pause() : argc > 1 ? 0 : body();
}
