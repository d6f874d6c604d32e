// SPDX-License-Identifier: GPL-2.0-only
// 64: A perf event of one process, inherited: threads, children and what they execute count, others do not.
#include "perf.h"

STEPPED(stepped);
EMULATED(emulated);

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
	const struct perf_event_attr alone = { 0 }, inherited = { .inherit = 1 };
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
	fds[0] = attach(inherited, stepped, pid, 0);
	fds[1] = attach(inherited, emulated, pid, 0);
	fds[2] = attach(inherited, stepped, pid, 1);
	fds[3] = attach(alone, stepped, pid, 0);
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
