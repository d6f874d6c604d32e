// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of return probes: functions that return late, together, more than once
 * or never.
 */
#include <errno.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "tests.h"

#define MAX_PENDING	64	/* MAX_URETPROBE_DEPTH */
/* Where 32-bit code has another call. */
#ifdef __i386__
# define NR_URETPROBE	-1
#else
# define NR_URETPROBE	335
#endif

/* This function returns from a probed function many times. */
static int many_returns(void)
{
	return hit_times(hit_xol, 1000);
}

/* This function goes as deep as returns are kept, and deeper. */
static int deep_returns(void)
{
	CHECK(hit_deep(MAX_PENDING - 1) == MAX_PENDING - 1);
	CHECK(hit_deep(2 * MAX_PENDING) == 2 * MAX_PENDING);
	CHECK(hit_deep(MAX_PENDING - 1) == MAX_PENDING - 1);
	return 0;
}

/* This function calls a function that jumps to another one. */
static int tail_calls(void)
{
	return hit_times(hit_tail, 100);
}

/* This function tests that. */
static void chained(struct result *r)
{
	probe_returns(r, tail_calls, 200, FUNCTIONS(hit_tail, hit_xol));
}

static jmp_buf back;

/* This function gets called in a probed function, which it leaves. */
static long leave(void)
{
	longjmp(back, 1);
}

static long be_there(void)
{
	return 7;
}

/* This function leaves a probed function more often than returns are kept. */
static int longjmp_loop(void)
{
	volatile int i;

	for (i = 0; i < 1024; i++) {
		if (!setjmp(back))
			hit_call(leave);
	}
	CHECK(hit_call(be_there) == 7);
	return 0;
}

/* This function goes down in probed functions, and leaves them all. */
static long dig(void)
{
	if (++board->count % MAX_PENDING)
		return hit_call(dig);
	longjmp(back, 1);
}

static int longjmp_deep(void)
{
	volatile int i;

	for (i = 0; i < 20; i++) {
		if (!setjmp(back))
			hit_call(dig);
	}
	CHECK(hit_call(be_there) == 7);
	return 0;
}

/* This function leaves some functions below one that returns. */
static long leave_below(void)
{
	if (!setjmp(back))
		hit_call(leave);
	return 5;
}

static int longjmp_below(void)
{
	CHECK(hit_call(leave_below) == 5);
	return 0;
}

static long do_fork(void)
{
	return fork();
}

/* This function returns in two processes from one call. */
static int fork_returns(void)
{
	pid_t pid = hit_call(do_fork);

	if (!pid)
		_exit(hit_call(be_there) == 7 ? 0 : 1);
	return pass_on(wait_child(pid));
}

/* This function forks in a child that has to return from where it was forked. */
static long fork_again(void)
{
	pid_t pid = fork();

	if (!pid)
		return fork();
	return pid;
}

static int fork_chain(void)
{
	pid_t parent = getpid();
	pid_t pid = hit_call(fork_again);
	int ret = pid ? pass_on(wait_child(pid)) : 0;

	if (getpid() != parent)
		_exit(ret);
	return ret;
}

/* This function has vfork() itself return twice. */
static int vfork_returns(void)
{
	int status = 0;
	pid_t pid = vfork();

	if (!pid)
		_exit(0);
	waitpid(pid, &status, 0);
	return pass_on(status);
}

static void *thread_returns(void *arg)
{
	board->count += hit_call(be_there);
	return arg;
}

/* This function starts a thread in a probed function. */
static long run_thread(void)
{
	pthread_t thread;

	if (!pthread_create(&thread, NULL, thread_returns, NULL))
		pthread_join(thread, NULL);
	return board->count;
}

static int clone_returns(void)
{
	CHECK(hit_call(run_thread) == 7);
	return 0;
}

/* This function becomes a new image, and so never returns. */
static long do_exec(void)
{
	char *argv[4];

	spawn_self_args(argv, "5");
	return execv(argv[0], argv);
}

static int exec_pending(void)
{
	CHECK(hit_call(be_there) == 7);
	return hit_call(do_exec);
}

static long do_exit(void)
{
	_exit(0);
}

static int exit_below(void)
{
	return hit_call(do_exit);
}

/* This function starts processes that end in a probed function. */
static int exit_pending(void)
{
	int i, ret = 0;

	CHECK(hit_call(be_there) == 7);
	for (i = 0; i < 30 && !ret; i++)
		ret = pass_on(wait_child(start_child(exit_below)));
	return ret;
}

static void on_signal(int signo)
{
	if (hit_call(be_there) == 7)
		board->count += signo;
}

static long raise_signal(void)
{
	return raise(SIGUSR1);
}

static void *raise_in_thread(void *arg)
{
	const stack_t own = { .ss_sp = arg, .ss_size = 65536 };
	const struct sigaction sa = {
		.sa_handler = on_signal,
		.sa_flags = SA_ONSTACK,
	};

	if (sigaltstack(&own, NULL) || sigaction(SIGUSR1, &sa, NULL))
		return arg;
	return hit_call(raise_signal) ? arg : NULL;
}

/*
 * This function has a signal handler return from a probed function, on a stack
 * that lies above the one where another function has yet to return.
 */
