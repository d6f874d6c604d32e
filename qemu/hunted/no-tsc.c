// SPDX-License-Identifier: GPL-2.0-only
// 64 32: rdtsc and rdtscp are forbidden by prctl(); a handler of SIGSEGV does what they would have done.
#include "hunted.h"

asm(".text\n"
    "clock_1:\n\txor %eax, %eax\n"
    "site_1:\n\trdtsc\n\tret\n"
    "clock_2:\n\txor %eax, %eax\n"
    "site_2:\n\trdtscp\n\tret\n");
long clock_1(void);
long clock_2(void);
extern const char site_1[], site_2[];

static void emulate(int signo, siginfo_t *info, void *data)
{
	ucontext_t *context = data;
	const char *ip = (void *)(uintptr_t)context->uc_mcontext.gregs[REG_IP];

	(void)signo;
	if (ip != site_1 && ip != site_2)
		_exit(3);
	note(info->si_code);
	note(context->uc_mcontext.gregs[REG_TRAPNO]);
	context->uc_mcontext.gregs[REG_RESULT] = 42;
	context->uc_mcontext.gregs[REG_IP] += ip == site_1 ? 2 : 3;
}

static int forbidden(void)
{
	struct sigaction act = { .sa_sigaction = emulate, .sa_flags = SA_SIGINFO };

	sigaction(SIGSEGV, &act, NULL);
	CHECK(!prctl(PR_SET_TSC, PR_TSC_SIGSEGV, 0, 0, 0));
	for (int i = 0; i < 10; i++) {
		CHECK((int)clock_1() == 42);
		CHECK((int)clock_2() == 42);
	}
	return 0;
}

int main(void)
{
	const struct place places[] = { { 'p', site_1 }, { 'p', site_2 }, { 0, NULL } };

	return judge(forbidden, places, 20);
}
