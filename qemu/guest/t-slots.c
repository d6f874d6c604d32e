// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of tasks that wait while they hold a slot: the instruction in it loads
 * from a page that somebody else has yet to provide (userfaultfd).  Or it is the
 * probe that does, before the instruction is executed.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/ucontext.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "absent.h"
#include "child.h"
#include "core.h"
#include "hits-64.h"
#include "tests.h"

#define PAGE		4096
#define X86_EFLAGS_TF	0x100

/* More than there are slots in a page of any kernel so far */
#define NR_WAITERS	48
#define NR_HANDLERS	4

/* This function gets called in each thread: it loads what is not there. */
static void *waiter(void *arg)
{
	__atomic_add_fetch(&board->ready, 1, __ATOMIC_SEQ_CST);
	return hit_memory(arg) == 21 ? NULL : arg;
}

/*
 * This function starts threads that wait in slots, or for slots.  Of those that
 * have a slot, each has a fault that can be read.
 */
static int start_waiters(pthread_t *threads)
{
	int i;

	CHECK(!make_absent());
	for (i = 0; i < NR_WAITERS; i++)
		CHECK(!pthread_create(&threads[i], NULL, waiter, absent));
	CHECK(!wait_for_load());
	while (board->ready < NR_WAITERS)
		nap_ms(1);
	nap_ms(50);
	return 0;
}

/* This function provides the page when all threads wait. */
static int all_go_on(void)
{
	pthread_t threads[NR_WAITERS];
	void *ret;
	int i;

	CHECK(!start_waiters(threads));
	CHECK(!provide());
	for (i = 0; i < NR_WAITERS; i++) {
		CHECK(!pthread_join(threads[i], &ret));
		CHECK(!ret);
	}
	return hit_memory(absent) != 21;
}

/* This function leaves the threads waiting. */
static int all_wait(void)
{
	pthread_t threads[NR_WAITERS];

	CHECK(!start_waiters(threads));
	board->go = 1;
	for (;;)
		pause();
}

/* Load what is not there by an instruction that needs no slot otherwise. */
static void *load_absent(void *arg)
{
	board->ready = 1;
	return hit_load(arg) == 21 ? NULL : arg;
}

/* Start a thread that does, and wait until its fault can be read. */
static int start_loader(pthread_t *thread)
{

	CHECK(!make_absent());
	CHECK(!pthread_create(thread, NULL, load_absent, absent));
	CHECK(!wait_for_load());
	return 0;
}

/* Provide the page that it waits for. */
static int end_loader(pthread_t thread)
{
	void *ret;

	CHECK(!provide());
	CHECK(!pthread_join(thread, &ret));
	return ret != NULL;
}

static volatile int signals;

static void on_signal(int signo)
{
	(void)signo;
	signals++;
}

/* The CPU time that a thread may take while it waits for a second, in ns */
#define IDLE_NS		300000000

/* Wait for the page with a signal pending: the thread sleeps. */
static int wait_signalled(void)
{
	struct timespec cpu;
	pthread_t thread;
	clockid_t clock;

	signal(SIGUSR1, on_signal);
	CHECK(!start_loader(&thread));
	CHECK(!pthread_kill(thread, SIGUSR1));
	nap_ms(1000);
	CHECK(!pthread_getcpuclockid(thread, &clock));
	CHECK(!clock_gettime(clock, &cpu));
	CHECK(!end_loader(thread));
	CHECK(!cpu.tv_sec && cpu.tv_nsec < IDLE_NS);
	return signals != 1;
}

/* More than it takes to give a step up */
/* For how long they are sent, in seconds: a step takes a thousand of them */
#define SIGNALS_S	15

/*
 * Get signals again and again while the copy does not get on: its step is given
 * up, and they are handled.
 */
static int wait_signals(void)
{
	const struct rlimit limit = { RLIM_INFINITY, RLIM_INFINITY };
	const struct timespec pause = { .tv_nsec = 100000 };
	pthread_t thread;
	time_t end;
	int seen;

	CHECK(!setrlimit(RLIMIT_SIGPENDING, &limit));
	signal(SIGRTMIN, on_signal);
	CHECK(!start_loader(&thread));
	end = time(NULL) + SIGNALS_S;
	while (!signals && time(NULL) < end) {
		CHECK(!pthread_kill(thread, SIGRTMIN));
		nanosleep(&pause, NULL);
	}
	nap_ms(100);
	seen = signals;
	CHECK(!end_loader(thread));
	CHECK(seen);
	return 0;
}

/* Let it wait until the test says otherwise. */
static int wait_long(void)
{
	pthread_t thread;

	CHECK(!start_loader(&thread));
	board->go = 1;
	while (!board->stop)
		nap_ms(1);
	return end_loader(thread);
}

