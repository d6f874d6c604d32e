// SPDX-License-Identifier: GPL-2.0-only
// 64: Events of perf that send SIGTRAP at each hit: of what is stepped, emulated and skipped, and of a return.
#include "marker.h"
#include "perf.h"

STEPPED(stepped);
EMULATED(emulated);
MARKED(marked);

#define TIMES 20

static __attribute__((noipa)) long returned(long x)
{
	return 3 * x;
}

static long (*const functions[])(long) = { stepped, emulated, marked, returned };

static void on_trap(int sig, siginfo_t *info, void *context)
{
	unsigned long at = ((ucontext_t *)context)->uc_mcontext.gregs[REG_IP];

	noted->flag[0]++;
	noted->flag[1] += info->si_code != 6;	/* TRAP_PERF */
	noted->flag[2] += at - slots() < PAGE;
}

static int body(void)
{
	const struct sigaction action = { .sa_sigaction = on_trap, .sa_flags = SA_SIGINFO };
	struct perf_event_attr attr = { .sample_period = 1, .sigtrap = 1, .remove_on_exec = 1 };
	int fds[4];

	sigaction(SIGTRAP, &action, NULL);
	for (int i = 0; i < 4; i++) {
		fds[i] = attach(attr, functions[i], 0, i == 3);
		CHECK(fds[i] >= 0);
	}
	for (int i = 0; i < 4; i++) {
		uint64_t count = 0;

		noted->flag[0] = 0;
		CHECK(is_right(functions[i], TIMES));
		CHECK(read(fds[i], &count, sizeof(count)) == sizeof(count) && count == TIMES);
		note(noted->flag[0]);
	}
	return 0;
}

int main(void)
{
	int status;

	begin();
	status = run(body);
	if (status)
		return say("not ok", "status %#x", status);
	for (int i = 0; i < 4; i++)
		if (noted->value[i] != TIMES)
			return say("not ok", "function %d: %ld signals, not %d", i, noted->value[i], TIMES);
	if (noted->flag[1] || noted->flag[2])
		return say("not ok", "%d of another kind, %d in a slot", noted->flag[1], noted->flag[2]);
	return say("ok", "%d signals", 4 * TIMES);
}
