// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of return probes where functions return on other stacks (coroutines,
 * alternate signal stacks), pop their arguments, or return in a program whose
 * system calls somebody else handles.
 */
#include <errno.h>
#include <linux/prctl.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include "child.h"
#ifdef __x86_64__
# include "hits-64.h"
#endif
#include "tests.h"

#ifndef PR_SET_SYSCALL_USER_DISPATCH
# define PR_SET_SYSCALL_USER_DISPATCH	59
# define PR_SYS_DISPATCH_OFF		0
# define PR_SYS_DISPATCH_ON		1
#endif
#define DISPATCH_ALLOW	0
#define DISPATCH_BLOCK	1

#define MAX_PENDING	64	/* MAX_URETPROBE_DEPTH */
#define STACK_SIZE	65536
#define SYSCALL_STOP	0x80	/* PTRACE_O_TRACESYSGOOD */
#define COROUTINES	100

static ucontext_t scheduler, coroutines[COROUTINES];
static unsigned int running;
static int ended;

/* This function gives the processor back, in a probed function. */
static long pause_there(void)
{
	unsigned int number = running;

	swapcontext(&coroutines[number], &scheduler);
	return number;
}

/* This function is what a coroutine does. */
static void coroutine(void)
{
	unsigned int number = running;

	if (hit_call(pause_there) == (long)number)
		ended++;
}

/* This function lets a coroutine run until it pauses, or ends. */
static void run_coroutine(unsigned int number)
{
	running = number;
	swapcontext(&scheduler, &coroutines[number]);
}

