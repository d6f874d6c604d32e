// SPDX-License-Identifier: GPL-2.0-only
/* A breakpoint of the program's in memory that it may execute and not read. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

extern const char __ehdr_start[], site[];
int code(void);

asm(".text\n"
    "code:	nop\n"
    "site:	mov	$0, %eax\n"
    "	ret\n");

static void on_trap(int signo)
{
	_exit(0);
}

static int body(void)
{
	char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int key = pkey_alloc(0, PKEY_DISABLE_ACCESS);

	memcpy(page, "\xcc\xc3", 2);
	if (key < 0 || pkey_mprotect(page, 4096, PROT_READ | PROT_EXEC, key))
		return 77;
	signal(SIGTRAP, on_trap);
	code();
	((void (*)(void))page)();
	return 1;
}

/* Say where the probe goes, or do it. */
int main(int argc, char **argv)
{
	if (argc > 1)
		printf("p %#lx runs\n", (unsigned long)(site - __ehdr_start));
	fflush(stdout);
	return argc > 2 ? pause() : argc > 1 ? 0 : body();
}
