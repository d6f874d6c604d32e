// SPDX-License-Identifier: GPL-2.0-only
// 64 32: Pages are moved and caches dropped while their breakpoints are hit and removed.
#include "storm.h"

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
	return hit_until(pid);
}

int main(void)
{
	const struct place places[] = FLAT;

	return judge(moved, places, -1);
}
