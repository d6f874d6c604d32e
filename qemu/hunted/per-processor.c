// SPDX-License-Identifier: GPL-2.0-only
// 64: An event of perf for each processor, as profilers of a system have; tasks are moved meanwhile. Each call counts once.
#include "perf.h"

STEPPED(stepped);
EMULATED(emulated);

enum { CALLS = 4000, THREADS = 3 };

static volatile int done;

static void *work(void *unused)
{
	for (int i = 0; i < CALLS; i++)
		if (stepped(i) != 3 * i || emulated(i) != 3 * i)
			_exit(1);
	__atomic_add_fetch(&done, 1, __ATOMIC_SEQ_CST);
	return unused;
}

/* Move them from one processor to the other for as long as they work. */
static void move(const pid_t *tids)
{
	for (int i = 0; done < THREADS; i++) {
		cpu_set_t one;

		CPU_ZERO(&one);
		CPU_SET(i & 1, &one);
		for (int j = 0; j < THREADS; j++)
			sched_setaffinity(tids[j], sizeof(one), &one);
	}
}

static pid_t tids[THREADS];

static void *start(void *at)
{
	__atomic_store_n((pid_t *)at, (pid_t)syscall(SYS_gettid), __ATOMIC_SEQ_CST);
	return work(at);
}

static long count(const int *fds)
{
	uint64_t value;
	long sum = 0;

	for (int cpu = 0; cpu < 2; cpu++)
		sum += read(fds[cpu], &value, sizeof(value)) == sizeof(value) ? (long)value : 0;
	return sum;
}

int main(void)
{
	const void *const at[] = { stepped, emulated, stepped, emulated };
	const struct perf_event_attr plain = { 0 };
	pthread_t threads[THREADS];
	int fds[4][2];

	begin();
	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		return say("skip", "one processor");
	for (int i = 0; i < 4; i++)
		for (int cpu = 0; cpu < 2; cpu++) {
			fds[i][cpu] = attach_on(plain, at[i], -1, cpu, i / 2);
			if (fds[i][cpu] < 0)
				return say("not ok", "event %d cannot be attached: %d", i, errno);
		}
	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, start, &tids[i]);
	for (int i = 0; i < THREADS; i++)
		while (!__atomic_load_n(&tids[i], __ATOMIC_SEQ_CST))
			sched_yield();
	move(tids);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < 4; i++)
		if (count(fds[i]) != CALLS * THREADS)
			return say("not ok", "event %d: %ld of %d", i, count(fds[i]), CALLS * THREADS);
	return say("ok", "%d each", CALLS * THREADS);
}
