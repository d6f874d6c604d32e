// SPDX-License-Identifier: GPL-2.0-only
/* A NOP of five bytes becomes a call, which pushes over what the function keeps. */
#include <stdio.h>
#include <unistd.h>

#define HITS	10	/* the NOP is a call from the second one on */

extern const char __ehdr_start[], site[];
long code(long value);

/* A leaf function may keep a word below the stack pointer (System V ABI, 3.2.2). */
asm(".text\n"
    "code:	mov	%rdi, -8(%rsp)\n"
    "site:	.byte	0x0f, 0x1f, 0x44, 0x00, 0x00\n"
    "	mov	-8(%rsp), %rax\n"
    "	ret\n");

static int body(void)
{
	for (long i = 1; i <= HITS; i++)
		if (code(i) != i)
			return 1;
	return 0;
}

/* Say where the probe goes, or do it. */
int main(int argc, char **argv)
{
	if (argc > 1)
		printf("p %#lx runs\n", (unsigned long)(site - __ehdr_start));
	fflush(stdout);
	return argc > 2 ? pause() : argc > 1 ? 0 : body();
}
