// SPDX-License-Identifier: GPL-2.0-only
// 64 32: A breakpoint of the program's own while SIGTRAP is blocked, ignored, or a tracer's; how it ends, and its code.
#include "hunted.h"

STEPPED(stepped);

static void handler(int sig, siginfo_t *info, void *context)
{
	note(sig == SIGTRAP ? info->si_code : -1);
	note(((ucontext_t *)context)->uc_mcontext.gregs[REG_IP] & 0xfff);
}

static void trap(void)
{
	asm volatile("int3");
}

static void prepare(int how)
{
	struct sigaction sa = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO };
	sigset_t set;

	if (how == 1)
		signal(SIGTRAP, SIG_IGN);
	else
		sigaction(SIGTRAP, &sa, NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGTRAP);
	if (how == 2 || how == 3)
		sigprocmask(SIG_BLOCK, &set, NULL);
	if (how >= 3)
		ptrace(PTRACE_TRACEME, 0, 0, 0);
}

/* Let it go on after each stop; return how it ends. */
static int trace(pid_t pid)
{
	siginfo_t info;
	int status;

	while (waitpid(pid, &status, 0) == pid && WIFSTOPPED(status)) {
		note(WSTOPSIG(status));
		ptrace(PTRACE_GETSIGINFO, pid, 0, &info);
		note(info.si_code);
		ptrace(PTRACE_CONT, pid, 0, 0);
	}
	return status;
}

static int own(void)
{
	for (int how = 0; how < 5; how++) {
		pid_t pid = fork();

		if (!pid) {
			if (stepped(2) != 6)
				_exit(1);
			prepare(how);
			trap();
			_exit(stepped(3) == 9 ? 7 : 1);
		}
		note(trace(pid));
	}
	return 0;
}

int main(void)
{
	const struct place places[] = { { 'p', stepped }, { 0, NULL } };

	/* How many are hit depends on who survives. */
	return judge(own, places, -1);
}
