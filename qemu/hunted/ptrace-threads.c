// SPDX-License-Identifier: GPL-2.0-only
// 64 32: A debugger steps one thread over probes while the others hit them; each stop is at its own code.
#include "hunted.h"

STEPPED(stepped);
EMULATED(emulated);

#ifdef __x86_64__
extern const char etext[];
#endif

static void *work(void *unused)
{
	while (!noted->flag[0])
		if (stepped(3) != 9 || emulated(3) != 9)
			_exit(1);
	return unused;
}

static int tracee(void)
{
	pthread_t thread;

	for (int i = 0; i < 3; i++)
		pthread_create(&thread, NULL, work, NULL);
	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	raise(SIGSTOP);
	for (int i = 0; i < 5; i++)
		if (stepped(i) != 3 * i || emulated(i) != 3 * i)
			return 1;
	noted->flag[0] = 1;
	raise(SIGSTOP);
	return 0;
}

static int debugger(void)
{
	struct user_regs_struct regs;
	int status, in_code = 0;
	pid_t pid;

	pid = fork();
	if (!pid)
		_exit(tracee());
	CHECK(waitpid(pid, &status, 0) == pid && WIFSTOPPED(status));
	for (int i = 0; i < 20000 && !noted->flag[0]; i++) {
		CHECK(!ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL));
		CHECK(waitpid(pid, &status, 0) == pid && WIFSTOPPED(status));
		CHECK(WSTOPSIG(status) == SIGTRAP);
		CHECK(!ptrace(PTRACE_GETREGS, pid, NULL, &regs));
#ifdef __x86_64__
		in_code += regs.rip >= (unsigned long)stepped && regs.rip < (unsigned long)stepped + 32;
		CHECK(regs.rip < (unsigned long)etext || regs.rip > 0x700000000000);
#else
		in_code += (unsigned long)regs.eip >= (unsigned long)stepped && (unsigned long)regs.eip < (unsigned long)stepped + 32;
#endif
	}
	CHECK(noted->flag[0]);
	note(in_code);
	CHECK(!ptrace(PTRACE_DETACH, pid, NULL, NULL));
	kill(pid, SIGCONT);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	return 0;
}

int main(void)
{
	const struct place places[] = { { 'p', stepped }, { 'p', emulated }, { 0, NULL } };

	return judge(debugger, places, -1);
}
