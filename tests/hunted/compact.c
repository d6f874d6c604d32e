// SPDX-License-Identifier: GPL-2.0-only
// 64 32: Pages are moved and caches dropped while their breakpoints are hit and removed.
#include "hunted.h"

STEPPED(stepped);
EMULATED(emulated);

static int moved(void)
{
	pid_t pid = fork();

	if (!pid) {
		for (int i = 0; i < 3; i++) {
			put("/proc/sys/vm/compact_memory", "1");
			put("/proc/sys/vm/drop_caches", "3");
			nap(10);
		}
		_exit(0);
	}
	while (waitpid(pid, NULL, WNOHANG) != pid)
		for (int i = 0; i < 50; i++)
			CHECK(stepped(i) == 3 * i && emulated(i) == 3 * i);
	return 0;
}

int main(void)
{
	const struct place places[] = { { 'p', stepped }, { 'p', emulated }, { 'r', stepped }, { 0, NULL } };

	return judge(moved, places, -1);
}