/* This function makes coroutines; all their stacks are one mapping. */
static int make_coroutines(unsigned int count)
{
	unsigned int i;
	char *stacks;

	stacks = mmap(NULL, count * STACK_SIZE, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(stacks != MAP_FAILED);
	ended = 0;
	for (i = 0; i < count; i++) {
		CHECK(!getcontext(&coroutines[i]));
		coroutines[i].uc_stack.ss_sp = stacks + i * STACK_SIZE;
		coroutines[i].uc_stack.ss_size = STACK_SIZE;
		coroutines[i].uc_link = &scheduler;
		makecontext(&coroutines[i], coroutine, 0);
	}
	return 0;
}

/* This function has four functions pending at once, in every order. */
static int coroutines_return(void)
{
	static const u_char orders[][4] = {
		{ 0, 1, 2, 3 }, { 3, 2, 1, 0 }, { 2, 0, 3, 1 }, { 1, 3, 0, 2 },
	};
	unsigned int begin, end, i;

	for (begin = 0; begin < 4; begin++) {
		for (end = 0; end < 4; end++) {
			CHECK(!make_coroutines(4));
			for (i = 0; i < 4; i++)
				run_coroutine(orders[begin][i]);
			for (i = 0; i < 4; i++)
				run_coroutine(orders[end][i]);
			CHECK(ended == 4);
		}
	}
	return 0;
}

#define COROUTINE_RETURNS	(4 * 4 * 4)

/*
 * This function has more pending than are kept. Those on stacks below cannot
 * be told from functions that longjmp() has left: when there are too many of
 * them they return unnoticed.
 */
static int many_below(void)
{
	unsigned int i;

	CHECK(!make_coroutines(COROUTINES));
	for (i = 0; i < COROUTINES; i++)
		run_coroutine(i);
	for (i = 0; i < COROUTINES; i++)
		run_coroutine(i);
	CHECK(ended == COROUTINES);
	return 0;
}

/* This function does the same on stacks above: the last ones are not kept. */
static int many_above(void)
{
	unsigned int i;

	CHECK(!make_coroutines(COROUTINES));
	for (i = COROUTINES; i--; )
		run_coroutine(i);
	for (i = COROUTINES; i--; )
		run_coroutine(i);
	CHECK(ended == COROUTINES);
	return 0;
}

/* This function drops coroutines that have yet to return, again and again. */
static int dropped(void)
{
	unsigned int round, i;

	for (round = 0; round < 5; round++) {
		CHECK(!make_coroutines(40));
		for (i = 0; i < 40; i++)
			run_coroutine(i);
		munmap(coroutines[0].uc_stack.ss_sp, 40 * STACK_SIZE);
	}
	CHECK(!make_coroutines(1));
	run_coroutine(0);
	run_coroutine(0);
	CHECK(ended == 1);
	return 0;
}

/* This function gets called before hit_jump() jumps: its caller's stack waits. */
static long start_first(void)
{
	run_coroutine(0);
	return 7;
}

/* This function has a chain around a function on another stack. */
static int chain_around(void)
{
	CHECK(!make_coroutines(1));
	CHECK(hit_jump(start_first) == 21);
	run_coroutine(0);
	CHECK(ended == 1);
	return 0;
}

/* This function tests that: hit_jump and hit_xol return together. */
static void chained(struct result *r)
{
	probe_returns(r, chain_around, 3, FUNCTIONS(hit_jump, hit_xol, hit_call));
}

static jmp_buf back;

static long leave(void)
{
	longjmp(back, 1);
}

static long leave_below(void)
{
	if (!setjmp(back))
		hit_call(leave);
	return 5;
}

/* This function returns from functions that pop their arguments. */
static int pops(void)
{
	CHECK(call_pops(leave_below) == 5);
	CHECK(call_pops(leave_below) == 5);
	return 0;
}

static void popped(struct result *r)
{
	probe_returns(r, pops, 2, FUNCTIONS(hit_pops, hit_call));
}

static long nothing_below(void)
{
	return 5;
}

/* Return from two functions, the first of which has moved its return address. */
static int carries(void)
{
	CHECK(call_carries(nothing_below) == 5);
	CHECK(call_carries(nothing_below) == 5);
	return 0;
}

static void carried(struct result *r)
{
	probe_returns(r, carries, 4, FUNCTIONS(hit_carries, hit_call));
}

static long be_there(void)
{
	return 7;
}

/* This function leaves functions so deep that nothing overwrites them. */
static long dig(void)
{
	volatile char room[1000];

	room[0] = 0;
	if (++board->count % MAX_PENDING)
		return hit_call(dig) + room[0];
	longjmp(back, 1);
}

static int longjmp_lost(void)
{
	int i;

	if (!setjmp(back))
		hit_call(dig);
	for (i = 0; i < 100; i++)
		CHECK(hit_call(be_there) == 7);
	return 0;
}

#ifndef SS_AUTODISARM
# define SS_AUTODISARM	(1U << 31)
#endif

static void on_signal(int signo)
{
	if (hit_call(be_there) == 7)
		board->count += signo;
}

static long raise_signal(void)
{
	return raise(SIGUSR1);
}

/* This function has a handler run on a stack that the kernel forgets. */
static int autodisarm(void)
{
	const struct sigaction sa = {
		.sa_handler = on_signal,
		.sa_flags = SA_ONSTACK,
	};
	stack_t own = { .ss_size = STACK_SIZE, .ss_flags = SS_AUTODISARM };
	char *stacks;
	int above;

	stacks = mmap(NULL, 2 * STACK_SIZE, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(stacks != MAP_FAILED);
	CHECK(!sigaction(SIGUSR1, &sa, NULL));
	/* Below the stack of the program, and above a coroutine's. */
	for (above = 0; above < 2; above++) {
		own.ss_sp = stacks + above * STACK_SIZE;
		CHECK(!sigaltstack(&own, NULL));
		CHECK(!hit_call(raise_signal));
	}
	CHECK(board->count == 2 * SIGUSR1);
	return 0;
}

static long raise_in_coroutine(void)
{
	return raise(SIGUSR1);
}

static void raising(void)
{
	if (!hit_call(raise_in_coroutine))
		ended++;
}

static int autodisarm_above(void)
{
	const struct sigaction sa = {
		.sa_handler = on_signal,
		.sa_flags = SA_ONSTACK,
	};
	stack_t own = { .ss_size = STACK_SIZE, .ss_flags = SS_AUTODISARM };

	CHECK(!make_coroutines(2));
	makecontext(&coroutines[0], raising, 0);
	own.ss_sp = coroutines[1].uc_stack.ss_sp;
	CHECK(!sigaltstack(&own, NULL));
	CHECK(!sigaction(SIGUSR1, &sa, NULL));
	run_coroutine(0);
	CHECK(ended == 1 && board->count == SIGUSR1);
	return 0;
}

/* Whether system calls go to SIGSYS. */
static volatile char blocked;

static void on_sigsys(int signo, siginfo_t *info, void *context)
{
	blocked = DISPATCH_ALLOW;
	note("signal %d for system call %d", signo, info->si_syscall);
	(void)context;
	_exit(1);
}

/* This function has system calls dispatched when @blocked says so. */
static long dispatch(void)
{
	return prctl(PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_ON, 0, 0,
		     &blocked);
}

static long dispatch_and_block(void)
{
	long ret = dispatch();

	blocked = DISPATCH_BLOCK;
	return ret;
}

static const char *lacks_dispatch(void)
{
	if (prctl(PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_OFF, 0, 0, 0))
		return "this kernel does not dispatch system calls";
	return NULL;
}

/* This function returns with all system calls blocked, and becomes so. */
static int dispatched(void)
{
	struct sigaction sa = {
		.sa_sigaction = on_sigsys,
		.sa_flags = SA_SIGINFO,
	};
	long ret;

	CHECK(!sigaction(SIGSYS, &sa, NULL));
	CHECK(!hit_call(dispatch));
	blocked = DISPATCH_BLOCK;
	ret = hit_call(be_there);
	blocked = DISPATCH_ALLOW;
	CHECK(ret == 7);
	ret = hit_call(dispatch_and_block);
	blocked = DISPATCH_ALLOW;
	CHECK(!ret);
	return 0;
}

/* This function makes a system call between two stops. */
static int emulated_child(void)
{
	CHECK(!ptrace(PTRACE_TRACEME, 0, NULL, NULL));
	raise(SIGSTOP);
	syscall(SYS_getppid, hit_call(be_there));
	return 1;
}

/* This function emulates the system calls of a child: there is one. */
static int emulated(void)
{
	struct user_regs_struct regs;
	pid_t pid = fork();
	int status;

	if (!pid)
		_exit(emulated_child());
	CHECK(waitpid(pid, &status, 0) == pid);
	if (!WIFSTOPPED(status) || WSTOPSIG(status) != SIGSTOP)
		return pass_on(status);
	CHECK(!ptrace(PTRACE_SYSEMU, pid, NULL, NULL));
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK(WIFSTOPPED(status));
	if (WSTOPSIG(status) != SIGTRAP) {
		kill(pid, SIGKILL);
		return pass_on(WSTOPSIG(status));
	}
	CHECK(!ptrace(PTRACE_GETREGS, pid, NULL, &regs));
	note("system call %ld", (long)regs.USER_SYSCALL);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	CHECK(regs.USER_SYSCALL == SYS_getppid);
	return 0;
}

static int traced_child(void)
{
	CHECK(!ptrace(PTRACE_TRACEME, 0, NULL, NULL));
	raise(SIGSTOP);
	CHECK(hit_call(be_there) == 7);
	CHECK(hit_call(be_there) == 7);
	return 0;
}

/*
 * This function denies the system calls of a child that it does not know, as a
 * sandbox does: the child makes none but the last.
 */
static int traced(void)
{
	struct user_regs_struct regs;
	pid_t pid = fork();
	int status;

	if (!pid)
		_exit(traced_child());
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK(!ptrace(PTRACE_SETOPTIONS, pid, NULL,
		      (void *)PTRACE_O_TRACESYSGOOD));
	for (;;) {
		CHECK(!ptrace(PTRACE_SYSCALL, pid, NULL, NULL));
		CHECK(waitpid(pid, &status, 0) == pid);
		if (!WIFSTOPPED(status))
			break;
		if (WSTOPSIG(status) != (SIGTRAP | SYSCALL_STOP)) {
			kill(pid, SIGKILL);
			return pass_on(WSTOPSIG(status));
		}
		CHECK(!ptrace(PTRACE_GETREGS, pid, NULL, &regs));
		if (regs.USER_SYSCALL == SYS_exit_group)
			continue;
		note("system call %ld", (long)regs.USER_SYSCALL);
		regs.USER_SYSCALL = -1;
		CHECK(!ptrace(PTRACE_SETREGS, pid, NULL, &regs));
	}
	return pass_on(status);
}

#ifdef __x86_64__
#define PAGE		4096
#define LOW_WORDS	4

/* This function returns on a stack that has no room below. */
static int no_room(void)
{
	unsigned long *page;
	long i;

	page = mmap(NULL, 2 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
		    -1, 0);
	CHECK(page != MAP_FAILED);
	page += PAGE / sizeof(*page);
	CHECK(!mprotect(page, PAGE, PROT_READ | PROT_WRITE));
	for (i = 0; i < LOW_WORDS; i++) {
		page[i] = (unsigned long)hit_on_words_next;
		CHECK(hit_on_words(i, page + i) == 3 * i);
	}
	return 0;
}
#endif

/*
 * This function has two functions pending on a stack that is copied to another
 * place, as runtimes do whose stacks grow, and returns from them there.
 */
static char *moved_from, *moved_to;

static long pause_nested(void)
{
	return hit_call(pause_there) + 5;
}

static void nested(void)
{
	unsigned int number = running;

	if (hit_call(pause_nested) == (long)number + 5)
		ended++;
	/* Where it would go on by itself is on the old stack. */
	swapcontext(&coroutines[number], &scheduler);
}

static int move_stack(unsigned int to)
{
	unsigned int i;
	char *stacks;

	stacks = mmap(NULL, 8 * STACK_SIZE, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(stacks != MAP_FAILED);
	moved_from = stacks + 4 * STACK_SIZE;
	moved_to = stacks + to * STACK_SIZE;
	CHECK(!getcontext(&coroutines[0]));
	coroutines[0].uc_stack.ss_sp = moved_from;
	coroutines[0].uc_stack.ss_size = STACK_SIZE;
	coroutines[0].uc_link = &scheduler;
	makecontext(&coroutines[0], nested, 0);
	ended = 0;
	run_coroutine(0);

	memcpy(moved_to, moved_from, STACK_SIZE);
	memset(moved_from, 0, STACK_SIZE);
	for (i = 0; i < NGREG; i++) {
		greg_t *reg = &coroutines[0].uc_mcontext.gregs[i];

		if ((size_t)*reg - (size_t)moved_from <= STACK_SIZE)
			*reg += moved_to - moved_from;
	}
	run_coroutine(0);
	CHECK(ended == 1);
	return 0;
}

static int move_stack_down(void)
{
	return move_stack(1);
}

static int move_stack_up(void)
{
	return move_stack(7);
}

/*
 * This function leaves more functions than can be pending: what is called then
 * is reported as before.
 */
static sigjmp_buf surface;
static unsigned int level;

static long sink(void)
{
	if (++level < 2 * MAX_PENDING)
		return hit_call(sink);
	siglongjmp(surface, 1);
}

static int surfaced(void)
{
	unsigned int i;

	for (i = 0; i < 3; i++) {
		level = 0;
		if (!sigsetjmp(surface, 0))
			return hit_call(sink) || 1;
		CHECK(hit_call(be_there) == 7);
		CHECK(hit_call(be_there) == 7);
	}
	return 0;
}

static long deeper(void)
{
	return ++level <= MAX_PENDING ? hit_call(deeper) : 7;
}

static long once_more(void)
{
	return hit_call(be_there);
}

/*
 * This function has as many pending as are kept, and one more; all return. Then
 * as many are on stacks that go away: they make room for others, as they do
 * where there never were too many.
 */
static int full_again(void)
{
	unsigned int i;

	level = 0;
	CHECK(hit_call(deeper) == 7);
	CHECK(!make_coroutines(MAX_PENDING - 1));
	for (i = 0; i < MAX_PENDING - 1; i++)
		run_coroutine(i);
	munmap(coroutines[0].uc_stack.ss_sp, (MAX_PENDING - 1) * STACK_SIZE);
	CHECK(hit_call(once_more) == 7);
	return 0;
}

/* Go as deep as returns are kept; interrupt the deepest by a signal. */
static long raise_deepest(void)
{
	if (++level < MAX_PENDING)
		return hit_call(raise_deepest);
	return raise(SIGUSR1);
}

/*
 * Fault: a handler on a stack of its own calls a function when no more returns
 * are kept, and those that it has interrupted are taken for left: none of their
 * returns is reported.
 */
static int handler_when_full(void)
{
	static char alternate[STACK_SIZE];
	const stack_t own = {
		.ss_sp = alternate,
		.ss_size = sizeof(alternate),
	};
	const struct sigaction sa = {
		.sa_handler = on_signal,
		.sa_flags = SA_ONSTACK,
	};

	CHECK(!sigaltstack(&own, NULL));
	CHECK(!sigaction(SIGUSR1, &sa, NULL));
	CHECK(!hit_call(raise_deepest));
	CHECK(board->count == SIGUSR1);
	return 0;
}

/* Call one function more than returns are kept, on a stack below another. */
static long fill(void)
{
	if (++level < MAX_PENDING)
		return hit_call(fill);
	return 7;
}

static void filling(void)
{
	if (hit_call(fill) == 7)
		ended++;
}

#define STACK_PAGES	(STACK_SIZE / 4096)

/*
 * Fault: when there is no more room, the return address of a function is looked
 * up in a page that is not there: the kernel asks for that page, with mmap_lock
 * held.
 */
static int page_gone(void)
{
	static unsigned char present[STACK_PAGES];
	static char saved[STACK_SIZE];
	char *stack;
	int i;

	CHECK(!make_coroutines(2));
	makecontext(&coroutines[0], filling, 0);
	run_coroutine(1);
	stack = coroutines[1].uc_stack.ss_sp;
	memcpy(saved, stack, STACK_SIZE);
	CHECK(!madvise(stack, STACK_SIZE, MADV_DONTNEED));
	run_coroutine(0);
	CHECK(ended == 1);
	CHECK(!mincore(stack, STACK_SIZE, present));
	for (i = 0; i < STACK_PAGES; i++)
		CHECK(!(present[i] & 1));
	memcpy(stack, saved, STACK_SIZE);
	run_coroutine(1);
	CHECK(ended == 2);
	return 0;
}

const struct test stack_tests[] = {
	RETURN_TEST("return-coroutines", coroutines_return, hit_call,
		    COROUTINE_RETURNS),
	RETURN_TEST("return-coroutines-below", many_below, hit_call,
		    COROUTINES - MAX_PENDING),
	RETURN_TEST("return-coroutines-above", many_above, hit_call,
		    MAX_PENDING),
	RETURN_TEST("return-coroutines-dropped", dropped, hit_call, 1),
	TEST("return-coroutines-chain", "sigtrap", chained),
	TEST("return-pops", "sigtrap", popped),
	TEST("return-carried", "sigtrap", carried),
	RETURN_TEST("return-moved-down", move_stack_down, hit_call, 2),
	RETURN_TEST("return-moved-up", move_stack_up, hit_call, 2),
	RETURN_TEST("return-longjmp-lost", longjmp_lost, hit_call, 100),
	RETURN_TEST("return-longjmp-full", surfaced, hit_call, 6),
	RETURN_TEST("return-full-again", full_again, hit_call, MAX_PENDING + 2),
	RETURN_TEST("return-sigaltstack-full", handler_when_full, hit_call,
		    MAX_PENDING),
	RETURN_TEST("return-page-gone", page_gone, hit_call, MAX_PENDING),
	RETURN_TEST("return-autodisarm", autodisarm, hit_call, 4),
	RETURN_TEST("return-autodisarm-above", autodisarm_above, hit_call, 2),
	{ .name = "return-dispatch", .before = "sigtrap", .child = dispatched,
	  .bp = hit_call, .hits = 3, .is_return = true, .lacks = lacks_dispatch },
	{ .name = "return-sysemu", .before = "fail", .child = emulated,
	  .bp = hit_call, .hits = 1, .is_return = true },
	{ .name = "return-traced", .before = "sigtrap", .child = traced,
	  .bp = hit_call, .hits = 2, .is_return = true },
#ifdef __x86_64__
	RETURN_TEST("return-no-room", no_room, hit_xol, LOW_WORDS),
#endif
	{ .name = NULL },
};
