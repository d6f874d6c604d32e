// SPDX-License-Identifier: GPL-2.0-only
// 64 32: Events of perf for one task only; it and another one map the other file over the first.
#include "twins.h"
#include <linux/perf_event.h>

static int attach_twin(int which, pid_t pid)
{
	FILE *file = fopen("/sys/bus/event_source/devices/uprobe/type", "re");
	struct perf_event_attr attr = { .size = sizeof(attr) };
	int type = 0;

	if (!file || fscanf(file, "%d", &type) != 1)
		return -1;
	fclose(file);
	attr.type = type;
	attr.config1 = (uintptr_t)twin_file[which];
	return syscall(SYS_perf_event_open, &attr, pid, -1, -1, 8);
}

static long value(int fd)
{
	uint64_t count = 0;

	return read(fd, &count, sizeof(count)) == sizeof(count) ? (long)count : -1;
}

static int live(int go, volatile int *done)
{
	twin_fn fn = map_twin(0, NULL);
	char c;

	for (int i = 0; i < 30; i++) {
		if (read(go, &c, 1) != 1)
			return 1;
		CHECK(map_twin(i % 2, fn) == fn);
		CHECK(is_twin(fn, i % 2, 4));
		*done = i + 1;
	}
	return 0;
}

int main(void)
{
	int err = make_twins(), go[2][2], fd[TWINS], status, wrong = 0;
	pid_t pid[2];
	long got[TWINS];

	if (err)
		return say("not ok", "cannot arm: error %d", err);
	/* Only perf wants them. */
	disarm("zero");
	disarm("one");
	for (int i = 0; i < 2; i++) {
		if (pipe(go[i]))
			return 1;
		pid[i] = fork();
		if (!pid[i])
			_exit(live(go[i][0], &noted->flag[i]));
	}
	for (int i = 0; i < TWINS; i++) {
		fd[i] = attach_twin(i, pid[0]);
		if (fd[i] < 0)
			return say("skip", "no event: error %d", errno);
	}
	for (int i = 0; i < 30; i++) {
		for (int k = 0; k < 2; k++)
			if (write(go[k][1], "x", 1) != 1)
				return 1;
		for (int k = 0; (noted->flag[0] <= i || noted->flag[1] <= i) && k < 60000; k++)
			nap(1);
		/* One goes, and comes back, every now and then. */
		if (i == 10 || i == 20) {
			got[0] = value(fd[0]);
			if (got[0] != (i + 2) / 2 * 4)
				wrong = i;
		}
	}
	for (int i = 0; i < 2; i++) {
		if (waitpid(pid[i], &status, 0) != pid[i] || status)
			return say("not ok", "task %d: status %#x", i, status);
	}
	for (int i = 0; i < TWINS; i++)
		got[i] = value(fd[i]);
	if (wrong || got[0] != 60 || got[1] != 60)
		return say("not ok", "%ld and %ld hits, not 60 and 60; wrong at %d", got[0], got[1], wrong);
	return say("ok", "60 and 60 hits, of one task");
}
