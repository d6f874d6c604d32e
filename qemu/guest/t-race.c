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

const struct test race_tests[] = {
	TEST("mm-hit-replaced", "sigtrap", mm_hit_replaced),
	{ .name = NULL },
};
