// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of probes in restartable sequences: what preempts a task, or sends it a
 * signal, has the sequence begin again, whether a probed instruction is being
 * executed or not.
 */
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/rseq.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/ucontext.h>
#include <unistd.h>

#include "child.h"
#include "tests.h"

#define PAGE		4096
#define X86_EFLAGS_TF	0x100
#define ADDS		6000
#define ROUNDS		12
#define OUTSIDE		3000
#define TICK_US		500

/* In rseq.S; the second argument is where a sequence is announced. */
void rseq_add(volatile unsigned long *where, void *announced);
long rseq_load(long unused, void *announced);
long rseq_outside(long x, void *announced);
extern const char rseq_add_step[], rseq_add_commit[];
extern const char rseq_add_begin[], rseq_add_end[], rseq_load_insn[];
extern volatile unsigned long rseq_aborts, rseq_seen[7];
extern char rseq_load_page[PAGE];

static volatile unsigned long counter;
static volatile int adders;
static volatile unsigned long ticks, bad_ticks;

/* This function returns where the current thread announces a sequence. */
static void *announced(void)
{
	return (char *)__builtin_thread_pointer() + __rseq_offset +
	       offsetof(struct rseq, rseq_cs);
}

static const char *lacks_rseq(void)
{
	if (!__rseq_size)
		return "this kernel has no restartable sequences";
	return NULL;
}

static const char *lacks_rseq_or_userfaultfd(void)
{
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC);

	if (fd < 0)
		return "this kernel has no userfaultfd";
	close(fd);
	return lacks_rseq();
}

static int stay_on(int cpu)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	return sched_setaffinity(0, sizeof(one), &one);
}

/* This function adds on a processor that it shares with another one. */
static void *adder(void *arg)
{
	int i;

	if (!stay_on(0)) {
		for (i = 0; i < ADDS; i++)
			rseq_add(&counter, announced());
	}
	__atomic_sub_fetch(&adders, 1, __ATOMIC_SEQ_CST);
	return arg;
}

/*
 * This function changes the address space on another processor, all the time:
 * whoever looks up a probe has to wait, and others run meanwhile. It unmaps
 * probed code, too, after which all look up their probes anew.
 */
