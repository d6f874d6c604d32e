// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hits on several processors at once: of one probe, or of a probe for each.
 *
 * Threads, one for each processor, call a probed function for a while, without
 * the probe and with it.  Hits are counted and not recorded.  Prints KTAP, see
 * qemu/README.md.
 *
 * --hold=ROW has two threads call for ever: for who watches what the kernel
 * executes.
 */
#include "cost.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tracefs.h"

#define MILLISECONDS	200
/* Calls before one that takes the time. */
#define BATCH		16

struct kind {
	const char	*name;
	char		type;
	void		(*const *calls)(void);
};

static const struct kind kinds[] = {
	{ "nop", 'p', cost_nops },
	{ "stepped", 'p', cost_imuls },
	{ "return", 'r', cost_nops },
};

#define KINDS		(sizeof(kinds) / sizeof(kinds[0]))

static const int threads[] = { 1, 2, 4, 8 };

struct row {
	const struct kind	*kind;
	bool			apart;	/* a probe for each thread */
	int			count;	/* of threads */
};

struct worker {
	pthread_t	thread;
	int		cpu;
	void		(*call)(void);
	unsigned long	calls;
};

static struct worker workers[COST_SEVERAL];
static struct probe probes[COST_SEVERAL];
static pthread_barrier_t begin;
static atomic_bool over;

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

static void *work(void *data)
{
	struct worker *worker = data;
	int i;

	pin(worker->cpu);
	/* the first hits pay for pages and slots */
	for (i = 0; i < BATCH; i++)
		worker->call();
	pthread_barrier_wait(&begin);
	while (!atomic_load_explicit(&over, memory_order_relaxed)) {
		for (i = 0; i < BATCH; i++)
			worker->call();
		worker->calls += BATCH;
	}
	return NULL;
}

static unsigned long now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000UL + now.tv_nsec;
}

/* Have all threads call for a while; returns the calls in a second, or 0. */
static unsigned long rate(const struct row *row)
{
	const struct timespec wait = { .tv_nsec = MILLISECONDS * 1000000L };
	unsigned long calls = 0, start;
	int i;

	pthread_barrier_init(&begin, NULL, row->count + 1);
	atomic_store(&over, false);
	for (i = 0; i < row->count; i++) {
		workers[i] = (struct worker) {
			.cpu = i, .call = row->kind->calls[row->apart ? i : 0],
		};
		if (pthread_create(&workers[i].thread, NULL, work, &workers[i]))
			exit(1);
	}
	pthread_barrier_wait(&begin);
	start = now_ns();
	nanosleep(&wait, NULL);
	atomic_store(&over, true);
	for (i = 0; i < row->count; i++) {
		pthread_join(workers[i].thread, NULL);
		calls += workers[i].calls;
	}
	pthread_barrier_destroy(&begin);
	return calls * 1000000000UL / (now_ns() - start);
}

/* Arm the probes of a row: 0, or the errno. */
static int arm(const struct row *row)
{
	int i, err;

	for (i = 0; i < (row->apart ? row->count : 1); i++) {
		const void *at = row->kind->calls[i];

		err = row->kind->type == 'r' ?
			probe_define_return(&probes[i], at) :
			probe_define(&probes[i], at);
		if (!err)
			err = probe_arm(&probes[i]);
		if (err)
			return err;
	}
	return 0;
}

/* Disarm them, and return what they have counted. */
static unsigned long disarm(void)
{
	unsigned long hits = 0;
	int i;

	for (i = 0; i < COST_SEVERAL; i++) {
		if (probes[i].armed)
			hits += probe_hits(&probes[i]);
		probe_remove(&probes[i]);
	}
	return hits;
}

static void print_name(const struct row *row)
{
	printf("%s-%s-%d", row->kind->name, row->apart ? "apart" : "one",
	       row->count);
}

/* Measure one row. */
static bool run(const struct row *row)
{
	unsigned long without, with = 0, hits, want = 0;
	bool good;
	int i, err;

	without = rate(row);
	err = arm(row);
	if (!err)
		with = rate(row);
	for (i = 0; i < row->count; i++)
		want += workers[i].calls + BATCH;
	hits = disarm();
	/* 6.1 loses some of what several processors count of one event */
	good = !err && (row->apart || row->count == 1 ? hits == want : hits > 0);
	printf("# ");
	print_name(row);
	printf(": outcome=%s errno=%d hits=%lu rate=%lu unprobed=%lu\n",
	       good ? "pass" : "miscounted", err, hits, with, without);
	return good;
}

static int run_all(void)
{
	int cpus = sysconf(_SC_NPROCESSORS_ONLN), count = 0, nr = 0, bad = 0;
	struct row rows[2 * 4 * KINDS];
	size_t kind, i;
	int apart;

	for (kind = 0; kind < KINDS; kind++) {
		for (apart = 0; apart < 2; apart++) {
			for (i = 0; i < sizeof(threads) / sizeof(threads[0]); i++) {
				if (threads[i] <= cpus)
					rows[count++] = (struct row) {
						&kinds[kind], apart, threads[i]
					};
			}
		}
	}
	printf("KTAP version 1\n1..%d\n", count);
	while (nr < count) {
		bool good = run(&rows[nr]);

		bad += !good;
		printf("%sok %d ", good ? "" : "not ", nr + 1);
		print_name(&rows[nr++]);
		printf("\n");
	}
	printf("# uprobekit: %d tests, %d failed\n# uprobekit: done\n", count,
	       bad);
	return bad != 0;
}

static void *hold_thread(void *data)
{
	struct worker *worker = data;

	pin(worker->cpu);
	for (;;) {
		worker->call();
		cost_pause();
	}
	return NULL;
}

/* Have two threads call for ever: the row is KIND-one or KIND-apart. */
static int hold(const char *name)
{
	struct row row = { .count = 2 };
	size_t i;

	for (i = 0; i < KINDS; i++) {
		if (!strncmp(name, kinds[i].name, strlen(kinds[i].name)))
			row.kind = &kinds[i];
	}
	row.apart = strstr(name, "-apart");
	if (!row.kind || arm(&row)) {
		printf("Bail out! %s cannot be armed\n", name);
		return 1;
	}
	for (i = 0; i < 2; i++) {
		workers[i] = (struct worker) {
			.cpu = i, .call = row.kind->calls[row.apart ? i : 0],
		};
		if (pthread_create(&workers[i].thread, NULL, hold_thread,
				   &workers[i]))
			return 1;
	}
	sleep(1);
	printf("# uprobekit: pause=%p\n", cost_pause);
	pthread_join(workers[0].thread, NULL);
	return 0;
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (trace_record(false)) {
		printf("Bail out! there is no tracefs\n");
		return 1;
	}
	if (argc > 1 && !strncmp(argv[1], "--hold=", 7))
		return hold(argv[1] + 7);
	return run_all();
}
