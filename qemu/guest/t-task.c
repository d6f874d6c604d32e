// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of the lives of tasks: processes and threads begin, run the probe at
 * once, start other programs and end.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "child.h"
#include "tests.h"

#define THREADS_MANY	64

/* This function hits ten times. */
static int ten_hits(void)
{
	return hit_times(hit_xol, 10);
}

/* This function forks after a hit; parent and child hit. */
static int fork_hits(void)
{
	pid_t pid;

	CHECK(!hit_times(hit_xol, 1));
	pid = start_child(ten_hits);
	CHECK(!hit_times(hit_xol, 10));
	return pass_on(wait_child(pid));
}

/* This function makes 20 generations, each of which hits before and after. */
static int fork_chain(void)
{
	int i, ret = 0;
	pid_t pid;

	for (i = 0; i < 20; i++) {
		CHECK(!hit_times(hit_xol, 1));
		pid = fork();
		if (pid) {
			ret = pass_on(wait_child(pid));
			CHECK(!hit_times(hit_xol, 1));
			return ret;
		}
	}
	return ret;
}

/* This function hits between vfork() and the end of the child. */
static int vfork_hits(void)
{
	int status = 0;
	pid_t pid;

	CHECK(hit_xol(1) == 3);
	pid = vfork();
	if (!pid)
		_exit(hit_xol(2) == 6 ? 0 : 1);
	CHECK(hit_xol(3) == 9);
	waitpid(pid, &status, 0);
	return pass_on(status);
}

/* This function gets called in the process that shares our memory. */
static int shared_vm_main(void *arg)
{
	(void)arg;
	return hit_times(hit_xol, 100);
}

/* This function hits in two processes that share one address space. */
static int clone_vm_hits(void)
{
	static char stack[65536] __attribute__((aligned(16)));
	int status = 0;
	pid_t pid;

	CHECK(!hit_times(hit_xol, 1));
	pid = clone(shared_vm_main, stack + sizeof(stack), CLONE_VM | SIGCHLD,
		    NULL);
	CHECK(pid > 0);
	CHECK(!hit_times(hit_xol, 100));
	waitpid(pid, &status, 0);
	return pass_on(status);
}

/* This function starts a new image right after a hit, and hits after it. */
static int spawn_hits(void)
{
	char *argv[4], *envp[] = { NULL };
	int status = 0;
	pid_t pid;

	spawn_self_args(argv, "5");
	CHECK(!hit_times(hit_xol, 1));
	CHECK(!posix_spawn(&pid, argv[0], NULL, NULL, argv, envp));
	CHECK(!hit_times(hit_xol, 1));
	waitpid(pid, &status, 0);
	return pass_on(status);
}

/* This function becomes a new image right after a hit. */
static int exec_hits(void)
{
	char *argv[4];

	spawn_self_args(argv, "5");
	CHECK(!hit_times(hit_xol, 1));
	execv(argv[0], argv);
	return 1;
}

/* This function gets called in a child that ends right after its only hit. */
static int hit_and_exit(void)
{
	_exit(hit_xol(1) == 3 ? 0 : 1);
}

/* This function starts processes that end right at a hit. */
static int exit_hits(void)
{
	int i, ret = 0;

	CHECK(!hit_times(hit_xol, 1));
	for (i = 0; i < 30 && !ret; i++)
		ret = pass_on(wait_child(start_child(hit_and_exit)));
	return ret;
}

/* This function gets called in each thread. */
static void *thread_main(void *arg)
{
	return (void *)(intptr_t)hit_times(hit_xol, (uintptr_t)arg);
}

/* This function starts threads that hit at the same time, and joins them. */
static int run_threads(unsigned int n, uintptr_t times)
{
	pthread_t threads[THREADS_MANY];
	unsigned int i;
	void *ret;

	for (i = 0; i < n; i++)
		CHECK(!pthread_create(&threads[i], NULL, thread_main,
				      (void *)times));
	for (i = 0; i < n; i++) {
		CHECK(!pthread_join(threads[i], &ret));
		CHECK(!ret);
	}
	return 0;
}

