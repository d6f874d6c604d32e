// SPDX-License-Identifier: GPL-2.0-only
// 64: A probe joins a trace event that perf has open; the event is opened once more, hit, and closed.
#include "perf.h"

STEPPED(stepped);
EMULATED(emulated);

static long value(int fd)
{
	uint64_t count = 0;

	return read(fd, &count, sizeof(count)) == sizeof(count) ? (long)count : -1;
}

/* Another task, for which the event is opened, too. */
static pid_t sleeper(void)
{
	pid_t pid = fork();

	if (!pid) {
		pause();
		_exit(0);
	}
	return pid;
}

int main(void)
{
	pid_t pid = sleeper();
	int first, second;
	long got;

	begin();
	if (define('p', "one", SELF, file_offset(stepped), NULL))
		return say("skip", "cannot be defined");
	first = open_event((struct perf_event_attr){ 0 }, "one", 0);
	if (first < 0)
		return say("skip", "no event: error %d", errno);
	if (define('p', "one", SELF, file_offset(emulated), NULL))
		return say("not ok", "a second place cannot be defined");
	second = open_event((struct perf_event_attr){ 0 }, "one", pid);
	for (int i = 0; i < 5; i++)
		if (stepped(i) != 3 * i || emulated(i) != 3 * i)
			return say("not ok", "a wrong result");
	got = value(first);
	close(second);
	close(first);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return say(got == 5 ? "ok" : "not ok", "%d hits", (int)got);
}
