// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of signals around probed instructions.
 */
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/ucontext.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "child.h"
#include "tests.h"

#define X86_EFLAGS_TF	0x100
#define TICK_NS		500000		/* 2 kHz */
#define STORM		20000
#define JUMPS		200
#define ROUNDS		50
#define HITS_A_ROUND	10

static timer_t timer;
static volatile unsigned long ticks, bad_ticks;
static volatile hit_fn storm_hit;
static sigjmp_buf back;

/*
 * This function returns whether a handler may see this state: the program is
 * in its own code, not in the copy of an instruction, and is not being stepped.
 */
static bool is_own_state(const void *context)
{
	const ucontext_t *uc = context;
	uintptr_t ip = uc->uc_mcontext.gregs[REG_IP];

	return is_own_code(ip) &&
	       !(uc->uc_mcontext.gregs[REG_EFL] & X86_EFLAGS_TF);
}

/* This function installs a handler. */
static void handle(int signo, void (*handler)(int, siginfo_t *, void *))
{
	struct sigaction sa = {
		.sa_sigaction = handler,
		.sa_flags = SA_SIGINFO | SA_RESTART,
	};

	sigaction(signo, &sa, NULL);
}

/* This function gets called for each tick. */
static void on_tick(int signo, siginfo_t *info, void *context)
{
	(void)signo;
	ticks += 1 + info->si_overrun;
	if (!is_own_state(context))
		bad_ticks++;
}

/* This function starts the ticks. */
static int start_ticks(void)
{
	const struct itimerspec its = {
		.it_interval.tv_nsec = TICK_NS,
		.it_value.tv_nsec = TICK_NS,
	};
	struct sigevent ev = {
		.sigev_notify = SIGEV_SIGNAL,
		.sigev_signo = SIGALRM,
	};

	handle(SIGALRM, on_tick);
	CHECK(!timer_create(CLOCK_MONOTONIC, &ev, &timer));
	CHECK(!timer_settime(timer, 0, &its, NULL));
	return 0;
}

/* This function returns a monotonic time in nanoseconds. */
static int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

/* This function returns the time between ticks: timers may be coarse. */
static int64_t tick_ns(void)
{
	struct timespec ts;

	clock_getres(CLOCK_MONOTONIC, &ts);
	return ts.tv_nsec > TICK_NS ? ts.tv_nsec : TICK_NS;
}

/*
 * This function hits while a timer ticks.  Each expiry is a signal or an
 * overrun of one that was pending, so together they are the time that passed.
 *
 * A busy machine may stop the guest anywhere, so each end of that time lies
 * between two looks at the clock: the ticks of the time inside must all have
 * been seen, and none beyond the time outside.
 */
static int storm(void)
{
	int64_t before, begin, end, after, tick = tick_ns();
	long least, most;

	CHECK(!storm_hit(0));
	before = now_ns();
	CHECK(!start_ticks());
	begin = now_ns();
	CHECK(!hit_times(storm_hit, STORM - 1));
	end = now_ns();
	nap_ms(2);
	timer_delete(timer);
	after = now_ns();

	CHECK(ticks > 0);
	CHECK(bad_ticks == 0);
	least = (end - begin) / tick - 2;
	most = (after - before) / tick + 2;
	if ((long)ticks < least || (long)ticks > most) {
		note("expected %ld to %ld ticks, saw %lu", least, most, ticks);
		return 1;
	}
	return 0;
}

/* This function gets called in the child of sig-timer-nop. */
static int storm_nop(void)
{
	storm_hit = hit_nop;
	return storm();
}

/* This function gets called in the child of sig-timer-xol. */
static int storm_xol(void)
{
	storm_hit = hit_xol;
	return storm();
}

/* This function counts hits on the board while it hits. */
static int hit_counted(void)
{
	unsigned long i;

	for (i = 0; i < STORM; i++) {
		CHECK(hit_xol(i) == (long)(3 * i));
		board->count++;
	}
	return 0;
}

/* This function tests that stopping and continuing loses and adds no hit. */
static void stop_and_go(struct result *r)
{
	unsigned long before = trace_hits();
	int status, cycles = 0;
	struct probe p;
	pid_t pid;

	if (arm_at(r, &p, hit_xol)) {
		pid = start_child(hit_counted);
		while (!child_ended(pid, &status)) {
			kill(pid, SIGSTOP);
			nap_ms(1);
			kill(pid, SIGCONT);
			nap_ms(1);
			cycles++;
		}
		judge(r, status, trace_hits() - before, STORM);
		add_word(r, "stops=%d", cycles);
	}
	probe_remove(&p);
}

