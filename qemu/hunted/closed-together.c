// SPDX-License-Identifier: GPL-2.0-only
// 64: Hundreds of perf events are closed while they are hit, one by one and by a task that ends.
#include "perf.h"

#ifndef EVENTS
# define EVENTS	200
#endif

#define STRING(x)	#x
#define COUNT(x)	STRING(x)

/* Each is probed. */
asm(".text\nslide:\n.fill " COUNT(EVENTS) ", 1, 0x90\nret\n");
void slide(void);

static int events[EVENTS];

static void *slider(void *unused)
{
	while (!noted->flag[0]) {
		if (noted->flag[3])
			nap(1);
		else
			slide();
	}
	return unused;
}

static long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* Events of task @pid; return how many there are. */
static int open_all(pid_t pid)
{
	const struct perf_event_attr attr = { .sample_period = 0 };
	int i;

	for (i = 0; i < EVENTS; i++) {
		events[i] = attach(attr, (char *)slide + i, pid, 0);
		if (events[i] < 0)
			break;
	}
	return i;
}

static int breakpoints(void)
{
	int count = 0;

	for (int i = 0; i < EVENTS; i++)
		count += ((volatile unsigned char *)slide)[i] != 0x90;
	return count;
}

/* Close them one by one; return how long that takes. */
static long close_all(void)
{
	long start = now_ms();

	for (int i = 0; i < EVENTS; i++)
		close(events[i]);
	return now_ms() - start;
}

/* A child opens them for the parent, and ends; return how long that takes. */
static long end_with_all(void)
{
	pid_t target = getpid(), pid = fork();
	long start;

	if (!pid) {
		noted->flag[1] = open_all(target);
		noted->flag[2] = breakpoints();
		noted->value[0] = now_ms();
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	start = noted->value[0];
	return now_ms() - start;
}

int main(void)
{
	struct rlimit limit = { EVENTS + 100, EVENTS + 100 };
	long opened, closed, quiet, ended, start;
	pthread_t thread;

	begin();
	setrlimit(RLIMIT_NOFILE, &limit);
	pthread_create(&thread, NULL, slider, NULL);
	start = now_ms();
	if (open_all(0) != EVENTS)
		return say("skip", "no event: error %d", errno);
	opened = now_ms() - start;
	if (breakpoints() != EVENTS)
		return say("not ok", "%d breakpoints", breakpoints());
	nap(100);
	closed = close_all();
	if (breakpoints())
		return say("not ok", "%d breakpoints are left by close()", breakpoints());
	noted->flag[3] = 1;
	nap(10);
	if (open_all(0) != EVENTS)
		return say("not ok", "no event any more: error %d", errno);
	quiet = close_all();
	noted->flag[3] = 0;
	ended = end_with_all();
	if (noted->flag[1] != EVENTS)
		return say("not ok", "%d events of a child", noted->flag[1]);
	if (breakpoints())
		return say("not ok", "%d breakpoints are left by a child", breakpoints());
	noted->flag[0] = 1;
	pthread_join(thread, NULL);
	return say("ok", "%d events, opened in %ld ms, closed in %ld ms, not hit in %ld ms, ended in %ld ms",
		   EVENTS, opened, closed, quiet, ended);
}
