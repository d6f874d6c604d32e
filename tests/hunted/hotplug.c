// SPDX-License-Identifier: GPL-2.0-only
// 64: A processor goes and comes while probes are hit, armed and removed.
#include "hunted.h"

STEPPED(stepped);
EMULATED(emulated);
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
	while (waitpid(pid, NULL, WNOHANG) != pid)
		for (int i = 0; i < 50; i++)
			CHECK(stepped(i) == 3 * i && emulated(i) == 3 * i);
	return 0;
}

int main(void)
{
	const struct place places[] = { { 'p', stepped }, { 'p', emulated }, { 'r', stepped }, { 0, NULL } };
	int ret = judge(plugged, places, -1);

	put(ONLINE, "1");
	return ret;
}
