// SPDX-License-Identifier: GPL-2.0-only
// 64 32: Events of two processes at one place; one is closed and opened while both hit and fork.
#include "perf.h"

STEPPED(stepped);
EMULATED(emulated);

static void hit_on(volatile int *stop, volatile int *times)
{
	while (!*stop) {
		if (stepped(5) != 15 || emulated(7) != 21)
			_exit(1);
		++*times;
		if (!(*times % 50)) {
			pid_t pid = fork();
			int status;

			if (!pid)
				_exit(stepped(1) != 3 || emulated(1) != 3);
			waitpid(pid, &status, 0);
			if (status)
				_exit(2);
		}
	}
	_exit(0);
}

int main(void)
{
	const struct perf_event_attr none = { 0 };
	volatile int *times = shared(PAGE);
	uint64_t value = 0;
	pid_t pids[3];
	int fd, status;

	begin();
	for (int i = 0; i < 3; i++) {
		pids[i] = fork();
		if (!pids[i])
			hit_on(&noted->flag[0], &times[16 * i]);
	}
	fd = attach(none, stepped, pids[0], 0);
	if (fd < 0)
		return say("not ok", "cannot attach: %d", errno);
	for (int i = 0; i < 8; i++) {
		int a = attach(none, stepped, pids[1], i & 1), b = attach(none, emulated, pids[1], !(i & 1));

		if (a < 0 || b < 0)
			return say("not ok", "cannot attach again: %d", errno);
		nap(10);
		close(a);
		close(b);
	}
	noted->flag[0] = 1;
	for (int i = 0; i < 3; i++) {
		waitpid(pids[i], &status, 0);
		if (status)
			return say("not ok", "process %d: %#x", i, status);
	}
	if (read(fd, &value, sizeof(value)) != sizeof(value) || !value || (long)value > times[0])
		return say("not ok", "%ld hits of %d", (long)value, times[0]);
	return say("ok", "as many as there can be");
}
