// SPDX-License-Identifier: GPL-2.0-only
// 64 32: A program that steps and returns is stopped and continued by signals, with a tracer that only listens, and without.
#include "storm.h"

#define TIMES 25

static int status_of(pid_t pid, int options)
{
	int status = 0;

	return waitpid(pid, &status, options) == pid ? status : -1;
}

static int without(pid_t pid)
{
	for (int i = 0; i < TIMES; i++) {
		kill(pid, SIGSTOP);
		CHECK(WIFSTOPPED(status_of(pid, WUNTRACED)));
		kill(pid, SIGCONT);
		CHECK(WIFCONTINUED(status_of(pid, WCONTINUED)));
	}
	return 0;
}

/* The stop of the group; the tracer lets it last until SIGCONT. */
static int listens(pid_t pid)
{
	CHECK(!ptrace(PTRACE_SEIZE, pid, 0, 0));
	for (int i = 0; i < TIMES; i++) {
		kill(pid, SIGSTOP);
		CHECK(status_of(pid, __WALL) >> 8 == SIGSTOP);
		CHECK(!ptrace(PTRACE_CONT, pid, 0, SIGSTOP));
		CHECK(status_of(pid, __WALL) >> 8 == (SIGSTOP | PTRACE_EVENT_STOP << 8));
		CHECK(!ptrace(PTRACE_LISTEN, pid, 0, 0));
		kill(pid, SIGCONT);
		CHECK(status_of(pid, __WALL) >> 8 == (SIGTRAP | PTRACE_EVENT_STOP << 8));
		CHECK(!ptrace(PTRACE_CONT, pid, 0, 0));
		CHECK(status_of(pid, __WALL) >> 8 == SIGCONT);
		CHECK(!ptrace(PTRACE_CONT, pid, 0, 0));
		nap(1);
	}
	return 0;
}

static int body(void)
{
	pid_t pid = fork();
	int status;

	if (!pid)
		work(NULL);
	nap(20);
	if (without(pid) || listens(pid)) {
		kill(pid, SIGKILL);
		return 1;
	}
	kill(pid, SIGKILL);
	status = status_of(pid, __WALL);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	return 0;
}

int main(void)
{
	static const struct place places[] = NESTED;

	return judge(body, places, -1);
}