/* This function has 16 threads hit one probe. */
static int threads_16(void)
{
	return run_threads(16, 500);
}

/* This function has more threads hit than there are slots. */
static int threads_64(void)
{
	return run_threads(THREADS_MANY, 100);
}

/* This function has threads end right after their only hit. */
static int threads_exit(void)
{
	int i;

	for (i = 0; i < 50; i++)
		CHECK(!run_threads(1, 1));
	return 0;
}

/* This function gets called in threads that hit until the process ends. */
static void *endless_main(void *arg)
{
	for (;;) {
		if (hit_xol(9) != 27)
			return arg;
		board->count++;
	}
}

/* This function starts threads that hit until the process ends. */
static int start_endless(int n)
{
	pthread_t thread;

	while (n--)
		CHECK(!pthread_create(&thread, NULL, endless_main, NULL));
	while (board->count < 100)
		sched_yield();
	return 0;
}

/* This function ends a process whose threads are all hitting. */
static int exit_under_fire(void)
{
	CHECK(!start_endless(8));
	_exit(0);
}

/* This function becomes a new image while other threads are hitting. */
static int exec_under_fire(void)
{
	char *argv[4];

	CHECK(!start_endless(4));
	spawn_self_args(argv, "5");
	execv(argv[0], argv);
	return 1;
}

/* This function judges tests in which the number of hits is not known. */
static void judge_some(struct result *r, int status, unsigned long hits)
{
	judge(r, status, hits, hits);
	if (!status)
		expect(r, hits, "no hit");
}

/* This function tests a child that hits at least once and ends well. */
static void some_hits(struct result *r, int (*child)(void))
{
	unsigned long before = trace_hits();
	struct probe p;
	int status;

	if (arm_at(r, &p, hit_xol)) {
		status = wait_child(start_child(child));
		judge_some(r, status, trace_hits() - before);
	}
	probe_remove(&p);
}

/* This function tests the end of a process whose threads are hitting. */
static void exit_threads(struct result *r)
{
	some_hits(r, exit_under_fire);
}

/* This function tests a new image in a process whose threads are hitting. */
static void exec_threads(struct result *r)
{
	some_hits(r, exec_under_fire);
}

/* This function gets called in threads that run until they are told to stop. */
static void *until_stop(void *arg)
{
	long i;

	for (i = 0; !board->stop; i++) {
		if (hit_xol(i) != 3 * i)
			return (void *)1;
	}
	return arg;
}

/* This function runs code that has a probe now and then. */
static int toggled(void)
{
	pthread_t threads[4];
	void *ret;
	int i;

	for (i = 0; i < 4; i++)
		CHECK(!pthread_create(&threads[i], NULL, until_stop, NULL));
	board->ready = 1;
	for (i = 0; i < 4; i++) {
		CHECK(!pthread_join(threads[i], &ret));
		CHECK(!ret);
	}
	return 0;
}

/*
 * This function tests arming and disarming under running threads.  One cycle
 * waits for all of them; how long that takes is not what is tested.
 */
static void toggle_storm(struct result *r)
{
	unsigned long before = trace_hits();
	pid_t pid = start_child(toggled);
	const time_t end = time(NULL) + 3;
	bool ended = false;
	struct probe p;
	int i, status;

	expect(r, !probe_define(&p, hit_xol), "cannot define the probe");
	while (!board->ready)
		nap_ms(1);
	for (i = 0; i < 40 && !ended && time(NULL) < end; i++) {
		expect(r, !probe_arm(&p), "cannot arm the probe");
		nap_ms(i % 4);
		ended = child_ended(pid, &status);
		probe_disarm(&p);
	}
	board->stop = 1;
	if (!ended)
		status = wait_child(pid);
	judge_some(r, status, trace_hits() - before);
	add_word(r, "cycles=%d", i);
	probe_remove(&p);
}

