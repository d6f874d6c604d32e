// SPDX-License-Identifier: GPL-2.0-only
// 64: A processor goes and comes while probes are hit, armed and removed.
#include "storm.h"

#define ONLINE "/sys/devices/system/cpu/cpu1/online"

static int plugged(void)
{
	pid_t pid = fork();

	if (!pid) {
		for (int i = 0; i < 4; i++) {
			put(ONLINE, "0");
			nap(30);
			put(ONLINE, "1");
			nap(30);
		}
		_exit(0);
	}
	return hit_until(pid);
}

int main(void)
{
	const struct place places[] = FLAT;
	int ret = judge(plugged, places, -1);

	put(ONLINE, "1");
	return ret;
}
