// SPDX-License-Identifier: GPL-2.0-only
// 64 32: Each hit of a perf event raises a signal (sigtrap): one for each, behind the instruction or at it, and never in a slot or the trampoline.
#include "perf.h"

#ifndef TRAP_PERF
# define TRAP_PERF 6
#endif
#define CALLS 20

STEPPED(stepped);
EMULATED(emulated);

static volatile sig_atomic_t raised, odd;
static const char *place;

static void take(int sig, siginfo_t *info, void *context)
{
	const ucontext_t *at = context;
	const char *ip = (const char *)at->uc_mcontext.gregs[REG_IP];

	(void)sig;
	raised++;
	odd += info->si_code != TRAP_PERF || (place && (ip < place || ip > place + 5)) ||
	       (unsigned long)ip - slots() < PAGE;
}

/* Call it with an event: so many signals, none of them elsewhere. */
static int raise_at(long (*fn)(long), int is_return)
{
	const struct perf_event_attr attr = {
		.sample_period = 1, .sigtrap = 1, .remove_on_exec = 1,
	};
	int fd = attach(attr, fn, 0, is_return);
	uint64_t count = 0;

	CHECK(fd >= 0);
	raised = odd = 0;
	place = is_return ? NULL : (const char *)fn;
	for (int i = 0; i < CALLS; i++) {
		CHECK(fn(i) == 3 * i);
		CHECK(raised == i + 1);
	}
	CHECK(!odd);
	CHECK(read(fd, &count, sizeof(count)) == sizeof(count) && count == CALLS);
	close(fd);
	CHECK(fn(7) == 21 && raised == CALLS);
	return 0;
}

static int all(void)
{
	struct sigaction action = { .sa_sigaction = take, .sa_flags = SA_SIGINFO };

	sigaction(SIGTRAP, &action, NULL);
	for (int i = 0; i < 4; i++) {
		CHECK(!raise_at(stepped, 0) && !raise_at(emulated, 0));
		CHECK(!raise_at(stepped, 1) && !raise_at(emulated, 1));
	}
	return 0;
}

int main(void)
{
	int status;

	begin();
	status = run(all);
	return status ? say("not ok", "status %#x", status) : say("ok", "one signal for each hit");
}
