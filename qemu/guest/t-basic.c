// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of counting, and of arming and disarming around running tasks.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "child.h"
#include "tests.h"

#define MANY	10000

/* This function gets called in the child of hits-nop. */
static int many_nops(void)
{
	return hit_times(hit_nop, MANY);
}

/* This function gets called in the child of hits-xol. */
static int many_steps(void)
{
	return hit_times(hit_xol, MANY);
}

/* This function gets called in the child of hits-push. */
static int many_pushes(void)
{
	return hit_times(hit_push, MANY);
}

/* This function hits two probes that lie in the same page. */
static int hit_two(void)
{
	CHECK(!hit_times(hit_nop, 100));
	CHECK(!hit_times(hit_xol, 50));
	return hit_times(hit_nop, 1);
}

/* This function tests two probes in one page. */
static void two_probes(struct result *r)
{
	struct probe a, b = { .defined = false };
	unsigned long hits_a, hits_b;
	int status;

	if (arm_at(r, &a, hit_nop) && arm_at(r, &b, hit_xol)) {
		status = wait_child(start_child(hit_two));
		hits_a = probe_hits(&a);
		hits_b = probe_hits(&b);
		judge(r, status, hits_a + hits_b, 151);
		expect(r, !hits_a || (hits_a == 101 && hits_b == 50),
		       "hits: expected 101 and 50, saw %lu and %lu",
		       hits_a, hits_b);
	}
	probe_remove(&b);
	probe_remove(&a);
}

/* This function tests two events at one site: each counts each hit. */
static void two_events(struct result *r)
{
	struct probe a, b = { .defined = false };
	unsigned long hits_a, hits_b;
	int status;

	if (arm_at(r, &a, hit_xol) && arm_at(r, &b, hit_xol)) {
		status = wait_child(start_child(many_steps));
		hits_a = probe_hits(&a);
		hits_b = probe_hits(&b);
		judge(r, status, hits_a, MANY);
		expect(r, hits_a == hits_b, "second event: %lu, first: %lu",
		       hits_b, hits_a);
	}
	probe_remove(&b);
	probe_remove(&a);
}

/* This function waits, without a system call, until it may go on. */
static void spin_until(int step)
{
	while (board->go < step)
		__builtin_ia32_pause();
}

/* This function runs 100 times unprobed, 1000 times probed, 100 unprobed. */
static int armed_meanwhile(void)
{
	CHECK(!hit_times(hit_xol, 100));
	board->ready = 1;
	spin_until(1);
	CHECK(!hit_times(hit_xol, 1000));
	board->ready = 2;
	spin_until(2);
	return hit_times(hit_xol, 100);
}

/* This function waits until the child is ready, or has ended. */
static bool await_ready(pid_t pid, int step, int *status)
{
	while (board->ready < step) {
		if (child_ended(pid, status))
			return false;
		nap_ms(1);
	}
	return true;
}

/* This function tests arming and disarming while a task runs. */
static void arm_running(struct result *r)
{
	unsigned long before = trace_hits();
	pid_t pid = start_child(armed_meanwhile);
	struct probe p = { .defined = false };
	int status = -1;
	bool alive;

	alive = await_ready(pid, 1, &status) && arm_at(r, &p, hit_xol);
	board->go = 1;
	alive = alive && await_ready(pid, 2, &status);
	probe_disarm(&p);
	board->go = 2;
	if (alive)
		status = wait_child(pid);
	judge(r, status, trace_hits() - before, 1000);
	probe_remove(&p);
}

/* This function hits once. */
static int one_hit(void)
{
	return hit_times(hit_xol, 1);
}

/* This function tests a probe that is armed and disarmed again and again. */
static void rearm(struct result *r)
{
	unsigned long before = trace_hits();
	struct probe p;
	int i, status = 0;

	expect(r, !probe_define(&p, hit_xol), "cannot define the probe");
	for (i = 0; i < 20 && !status; i++) {
		expect(r, !probe_arm(&p), "cannot arm the probe");
		status = wait_child(start_child(one_hit));
		probe_disarm(&p);
		if (!status)
			status = wait_child(start_child(one_hit));
	}
	judge(r, status, trace_hits() - before, 20);
	probe_remove(&p);
}