static int sigaltstack_returns(void)
{
	char *low = mmap(NULL, 262144, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pthread_attr_t attr;
	pthread_t thread;
	void *ret;

	CHECK(low != MAP_FAILED);
	CHECK(!pthread_attr_init(&attr));
	CHECK(!pthread_attr_setstack(&attr, low, 131072));
	CHECK(!pthread_create(&thread, &attr, raise_in_thread, low + 196608));
	CHECK(!pthread_join(thread, &ret));
	CHECK(!ret);
	CHECK(board->count == SIGUSR1);
	return 0;
}

/* This function goes to the trampoline though no function returns. */
static int jump_there(void)
{
	void (*trampoline)(void);

	CHECK(hit_xol(1) == 3);
	trampoline = (void (*)(void))slots_address();
	CHECK(trampoline);
	trampoline();
	return 1;
}

/*
 * This function makes the system call of the trampoline from elsewhere. A
 * kernel that has no such call has none to misuse.
 */
static int call_it(void)
{
	CHECK(hit_xol(1) == 3);
	if (syscall(NR_URETPROBE) == -1 && errno == ENOSYS)
		raise(SIGILL);
	return 1;
}

/*
 * This function calls a probed function so that it returns to the trampoline,
 * which looks as if its return were probed already.
 */
static int call_forged(void)
{
	unsigned long trampoline;

	CHECK(hit_xol(1) == 3);
	trampoline = slots_address();
	CHECK(trampoline);
	asm volatile("push %0\n\t"
		     "jmp hit_xol\n\t"
		     : : "r" (trampoline) : "memory");
	return 1;
}

/* This function misuses the trampoline: SIGILL, and nothing else, happens. */
static int misuse(void)
{
	int status;

	CHECK(!hit_times(hit_xol, 1));
	status = wait_child(start_child(jump_there));
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGILL);
	status = wait_child(start_child(call_it));
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGILL);
	status = wait_child(start_child(call_forged));
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGILL);
	return hit_times(hit_xol, 1);
}

/* This function may do nothing but read, write, exit and return. */
static int in_seccomp(void)
{
	CHECK(!hit_times(hit_xol, 1));
	CHECK(!prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT));
	syscall(SYS_exit, hit_times(hit_xol, 5));
	return 1;
}

static volatile int own_traps;

static void on_own_trap(int signo)
{
	own_traps += signo == SIGTRAP;
}

/*
 * This function meets breakpoints of its own when the probe is gone: at the
 * first one the kernel notices that the process has no probe any more.
 */
static long wait_for_go(void)
{
	board->ready = 1;
	while (!board->go)
		nap_ms(1);
	signal(SIGTRAP, on_own_trap);
	foreign_int3();
	foreign_int3();
	signal(SIGTRAP, SIG_DFL);
	return 3;
}

static int return_late(void)
{
	CHECK(hit_call(wait_for_go) == 3);
	CHECK(own_traps == 2);
	return 0;
}

/* This function removes the only probe while its function has yet to return. */
static void disarmed(struct result *r)
{
	unsigned long before = trace_hits();
	int status = -1;
	struct probe p;
	bool ended = false;
	pid_t pid;

	if (arm_return(r, &p, hit_call)) {
		pid = start_child(return_late);
		while (!board->ready && !ended)
			ended = child_ended(pid, &status);
		probe_remove(&p);
		board->go = 1;
		if (!ended)
			status = wait_child(pid);
		judge(r, status, trace_hits() - before, 0);
	}
	probe_remove(&p);
}

/* This function arms the entry and the return of one function. */
static void both(struct result *r)
{
	unsigned long before = trace_hits();
	struct probe entry, ret;
	int status;

	if (arm_at(r, &entry, hit_xol) && arm_return(r, &ret, hit_xol)) {
		status = wait_child(start_child(many_returns));
		judge(r, status, trace_hits() - before, 2000);
		probe_remove(&ret);
	}
	probe_remove(&entry);
}

/* Levels 0 to 63 return from within the limit; two rounds do, one in part. */
#define DEEP_RETURNS	(3 * MAX_PENDING)

const struct test return_tests[] = {
	RETURN_TEST("return", many_returns, hit_xol, 1000),
	TEST("return-entry", "sigtrap", both),
	RETURN_TEST("return-deep", deep_returns, hit_deep, DEEP_RETURNS),
	TEST("return-chain", "sigtrap", chained),
	RETURN_TEST("return-longjmp", longjmp_loop, hit_call, 1),
	RETURN_TEST("return-longjmp-deep", longjmp_deep, hit_call, 1),
	RETURN_TEST("return-longjmp-below", longjmp_below, hit_call, 1),
	RETURN_TEST("return-fork", fork_returns, hit_call, 3),
	RETURN_TEST("return-fork-chain", fork_chain, hit_call, 3),
	RETURN_TEST("return-vfork", vfork_returns, vfork, 2),
	RETURN_TEST("return-clone", clone_returns, hit_call, 2),
	RETURN_TEST("return-exec", exec_pending, hit_call, 1),
	RETURN_TEST("return-exit", exit_pending, hit_call, 1),
	RETURN_TEST("return-sigaltstack", sigaltstack_returns, hit_call, 2),
	RETURN_TEST("return-misuse", misuse, hit_xol, 5),
	RETURN_TEST("return-seccomp", in_seccomp, hit_xol, 6),
	TEST("return-disarmed", "sigtrap", disarmed),
	{ .name = NULL },
};
