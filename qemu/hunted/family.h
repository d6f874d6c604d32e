/* SPDX-License-Identifier: GPL-2.0-only */
/* An inherited perf event of a parent and its children, which take turns on one processor: perf exchanges their contexts. */
#ifndef HUNTED_FAMILY_H
#define HUNTED_FAMILY_H

#include "perf.h"

STEPPED(stepped);

#define TURNS	10

static inline bool call(void)
{
	return stepped(5) == 15;
}

/* A child for each turn: it calls, and the parent calls when it has ended. */
static inline int family(int from)
{
	int status = -1;
	char go;

	if (read(from, &go, 1) != 1)
		return 1;
	for (int i = 0; i < TURNS; i++) {
		pid_t pid = fork();

		if (!pid)
			_exit(!call());
		if (waitpid(pid, &status, 0) != pid || status || !call())
			return 2;
	}
	return 0;
}

/* Say how many hits an event has that @open opens for the parent. */
static inline int judge_family(int (*open)(struct perf_event_attr attr, pid_t pid))
{
	const struct perf_event_attr attr = { .inherit = 1 };
	int ends[2], fd, status = -1;
	uint64_t got = 0;
	cpu_set_t one;
	pid_t pid;

	begin();
	CPU_ZERO(&one);
	CPU_SET(0, &one);
	if (sched_setaffinity(0, sizeof(one), &one) || pipe(ends))
		return say("skip", "not to be kept on one processor");
	pid = fork();
	if (!pid) {
		alarm(50);
		_exit(family(ends[0]));
	}
	fd = open(attr, pid);
	if (fd < 0 || write(ends[1], "g", 1) != 1)
		return say("not ok", "cannot attach: %d", errno);
	waitpid(pid, &status, 0);
	if (status)
		return say("not ok", "status %#x", status);
	if (read(fd, &got, sizeof(got)) != sizeof(got) || got != 2 * TURNS)
		return say("not ok", "%ld hits, not %d", (long)got, 2 * TURNS);
	return say("ok", "%d hits", 2 * TURNS);
}

#endif
