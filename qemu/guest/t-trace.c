// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of single-stepping by others: the program itself, and a debugger.
 *
 * The same steps are made without and with probes, and must be the same.  On
 * the baseline a hit raises SIGTRAP as well; it is told apart by its si_code,
 * and is made deadly, as it is without a handler or a debugger.
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/ucontext.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "tests.h"

#define MAX_STEPS	512

/* Not in every header: resume until the next branch. */
#ifndef PTRACE_SINGLEBLOCK
# define PTRACE_SINGLEBLOCK 33
#endif

#define NR_STEP_PROBES	7

/* What is probed, and the hits of one walk from steps_begin to steps_end. */
struct step_probes {
	const void	*places[NR_STEP_PROBES];
	unsigned long	hits;
};

static const struct step_probes functions = {
	{ hit_nop, hit_xol, hit_push }, 4
};

static const struct step_probes branches = {
	{
		step_call, step_jmp, step_not_taken, step_taken, step_loop,
		step_to_next, step_indirect,
	},
	8
};

static int round_nr;		/* 0: without probes, 1: with them */
static int step_request;

/* This function notes one step on the board. */
static void note_step(uintptr_t ip, int code)
{
	unsigned int nr = board->nr[round_nr];

	if (nr == MAX_STEPS)
		return;
	board->ip[round_nr][nr] = ip;
	board->code[round_nr][nr] = code;
	board->nr[round_nr]++;
}

/* This function gets called after each instruction while TF is set. */
static void on_step(int signo, siginfo_t *info, void *context)
{
	const ucontext_t *uc = context;

	if (info->si_code == SI_KERNEL)
		die_of(signo);
	/* The debug exception has no error code. */
	note_step(uc->uc_mcontext.gregs[REG_IP],
		  info->si_code << 1 | !!uc->uc_mcontext.gregs[REG_ERR]);
}

/* This function is a program that single-steps itself. */
static int step_self(void)
{
	struct sigaction sa = {
		.sa_sigaction = on_step,
		.sa_flags = SA_SIGINFO,
	};

	sigaction(SIGTRAP, &sa, NULL);
	walk_stepped();
	return 0;
}

/* This function is the program that is to be debugged. */
static int debuggee(void)
{
	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	raise(SIGSTOP);
	return 0;
}

/* This function returns the debuggee's instruction pointer. */
static uintptr_t ip_of(pid_t pid)
{
	struct user_regs_struct regs;

	if (ptrace(PTRACE_GETREGS, pid, NULL, &regs))
		return 0;
	return regs.USER_IP;
}

/* This function puts the debuggee to the beginning of the walk. */
static bool go_to_start(pid_t pid)
{
	struct user_regs_struct regs;

	if (ptrace(PTRACE_GETREGS, pid, NULL, &regs))
		return false;
	regs.USER_IP = (uintptr_t)steps_begin;
	/* Not inside of a system call that would be restarted. */
	regs.USER_SYSCALL = -1;
	return !ptrace(PTRACE_SETREGS, pid, NULL, &regs);
}

/*
 * This function steps until the end of the walk.  It returns the wait status
 * of the debuggee if that ends or is stopped by anything but a step.
 */
static int walk(pid_t pid)
{
	siginfo_t info;
	int i, status = 0;

	for (i = 0; i < MAX_STEPS; i++) {
		if (ptrace(step_request, pid, NULL, NULL))
			return -1;
		if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status) ||
		    WSTOPSIG(status) != SIGTRAP)
			return status;
		if (ptrace(PTRACE_GETSIGINFO, pid, NULL, &info))
			return -1;
		if (info.si_code == SI_KERNEL) {
			ptrace(PTRACE_CONT, pid, NULL, (void *)SIGTRAP);
			return wait_child(pid);
		}
		note_step(ip_of(pid), info.si_code);
		if (ip_of(pid) == (uintptr_t)steps_end)
			return 0;
	}
	return -1;
}

/*
 * This function keeps a debugger and its debuggee on one processor: on two,
 * most of the time goes into waiting until the other has really stopped.
 */
