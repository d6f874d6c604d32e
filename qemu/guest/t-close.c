// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of perf events that are closed while a handler waits in a page fault,
 * its own or another one: what closes them does not wait. And of one that is
 * opened and closed for several tasks.
 */
#include <linux/perf_event.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "absent.h"
#include "child.h"
#include "hits-64.h"
#include "perf.h"
#include "tests.h"

/* How long something may take that must not wait for anything */
#define SOON_MS		10000

/* What the parent asks of its children */
enum go {
	GO_LOAD = 1,	/* hit the probe whose handler waits */
	GO_CLOSE,
	GO_HIT,
	GO_END,
};

static pid_t watched;
static struct probe waiting;

/* This function returns when the parent has come so far. */
static void wait_until(enum go go)
{
	while (board->go < (int)go)
		nap_ms(1);
}

static void *load(void *arg)
{
	return hit_memory(arg) == 21 ? NULL : arg;
}

/* This function has a handler wait until the page is provided, then hits again. */
static int waits(void)
{
	pthread_t thread;
	void *ret;

	CHECK(!make_absent());
	wait_until(GO_LOAD);
	CHECK(!pthread_create(&thread, NULL, load, absent));
	CHECK(!wait_for_load());
	board->ready = 1;
	while (!board->stop)
		nap_ms(1);
	CHECK(!provide());
	CHECK(!pthread_join(thread, &ret));
	CHECK(!ret);
	wait_until(GO_HIT);
	CHECK(!load(absent) && !load(absent) && !load(absent));
	return 0;
}

/* This function opens the trace event for a task. */
static int open_event(pid_t pid)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_TRACEPOINT,
		.config = probe_id(&waiting),
	};

	return perf_open(&attr, pid);
}

/* This function closes an event when a handler waits. */
static int open_and_close(int fd)
{
	board->go = GO_LOAD;
	CHECK(fd >= 0);
	wait_until(GO_CLOSE);
	close(fd);
	return 0;
}

static int close_other(void)
{
	return open_and_close(perf_probe(watched, hit_xol, false));
}

static int close_own(void)
{
	return open_and_close(open_event(watched));
}

/* This function opens the event again, which has to wait, and counts. */
static int count_again(void)
{
	int fd = open_event(watched);

	board->go = GO_HIT;
	CHECK(fd >= 0);
	wait_until(GO_END);
	CHECK(perf_count(fd) == 3);
	return 0;
}

/* This function returns whether a child ends soon; it waits for it if not. */
static bool ends_soon(pid_t pid, int *status)
{
	int ms;

	for (ms = 0; ms < SOON_MS; ms++) {
		if (child_ended(pid, status))
			return true;
		nap_ms(1);
	}
	board->stop = 1;
	*status = wait_child(pid);
	return false;
}

/*
 * This function has a handler wait, and an event closed by a child meanwhile.
 * It returns false if the task has died of its hit, as on the baseline.
 */
static bool close_while_waiting(struct result *r, int (*closer)(void), int *status)
{
	bool died = false;
	int closed;
	pid_t pid;

	board->go = 0;
	watched = start_child(waits);
	pid = start_child(closer);
	while (!board->ready && !died)
		died = child_ended(watched, status);
	board->go = GO_CLOSE;
	expect(r, ends_soon(pid, &closed), "close() waits for a handler");
	expect(r, !closed, "who closes: status %#x", closed);
	return !died;
}

/*
 * Fault: who closes an event of perf waits until no handler of any probe runs,
 * and a handler that waits for a page takes as long as a program likes.
 */
static void perf_close_other(struct result *r)
{
	unsigned long before = trace_hits();
	int status;

	if (!expect(r, !probe_define_load(&waiting, hit_memory), "cannot define") ||
	    !expect(r, !probe_arm(&waiting), "cannot arm the probe"))
		goto out;
	if (close_while_waiting(r, close_other, &status)) {
		board->stop = 1;
		board->go = GO_HIT;
		status = wait_child(watched);
	}
	judge(r, status, trace_hits() - before, 4);
out:
	probe_remove(&waiting);
}

/*
 * The event whose handler waits is closed, opened again and counts, is closed
 * once more and deleted at once. Fault: what the handler uses is freed while
 * it waits, or its probe is registered anew.
 */
static void perf_close_own(struct result *r)
{
	int status, counted;
	pid_t pid;

	if (!expect(r, !probe_define_load(&waiting, hit_memory), "cannot define"))
		return;
	if (close_while_waiting(r, close_own, &status)) {
		pid = start_child(count_again);
		nap_ms(50);
		expect(r, board->go == GO_CLOSE || board->stop,
		       "opened again while its handler waits");
		board->stop = 1;
		status = wait_child(watched);
		board->go = GO_END;
		counted = wait_child(pid);
		expect(r, !counted, "who counts: status %#x", counted);
	}
	judge(r, status, 0, 0);
	expect(r, !probe_delete(&waiting), "closed, and busy");
	probe_remove(&waiting);
}

/* This function does nothing until it is killed. */
static int sleeps(void)
{
	while (!board->stop)
		nap_ms(1);
	return 0;
}

static int hits_five(void)
{
	wait_until(GO_HIT);
	return hit_times(hit_xol, 5);
}

/*
 * A probe joins an event that is open, which is opened for another task then.
 * Fault: the kernel follows a NULL pointer, since that probe is not registered.
 */
static void perf_joined(struct result *r)
{
	int first, second, status;
	pid_t other;

	if (!expect(r, !probe_define(&waiting, hit_xol), "cannot define"))
		return;
	board->go = 0;
	watched = start_child(hits_five);
	first = open_event(watched);
	expect(r, first >= 0, "cannot open the event");
	expect(r, !probe_extend(&waiting, hit_nop), "cannot extend it");
	other = start_child(sleeps);
	second = open_event(other);
	expect(r, second >= 0, "cannot open it once more");
	board->go = GO_HIT;
	status = wait_child(watched);
	judge(r, status, perf_count(first), 5);
	close(second);
	close(first);
	board->stop = 1;
	wait_child(other);
	probe_remove(&waiting);
}

/* This function returns whether the kernel has a function. */
static bool has_function(const char *name)
{
	FILE *f = fopen("/proc/kallsyms", "re");
	char line[256], known[128];
	bool found = false;

	while (f && !found && fgets(line, sizeof(line), f))
		found = sscanf(line, "%*s %*c %127s", known) == 1 &&
			!strcmp(known, name);
	if (f)
		fclose(f);
	return found;
}

/*
 * This function returns what is missing, or NULL. Where uprobes has a lock for
 * handlers, closing their own event waits for them.
 */
static const char *lacks_late_wait(void)
{
	const char *lacks = lacks_userfaultfd();

	if (lacks)
		return lacks;
	return has_function("uprobe_unregister_sync") ? NULL :
	       "this kernel does not wait for handlers by RCU";
}

/* This function returns why the test would be this kernel's last, or NULL. */
static const char *lacks_care(void)
{
	return has_function("trace_uprobe_wait") ? NULL :
	       "this kernel has not been mended, and may crash";
}

const struct test close_tests[] = {
	TEST_IF("perf-close-other", "sigtrap", perf_close_other, lacks_late_wait),
	TEST_IF("perf-close-own", "sigtrap", perf_close_own, lacks_late_wait),
	TEST_IF("perf-joined", "skip", perf_joined, lacks_care),
	{ .name = NULL },
};
