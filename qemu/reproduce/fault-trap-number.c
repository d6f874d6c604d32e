// SPDX-License-Identifier: GPL-2.0-only
/* The trap number of a page fault is 0. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <ucontext.h>
#include <unistd.h>

extern const char __ehdr_start[], site[];
int code(void);

asm(".text\n"
    "code:	xor	%eax, %eax\n"
    "site:	mov	(%rax), %eax\n"
    "	ret\n");

static void on_fault(int signo, siginfo_t *info, void *context)
{
	_exit(((ucontext_t *)context)->uc_mcontext.gregs[REG_TRAPNO] != 14);
}

static int body(void)
{
	struct sigaction action = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };

	sigaction(SIGSEGV, &action, NULL);
	return code() + 2;
}

/* Say where the probe goes, or do it. */
int main(int argc, char **argv)
{
	if (argc > 1)
		printf("p %#lx runs\n", (unsigned long)(site - __ehdr_start));
	fflush(stdout);
	return argc > 2 ? pause() : argc > 1 ? 0 : body();
}
