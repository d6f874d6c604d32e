// SPDX-License-Identifier: GPL-2.0-only
// 64 32: A tracer stops a task at any time, looks at its registers and writes them back: no stop is in a slot.
#include "hunted.h"

#define SLOT	128

STEPPED(stepped);
EMULATED(emulated);
STEPPED(returns);

static int loop(void)
{
	long sum = 0;

	for (int i = 0; !noted->flag[0]; i++) {
		sum = stepped(i) + emulated(i) + returns(i);
		if (sum != 9L * i)
			return 2;
	}
	return 0;
}

static int look(pid_t pid, unsigned long page)
{
	struct user_regs_struct regs;
	unsigned long ip;

	CHECK(!ptrace(PTRACE_GETREGS, pid, NULL, &regs));
#ifdef __x86_64__
	ip = regs.rip;
#else
	ip = regs.eip;
#endif
	/* The first slot is what functions return by. */
	CHECK(!page || ip < page + SLOT || ip >= page + PAGE);
	CHECK(!ptrace(PTRACE_SETREGS, pid, NULL, &regs));
	return 0;
}

static int traced(void)
{
	int status = 0;
	pid_t pid;

	noted->flag[0] = 0;
	pid = fork();
	if (!pid)
		_exit(loop());
	CHECK(!ptrace(PTRACE_SEIZE, pid, NULL, NULL));
	nap(50);
	for (int i = 0; i < 300; i++) {
		CHECK(!ptrace(PTRACE_INTERRUPT, pid, NULL, NULL));
		CHECK(waitpid(pid, &status, __WALL) == pid && WIFSTOPPED(status));
		CHECK(status >> 16 == PTRACE_EVENT_STOP);
		if (look(pid, slots_of(pid)))
			return 1;
		CHECK(!ptrace(PTRACE_CONT, pid, NULL, NULL));
	}
	noted->flag[0] = 1;
	CHECK(waitpid(pid, &status, __WALL) == pid);
	CHECK(!status);
	return 0;
}

int main(void)
{
	const struct place places[] = {
		{ 'p', stepped }, { 'p', emulated }, { 'r', returns }, { 0, NULL },
	};

	return judge(traced, places, -1);
}
