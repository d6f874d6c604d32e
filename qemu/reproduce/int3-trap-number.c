// SPDX-License-Identifier: GPL-2.0-only
/* The signal of the program's own int3 does not say trap number 3. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <ucontext.h>
#include <unistd.h>

extern const char __ehdr_start[], site[];
int code(void);
static volatile int wrong = 1;

asm(".text\n"
    "code:	nop\n"
    "site:	mov	$0, %eax\n"
    "	ret\n");

static void on_trap(int signo, siginfo_t *info, void *context)
{
	greg_t *regs = ((ucontext_t *)context)->uc_mcontext.gregs;

	wrong = regs[REG_TRAPNO] != 3 || regs[REG_ERR];
}

static int body(void)
{
	struct sigaction action = { .sa_sigaction = on_trap, .sa_flags = SA_SIGINFO };

	sigaction(SIGTRAP, &action, NULL);
	code();
	asm volatile("int3");
	return wrong;
}

/* Say where the probe goes, or do it. */
int main(int argc, char **argv)
{
	if (argc > 1)
		printf("p %#lx runs\n", (unsigned long)(site - __ehdr_start));
	fflush(stdout);
	return argc > 2 ? pause() : argc > 1 ? 0 : body();
}