static void share_processor(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(0, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

/* This function debugs a child and kills it in the end. */
static int debug(void)
{
	int status = -1;
	pid_t pid;

	share_processor();
	pid = start_child(debuggee);
	if (waitpid(pid, &status, 0) == pid && WIFSTOPPED(status) &&
	    go_to_start(pid))
		status = walk(pid);
	if (!status) {
		kill(pid, SIGKILL);
		wait_child(pid);
	}
	return pass_on(status);
}

/* This function arms what a walk is going to meet. */
static bool arm_steps(struct result *r, struct probe *probes,
		      const struct step_probes *steps)
{
	bool good = true;
	int i;

	memset(probes, 0, NR_STEP_PROBES * sizeof(*probes));
	for (i = 0; good && i < NR_STEP_PROBES && steps->places[i]; i++)
		good = arm_at(r, &probes[i], steps->places[i]);
	return good;
}

/* This function removes them. */
static void remove_steps(struct probe *probes)
{
	int i;

	for (i = 0; i < NR_STEP_PROBES; i++)
		probe_remove(&probes[i]);
}

/* This function makes the walk without and with probes. */
static void both_rounds(struct result *r, int (*child)(void),
			const struct step_probes *steps)
{
	struct probe probes[NR_STEP_PROBES];
	unsigned long before;
	int status;

	round_nr = 0;
	status = wait_child(start_child(child));
	if (!expect(r, !status && board->nr[0],
		    "unprobed: status %#x, %u steps", status, board->nr[0]))
		return;
	round_nr = 1;
	before = trace_hits();
	if (arm_steps(r, probes, steps)) {
		status = wait_child(start_child(child));
		judge(r, status, trace_hits() - before, steps->hits);
	}
	remove_steps(probes);
	add_word(r, "steps=%u", board->nr[0]);
}

/* This function compares where the two walks stopped. */
static void compare_steps(struct result *r)
{
	unsigned int i;

	if (r->outcome != OUTCOME_PASS)
		return;
	expect(r, board->nr[0] == board->nr[1],
	       "steps: expected %u, saw %u", board->nr[0], board->nr[1]);
	for (i = 0; i < board->nr[0] && i < board->nr[1]; i++) {
		if (!expect(r, board->ip[0][i] == board->ip[1][i],
			    "step %u: expected ip %#lx, saw %#lx", i,
			    board->ip[0][i], board->ip[1][i]))
			break;
	}
}

/* This function tests a program that single-steps itself. */
static void tf_self(struct result *r)
{
	both_rounds(r, step_self, &functions);
	compare_steps(r);
}

/* This function tests that such a program is told the same each time. */
static void tf_self_code(struct result *r)
{
	unsigned int i;

	both_rounds(r, step_self, &functions);
	if (r->outcome != OUTCOME_PASS)
		return;
	for (i = 0; i < board->nr[0] && i < board->nr[1]; i++)
		expect(r, board->code[0][i] == board->code[1][i],
		       "step %u, ip %#lx: expected si_code %d, error %d, saw %d, %d",
		       i, board->ip[0][i],
		       board->code[0][i] >> 1, board->code[0][i] & 1,
		       board->code[1][i] >> 1, board->code[1][i] & 1);
}

/* This function tests a debugger that steps over probes. */
static void ptrace_step(struct result *r)
{
	step_request = PTRACE_SINGLESTEP;
	both_rounds(r, debug, &functions);
	compare_steps(r);
}

/* This function tests one where it is the branches that are probed. */
static void ptrace_step_branch(struct result *r)
{
	step_request = PTRACE_SINGLESTEP;
	both_rounds(r, debug, &branches);
	compare_steps(r);
}

/*
 * This function lets a debugger go from branch to branch.  Where the processor
 * cannot do that it stops at each instruction.
 */
static void go_by_branches(struct result *r, const struct step_probes *steps)
{
	unsigned int i;

	step_request = PTRACE_SINGLEBLOCK;
	both_rounds(r, debug, steps);
	for (i = 1; i < board->nr[0]; i++) {
		/* The instruction after the NOP of hit_nop follows it. */
		if (board->ip[0][i] == (uintptr_t)hit_nop + 1) {
			r->skip = "this processor does no block step";
			return;
		}
	}
	compare_steps(r);
}

/* This function tests a debugger that goes from branch to branch. */
static void ptrace_block(struct result *r)
{
	go_by_branches(r, &functions);
}

/* This function tests one where it is the branches that are probed. */
static void ptrace_block_branch(struct result *r)
{
	go_by_branches(r, &branches);
}

/* This function steps until the debuggee is at an address. */
static bool step_to(pid_t pid, const void *address)
{
	int i, status;

	for (i = 0; i < MAX_STEPS && ip_of(pid) != (uintptr_t)address; i++) {
		if (ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL) ||
		    waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
			return false;
	}
	return i < MAX_STEPS;
}

/* This function puts the debuggee elsewhere, with another argument. */
static bool divert(pid_t pid, const void *address, long arg)
{
	struct user_regs_struct regs;

	if (ptrace(PTRACE_GETREGS, pid, NULL, &regs))
		return false;
	regs.USER_IP = (uintptr_t)address;
	regs.USER_ARG = arg;
	return !ptrace(PTRACE_SETREGS, pid, NULL, &regs);
}

/*
 * This function changes registers where the debuggee is about to hit: another
 * argument for a step and for what is emulated, and another place to go on at.
 * The walk calls hit_nop, hit_xol, hit_push and hit_xol.
 */
static int change_registers(pid_t pid)
{
	struct user_regs_struct regs;
	siginfo_t info;

	CHECK(go_to_start(pid));
	CHECK(step_to(pid, hit_xol));
	CHECK(divert(pid, hit_xol, 9));
	CHECK(!ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL));
	CHECK(waitpid(pid, NULL, 0) == pid);
	CHECK(!ptrace(PTRACE_GETSIGINFO, pid, NULL, &info));
	if (info.si_code == SI_KERNEL)
		return -1;
	CHECK(!ptrace(PTRACE_GETREGS, pid, NULL, &regs));
	CHECK(regs.USER_AX == 27);
	CHECK(step_to(pid, hit_push));
	CHECK(divert(pid, hit_push, 11));
	CHECK(!ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL));
	CHECK(waitpid(pid, NULL, 0) == pid);
	CHECK(!ptrace(PTRACE_GETREGS, pid, NULL, &regs));
	CHECK(ptrace(PTRACE_PEEKDATA, pid, regs.USER_SP, NULL) == 11);
	/* What is on the stack is hit_push's: it is the one that returns. */
	CHECK(step_to(pid, hit_xol));
	CHECK(divert(pid, hit_nop, 13));
	CHECK(step_to(pid, steps_end));
	CHECK(!ptrace(PTRACE_GETREGS, pid, NULL, &regs));
	CHECK(regs.USER_AX == 39);
	return 0;
}

