// SPDX-License-Identifier: GPL-2.0-only
// 64 32: A perf event of one task has a reference counter: it is that task's alone, and its children's until they hit the place.
#include "perf.h"

STEPPED(one);
static __attribute__((section(".data.sema"))) volatile unsigned short sema;

enum { TASK, OTHER, CHILD, END };
enum { NOTHING, COUNTER, CALL, FORK };

static int serve(int who)
{
	while (!noted->flag[END]) {
		int what = noted->flag[who];

		if (what == CALL)
			noted->value[who] = one(5);
		if (what == COUNTER)
			noted->value[who] = sema;
		if (what == FORK && !fork())
			return serve(CHILD);
		if (what != NOTHING)
			noted->flag[who] = NOTHING;
		nap(1);
	}
	return 0;
}

static long ask(int who, int what)
{
	noted->value[who] = -1;
	noted->flag[who] = what;
	while (noted->flag[who] != NOTHING)
		nap(1);
	return noted->value[who];
}

static bool are(int task, int other)
{
	return ask(TASK, COUNTER) == task && ask(OTHER, COUNTER) == other && !sema &&
		ask(TASK, CALL) == 15 && ask(OTHER, CALL) == 15;
}

static int watch(pid_t task)
{
	const struct perf_event_attr none = { 0 };
	int fd = attach_counter(none, one, task, 0, data_offset(&sema));
	uint64_t count = 0;

	CHECK(fd >= 0);
	for (int i = 0; i < 5; i++)
		CHECK(are(1, 0));
	ask(TASK, FORK);
	CHECK(ask(CHILD, COUNTER) == 1 && ask(CHILD, CALL) == 15);
	CHECK(ask(CHILD, COUNTER) == 0 && ask(CHILD, CALL) == 15);
	CHECK(are(1, 0));
	CHECK(read(fd, &count, sizeof(count)) == sizeof(count) && count == 6);
	close(fd);
	CHECK(are(0, 0) && ask(CHILD, COUNTER) == 0);
	return 0;
}

int main(void)
{
	pid_t pids[2];
	int bad;

	begin();
	for (int who = TASK; who <= OTHER; who++) {
		pids[who] = fork();
		if (!pids[who]) {
			alarm(50);
			_exit(serve(who));
		}
	}
	bad = watch(pids[TASK]);
	noted->flag[END] = 1;
	waitpid(pids[TASK], NULL, 0);
	waitpid(pids[OTHER], NULL, 0);
	return bad ? say("not ok", "a counter is not what it should be") : say("ok", "the task's alone");
}
