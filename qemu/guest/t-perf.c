// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of probes and watchpoints by way of perf events.
 */
#include <linux/hw_breakpoint.h>
#include <linux/perf_event.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "child.h"
#include "debugfs.h"
#include "hits-64.h"
#include "perf.h"
#include "tests.h"

#define STORES		10
#define PAGE		4096
#define INT3		0xcc

/* This function returns the first byte of the probed function. */
static unsigned char first_byte(void)
{
	return *(const volatile unsigned char *)(uintptr_t)hit_xol;
}

/*
 * This function gets called in the child of the probed process, which has
 * inherited the breakpoint.  Nobody wants to see it there: it goes.
 */
static int unwanted(void)
{
	CHECK(first_byte() == INT3);
	CHECK(!hit_times(hit_xol, 1));
	CHECK(first_byte() != INT3);
	return hit_times(hit_xol, 1);
}

/* This function hits, has a child that hits, and hits again. */
static int wanted(void)
{
	while (!board->go)
		nap_ms(1);
	CHECK(!hit_times(hit_xol, 3));
	CHECK(!pass_on(wait_child(start_child(unwanted))));
	CHECK(first_byte() == INT3);
	return hit_times(hit_xol, 2);
}

/* This function tests a probe that is meant for one process. */
static void for_process(struct result *r, bool is_return)
{
	pid_t pid = start_child(wanted);
	int fd = perf_probe(pid, hit_xol, is_return);
	int status;

	expect(r, fd >= 0, "cannot open a probe for a process");
	board->go = 1;
	status = wait_child(pid);
	judge(r, status, perf_count(fd), 5);
	close(fd);
}

/* This function tests a probe of an instruction. */
static void perf_process(struct result *r)
{
	for_process(r, false);
}

/* This function tests a probe of a function's return. */
static void perf_return(struct result *r)
{
	for_process(r, true);
}

/* This function opens an event that counts stores to the word at an address. */
static int watch_stores(const void *address)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_BREAKPOINT,
		.bp_type = HW_BREAKPOINT_W,
		.bp_addr = (uintptr_t)address,
		.bp_len = HW_BREAKPOINT_LEN_8,
		.exclude_hv = 1,
	};

	return perf_open(&attr, 0);
}

/* This function watches what is stored by ten stores of each kind. */
static int watched(void)
{
	static long target __attribute__((aligned(8)));
	int fd = watch_stores(&target);
	int i;

	CHECK(fd >= 0);
	for (i = 0; i < STORES; i++) {
		store_mov(&target, i);
		CHECK(target == i);
		store_step(&target, -i);
		CHECK(target == -i);
	}
	board->count = perf_count(fd);
	return 0;
}

/* This function tests a watchpoint on what probed instructions store to. */
static void watch_perf(struct result *r)
{
	unsigned long before = trace_hits(), unprobed;
	struct probe p;
	int status;

	if (is_emulated()) {
		r->skip = "QEMU cannot step and watch one store";
		return;
	}
	status = wait_child(start_child(watched));
	unprobed = board->count;
	expect(r, !status, "unprobed: status %#x", status);
	expect(r, unprobed == 2 * STORES,
	       "unprobed: expected %d stores, saw %lu", 2 * STORES, unprobed);
	expect(r, !probe_define(&p, store_mov), "cannot define");
	expect(r, !probe_extend(&p, store_step), "cannot define the second");
	if (expect(r, !probe_arm(&p), "cannot arm the probes")) {
		status = wait_child(start_child(watched));
		judge(r, status, trace_hits() - before, 2 * STORES);
		if (!status)
			expect(r, board->count == unprobed,
			       "stores seen: expected %lu, saw %lu", unprobed,
			       board->count);
	}
	probe_remove(&p);
}

/* This function watches what the kernel stores for the program. */
static int kernel_watched(void)
{
	static int target __attribute__((aligned(8)));
	int fd = watch_stores(&target);
	int i, ends[2];

	CHECK(fd >= 0 && !pipe(ends));
	for (i = 0; i < STORES; i++) {
		CHECK(!ioctl(ends[0], FIONREAD, &target));
		CHECK(!hit_times(hit_xol, 1));
	}
	CHECK(perf_count(fd) == STORES);
	return 0;
}

/* A sample of the callers of what has caused a page fault */
struct sample {
	struct perf_event_header	header;
	uint64_t			nr;
	uint64_t			ip[];
};

/* Open an event that records who has called what causes a page fault. */
static int open_callers(void)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_PAGE_FAULTS,
		.sample_period = 1,
		.sample_type = PERF_SAMPLE_CALLCHAIN,
		.disabled = 1,
		.exclude_kernel = 1,
		.exclude_callchain_kernel = 1,
	};

	return perf_open(&attr, 0);
}

/* Cause one page fault for the event, always called from the same place. */
static __attribute__((noinline)) int fault_once(int fd)
{
	const long *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(page != MAP_FAILED);
	CHECK(!ioctl(fd, PERF_EVENT_IOC_ENABLE, 0));
	CHECK(!hit_load(page));
	CHECK(!ioctl(fd, PERF_EVENT_IOC_DISABLE, 0));
	return 0;
}

/*
 * Record the callers before a function has been hit at its entry, where it has
 * push %rbp, and after.
 * Fault: the task counts as one at the entry of a function from then on, which
 * has one caller more.
 */
static int callers(void)
{
	const struct sample *first, *second;
	int fd = open_callers(), i;
	const char *ring;

	CHECK(fd >= 0);
	ring = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(ring != MAP_FAILED);
	for (i = 0; i < 2; i++) {
		if (i)
			CHECK(!hit_times(hit_framed, 1));
		CHECK(!fault_once(fd));
	}
	first = (const void *)(ring + PAGE);
	second = (const void *)(ring + PAGE + first->header.size);
	CHECK(first->header.type == PERF_RECORD_SAMPLE);
	CHECK(second->header.type == PERF_RECORD_SAMPLE);
	CHECK(first->nr > 1 && first->nr == second->nr);
	CHECK(!memcmp(first->ip, second->ip, first->nr * sizeof(*first->ip)));
	return 0;
}

/* This function returns what the kernel lacks for the first test, or NULL. */
static const char *lacks_perf_probes(void)
{
	return client_is_there() ? "this kernel's perf has no probes" : NULL;
}

const struct test perf_tests[] = {
	TEST_IF("perf-process", "sigtrap", perf_process, lacks_perf_probes),
	TEST_IF("perf-return", "sigtrap", perf_return, lacks_perf_probes),
	TEST("watch-perf", "sigtrap", watch_perf),
	CHILD_TEST("watch-kernel", kernel_watched, hit_xol, STORES),
	CHILD_TEST("perf-callers", callers, hit_framed, 1),
	{ .name = NULL },
};
