// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of code that only 64-bit programs have.
 */
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/ucontext.h>
#include <sys/wait.h>

#include "child.h"
#include "debugfs.h"
#include "hits-64.h"
#include "tests.h"

#define PAGE		4096
#define ACCEPTED_SIZE	16
#define STACK_CALLS	400
#define WORDS		(PAGE / (int)sizeof(long))
/* More than MAX_URETPROBE_DEPTH */
#define MANY_RETURNS	100

/* This function goes to 32-bit code, from a 64-bit program. */
static int change_mode(void)
{
	return hit_mode(7) != 21;
}

/* Go there twice: a probe that cannot be stepped is gone after the first. */
static int change_mode_twice(void)
{
	CHECK(!change_mode());
	return change_mode();
}

/* Have the slots where 64-bit code has them, then go to 32-bit code twice. */
static int change_mode_late(void)
{
	CHECK(hit_xol(7) == 21);
	CHECK(slots_address() >> 32);
	return change_mode_twice();
}

/* Probe an instruction of 32-bit code, which a child executes. */
static void probe_mode(struct result *r, const void *place, int (*child)(void),
		       unsigned long hits, bool slots_first)
{
	unsigned long before = trace_hits();
	struct probe p;
	int status;

	expect(r, !probe_define(&p, place), "cannot define");
	if (slots_first)
		expect(r, !probe_extend(&p, hit_xol), "cannot define");
	if (expect(r, !probe_arm(&p), "cannot arm the probes")) {
		status = wait_child(start_child(child));
		judge(r, status, trace_hits() - before, hits);
	}
	probe_remove(&p);
}

/*
 * Test probes in code of another mode than the program's: what is emulated,
 * what is stepped, and what no slot is in reach of. That is probed no more
 * after the first hit, and the program goes on.
 */
static void code_mode(struct result *r)
{
	/* 3.3 puts the slots where 64-bit code has them, whoever is first. */
	unsigned long in_reach = client_is_there() ? 1 : 2;
	int status = wait_child(start_child(change_mode));

	expect(r, !status, "unprobed: status %#x", status);
	probe_mode(r, hit_mode_mov, change_mode, 1, false);
	if (r->outcome == OUTCOME_PASS)
		probe_mode(r, hit_mode_bp, change_mode_twice, in_reach, false);
	if (r->outcome == OUTCOME_PASS)
		probe_mode(r, hit_mode_bp, change_mode_late, 2, true);
}

/* Arm instructions that are harmless out of line, whatever they need. */
static void code_accepted(struct result *r)
{
	const char *at = accepted;
	struct probe p;

	for (; at < accepted_end; at += ACCEPTED_SIZE) {
		if (!arm_at(r, &p, at))
			note("refused: instruction %d",
			     (int)(at - accepted) / ACCEPTED_SIZE);
		probe_remove(&p);
	}
}

static volatile int long_traps;

/* Count the program's own breakpoint of two bytes. */
static void on_long_int3(int signo, siginfo_t *info, void *context)
{
	const ucontext_t *uc = context;
	uintptr_t ip = uc->uc_mcontext.gregs[REG_RIP];

	(void)info;
	if (ip != (uintptr_t)long_int3 + 2)
		die_of(signo);
	long_traps++;
}

/* Have such a breakpoint beside a probe. */
static int own_long_int3(void)
{
	const struct sigaction sa = {
		.sa_sigaction = on_long_int3,
		.sa_flags = SA_SIGINFO,
	};
	int i;

	CHECK(!sigaction(SIGTRAP, &sa, NULL));
	for (i = 0; i < 10; i++) {
		long_int3();
		CHECK(long_traps == i + 1);
		CHECK(!hit_times(hit_xol, 1));
	}
	return 0;
}

static char *own_stack;
static volatile bool stack_end;
static volatile int stack_faults, bad_faults;

/*
 * This function gets called when the stack is not there: at the call, or in the
 * function that was called.  It will be there again.
 */
static void on_stack_gone(int signo, siginfo_t *info, void *context)
{
	const ucontext_t *uc = context;
	uintptr_t ip = uc->uc_mcontext.gregs[REG_RIP];
	uintptr_t sp = uc->uc_mcontext.gregs[REG_RSP];

	(void)signo;
	(void)info;
	stack_faults++;
	if (ip == (uintptr_t)hit_on_stack_bp)
		bad_faults += sp != (uintptr_t)own_stack + PAGE;
	else if (!is_own_code(ip))
		bad_faults++;
}

