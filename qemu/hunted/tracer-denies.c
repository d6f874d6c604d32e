// SPDX-License-Identifier: GPL-2.0-only
// 64 32: A tracer lets known system calls pass and denies others, as judges and sandboxes do; returns are probed.
#include "hunted.h"

STEPPED(returns);
EMULATED(both);

static int tracee(void)
{
	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	raise(SIGSTOP);
	for (int i = 0; i < 10; i++) {
		if (returns(i) != 3 * i || both(i) != 3 * i)
			return 1;
		getppid();
	}
	return 0;
}

static int traced(void)
{
	struct user_regs_struct regs;
	int status, calls = 0;
	pid_t pid = fork();

	if (!pid)
		_exit(tracee());
	CHECK(waitpid(pid, &status, 0) == pid && WIFSTOPPED(status));
	CHECK(!ptrace(PTRACE_SETOPTIONS, pid, NULL, (void *)(PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL)));
	for (;;) {
		CHECK(!ptrace(PTRACE_SYSCALL, pid, NULL, NULL));
		CHECK(waitpid(pid, &status, 0) == pid);
		if (!WIFSTOPPED(status))
			break;
		CHECK(WSTOPSIG(status) == (SIGTRAP | 0x80));
		CHECK(!ptrace(PTRACE_GETREGS, pid, NULL, &regs));
		calls++;
#ifdef __x86_64__
		if (regs.orig_rax != SYS_getppid && regs.orig_rax != SYS_exit_group) {
			regs.orig_rax = -1;
#else
		if (regs.orig_eax != SYS_getppid && regs.orig_eax != SYS_exit_group) {
			regs.orig_eax = -1;
#endif
			CHECK(!ptrace(PTRACE_SETREGS, pid, NULL, &regs));
		}
	}
	note(calls);
	CHECK(!status);
	return 0;
}

int main(void)
{
	const struct place places[] = { { 'r', returns }, { 'r', both }, { 0, NULL } };

	return judge(traced, places, 20);
}