/* This function hits until it is killed. */
static int hit_forever(void)
{
	for (;;) {
		CHECK(hit_xol(5) == 15);
		board->count++;
	}
}

/* This function tests that a task in a hit loop can be killed. */
static void kill_loop(struct result *r)
{
	unsigned long before = trace_hits(), hits;
	struct probe p;
	int status, i;
	pid_t pid;

	if (!arm_at(r, &p, hit_xol))
		goto out;
	for (i = 0; i < 10; i++) {
		board->count = 0;
		pid = start_child(hit_forever);
		while (board->count < 100 && !child_ended(pid, &status))
			nap_ms(1);
		if (board->count >= 100) {
			kill(pid, SIGKILL);
			status = wait_child(pid);
		}
		hits = trace_hits() - before;
		r->hits = hits;
		if (WIFSIGNALED(status) && WTERMSIG(status) == SIGTRAP &&
		    !hits) {
			r->outcome = OUTCOME_SIGTRAP;
			break;
		}
		if (!expect(r, WIFSIGNALED(status) &&
			    WTERMSIG(status) == SIGKILL,
			    "expected SIGKILL, saw status %#x", status))
			break;
	}
	if (r->outcome == OUTCOME_PASS)
		expect(r, hits >= 1000, "hits: expected 1000 or more, saw %lu",
		       hits);
out:
	probe_remove(&p);
}

/* This function gets called for a signal and hits the probe itself. */
static void on_usr1(int signo, siginfo_t *info, void *context)
{
	(void)signo;
	(void)info;
	if (hit_xol(7) != 21 || !is_own_state(context))
		bad_ticks++;
}

/* This function hits in the program and in its signal handler. */
static int handler_hits(void)
{
	int i;

	handle(SIGUSR1, on_usr1);
	for (i = 0; i < 100; i++) {
		CHECK(hit_xol(i) == 3 * i);
		raise(SIGUSR1);
	}
	CHECK(bad_ticks == 0);
	return 0;
}

/* This function gets called for the fault and leaves it with a jump. */
static void on_segv(int signo, siginfo_t *info, void *context)
{
	const ucontext_t *uc = context;

	(void)signo;
	if (info->si_addr != (void *)16 ||
	    uc->uc_mcontext.gregs[REG_IP] != (greg_t)(uintptr_t)hit_load)
		bad_ticks++;
	siglongjmp(back, 1);
}

/* This function jumps out of the handler again and again. */
static int jump_out(void)
{
	volatile int i;

	handle(SIGSEGV, on_segv);
	for (i = 0; i < JUMPS; i++) {
		if (!sigsetjmp(back, 1))
			hit_load((const long *)16);
	}
	CHECK(bad_ticks == 0);
	CHECK(!hit_times(hit_xol, 10));
	return 0;
}

static const long seven = 7;

/* This function repairs the operand, so that the instruction runs again. */
static void on_segv_repair(int signo, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	(void)signo;
	(void)info;
	if (uc->uc_mcontext.gregs[REG_IP] != (greg_t)(uintptr_t)hit_load)
		bad_ticks++;
	uc->uc_mcontext.gregs[REG_ARG] = (greg_t)(uintptr_t)&seven;
}

/* This function returns from the handler to the instruction that faulted. */
static int retry(void)
{
	int i;

	handle(SIGSEGV, on_segv_repair);
	for (i = 0; i < 50; i++)
		CHECK(hit_load((const long *)16) == 21);
	CHECK(bad_ticks == 0);
	return 0;
}

/* This function loads from an address that is not mapped. */
static int load_bad(void)
{
	hit_load((const long *)16);
	return 0;
}

/* This function divides by zero. */
static int divide_bad(void)
{
	hit_div(0);
	return 0;
}

