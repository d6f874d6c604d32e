// SPDX-License-Identifier: GPL-2.0-only
// 64 32: A debugger steps through a function that begins with a NOP of five bytes, and stops at every system call of it.
#include "marker.h"

MARKED(marked);

static int tracee(void)
{
	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	raise(SIGSTOP);
	return !is_right(marked, 20);
}

/* How: PTRACE_SINGLESTEP or PTRACE_SYSCALL */
static int debug(int how)
{
	int status = -1;
	pid_t pid = fork();

	if (!pid)
		_exit(tracee());
	CHECK(waitpid(pid, &status, 0) == pid && WIFSTOPPED(status));
	for (int i = 0; i < 20000 && WIFSTOPPED(status); i++) {
		CHECK(!ptrace(how, pid, NULL, NULL));
		CHECK(waitpid(pid, &status, 0) == pid);
		CHECK(!WIFSTOPPED(status) || WSTOPSIG(status) == SIGTRAP);
	}
	CHECK(WIFEXITED(status));
	CHECK(!WEXITSTATUS(status));
	return 0;
}

static int all(void)
{
	CHECK(!debug(PTRACE_SINGLESTEP));
	CHECK(!debug(PTRACE_SYSCALL));
	return 0;
}

int main(void)
{
	const struct place places[] = { { 'p', marked }, { 'r', marked }, { 0, NULL } };

	return judge(all, places, 2 * 2 * 20);
}
