// SPDX-License-Identifier: GPL-2.0-only
// 64 32: Processes that share memory and nothing else step at once; one of them executes, one is killed.
#include "hunted.h"

STEPPED(stepped);
STEPPED(returns);
static char *self;

static int child(void *how)
{
	for (int i = 0; i < 300; i++)
		if (stepped(i) != 3 * i || returns(i) != 3 * i)
			return 1;
	if (how == (void *)1)
		execl(SELF, self, "x", NULL);
	if (how == (void *)2)
		for (;;)
			stepped(1);
	return 0;
}

static int all(void)
{
	int status;

	for (int round = 0; round < 2; round++) {
		pid_t pids[3];

		for (long i = 0; i < 3; i++)
			pids[i] = clone(child, (char *)shared(65536) + 65536, CLONE_VM | SIGCHLD, (void *)i);
		child(NULL);
		nap(20);
		kill(pids[2], SIGKILL);
		for (int i = 0; i < 3; i++) {
			CHECK(waitpid(pids[i], &status, 0) == pids[i]);
			CHECK(i == 2 ? WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL : !status);
		}
		CHECK(stepped(4) == 12);
	}
	return 0;
}

int main(int argc, char **argv)
{
	const struct place places[] = { { 'p', stepped }, { 'r', returns }, { 0, NULL } };

	self = argv[0];
	if (argc > 1)
		return stepped(5) != 15;
	return judge(all, places, -1);
}
