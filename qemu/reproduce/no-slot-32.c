// SPDX-License-Identifier: GPL-2.0-only
// flags: -m32
/* A 32-bit program without random addresses hangs at its first step. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/personality.h>
#include <unistd.h>

extern const char __ehdr_start[], site[];
int code(void);

asm(".text\n"
    "code:	nop\n"
    "site:	mov	$0, %eax\n"
    "	ret\n");

static int body(void)
{
	if (personality(0xffffffff) & ADDR_NO_RANDOMIZE)
		return code();
	personality(ADDR_NO_RANDOMIZE);
	execl("/proc/self/exe", "program", NULL);
	return 77;
}

/* Say where the probe goes, or do it. */
int main(int argc, char **argv)
{
	if (argc > 1)
		printf("p %#lx runs\n", (unsigned long)(site - __ehdr_start));
	fflush(stdout);
	return argc > 2 ? pause() : argc > 1 ? 0 : body();
}