/* This function takes the stack away and gives it back, again and again. */
static void *toggle_stack(void *arg)
{
	while (!stack_end) {
		mprotect(own_stack, PAGE, PROT_NONE);
		mprotect(own_stack, PAGE, PROT_READ | PROT_WRITE);
	}
	return arg;
}

/*
 * This function makes calls on a stack that goes away at any time: also after
 * the copy of the call has been executed, and before it is fixed up.
 */
static int stack_gone(void)
{
	static char signal_stack[65536];
	const stack_t stack = {
		.ss_sp = signal_stack,
		.ss_size = sizeof(signal_stack),
	};
	const struct sigaction sa = {
		.sa_sigaction = on_stack_gone,
		.sa_flags = SA_SIGINFO | SA_ONSTACK,
	};
	const void *callee = stack_callee;
	pthread_t thread;
	int i;

	own_stack = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(own_stack != MAP_FAILED);
	CHECK(!sigaltstack(&stack, NULL));
	CHECK(!sigaction(SIGSEGV, &sa, NULL));
	CHECK(!pthread_create(&thread, NULL, toggle_stack, NULL));
	for (i = 0; i < STACK_CALLS; i++)
		CHECK(hit_on_stack(own_stack + PAGE, &callee) ==
		      (uintptr_t)hit_on_stack_next);
	stack_end = true;
	CHECK(!pthread_join(thread, NULL));
	CHECK(!bad_faults);
	board->count = stack_faults;
	return 0;
}

/* This function tests that: each fault may cost another hit. */
static void code_stack(struct result *r)
{
	unsigned long before = trace_hits(), hits;
	struct probe p;
	int status;

	if (arm_at(r, &p, hit_on_stack_bp)) {
		status = wait_child(start_child(stack_gone));
		hits = trace_hits() - before;
		judge(r, status, hits, hits);
		if (!status)
			expect(r, hits >= STACK_CALLS,
			       "hits: expected %d or more, saw %lu",
			       STACK_CALLS, hits);
		add_word(r, "faults=%lu", board->count);
	}
	probe_remove(&p);
}

/*
 * This function returns from more functions than returns are kept, each with a
 * return address that cannot be written: none of them is waited for.  The last
 * one is called where it can be.
 */
static int return_read_only(void)
{
	unsigned long *low = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned long *high = low + WORDS;
	int i;

	CHECK(low != MAP_FAILED);
	for (i = 0; i < 2 * WORDS; i++)
		low[i] = (uintptr_t)hit_on_words_next;
	CHECK(!mprotect(high, PAGE, PROT_READ));
	for (i = 1; i <= MANY_RETURNS; i++)
		CHECK(hit_on_words(i, high + WORDS - i) == 3 * i);
	return hit_on_words(1, low + WORDS - 1) != 3;
}

/* These functions hit what is done without a step, and so without a slot. */
static int emulate_high(void)
{
	const long value = 7;

	CHECK(run_first());
	CHECK(hit_high(&value) == 3 * value);
	return slots_address() != 0;
}

static int emulate_moved(void)
{
	CHECK(hit_moved(7) == 21);
	return slots_address() != 0;
}

static int emulate_not_moved(void)
{
	CHECK(hit_not_moved(7) == 21);
	return slots_address() != 0;
}

/*
 * Hit a NOP of five bytes in a function that keeps words below the stack
 * pointer.
 * Fault: from the second hit on the NOP is a call, which pushes over them.
 */
static int red_zone(void)
{
	return hit_times(hit_red_zone, 10);
}

const struct test code_tests[] = {
	CHILD_TEST("emulate-load-high", emulate_high, hit_high_bp, 1),
	CHILD_TEST("emulate-cmov", emulate_moved, hit_moved_bp, 1),
	CHILD_TEST("emulate-cmov-not", emulate_not_moved, hit_not_moved_bp, 1),
	CHILD_TEST("nop-red-zone", red_zone, hit_red_zone_bp, 10),
	TEST("code-mode", "sigtrap", code_mode),
	CHILD_TEST("code-int3-long", own_long_int3, hit_xol, 10),
	TEST("code-accepted", "pass", code_accepted),
	TEST("code-stack", "sigtrap", code_stack),
	RETURN_TEST("return-read-only", return_read_only, hit_xol, 1),
	{ .name = NULL },
};
