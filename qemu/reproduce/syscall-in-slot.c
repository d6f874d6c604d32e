// SPDX-License-Identifier: GPL-2.0-only
/* A system call can be probed; the kernel sees the address of the copy. */
#include <stdio.h>
#include <unistd.h>

extern const char __ehdr_start[], site[];
int code(void);

asm(".text\n"
    "code:	mov	$39, %eax\n"
    "site:	syscall\n"
    "	ret\n");

static int body(void)
{
	return code() != getpid();
}

/* Say where the probe goes, or do it. */
int main(int argc, char **argv)
{
	if (argc > 1)
		printf("p %#lx refused\n", (unsigned long)(site - __ehdr_start));
	fflush(stdout);
	return argc > 2 ? pause() : argc > 1 ? 0 : body();
}
