// SPDX-License-Identifier: GPL-2.0-only
// 64 32: The return of a signal handler is probed, and the restorer that it returns to; handlers nest.
#include "hunted.h"

STEPPED(stepped);
static volatile int depth, most;

static __attribute__((noipa)) void handler(int signo)
{
	if (++depth > most)
		most = depth;
	if (depth < 5)
		raise(signo);
	stepped(depth);
	depth--;
}

static int signals(void)
{
	struct sigaction sa = { .sa_handler = handler, .sa_flags = SA_NODEFER };
	stack_t ss = { .ss_sp = shared(1 << 20), .ss_size = 1 << 20 };

	sigaltstack(&ss, NULL);
	for (int i = 0; i < 20; i++) {
		sa.sa_flags = SA_NODEFER | (i & 1 ? SA_ONSTACK : 0);
		sigaction(SIGUSR1, &sa, NULL);
		depth = 0;
		raise(SIGUSR1);
		CHECK(most == 5 && !depth);
	}
	return 0;
}

int main(void)
{
	const struct place places[] = { { 'r', handler }, { 'p', handler }, { 'r', stepped }, { 0, NULL } };

	return judge(signals, places, 300);
}
