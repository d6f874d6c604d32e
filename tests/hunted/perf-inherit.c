// SPDX-License-Identifier: GPL-2.0-only
// 64: A perf event of one process, inherited: threads, children and what they execute count, others do not.
#include "hunted.h"
#include <linux/perf_event.h>

STEPPED(stepped);
EMULATED(emulated);

static int attach(const void *at, pid_t pid, int inherit, int is_return)
{
	struct perf_event_attr attr = { .size = sizeof(attr) };
	int type = 0;
	FILE *file = fopen("/sys/bus/event_source/devices/uprobe/type", "re");

	if (!file || fscanf(file, "%d", &type) != 1)
		return -1;
	fclose(file);
	attr.type = type;
	attr.config = is_return;
	attr.config1 = (uintptr_t)SELF;
	attr.config2 = file_offset(at);
	attr.inherit = inherit;
	return syscall(SYS_perf_event_open, &attr, pid, -1, -1, 8);
}

static void *work(void *unused)
{
	for (int i = 0; i < 10; i++)
		if (stepped(i) != 3 * i || emulated(i) != 3 * i)
			_exit(1);
	return unused;
}

static long count(int fd)
{
	uint64_t value = -1;

	return read(fd, &value, sizeof(value)) == sizeof(value) ? (long)value : -1;
}

int main(int argc, char **argv)
{
	int status, go[2], fds[4];
	pthread_t thread;
	pid_t pid, other;

	begin();
	if (argc > 1)
		return work(NULL) != NULL;
	if (pipe(go))
		return 1;
	pid = fork();
	if (!pid) {
		char c;

		if (read(go[0], &c, 1) != 1)
			_exit(1);
		pthread_create(&thread, NULL, work, NULL);
		pthread_join(thread, NULL);
		if (!fork()) {
			work(NULL);
			execl(SELF, argv[0], "x", NULL);
			_exit(1);
		}
		wait(&status);
		work(NULL);
		_exit(status != 0);
	}
	fds[0] = attach(stepped, pid, 1, 0);
	fds[1] = attach(emulated, pid, 1, 0);
	fds[2] = attach(stepped, pid, 1, 1);
	fds[3] = attach(stepped, pid, 0, 0);
	if (fds[0] < 0 || fds[1] < 0 || fds[2] < 0 || fds[3] < 0)
		return say("not ok", "cannot attach: %d", errno);
	other = fork();
	if (!other) {
		for (int i = 0; i < 10; i++)
			work(NULL);
		_exit(0);
	}
	write(go[1], "g", 1);
	waitpid(other, &status, 0);
	if (status)
		return say("not ok", "the other one: %#x", status);
	waitpid(pid, &status, 0);
	if (status)
		return say("not ok", "status %#x", status);
	for (int i = 0; i < 3; i++)
		if (count(fds[i]) != 40)
			return say("not ok", "event %d: %ld hits, not 40", i, count(fds[i]));
	if (count(fds[3]) != 10)
		return say("not ok", "not inherited: %ld hits, not 10", count(fds[3]));
	return say("ok", "40 each");
}