/* This function is a debugger that does so. */
static int debug_registers(void)
{
	int status, ret;
	pid_t pid;

	share_processor();
	pid = start_child(debuggee);
	CHECK(waitpid(pid, &status, 0) == pid && WIFSTOPPED(status));
	ret = change_registers(pid);
	kill(pid, SIGKILL);
	wait_child(pid);
	if (ret < 0)
		die_of(SIGTRAP);
	return ret;
}

/* This function tests a debugger that changes registers at a probe. */
static void ptrace_registers(struct result *r)
{
	int status = wait_child(start_child(debug_registers));
	struct probe probes[NR_STEP_PROBES];
	unsigned long before = trace_hits();

	expect(r, !status, "unprobed: status %#x", status);
	if (arm_steps(r, probes, &functions)) {
		status = wait_child(start_child(debug_registers));
		judge(r, status, trace_hits() - before, functions.hits);
	}
	remove_steps(probes);
}

/* This function hits while a debugger comes and goes. */
static int hit_long(void)
{
	return hit_times(hit_xol, 20000);
}

/*
 * This function attaches once, looks at the state, and detaches. A task that
 * dies meanwhile is reaped here: how it died is left in *ended.
 */
static bool visit(struct result *r, pid_t pid, int *ended)
{
	int status, signo = 0;
	uintptr_t ip;

	if (ptrace(PTRACE_SEIZE, pid, NULL, NULL) ||
	    ptrace(PTRACE_INTERRUPT, pid, NULL, NULL))
		return false;
	if (waitpid(pid, &status, __WALL) != pid)
		return false;
	if (!WIFSTOPPED(status)) {
		*ended = status;
		return false;
	}
	ip = ip_of(pid);
	expect(r, is_own_code(ip), "the debugger sees ip %#lx",
	       (unsigned long)ip);
	/* A signal of its own came first: it must have it. */
	if (status >> 16 != PTRACE_EVENT_STOP)
		signo = WSTOPSIG(status);
	return !ptrace(PTRACE_DETACH, pid, NULL, (void *)(long)signo);
}

/* This function tests a debugger that attaches again and again. */
static void ptrace_attach(struct result *r)
{
	unsigned long before = trace_hits();
	int status, ended = -1, visits = 0;
	struct probe p;
	pid_t pid;

	share_processor();
	if (arm_at(r, &p, hit_xol)) {
		pid = start_child(hit_long);
		while (visits < 100 && visit(r, pid, &ended))
			visits++;
		if (ended == -1)
			kill(pid, SIGCONT);
		status = ended == -1 ? wait_child(pid) : ended;
		/* It is a debugger that is told of the baseline's SIGTRAP. */
		if (WIFSTOPPED(status)) {
			ptrace(PTRACE_CONT, pid, NULL,
			       (void *)(long)WSTOPSIG(status));
			status = wait_child(pid);
		}
		judge(r, status, trace_hits() - before, 20000);
		add_word(r, "visits=%d", visits);
	}
	probe_remove(&p);
}

const struct test trace_tests[] = {
	TEST("tf-self", "sigtrap", tf_self),
	TEST("tf-self-sicode", "sigtrap", tf_self_code),
	TEST("ptrace-step", "sigtrap", ptrace_step),
	TEST("ptrace-step-branch", "sigtrap", ptrace_step_branch),
	TEST("ptrace-block", "sigtrap", ptrace_block),
	TEST("ptrace-block-branch", "sigtrap", ptrace_block_branch),
	TEST("ptrace-registers", "sigtrap", ptrace_registers),
	TEST("ptrace-attach", "sigtrap", ptrace_attach),
	{ .name = NULL },
};