/* How long another probe may take to be removed meanwhile, in ms */
#define REMOVAL_MS	5000

/* Test that a load that waits does not hold up the removal of a probe. */
static void removal(struct result *r)
{
	unsigned long before = trace_hits();
	struct probe p, other;
	bool ended = false, removed = false;
	int status, waited, ignored;
	pid_t pid, remover;

	if (!arm_at(r, &p, hit_load))
		goto out;
	if (!arm_at(r, &other, hit_xol))
		goto out_other;
	pid = start_child(wait_long);
	while (!board->go && !ended) {
		ended = child_ended(pid, &status);
		nap_ms(1);
	}
	remover = fork();
	if (!remover) {
		probe_disarm(&other);
		_exit(0);
	}
	for (waited = 0; waited < REMOVAL_MS && !removed; waited += 10) {
		removed = child_ended(remover, &ignored);
		nap_ms(10);
	}
	board->stop = 1;
	if (!removed)
		wait_child(remover);
	if (!ended)
		status = wait_child(pid);
	judge(r, status, trace_hits() - before, 1);
	if (r->outcome == OUTCOME_PASS)
		expect(r, removed, "a probe is not removed in %d ms",
		       REMOVAL_MS);
out_other:
	probe_remove(&other);
out:
	probe_remove(&p);
}

static const long seven = 7;

/* This function gets called in the child: it needs nothing that is absent. */
static int hit_seven(void)
{
	return hit_memory(&seven) != 21;
}

/* This function forks while a thread waits in a slot. */
static int wait_alone(void)
{
	pthread_t thread;
	void *ret;

	CHECK(!make_absent());
	CHECK(!pthread_create(&thread, NULL, waiter, absent));
	while (!board->ready)
		nap_ms(1);
	nap_ms(20);
	/* The child has no slots: the area is not inherited. */
	CHECK(!pass_on(wait_child(start_child(hit_seven))));
	CHECK(!provide());
	CHECK(!pthread_join(thread, &ret));
	CHECK(!ret);
	return 0;
}

/* This function tests threads that wait in slots, more than there are. */
static void blocked(struct result *r)
{
	unsigned long before = trace_hits();
	struct probe p;
	int status;

	if (arm_at(r, &p, hit_memory)) {
		status = wait_child(start_child(all_go_on));
		/* The last hit is one without waiting. */
		judge(r, status, trace_hits() - before, NR_WAITERS + 1);
	}
	probe_remove(&p);
}

/* This function tests that they can be killed, and that the probe goes on. */
static void killed(struct result *r)
{
	unsigned long before = trace_hits();
	bool ended = false;
	struct probe p;
	int status;
	pid_t pid;

	if (!arm_at(r, &p, hit_memory))
		goto out;
	pid = start_child(all_wait);
	while (!board->go && !ended)
		ended = child_ended(pid, &status);
	if (!ended) {
		kill(pid, SIGKILL);
		status = wait_child(pid);
	}
	r->hits = trace_hits() - before;
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGTRAP && !r->hits) {
		r->outcome = OUTCOME_SIGTRAP;
		goto out;
	}
	expect(r, WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL,
	       "expected SIGKILL, saw status %#x", status);
	board->ready = 0;
	status = wait_child(start_child(all_go_on));
	expect(r, !status, "afterwards: status %#x", status);
out:
	probe_remove(&p);
}

/* This function dies, and leaves a core file, while the threads wait. */
static int dump_waiters(void)
{
	pthread_t threads[NR_WAITERS];

	CHECK(!want_core());
	CHECK(!start_waiters(threads));
	abort();
}

/*
 * This function tests what a core file says about tasks that wait in slots, or
 * for slots: they are at the probed address, and nobody steps them.
 */
static void dumped(struct result *r)
{
	struct core_thread threads[NR_WAITERS + 2];
	unsigned long before = trace_hits();
	int status, n, i, there = 0;
	struct probe p;

	if (!arm_at(r, &p, hit_memory))
		goto out;
	status = wait_child(start_child(dump_waiters));
	r->hits = trace_hits() - before;
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGTRAP && !r->hits) {
		r->outcome = OUTCOME_SIGTRAP;
		goto out;
	}
	expect(r, WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT,
	       "expected SIGABRT, saw status %#x", status);
	n = read_core(threads, NR_WAITERS + 2);
	expect(r, n == NR_WAITERS + 1, "threads in the core file: %d", n);
	for (i = 0; i < n; i++) {
		there += threads[i].ip == (uintptr_t)hit_memory;
		expect(r, !(threads[i].flags & X86_EFLAGS_TF),
		       "thread %d is being stepped", i);
	}
	expect(r, there == NR_WAITERS,
	       "threads at the probed address: expected %d, saw %d",
	       NR_WAITERS, there);