/* This function sets how addresses are chosen, and returns how they were. */
static int set_random(int how)
{
	FILE *f = fopen("/proc/sys/kernel/randomize_va_space", "r+e");
	int was = -1;

	if (!f)
		return -1;
	if (fscanf(f, "%d", &was) != 1)
		was = -1;
	rewind(f);
	fprintf(f, "%d\n", how);
	fclose(f);
	return was;
}

/* Tell whether the kernel starts a program at all; it lists its tests. */
static bool can_start(const char *program)
{
	int fd;
	pid_t pid = fork();

	if (!pid) {
		fd = open("/dev/null", O_WRONLY);
		if (fd < 0 || dup2(fd, 1) < 0)
			_exit(1);
		execl(program, program, "--list", NULL);
		_exit(1);
	}
	return !wait_child(pid);
}

/*
 * Run a test of another program, with addresses that are random, or not, as
 * debuggers start programs: the slots are where the program can execute them,
 * and where its stack does not go.
 */
static void random_ways(struct result *r, const char *program, const char *test)
{
	static const int ways[] = { 0, 1, 2 };
	unsigned long hits;
	char line[512];
	int was, i, status;

	if (access(program, X_OK)) {
		r->skip = "there is no such program";
		return;
	}
	if (!can_start(program)) {
		r->skip = "this kernel does not run such programs";
		return;
	}
	for (i = 0; i < 3 && r->outcome == OUTCOME_PASS; i++) {
		was = set_random(ways[i]);
		status = run_program(program, test, line, sizeof(line));
		set_random(was);
		if (strstr(line, "outcome=sigtrap"))
			r->outcome = OUTCOME_SIGTRAP;
		else
			expect(r, was >= 0 && !status &&
			       strstr(line, "outcome=pass"),
			       "random %d: status %#x: %s", ways[i], status,
			       line);
		if (sscanf(line, "outcome=%*s hits=%lu", &hits) == 1)
			r->hits += hits;
	}
}

/* 32-bit kernels run none of the others. */
static const char *lacks_64(void)
{
#ifdef __x86_64__
	return NULL;
#else
	return "64-bit programs";
#endif
}

static void random_32(struct result *r)
{
	random_ways(r, "/bin/selftest-32", "m32-pushall");
}

static void random_64(struct result *r)
{
	random_ways(r, "/bin/selftest-64", "pushf");
}

static void random_x32(struct result *r)
{
	random_ways(r, "/bin/selftest-x32", "x32-pushf");
}

const struct test task_tests[] = {
	CHILD_TEST("task-fork", fork_hits, hit_xol, 21),
	CHILD_TEST("task-fork-chain", fork_chain, hit_xol, 40),
	CHILD_TEST("task-vfork", vfork_hits, hit_xol, 3),
	CHILD_TEST("task-clone-vm", clone_vm_hits, hit_xol, 201),
	CHILD_TEST("task-spawn", spawn_hits, hit_xol, 7),
	CHILD_TEST("task-exec", exec_hits, hit_xol, 6),
	CHILD_TEST("task-exit", exit_hits, hit_xol, 31),
	CHILD_TEST("thread-exit", threads_exit, hit_xol, 50),
	CHILD_TEST("threads-16", threads_16, hit_xol, 8000),
	CHILD_TEST("threads-64", threads_64, hit_xol, 6400),
	TEST("threads-exit-group", "sigtrap", exit_threads),
	TEST("threads-exec", "sigtrap", exec_threads),
	TEST("threads-toggle", "sigtrap", toggle_storm),
	TEST("task-random-32", "sigtrap", random_32),
	TEST_IF("task-random-64", "sigtrap", random_64, lacks_64),
	TEST_IF("task-random-x32", "sigtrap", random_x32, lacks_64),
	{ .name = NULL },
};