#define COPY	"/tmp/selftest-copy"

/* This function makes a copy of this program that nobody has mapped yet. */
static bool copy_self(void)
{
	int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	int to = open(COPY, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
	bool good = false;
	struct stat st;

	if (from >= 0 && to >= 0 && !fstat(from, &st))
		good = sendfile(to, from, NULL, st.st_size) == st.st_size;
	close(from);
	close(to);
	return good;
}

/* This function starts the copy, which then hits ten times. */
static int exec_copy(void)
{
	execl(COPY, COPY, "--hit", "10", NULL);
	return 1;
}

/* This function tests a probe that is armed before any task maps the file. */
static void arm_unmapped(struct result *r)
{
	unsigned long before = trace_hits();
	struct probe p = { .defined = false };
	int status;

	if (expect(r, copy_self(), "cannot copy the program") &&
	    expect(r, !probe_define_at(&p, COPY, file_offset(hit_xol)),
		   "cannot define the probe") &&
	    expect(r, !probe_arm(&p), "cannot arm the probe")) {
		status = wait_child(start_child(exec_copy));
		judge(r, status, trace_hits() - before, 10);
	}
	probe_remove(&p);
	unlink(COPY);
}

/* These functions hit, and see that nothing was stepped: there are no slots. */
static int skip_nop(void)
{
	CHECK(!hit_times(hit_nop, 1));
	return slots_address() != 0;
}

static int skip_endbr(void)
{
	CHECK(!hit_times(hit_endbr, 1));
	return slots_address() != 0;
}

/* This function hits an instruction of those that functions begin with. */
static int emulate_push(void)
{
	CHECK(run_first());
	CHECK(!hit_times(hit_push, 1));
	return slots_address() != 0;
}

/* This function does so with one that reads memory. */
static int emulate_load(void)
{
	const long value = 7;

	CHECK(run_first());
	CHECK(hit_load(&value) == 3 * value);
	return slots_address() != 0;
}

/* This function does so with one at the end of a function. */
static int emulate_leave(void)
{
	CHECK(run_first());
	CHECK(!hit_times(hit_framed, 1));
	return slots_address() != 0;
}

/*
 * Fault: the immediate of a return is taken for a signed one. QEMU 7.2 makes
 * that mistake, so what is right is said here.
 */
static int emulate_ret(void)
{
	CHECK(run_first());
	CHECK(hit_return() == 0x8000);
	return slots_address() != 0;
}

/*
 * These functions access memory with alignment checks: such accesses are the
 * program's own, and not done for it.
 */
static int step_load(void)
{
	const long value = 7;

	CHECK(load_checked(&value) == 3 * value);
	return slots_address() == 0;
}

static int step_push(void)
{
	CHECK(push_checked(7) == 21);
	return slots_address() == 0;
}

const struct test basic_tests[] = {
	CHILD_TEST("skip-nop", skip_nop, hit_nop, 1),
	CHILD_TEST("skip-endbr", skip_endbr, hit_endbr, 1),
	CHILD_TEST("emulate-push", emulate_push, hit_push, 1),
	CHILD_TEST("emulate-load", emulate_load, hit_load, 1),
	CHILD_TEST("emulate-leave", emulate_leave, hit_framed_leave, 1),
	CHILD_TEST("emulate-ret", emulate_ret, hit_return_bp, 1),
	CHILD_TEST("step-checked-load", step_load, hit_load, 1),
	CHILD_TEST("step-checked-push", step_push, hit_push, 1),
	CHILD_TEST("hits-nop-10000", many_nops, hit_nop, MANY),
	CHILD_TEST("hits-xol-10000", many_steps, hit_xol, MANY),
	CHILD_TEST("hits-push-10000", many_pushes, hit_push, MANY),
	TEST("two-probes-one-page", "sigtrap", two_probes),
	TEST("two-events-one-site", "sigtrap", two_events),
	TEST("arm-while-running", "sigtrap", arm_running),
	TEST("rearm", "sigtrap", rearm),
	TEST("arm-before-mapping", "sigtrap", arm_unmapped),
	{ .name = NULL },
};