out:
	probe_remove(&p);
}

/* This function becomes a new image while the threads wait. */
static int exec_waiting(void)
{
	unsigned long before = trace_hits();
	pthread_t threads[NR_WAITERS];
	char *argv[4];

	CHECK(!start_waiters(threads));
	while (trace_hits() - before < NR_WAITERS)
		nap_ms(1);
	spawn_self_args(argv, "5");
	execv(argv[0], argv);
	return 1;
}

/*
 * This function gets called in each thread: it is the probe that loads what is
 * not there, before the instruction does.
 */
static int handler_waits(void)
{
	pthread_t threads[NR_HANDLERS];
	void *ret;
	int i;

	CHECK(!make_absent());
	for (i = 0; i < NR_HANDLERS; i++)
		CHECK(!pthread_create(&threads[i], NULL, waiter, absent));
	CHECK(!wait_for_load());
	nap_ms(20);
	board->go = 1;
	while (!board->stop)
		nap_ms(1);
	CHECK(!provide());
	for (i = 0; i < NR_HANDLERS; i++) {
		CHECK(!pthread_join(threads[i], &ret));
		CHECK(!ret);
	}
	return 0;
}

/* This function starts that, and returns when it waits, or has ended. */
static pid_t start_handlers(bool *ended, int *status)
{
	pid_t pid;

	board->go = 0;
	pid = start_child(handler_waits);
	*ended = false;
	while (!board->go && !*ended)
		*ended = child_ended(pid, status);
	return pid;
}

/* This function tests a probe that sleeps in a page fault, and is killed. */
static void handler(struct result *r)
{
	unsigned long before = trace_hits();
	struct probe p;
	bool ended;
	int status;
	pid_t pid;

	if (!expect(r, !probe_define_load(&p, hit_memory), "cannot define") ||
	    !expect(r, !probe_arm(&p), "cannot arm the probe"))
		goto out;
	pid = start_handlers(&ended, &status);
	if (!ended) {
		kill(pid, SIGKILL);
		status = wait_child(pid);
		expect(r, WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL,
		       "expected SIGKILL, saw status %#x", status);
		before = trace_hits();
		pid = start_handlers(&ended, &status);
		board->stop = 1;
		if (!ended)
			status = wait_child(pid);
	}
	judge(r, status, trace_hits() - before, NR_HANDLERS);
out:
	probe_remove(&p);
}

#define FREEZER		"/tmp/freezer"
#define FROZEN_GROUP	FREEZER "/uprobekit"