/* This function tests that an unhandled fault ends the task as it should. */
static void deadly(struct result *r, int (*child)(void), const void *bp,
		   int signo)
{
	unsigned long before = trace_hits();
	struct probe p;
	int status;

	if (arm_at(r, &p, bp)) {
		status = wait_child(start_child(child));
		r->hits = trace_hits() - before;
		if (WIFSIGNALED(status) && WTERMSIG(status) == SIGTRAP &&
		    !r->hits) {
			r->outcome = OUTCOME_SIGTRAP;
		} else {
			expect(r, WIFSIGNALED(status) &&
			       WTERMSIG(status) == signo,
			       "expected signal %d, saw status %#x",
			       signo, status);
			expect(r, r->hits == 1, "hits: expected 1, saw %lu",
			       r->hits);
		}
	}
	probe_remove(&p);
}

/* This function tests a load from a bad address, without a handler. */
static void deadly_segv(struct result *r)
{
	deadly(r, load_bad, hit_load, SIGSEGV);
}

/* This function tests a division by zero, without a handler. */
static void deadly_fpe(struct result *r)
{
	deadly(r, divide_bad, hit_div, SIGFPE);
}

static volatile unsigned long got[_NSIG], bad_states;
static pid_t signalled;

/* This function gets called for signals of every kind. */
static void on_any(int signo, siginfo_t *info, void *context)
{
	(void)info;
	got[signo]++;
	if (!is_own_state(context))
		bad_states++;
}

/*
 * This function returns whether a program may handle a signal, and gets it if
 * others are pending: SIGCONT goes when a signal comes that can stop.  SIGTRAP
 * is what a hit ends with that nobody handles.
 */
static bool is_ours(int signo)
{
	return signo != SIGKILL && signo != SIGSTOP && signo != SIGCONT &&
	       signo != SIGTRAP && (signo <= SIGSYS || signo >= SIGRTMIN);
}

/*
 * This function sends each signal, again and again, and lets the other one hit
 * between the rounds.
 */
static int send_all(void)
{
	const union sigval none = { .sival_int = 0 };
	unsigned long seen;
	int i, signo;

	for (i = 0; i < ROUNDS; i++) {
		seen = board->count;
		while (board->count < seen + HITS_A_ROUND) {
			CHECK(getppid() == signalled);
			sched_yield();
		}
		for (signo = 1; signo <= SIGRTMAX; signo++) {
			while (is_ours(signo) &&
			       sigqueue(signalled, signo, none))
				nap_ms(1);
		}
	}
	board->stop = 1;
	return 0;
}

/* This function hits until the last signal is there. */
static int every_signal(void)
{
	int signo;
	pid_t pid;

	board->stop = 0;
	for (signo = 1; signo <= SIGRTMAX; signo++) {
		if (is_ours(signo))
			handle(signo, on_any);
	}
	signalled = getpid();
	pid = start_child(send_all);
	CHECK(pid > 0);
	while (!board->stop) {
		CHECK(!hit_times(hit_xol, 1));
		board->count++;
	}
	CHECK(!pass_on(wait_child(pid)));
	CHECK(bad_states == 0);
	for (signo = 1; signo <= SIGRTMAX; signo++) {
		if (!is_ours(signo))
			continue;
		if (got[signo] == ROUNDS || (got[signo] && signo < SIGRTMIN))
			continue;
		note("signal %d: sent %d times, came %lu times", signo, ROUNDS,
		     got[signo]);
		return 1;
	}
	return 0;
}

/* This function tests a storm of signals of every kind. */
static void every(struct result *r)
{
	unsigned long before = trace_hits();
	struct probe p;
	int status;

	board->count = 0;
	if (arm_at(r, &p, hit_xol)) {
		status = wait_child(start_child(every_signal));
		judge(r, status, trace_hits() - before, board->count);
	}
	probe_remove(&p);
}

const struct test signal_tests[] = {
	CHILD_TEST("sig-timer-nop", storm_nop, hit_nop, STORM),
	CHILD_TEST("sig-timer-xol", storm_xol, hit_xol, STORM),
	TEST("sig-every", "sigtrap", every),
	TEST("sig-stop-cont", "sigtrap", stop_and_go),
	TEST("sig-kill-loop", "sigtrap", kill_loop),
	CHILD_TEST("sig-handler-hits", handler_hits, hit_xol, 200),
	CHILD_TEST("sig-longjmp", jump_out, hit_load, JUMPS),
	CHILD_TEST("sig-retry", retry, hit_load, 100),
	TEST("sig-segv-deadly", "sigtrap", deadly_segv),
	TEST("sig-fpe-deadly", "sigtrap", deadly_fpe),
	{ .name = NULL },
};
