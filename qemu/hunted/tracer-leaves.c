// SPDX-License-Identifier: GPL-2.0-only
// 64 32: A tracer comes, interrupts and leaves while an instruction waits for its page; it ends, or is stepped, once.
#include "missing.h"

static void *calls(void *unused)
{
	noted->flag[0] = gettid();
	note(triple_of(missing));
	return unused;
}

static int program(void)
{
	pthread_t thread;
	int fd = watch_missing();

	CHECK(fd >= 0);
	pthread_create(&thread, NULL, calls, NULL);
	CHECK(is_wanted(fd));
	noted->flag[1] = 1;
	while (!noted->flag[2])
		nap(1);
	provide(fd, 7);
	pthread_join(thread, NULL);
	return 0;
}

/* Where the thread stops at last, once its page has come */
static unsigned long stop_of(pid_t tid)
{
	struct user_regs_struct regs;
	int status = 0;

	if (waitpid(tid, &status, __WALL) != tid || !WIFSTOPPED(status) ||
	    ptrace(PTRACE_GETREGS, tid, 0, &regs))
		return 0;
#ifdef __x86_64__
	return regs.rip;
#else
	return regs.eip;
#endif
}

static int traced(int kind)
{
	unsigned long stop;
	pid_t pid = fork(), tid;
	int status = -1;

	if (!pid) {
		alarm(30);
		_exit(program());
	}
	while (!noted->flag[1])
		nap(1);
	tid = noted->flag[0];
	CHECK(!ptrace(PTRACE_SEIZE, tid, 0, 0));
	CHECK(!ptrace(PTRACE_INTERRUPT, tid, 0, 0));
	nap(50);
	noted->flag[2] = 1;
	stop = stop_of(tid);
	note(stop == (unsigned long)triple_site || stop == (unsigned long)triple_end);
	if (kind) {
		CHECK(!ptrace(PTRACE_SINGLESTEP, tid, 0, 0));
		stop = stop_of(tid);
		note(stop != 0);
	}
	CHECK(!ptrace(PTRACE_DETACH, tid, 0, 0));
	CHECK(waitpid(pid, &status, 0) == pid);
	return status;
}

static int leaves(void)
{
	return traced(0);
}

static int steps(void)
{
	return traced(1);
}

int main(void)
{
	int (*const tries[])(void) = { leaves, steps };

	begin();
	for (int armed = 0; armed < 2; armed++) {
		if (armed && arm('p', "site", triple_site))
			return say("not ok", "cannot be armed");
		for (int i = 0; i < 2; i++) {
			memset(noted, 0, sizeof(*noted));
			if (run(tries[i]) || noted->count != 2 + i)
				return say(armed ? "not ok" : "skip", "try %d: %d values", i, noted->count);
			for (int k = 0; k < 2 + i; k++)
				if (noted->value[k] != 1 && noted->value[k] != 21)
					return say(armed ? "not ok" : "skip", "try %d: value %d is %ld", i, k,
						   noted->value[k]);
		}
	}
	return say("ok", "%ld hits", hits("site"));
}
