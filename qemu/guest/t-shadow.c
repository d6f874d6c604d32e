// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of programs that have a shadow stack.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "hits-64.h"
#include "tests.h"

/* arch/x86/include/uapi/asm/prctl.h */
#define ARCH_SHSTK_ENABLE	0x5001
#define ARCH_SHSTK_DISABLE	0x5002
#define ARCH_SHSTK_SHSTK	1

#define TIMES			10
#define DEPTH			20

/*
 * This function makes a system call without a function that returns: between
 * the two that switch the shadow stack there is a frame less than it knows.
 */
static inline __attribute__((always_inline)) long shadow_ctl(long op, long arg)
{
	long ret = SYS_arch_prctl;

	asm volatile("syscall"
		     : "+a" (ret)
		     : "D" (op), "S" (arg)
		     : "rcx", "r11", "memory");
	return ret;
}

/*
 * This function gets called when a return is not what the shadow stack says, and
 * when nobody knows of a breakpoint.
 */
static void on_fault(int signo)
{
	shadow_ctl(ARCH_SHSTK_DISABLE, ARCH_SHSTK_SHSTK);
	die_of(signo);
}

/*
 * This function runs another one with a shadow stack.  Nobody else may run in
 * between: Bochs 2.7 does not switch it with the task.
 */
static int with_shadow(int (*run)(void))
{
	int ret;

	CHECK(run_first());
	signal(SIGSEGV, on_fault);
	signal(SIGTRAP, on_fault);
	if (shadow_ctl(ARCH_SHSTK_ENABLE, ARCH_SHSTK_SHSTK))
		return 1;
	ret = run();
	shadow_ctl(ARCH_SHSTK_DISABLE, ARCH_SHSTK_SHSTK);
	return ret;
}

/* This function makes a return that is wrong. */
static int wrong(void)
{
	return_wrong();
	return 0;
}

static int shadow_wrong(void)
{
	return with_shadow(wrong);
}

/* This function tests that there is a shadow stack: without one, it returns. */
static void shadow_checks(struct result *r)
{
	int status = wait_child(start_child(shadow_wrong));

	expect(r, WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV,
	       "expected SIGSEGV, saw status %#x", status);
}

/* This function makes calls that return. */
static int calls(void)
{
	int i;

	for (i = 0; i < TIMES; i++) {
		if (call_near(i) != 3 * i)
			return 1;
	}
	return 0;
}

static int shadow_call(void)
{
	return with_shadow(calls);
}

/* This function calls a function whose return is probed. */
static int returns(void)
{
	return hit_times(hit_xol, TIMES);
}

static int shadow_return(void)
{
	return with_shadow(returns);
}

/* This function does so in one that does so, and so on. */
static int deep_returns(void)
{
	return hit_deep(DEPTH) != DEPTH;
}

static int shadow_deep(void)
{
	return with_shadow(deep_returns);
}

/* This function calls one that returns together with another one. */
static int tail_returns(void)
{
	return hit_times(hit_tail, TIMES);
}

static int shadow_tail(void)
{
	return with_shadow(tail_returns);
}

static void on_signal(int signo)
{
	board->count += hit_xol(signo) == 3 * signo;
}

/* This function gets a signal in whose handler a return is probed. */
static int signal_returns(void)
{
	int i;

	for (i = 0; i < TIMES; i++)
		kill(getpid(), SIGUSR1);
	return board->count != TIMES;
}

static int shadow_signal(void)
{
	signal(SIGUSR1, on_signal);
	return with_shadow(signal_returns);
}

/* This function tests two returns that are one event. */
static void shadow_chain(struct result *r)
{
	probe_returns(r, shadow_tail, 2 * TIMES,
		      FUNCTIONS(hit_tail, hit_xol));
}

/* This function returns what processor or kernel lack for these tests, or NULL. */
static const char *lacks_shadow(void)
{
	FILE *f = fopen("/proc/cpuinfo", "re");
	bool found = false;
	char line[4096];

	while (f && !found && fgets(line, sizeof(line), f))
		found = strstr(line, " user_shstk");
	if (f)
		fclose(f);
	return found ? NULL : "no shadow stacks here";
}

#define SHADOW_TEST(_name, _child, _bp, _hits, _is_return) \
	{ .name = _name, .before = "sigtrap", .child = _child, .bp = _bp, \
	  .hits = _hits, .is_return = _is_return, .lacks = lacks_shadow }

const struct test shadow_tests[] = {
	TEST_IF("shadow-checks", "pass", shadow_checks, lacks_shadow),
	SHADOW_TEST("shadow-call", shadow_call, call_near_bp, TIMES, false),
	SHADOW_TEST("shadow-ret", shadow_call, call_near_ret, TIMES, false),
	SHADOW_TEST("shadow-return", shadow_return, hit_xol, TIMES, true),
	SHADOW_TEST("shadow-return-deep", shadow_deep, hit_deep, DEPTH + 1, true),
	SHADOW_TEST("shadow-return-signal", shadow_signal, hit_xol, TIMES,
		    true),
	TEST_IF("shadow-return-chain", "sigtrap", shadow_chain, lacks_shadow),
	{ .name = NULL },
};
