// SPDX-License-Identifier: GPL-2.0-only
// 64 32: A timer's signals in the midst of all kinds of probed instructions, handlers that jump away or return.
#include "hunted.h"

STEPPED(stepped);
EMULATED(emulated);
STEPPED(returns);
static sigjmp_buf back;
static volatile int signals, jump, safe;
extern const char etext[];

static void on_alarm(int signo, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;
	unsigned long ip = uc->uc_mcontext.gregs[REG_IP];

	(void)signo;
	(void)info;
	signals++;
	noted->flag[3] += ip > (unsigned long)etext && ip < (unsigned long)etext + (1UL << 30);
	if (jump && safe)
		siglongjmp(back, 1);
}

static int all(void)
{
	struct sigaction sa = { .sa_sigaction = on_alarm, .sa_flags = SA_SIGINFO };
	const struct itimerval often = { { 0, 1500 }, { 0, 1500 } };
	const struct itimerval never = { { 0, 0 }, { 0, 0 } };

	sigaction(SIGVTALRM, &sa, NULL);
	setitimer(ITIMER_VIRTUAL, &often, NULL);
	for (int i = 0; i < 500 || signals < 12; i++) {
		jump = i & 1;
		if (!sigsetjmp(back, 1)) {
			safe = 1;
			for (int j = 0; j < 5; j++)
				CHECK(stepped(j) == 3 * j && emulated(j) == 3 * j && returns(j) == 3 * j);
		}
		safe = 0;
	}
	setitimer(ITIMER_VIRTUAL, &never, NULL);
	CHECK(!noted->flag[3]);
	return 0;
}

int main(void)
{
	const struct place places[] = { { 'p', stepped }, { 'p', emulated }, { 'r', returns }, { 0, NULL } };

	return judge(all, places, -1);
}
