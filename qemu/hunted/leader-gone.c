// SPDX-License-Identifier: GPL-2.0-only
// 64: Probes are armed and removed in a process whose first thread has ended.
#include "hunted.h"

STEPPED(stepped);
STEPPED(returns);
static int pipe_fd[2];

static void *work(void *unused)
{
	while (!noted->flag[0])
		nap(5);
	for (int i = 0; i < 200; i++) {
		if (stepped(i) != 3 * i || returns(i) != 3 * i)
			_exit(1);
		nap(2);
	}
	write(pipe_fd[1], "x", 1);
	_exit(0);
	return unused;
}

int main(void)
{
	pthread_t thread;
	char c;
	long got;
	int status;
	pid_t pid;

	begin();
	if (pipe(pipe_fd))
		return 1;
	pid = fork();
	if (!pid) {
		pthread_create(&thread, NULL, work, NULL);
		pthread_exit(NULL);
	}
	nap(50);
	empty_trace();
	if (arm('p', "a", stepped) || arm('r', "b", returns))
		return say("not ok", "cannot arm");
	noted->flag[0] = 1;
	read(pipe_fd[0], &c, 1);
	waitpid(pid, &status, 0);
	got = recorded();
	if (status)
		return say("not ok", "status %#x", status);
	if (got != 400)
		return say("not ok", "%ld hits, not 400", got);
	return say("ok", "400 hits");
}
