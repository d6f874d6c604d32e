// SPDX-License-Identifier: GPL-2.0-only
/* Tests of what happens between a hit and its handling. */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "child.h"
#include "tests.h"

#define PAGE		4096

/* An entry and a return probe for each of three functions */
#define GROUP_EVENTS	6

/* For how long the code is replaced, in seconds of time() */
#define REPLACE_S	1

static volatile int done;

/* How often the code was called */
static volatile unsigned long calls;

/* The page of the functions as it is without a probe. */
static uint8_t unprobed[PAGE];

/* Map the page of the functions in the file of this program, at an address. */
static void *map_probed(void *where)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	void *page = mmap(where, PAGE, PROT_READ | PROT_EXEC,
			  MAP_PRIVATE | (where ? MAP_FIXED : 0), fd,
			  file_offset(hit_xol) & -PAGE);

	close(fd);
	return page;
}

/* Put the same code there in memory that belongs to no file. */
static bool replace_probed(void *code)
{
	void *spare = mmap(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (spare == MAP_FAILED)
		return false;
	memcpy(spare, unprobed, PAGE);
	return mremap(spare, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
		      code) == code;
}

/* Let the other thread call the code once more, or twice. */
static void let_call(void)
{
	unsigned long before = calls;

	while (calls - before < 2 && !done)
		sched_yield();
}

/*
 * Replace the code that the other thread executes. If that has hit the probe
 * meanwhile, it has to wait until the mapping is another one.
 */
static void *replacer(void *code)
{
	time_t end = time(NULL) + REPLACE_S;
	bool good = true;

	while (good && time(NULL) < end) {
		good = map_probed(code) == code;
		let_call();
		good = good && replace_probed(code);
		let_call();
		board->count++;
	}
	done = 1;
	return good ? NULL : code;
}

/* Hit in code that is replaced, with a number that takes all of its bytes. */
static int hit_replaced(void)
{
	uint8_t *code = map_probed(NULL);
	pthread_t thread;
	void *failed;
	hit_fn hit;

	CHECK(code != MAP_FAILED);
	hit = (hit_fn)(uintptr_t)(code + (uintptr_t)hit_xol % PAGE);
	CHECK(!pthread_create(&thread, NULL, replacer, code));
	for (; !done; calls++)
		CHECK(hit(-5) == -15);
	CHECK(!pthread_join(thread, &failed));
	CHECK(!failed);
	return 0;
}

/*
 * Fault: a task that has hit when there was a probe, and is handled when there
 * is none any more, goes on in the middle of the instruction.
 */
static void mm_hit_replaced(struct result *r)
{
	unsigned long before = trace_hits(), hits;
	struct probe p;
	int status;

	memcpy(unprobed, (const void *)((uintptr_t)hit_xol & -PAGE), PAGE);
	if (arm_at(r, &p, hit_xol)) {
		status = wait_child(start_child(hit_replaced));
		hits = trace_hits() - before;
		/* How often it comes that far is a matter of time. */
		judge(r, status, hits, hits ? hits : 1);
		add_word(r, "rounds=%lu", board->count);
	}
	probe_remove(&p);
}

/* Call what is probed until the test has seen enough. */
static void *hitter(void *unused)
{
	while (!board->stop) {
		hit_nop(1);
		hit_xol(1);
		hit_push(1);
		sched_yield();
	}
	return unused;
}

static int hit_until_stopped(void)
{
	pthread_t thread;

	CHECK(!pthread_create(&thread, NULL, hitter, NULL));
	hitter(NULL);
	CHECK(!pthread_join(thread, NULL));
	return 0;
}

/* Let the child hit what is enabled: false if it has ended. */
static bool let_hit(pid_t pid, int *status)
{
	unsigned long before = trace_hits();

	while (trace_hits() - before < 20) {
		if (child_ended(pid, status))
			return false;
		sched_yield();
	}
	return true;
}

/* How often all events are enabled together, and disabled */
#define GROUP_ROUNDS	4

/* Define an entry and a return probe for each function. */
static bool define_group(struct result *r, struct probe *p)
{
	const void *const functions[] = { hit_nop, hit_xol, hit_push };
	size_t i;

	for (i = 0; i < GROUP_EVENTS; i++) {
		const void *at = functions[i / 2];
		int err = i % 2 ? probe_define_return(&p[i], at) :
				  probe_define(&p[i], at);

		if (!expect(r, !err, "cannot define a probe: error %d", err))
			return false;
	}
	return true;
}

/*
 * Fault: when events are disabled together their handlers are still running
 * when that is done, or when the events are freed right after it.
 */
static void arm_group(struct result *r)
{
	struct probe p[GROUP_EVENTS] = { };
	unsigned long begin = trace_hits(), hits = 0;
	int status = 0, round;
	bool there = true;
	pid_t pid;
	size_t i;

	pid = start_child(hit_until_stopped);
	for (round = 0; there && round < GROUP_ROUNDS; round++) {
		if (!define_group(r, p) ||
		    !expect(r, !group_enable(true), "cannot be enabled"))
			break;
		there = let_hit(pid, &status);
		expect(r, !group_enable(false), "cannot be disabled");
		hits = trace_hits();
		nap_ms(2);
		expect(r, trace_hits() == hits,
		       "%lu records after the events were disabled",
		       trace_hits() - hits);
		for (i = 0; i < GROUP_EVENTS; i++)
			probe_remove(&p[i]);
	}
	board->stop = 1;
	if (there)
		status = wait_child(pid);
	hits -= begin;
	judge(r, status, hits, hits ? hits : 1);
	for (i = 0; i < GROUP_EVENTS; i++)
		probe_remove(&p[i]);
}

const struct test race_tests[] = {
	TEST("mm-hit-replaced", "sigtrap", mm_hit_replaced),
	TEST_IF("arm-group", "sigtrap", arm_group, lacks_tracefs),
	{ .name = NULL },
};
