// SPDX-License-Identifier: GPL-2.0-only
/* A program steps itself; behind a probe si_code is not TRAP_TRACE. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

extern const char __ehdr_start[], site[];
int code(void);
static volatile int wrong;

asm(".text\n"
    "code:	pushf\n"
    "	orl	$0x100, (%rsp)\n"
    "	popf\n"
    "	nop\n"
    "site:	mov	$0, %eax\n"
    "	pushf\n"
    "	andl	$~0x100, (%rsp)\n"
    "	popf\n"
    "	ret\n");

static void on_trap(int signo, siginfo_t *info, void *context)
{
	wrong |= info->si_code != TRAP_TRACE;
}

static int body(void)
{
	struct sigaction action = { .sa_sigaction = on_trap, .sa_flags = SA_SIGINFO };

	sigaction(SIGTRAP, &action, NULL);
	return code() || wrong;
}

/* Say where the probe goes, or do it. */
int main(int argc, char **argv)
{
	if (argc > 1)
		printf("p %#lx runs\n", (unsigned long)(site - __ehdr_start));
	fflush(stdout);
	return argc > 2 ? pause() : argc > 1 ? 0 : body();
}
