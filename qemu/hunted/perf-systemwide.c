// SPDX-License-Identifier: GPL-2.0-only
// 64 32: Events of a task and of each processor at one place, closed in either order: whose breakpoint goes when.
#include "perf.h"

STEPPED(place);

static int on_cpu(int cpu)
{
	struct perf_event_attr attr = { .size = sizeof(attr) };
	FILE *file = fopen("/sys/bus/event_source/devices/uprobe/type", "re");
	int type = 0;

	if (!file || fscanf(file, "%d", &type) != 1)
		return -1;
	fclose(file);
	attr.type = type;
	attr.config1 = (uintptr_t)SELF;
	attr.config2 = file_offset(place);
	return syscall(SYS_perf_event_open, &attr, -1, cpu, -1, 8);
}

static bool is_armed(void)
{
	return *(volatile unsigned char *)place == 0xcc;
}

static long count_of(int fd)
{
	long long count = -1;

	return read(fd, &count, sizeof(count)) == sizeof(count) ? count : -1;
}

/* A child without events of its own calls when told, and says what it sees. */
static void child(void)
{
	while (noted->flag[0] >= 0) {
		if (noted->flag[0] > noted->flag[1]) {
			noted->flag[2] = place(1) == 3;
			noted->flag[3] = is_armed();
			noted->flag[1] = noted->flag[0];
		}
		sched_yield();
	}
	_exit(0);
}

static bool child_is_armed(void)
{
	noted->flag[0]++;
	while (noted->flag[1] != noted->flag[0])
		sched_yield();
	return noted->flag[3];
}

static int orders(void)
{
	const struct perf_event_attr attr = { .sample_period = 0 };

	for (int order = 0; order < 2; order++) {
		int own = attach(attr, place, 0, 0), wide = on_cpu(0);

		CHECK(own >= 0 && wide >= 0);
		CHECK(is_armed() && child_is_armed());
		CHECK(place(2) == 6 && count_of(own) == 1);
		if (order) {
			close(own);
			CHECK(is_armed() && child_is_armed());
			CHECK(place(2) == 6);
			close(wide);
		} else {
			close(wide);
			CHECK(is_armed());
			CHECK(place(2) == 6 && count_of(own) == 2);
			/* A hit of somebody else may be what takes it away there. */
			child_is_armed();
			CHECK(!child_is_armed());
			close(own);
		}
		CHECK(!is_armed() && !child_is_armed() && place(2) == 6);
	}
	return 0;
}

int main(void)
{
	pid_t pid;
	int failed;

	begin();
	failed = on_cpu(0);
	if (failed < 0)
		return say("skip", "no events");
	close(failed);
	pid = fork();
	if (!pid)
		child();
	failed = orders();
	noted->flag[0] = -1;
	waitpid(pid, NULL, 0);
	return failed ? say("not ok", "breakpoints or counts") : say("ok", "both orders");
}