static void *disturber(void *arg)
{
	unsigned long offset = file_offset(rseq_add_begin) & -PAGE;
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	void *page;

	stay_on(1);
	while (adders) {
		page = mmap(NULL, 2 * PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE,
			    fd, offset);
		if (page != MAP_FAILED)
			munmap(page, 2 * PAGE);
		page = mmap(NULL, 64 * PAGE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
		if (page != MAP_FAILED)
			munmap(page, 64 * PAGE);
	}
	close(fd);
	return arg;
}

/*
 * This function has two threads add until a sequence was aborted: no increment
 * is lost. A hit takes little time in which a thread can be preempted.
 */
static int add_both(void)
{
	pthread_t threads[3];
	unsigned long all = 0;
	int i;

	while (!rseq_aborts && all < ROUNDS * 2 * ADDS) {
		adders = 2;
		for (i = 0; i < 3; i++)
			CHECK(!pthread_create(&threads[i], NULL,
					      i < 2 ? adder : disturber, NULL));
		for (i = 0; i < 3; i++)
			CHECK(!pthread_join(threads[i], NULL));
		all += 2 * ADDS;
	}
	note("added %lu of %lu, aborted %lu", counter, all, rseq_aborts);
	board->count = rseq_aborts;
	board->total = all;
	CHECK(counter == all);
	CHECK(rseq_aborts);
	return 0;
}

/* This function probes an instruction of the sequence: each time is a hit. */
static void run_adders(struct result *r, const void *insn)
{
	unsigned long before = trace_hits(), hits;
	struct probe p;
	int status;

	if (arm_at(r, &p, insn)) {
		status = wait_child(start_child(add_both));
		hits = trace_hits() - before;
		judge(r, status, hits, hits);
		if (!status)
			expect(r, hits >= board->total &&
			       hits <= board->total + board->count,
			       "%lu hits with %lu aborts", hits, board->count);
	}
	probe_remove(&p);
}

static void stepped(struct result *r)
{
	run_adders(r, rseq_add_step);
}

static void committed(struct result *r)
{
	run_adders(r, rseq_add_commit);
}

/* This function gets called for each tick: what it sees is the program's. */
static void on_tick(int signo, siginfo_t *info, void *context)
{
	const ucontext_t *uc = context;
	uintptr_t ip = uc->uc_mcontext.gregs[REG_RIP];

	(void)signo;
	(void)info;
	ticks++;
	if (!is_own_code(ip) ||
	    (uc->uc_mcontext.gregs[REG_EFL] & X86_EFLAGS_TF) ||
	    ip - (uintptr_t)rseq_add_begin <
	    (uintptr_t)rseq_add_end - (uintptr_t)rseq_add_begin)
		bad_ticks++;
}

/* This function gets signals while it is in a sequence. */
static int ticking(void)
{
	const struct itimerval often = {
		.it_interval.tv_usec = TICK_US,
		.it_value.tv_usec = TICK_US,
	};
	const struct itimerval never = { .it_value.tv_sec = 0 };
	struct sigaction sa = {
		.sa_sigaction = on_tick,
		.sa_flags = SA_SIGINFO | SA_RESTART,
	};
	int i;

	rseq_add(&counter, announced());
	CHECK(!sigaction(SIGALRM, &sa, NULL));
	CHECK(!setitimer(ITIMER_REAL, &often, NULL));
	for (i = 1; i < ADDS; i++)
		rseq_add(&counter, announced());
	CHECK(!setitimer(ITIMER_REAL, &never, NULL));
	note("added %lu of %d, %lu ticks, %lu in a sequence, aborted %lu",
	     counter, ADDS, ticks, bad_ticks, rseq_aborts);
	board->count = rseq_aborts;
	CHECK(counter == ADDS);
	CHECK(ticks && !bad_ticks);
	return 0;
}

static void signalled(struct result *r)
{
	unsigned long before = trace_hits(), hits;
	struct probe p;
	int status;

	if (arm_at(r, &p, rseq_add_step)) {
		status = wait_child(start_child(ticking));
		hits = trace_hits() - before;
		judge(r, status, hits, hits);
		if (!status)
			expect(r, hits >= ADDS && hits <= ADDS + board->count,
			       "%lu hits with %lu aborts", hits, board->count);
	}
	probe_remove(&p);
}

static int fault_fd;
static volatile int provided;
static char * const fault_page = rseq_load_page;

/* This function provides the page for who waits for it, after a while. */
static void *provider(void *arg)
{
	static unsigned long page[PAGE / sizeof(long)] = { 7 };
	struct uffdio_copy copy = {
		.dst = (uintptr_t)fault_page,
		.src = (uintptr_t)page,
		.len = PAGE,
	};
	struct uffd_msg msg;

	if (read(fault_fd, &msg, sizeof(msg)) != sizeof(msg))
		return arg;
	nap_ms(20);
	provided = 1;
	return ioctl(fault_fd, UFFDIO_COPY, &copy) ? arg : NULL;
}

/* This function waits for memory in a sequence, which ends the sequence. */
static int wait_in_sequence(void)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	pthread_t thread;
	long loaded;
	void *ret;

	fault_fd = syscall(SYS_userfaultfd, O_CLOEXEC);
	CHECK(fault_fd >= 0);
	CHECK(!ioctl(fault_fd, UFFDIO_API, &api));
	reg.range.start = (uintptr_t)fault_page;
	reg.range.len = PAGE;
	CHECK(!ioctl(fault_fd, UFFDIO_REGISTER, &reg));
	CHECK(!pthread_create(&thread, NULL, provider, fault_page));

	/* It can end before the load is executed, when the task is preempted. */
	do {
		board->count++;
		CHECK(rseq_load(0, announced()) == 0);
	} while (!provided);
	CHECK(!pthread_join(thread, &ret));
	CHECK(!ret);
	CHECK(rseq_seen[0] == 0x11 && rseq_seen[1] == 0x22);
	CHECK(rseq_seen[2] == 0x33 && rseq_seen[3] == 0x44);
	CHECK(rseq_seen[4] == 0x55 && rseq_seen[5] == 0);
	CHECK(!(rseq_seen[6] & X86_EFLAGS_TF));
	/* Now nothing but preemption is in the way. */
	do {
		board->count++;
		loaded = rseq_load(0, announced());
	} while (!loaded);
	CHECK(loaded == 21);
	return 0;
}

/* Test that: each time that the sequence was begun is a hit. */
static void waited(struct result *r)
{
	unsigned long before = trace_hits();
	struct probe p;
	int status;

	if (arm_at(r, &p, rseq_load_insn)) {
		status = wait_child(start_child(wait_in_sequence));
		judge(r, status, trace_hits() - before, board->count);
	}
	probe_remove(&p);
}

/* This function has sequences announced where there are none. */
static int outside(void)
{
	long i;

	for (i = 0; i < OUTSIDE; i++)
		CHECK(rseq_outside(i, announced()) == 3 * i);
	CHECK(!rseq_aborts);
	return 0;
}

const struct test rseq_tests[] = {
	TEST_IF("rseq-step", "sigtrap", stepped, lacks_rseq),
	TEST_IF("rseq-commit", "sigtrap", committed, lacks_rseq),
	TEST_IF("rseq-signal", "sigtrap", signalled, lacks_rseq),
	TEST_IF("rseq-wait", "sigtrap", waited, lacks_rseq_or_userfaultfd),
	{ .name = "rseq-outside", .before = "sigtrap", .child = outside,
	  .bp = hit_xol, .hits = OUTSIDE, .lacks = lacks_rseq },
	{ .name = NULL },
};
