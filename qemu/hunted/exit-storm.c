// SPDX-License-Identifier: GPL-2.0-only
// 64 32: Processes of many threads end while their threads step, wait and are pending: exit, kill, core.
#include "storm.h"

static int storm(void)
{
	for (int i = 0; i < 9; i++) {
		pid_t pid;
		int status;

		/* Without a child everybody would be killed below. */
		while ((pid = fork()) < 0)
			nap(1);
		if (!pid) {
			pthread_t thread;

			for (int j = 0; j < 6; j++)
				pthread_create(&thread, NULL, work, NULL);
			nap(3 + i % 4);
			if (i % 3 == 0)
				_exit(0);
			if (i % 3 == 1)
				abort();
			/* Until it is killed: what follows is its parent's. */
			for (;;)
				pause();
		}
		if (i % 3 == 2) {
			nap(8);
			kill(pid, SIGKILL);
		}
		CHECK(waitpid(pid, &status, 0) == pid);
		CHECK(i % 3 ? WIFSIGNALED(status) : !status);
	}
	return 0;
}

int main(void)
{
	const struct place places[] = NESTED;

	return judge(storm, places, -1);
}