/* Write a word to a file of the group. */
static bool set_group(const char *file, const char *word)
{
	char path[64];
	bool good;
	int fd;

	snprintf(path, sizeof(path), FROZEN_GROUP "/%s", file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	good = fd >= 0 && write(fd, word, strlen(word)) == (ssize_t)strlen(word);
	close(fd);
	return good;
}

/* Tell whether all of the group is frozen. */
static bool is_frozen(void)
{
	char word[16] = "";
	int fd = open(FROZEN_GROUP "/freezer.state", O_RDONLY | O_CLOEXEC);
	ssize_t len = read(fd, word, sizeof(word) - 1);

	close(fd);
	return len > 0 && !strcmp(word, "FROZEN\n");
}

/* Join the group, load what is not there, and go on without a system call. */
static void *frozen_waiter(void *arg)
{
	char tid[16];
	void *ret;

	snprintf(tid, sizeof(tid), "%ld", syscall(SYS_gettid));
	if (!set_group("tasks", tid))
		return arg;
	ret = waiter(arg);
	while (!board->go)
		continue;
	return ret;
}

/* Freeze a thread that waits in a slot, and see that it is in the end. */
static int freeze_waiter(void)
{
	pthread_t thread;
	bool frozen;
	void *ret;
	int i;

	CHECK(!make_absent());
	CHECK(!pthread_create(&thread, NULL, frozen_waiter, absent));
	CHECK(!wait_for_load());
	CHECK(set_group("freezer.state", "FROZEN"));
	/* It is woken up, sees that it must not stop here, and faults again. */
	CHECK(!wait_for_load());
	CHECK(!provide());
	for (i = 0; i < 100 && !is_frozen(); i++)
		nap_ms(10);
	frozen = is_frozen();
	board->go = 1;
	CHECK(set_group("freezer.state", "THAWED"));
	CHECK(!pthread_join(thread, &ret));
	CHECK(!ret);
	CHECK(frozen);
	return 0;
}

/*
 * Fault: a task in a step that is woken up without a signal, by the freezer,
 * forgets about it, and the group is never frozen.
 */
static void frozen(struct result *r)
{
	unsigned long before = trace_hits();
	struct probe p = { .defined = false };
	int status;

	mkdir(FREEZER, 0755);
	if (mount("cgroup", FREEZER, "cgroup", 0, "freezer")) {
		r->skip = "this kernel has no freezer for groups";
		return;
	}
	if (expect(r, !mkdir(FROZEN_GROUP, 0755) || errno == EEXIST,
		   "cannot make a group") && arm_at(r, &p, hit_memory)) {
		status = wait_child(start_child(freeze_waiter));
		judge(r, status, trace_hits() - before, 1);
	}
	probe_remove(&p);
	rmdir(FROZEN_GROUP);
	umount(FREEZER);
}

static char other_stack[65536] __attribute__((aligned(16)));
static volatile sig_atomic_t got_signal;
static void (*leave_to)(void);

/* A signal has come. */
static void on_late_signal(int signo)
{
	(void)signo;
	got_signal = 1;
}

/* Go to other code on another stack, by a system call in the slot. */
static void on_leave(int signo, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;
	greg_t *regs = uc->uc_mcontext.gregs;

	(void)signo;
	(void)info;
	regs[REG_RIP] = (uintptr_t)leave_to;
	regs[REG_RSP] = (uintptr_t)other_stack + sizeof(other_stack) - 8;
	regs[REG_EFL] &= ~X86_EFLAGS_TF;
	sigdelset(&uc->uc_sigmask, SIGUSR1);
	leave_slot(context);
}

/* Put a page of system calls in the place of the slots, and step there. */
static int replace_and_leave(void (*where)(void))
{
	const struct sigaction sa = {
		.sa_sigaction = on_leave,
		.sa_flags = SA_SIGINFO,
	};
	unsigned long slots;
	char *page;
	int i;

	step_fence();
	slots = slots_address();
	CHECK(slots);
	page = mmap((void *)slots, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	CHECK(page == (char *)slots);
	for (i = 0; i < PAGE; i += 2)
		memcpy(page + i, "\x0f\x05", 2);
	leave_to = where;
	signal(SIGUSR1, on_late_signal);
	sigaction(SIGUSR2, &sa, NULL);
	raise(SIGUSR2);
	return 1;
}

/* Out of the slot: signals come. */
static void want_signal(void)
{
	kill(getpid(), SIGUSR1);
	_exit(!got_signal);
}

static int leave_and_signal(void)
{
	return replace_and_leave(want_signal);
}

/* Out of the slot: the same probe is hit, in the middle of a step. */
static void want_hit(void)
{
	_exit(hit_nop(7) != 21);
}

static int leave_and_hit(void)
{
	return replace_and_leave(want_hit);
}

/*
 * Fault: a task that leaves a step, by a page that it has put in the place of
 * its slot, is in that step for ever: deaf to signals, or killed where it hits
 * a probe.
 */
static void left(struct result *r, int (*child)(void))
{
	unsigned long before = trace_hits(), hits;
	struct probe p, q;
	int status;

	if (arm_at(r, &p, step_fence) && arm_at(r, &q, hit_nop)) {
		status = wait_child(start_child(child));
		hits = trace_hits() - before;
		judge(r, status, hits, child == leave_and_hit ? 3 : 2);
		probe_remove(&q);
	}
	probe_remove(&p);
}

static void left_signal(struct result *r)
{
	left(r, leave_and_signal);
}

static void left_hit(struct result *r)
{
	left(r, leave_and_hit);
}

const struct test slot_tests[] = {
	TEST_IF("slots-blocked", "sigtrap", blocked, lacks_userfaultfd),
	TEST_IF("slots-killed", "sigtrap", killed, lacks_userfaultfd),
	TEST_IF("slots-core", "sigtrap", dumped, lacks_userfaultfd),
	{ .name = "slots-fork", .before = "sigtrap", .child = wait_alone,
	  .bp = hit_memory, .hits = 2, .lacks = lacks_userfaultfd },
	{ .name = "slots-exec", .before = "sigtrap", .child = exec_waiting,
	  .bp = hit_memory, .hits = NR_WAITERS, .lacks = lacks_userfaultfd },
	TEST_IF("slots-frozen", "sigtrap", frozen, lacks_userfaultfd),
	TEST("slots-left-signal", "sigtrap", left_signal),
	TEST("slots-left-hit", "sigtrap", left_hit),
	TEST_IF("slots-handler", "sigtrap", handler, lacks_userfaultfd),
	{ .name = "slots-signal", .before = "sigtrap", .child = wait_signalled,
	  .bp = hit_load, .hits = 1, .lacks = lacks_userfaultfd },
	{ .name = "slots-signals", .before = "sigtrap", .child = wait_signals,
	  .bp = hit_load, .hits = 2, .lacks = lacks_userfaultfd },
	TEST_IF("slots-removal", "sigtrap", removal, lacks_userfaultfd),
	{ .name = NULL },
};
