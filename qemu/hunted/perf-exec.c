// SPDX-License-Identifier: GPL-2.0-only
// 64 32: A perf event that counts from the next exec on, as perf stat opens it for a command: the command's hits and no others.
#include "perf.h"

STEPPED(stepped);
EMULATED(emulated);

#define BEFORE	3
#define IN	10

static bool call(int times)
{
	while (times--)
		if (stepped(times) != 3 * times || emulated(times) != 3 * times)
			return false;
	return true;
}

/* Wait until one is watched, and execute the command. */
static int start(int from)
{
	char go;

	if (!call(BEFORE) || read(from, &go, 1) != 1 || !call(BEFORE))
		return 1;
	execl(SELF, "perf-exec", "command", NULL);
	return 2;
}

static int count(void)
{
	const struct perf_event_attr attr = { .disabled = 1, .enable_on_exec = 1 };
	const void *const places[] = { stepped, emulated, stepped };
	int ends[2], fd[3], status = -1;
	uint64_t got = 0;
	pid_t pid;

	CHECK(!pipe(ends));
	pid = fork();
	if (!pid)
		_exit(start(ends[0]));
	for (int i = 0; i < 3; i++) {
		fd[i] = attach(attr, places[i], pid, i == 2);
		CHECK(fd[i] >= 0);
	}
	CHECK(write(ends[1], "g", 1) == 1 && call(BEFORE));
	waitpid(pid, &status, 0);
	CHECK(!status);
	for (int i = 0; i < 3; i++) {
		CHECK(read(fd[i], &got, sizeof(got)) == sizeof(got) && got == IN);
		close(fd[i]);
	}
	close(ends[0]);
	close(ends[1]);
	return 0;
}

static int all(void)
{
	for (int i = 0; i < 10; i++)
		CHECK(!count());
	return 0;
}

int main(int argc, char **argv)
{
	int status;

	(void)argv;
	if (argc > 1)
		return !call(IN);
	begin();
	status = run(all);
	return status ? say("not ok", "status %#x", status) : say("ok", "the command's alone");
}
