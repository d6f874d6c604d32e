// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of what a debugger sees and does: memory with breakpoints in it,
 * watchpoints, core files.
 */
#include <elf.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "code-file.h"
#include "core.h"
#include "debugfs.h"
#include "hits-64.h"
#include "tests.h"

#define INT3		0xcc
#define X86_EFLAGS_TF	0x100

/* The first watchpoint: on, for stores, eight bytes wide */
#define PTRACE_SEIZE_DEVEL	0x80000000L
#define DR7_WATCH	(1 | 1 << 16 | 2 << 18)
#define DR6_WATCHED	1

#define MAX_STOPS	16

/*
 * What happens to a program, in all orders that matter: a probe is armed (R)
 * and removed (U), a debugger attaches (A) and detaches (D), it writes a
 * breakpoint (C) or the original byte (O), the program gets there (h).
 */
static const char * const orders[] = {
	"RhAhDhUh",
	"ARhUhDh",
	"ARhDhUh",
	"RAUhDh",
	"RADUh",
	"AChOhD",
	"ACRhUhDh",
	"ACROhUhDh",
	"RAOhUhDh",
	"RACUhCh",
	"RACDhUh",
	"AORhUhD",
};

#define NR_ORDERS	(sizeof(orders) / sizeof(orders[0]))

struct session {
	struct result	*r;
	const char	*order;
	struct probe	probe;
	pid_t		pid;
	bool		attached;
	bool		ended;
	int		status;		/* when it has ended */
	unsigned char	orig;
	unsigned char	byte;		/* what must be in memory */
	unsigned long	hits;
};

/* This function gets there as often as it is told to. */
static int hit_on_demand(void)
{
	int done = 0;

	for (;;) {
		while (board->go == done)
			nap_ms(1);
		done++;
		CHECK(hit_xol(done) == 3 * done);
		board->ready = done;
	}
}

/* This function has the debuggee stop; it is in no system call of ours. */
static void stop(struct session *s)
{
	int status;

	ptrace(PTRACE_INTERRUPT, s->pid, NULL, NULL);
	waitpid(s->pid, &status, __WALL);
}

/* This function lets it go on. */
static void go_on(struct session *s, int signo)
{
	ptrace(PTRACE_CONT, s->pid, NULL, (void *)(long)signo);
}

/* This function reads the word that is probed, as debuggers do. */
static unsigned long peek(struct session *s)
{
	return ptrace(PTRACE_PEEKTEXT, s->pid, hit_xol, NULL);
}

/* This function writes its first byte; the debuggee is stopped. */
static void poke(struct session *s, unsigned char byte)
{
	long word = (peek(s) & ~0xffUL) | byte;

	expect(s->r, !ptrace(PTRACE_POKETEXT, s->pid, hit_xol, (void *)word),
	       "%s: cannot poke", s->order);
	s->byte = byte;
}

/*
 * This function is told of a breakpoint that no probe has handled.  It does what
 * debuggers do about theirs.
 */
static void on_breakpoint(struct session *s)
{
	struct user_regs_struct regs;
	siginfo_t info;

	ptrace(PTRACE_GETSIGINFO, s->pid, NULL, &info);
	ptrace(PTRACE_GETREGS, s->pid, NULL, &regs);
	expect(s->r, info.si_code == SI_KERNEL, "%s: si_code %d", s->order,
	       info.si_code);
	expect(s->r, regs.rip == (uintptr_t)hit_xol + 1, "%s: stops at %#llx",
	       s->order, regs.rip);
	regs.rip--;
	ptrace(PTRACE_SETREGS, s->pid, NULL, &regs);
	poke(s, s->orig);
	go_on(s, 0);
}

/* This function has the program get there, and checks what comes of it. */
static void get_there(struct session *s)
{
	bool trap = s->byte == INT3 && !s->probe.armed;
	bool trapped = false;
	int want = ++board->go;
	int status;

	s->hits += s->byte == INT3 && s->probe.armed;
	while (board->ready != want && !s->ended) {
		if (waitpid(s->pid, &status, WNOHANG) != s->pid) {
			nap_ms(1);
		} else if (!WIFSTOPPED(status)) {
			s->ended = true;
			s->status = status;
		} else if (trap && !trapped && WSTOPSIG(status) == SIGTRAP) {
			trapped = true;
			on_breakpoint(s);
		} else {
			go_on(s, WSTOPSIG(status));
		}
	}
	if (!s->ended)
		expect(s->r, trap == trapped, "%s: breakpoint: %s", s->order,
		       trapped ? "not expected" : "expected, not seen");
}

/* This function attaches to a process that goes on. */
static bool seize(pid_t pid)
{
	/* Kernels before 3.4 want to be told that this is experimental. */
	return !ptrace(PTRACE_SEIZE, pid, NULL, NULL) ||
	       !ptrace(PTRACE_SEIZE, pid, NULL, (void *)PTRACE_SEIZE_DEVEL);
}

/* This function does what one letter stands for. */
static void do_step(struct session *s, char what)
{
	switch (what) {
	case 'R':
		expect(s->r, !probe_arm(&s->probe), "%s: cannot arm", s->order);
		s->byte = INT3;
		break;
	case 'U':
		probe_disarm(&s->probe);
		s->byte = s->orig;
		break;
	case 'A':
		s->attached = seize(s->pid);
		expect(s->r, s->attached, "%s: cannot attach", s->order);
		break;
	case 'D':
		stop(s);
		ptrace(PTRACE_DETACH, s->pid, NULL, NULL);
		s->attached = false;
		break;
	case 'C':
	case 'O':
		stop(s);
		poke(s, what == 'C' ? INT3 : s->orig);
		go_on(s, 0);
		break;
	case 'h':
		get_there(s);
		break;
	}
}

/* This function compares what the debugger sees with what must be there. */
static void check_byte(struct session *s, int step)
{
	unsigned char byte;

	if (!s->attached || s->ended)
		return;
	stop(s);
	byte = peek(s);
	go_on(s, 0);
	expect(s->r, byte == s->byte, "%s: after step %d: byte %#x, not %#x",
	       s->order, step, byte, s->byte);
}

/* This function goes through one order. */
static void run_order(struct session *s)
{
	int i;

	board->go = 0;
	board->ready = 0;
	s->byte = s->orig;
	s->attached = false;
	s->ended = false;
	s->pid = start_child(hit_on_demand);
	for (i = 0; s->order[i] && !s->ended; i++) {
		do_step(s, s->order[i]);
		check_byte(s, i);
	}
	probe_disarm(&s->probe);
	if (!s->ended) {
		kill(s->pid, SIGKILL);
		wait_child(s->pid);
	}
}

/* This function tests a debugger that reads and writes where a probe is. */
static void ptrace_orders(struct result *r)
{
	struct session s = { .r = r };
	unsigned long before = trace_hits();
	unsigned int i;

	s.orig = *(const volatile unsigned char *)(uintptr_t)hit_xol;
	if (!expect(r, !probe_define(&s.probe, hit_xol), "cannot define"))
		return;
	for (i = 0; i < NR_ORDERS && !s.ended; i++) {
		s.order = orders[i];
		run_order(&s);
	}
	judge(r, s.ended ? s.status : 0, trace_hits() - before, s.hits);
	probe_remove(&s.probe);
}

static int round_nr;		/* 0: without probes, 1: with them */
static long target __attribute__((aligned(8)));

/* This function stores to what the debugger watches. */
static int watched(void)
{
	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	raise(SIGSTOP);
	store_mov(&target, 1);
	store_step(&target, 2);
	store_mov(&target, 3);
	store_step(&target, 4);
	return target != 4;
}

/* This function sets a debug register of the debuggee. */
static long set_debug(pid_t pid, int nr, unsigned long value)
{
	return ptrace(PTRACE_POKEUSER, pid,
		      offsetof(struct user, u_debugreg[nr]), value);
}

/*
 * This function notes where the debuggee is stopped, and why.  It returns the
 * signal to go on with: the SIGTRAP of a breakpoint that nobody handles.
 */
static int note_stop(pid_t pid)
{
	unsigned int nr = board->nr[round_nr]++;
	struct user_regs_struct regs;
	siginfo_t info;
	long dr6;

	ptrace(PTRACE_GETREGS, pid, NULL, &regs);
	ptrace(PTRACE_GETSIGINFO, pid, NULL, &info);
	dr6 = ptrace(PTRACE_PEEKUSER, pid, offsetof(struct user, u_debugreg[6]),
		     NULL);
	board->ip[round_nr][nr] = regs.rip;
	board->code[round_nr][nr] = info.si_code << 1 | (dr6 & DR6_WATCHED);
	set_debug(pid, 6, 0);
	return info.si_code == SI_KERNEL ? SIGTRAP : 0;
}

/* This function watches the stores of a child, as a debugger does. */
static int watch(void)
{
	pid_t pid = start_child(watched);
	int status = -1, signo = 0;

	waitpid(pid, &status, 0);
	CHECK(WIFSTOPPED(status));
	CHECK(!set_debug(pid, 0, (uintptr_t)&target));
	CHECK(!set_debug(pid, 7, DR7_WATCH));
	for (;;) {
		ptrace(PTRACE_CONT, pid, NULL, (void *)(long)signo);
		if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
			return pass_on(status);
		CHECK(WSTOPSIG(status) == SIGTRAP);
		CHECK(board->nr[round_nr] < MAX_STOPS);
		signo = note_stop(pid);
	}
}

/* This function compares where the debuggee has stopped in the two rounds. */
static void compare_stops(struct result *r)
{
	unsigned int i;

	expect(r, board->nr[0] == board->nr[1], "stops: expected %u, saw %u",
	       board->nr[0], board->nr[1]);
	for (i = 0; i < board->nr[0] && i < board->nr[1]; i++) {
		expect(r, board->ip[0][i] == board->ip[1][i],
		       "stop %u: expected ip %#lx, saw %#lx", i,
		       board->ip[0][i], board->ip[1][i]);
		expect(r, board->code[0][i] == board->code[1][i],
		       "stop %u: expected si_code and DR6 %#x, saw %#x", i,
		       board->code[0][i], board->code[1][i]);
	}
}

/* This function tests a debugger that watches what probed code stores to. */
static void watch_ptrace(struct result *r)
{
	unsigned long before;
	struct probe p;
	int status;

	if (is_emulated()) {
		r->skip = "QEMU cannot step and watch one store";
		return;
	}
	status = wait_child(start_child(watch));
	if (!expect(r, !status && board->nr[0] == 4,
		    "unprobed: status %#x, %u stops", status, board->nr[0]))
		return;
	round_nr = 1;
	before = trace_hits();
	expect(r, !probe_define(&p, store_mov), "cannot define");
	expect(r, !probe_extend(&p, store_step), "cannot define the second");
	if (expect(r, !probe_arm(&p), "cannot arm the probes")) {
		status = wait_child(start_child(watch));
		judge(r, status, trace_hits() - before, 4);
		if (r->outcome == OUTCOME_PASS)
			compare_stops(r);
	}
	probe_remove(&p);
}

/* This function dies of the fault of a probed instruction. */
static int fault_in_slot(void)
{
	CHECK(!want_core());
	return hit_memory((const long *)16);
}

/* This function tests what a core file says about such an instruction. */
static void core_ip(struct result *r)
{
	unsigned long before = trace_hits();
	struct core_thread thread;
	struct probe p;
	int status, n;

	if (!arm_at(r, &p, hit_memory))
		goto out;
	status = wait_child(start_child(fault_in_slot));
	r->hits = trace_hits() - before;
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGTRAP && !r->hits) {
		r->outcome = OUTCOME_SIGTRAP;
		goto out;
	}
	expect(r, WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV,
	       "expected SIGSEGV, saw status %#x", status);
	n = read_core(&thread, 1);
	if (expect(r, n == 1, "threads in the core file: %d", n)) {
		expect(r, thread.ip == (uintptr_t)hit_memory,
		       "the core file says ip %#lx", thread.ip);
		expect(r, !(thread.flags & X86_EFLAGS_TF),
		       "the core file says that the program is stepped");
	}
out:
	probe_remove(&p);
}

#define DR6		offsetof(struct user, u_debugreg[6])
#define DR6_BS		0x4000
/* What reads as one in DR6: bits that no processor of then has */
#define DR6_IDLE	0xffff0ff0L

/* Be stepped through instructions that are not. */
static int hit_three(void)
{
	const long value = 7;

	CHECK(!ptrace(PTRACE_TRACEME, 0, NULL, NULL));
	raise(SIGSTOP);
	CHECK(hit_nop(7) == 21);
	CHECK(hit_load(&value) == 21);
	return hit_xol(7) != 21;
}

/* Step a child, and count the stops that DR6 does not tell to be steps. */
static int step_all(int *status, int *silent)
{
	pid_t pid = start_child(hit_three);
	int steps = 0;

	*silent = 0;
	while (waitpid(pid, status, 0) == pid && WIFSTOPPED(*status)) {
		if (steps++)
			*silent += !(ptrace(PTRACE_PEEKUSER, pid, DR6, 0) &
				     DR6_BS);
		ptrace(PTRACE_POKEUSER, pid, DR6, DR6_IDLE);
		if (WSTOPSIG(*status) != SIGSTOP &&
		    WSTOPSIG(*status) != SIGTRAP)
			kill(pid, SIGKILL);
		ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL);
	}
	return steps;
}

/* Test DR6 behind what is skipped, emulated, and stepped. */
static void step_dr6(struct result *r)
{
	unsigned long before = trace_hits();
	struct probe p;
	int status, silent, unprobed;

	unprobed = step_all(&status, &silent);
	if (!expect(r, !status && unprobed > 3 && !silent,
		    "unprobed: status %#x, %d of %d stops without DR6.BS",
		    status, silent, unprobed))
		return;
	expect(r, !probe_define(&p, hit_nop), "cannot define");
	expect(r, !probe_extend(&p, hit_load), "cannot define the second");
	expect(r, !probe_extend(&p, hit_xol), "cannot define the third");
	if (expect(r, !probe_arm(&p), "cannot arm the probes")) {
		int steps = step_all(&status, &silent);

		judge(r, status, trace_hits() - before, 3);
		if (r->outcome == OUTCOME_PASS)
			expect(r, !silent && steps == unprobed,
			       "%d of %d stops without DR6.BS, unprobed %d",
			       silent, steps, unprobed);
	}
	probe_remove(&p);
}

#define USER32_CS	0x23
#define REGS_64		(27 * 8)
#define REGS_32		(17 * 4)

/* Return the size of the registers that a debugger is given, 0 if of none. */
static size_t registers_size(pid_t pid)
{
	struct user_regs_struct regs;
	struct iovec iov = { .iov_base = &regs, .iov_len = sizeof(regs) };

	if (ptrace(PTRACE_GETREGSET, pid, (void *)NT_PRSTATUS, &iov))
		return 0;
	return iov.iov_len;
}

/* Wait until the debuggee has stopped. */
static bool has_stopped(pid_t pid)
{
	int status;

	return waitpid(pid, &status, 0) == pid && WIFSTOPPED(status);
}

/* End the debuggee. */
static void end_debuggee(pid_t pid)
{
	kill(pid, SIGKILL);
	wait_child(pid);
}

/* Become a 32-bit program, which stops at once. */
static int be_program_32(void)
{
	CHECK(!ptrace(PTRACE_TRACEME, 0, NULL, NULL));
	execl(PROGRAM_32, PROGRAM_32, "--hit", "0", NULL);
	return 0;
}

/* Go to 32-bit code, step by step. */
static int be_code_32(void)
{
	CHECK(!ptrace(PTRACE_TRACEME, 0, NULL, NULL));
	raise(SIGSTOP);
	return hit_mode(7) != 21;
}

/* Step to 32-bit code; every stop before is in 64-bit code. */
static void step_to_mode(struct result *r, pid_t pid)
{
	size_t size;
	long cs;

	while (has_stopped(pid)) {
		cs = ptrace(PTRACE_PEEKUSER, pid,
			    offsetof(struct user, regs.cs), NULL);
		size = registers_size(pid);
		if (cs == USER32_CS) {
			expect(r, size == REGS_32,
			       "32-bit code: registers of %zu bytes", size);
			return;
		}
		if (!expect(r, size == REGS_64,
			    "64-bit code: registers of %zu bytes", size))
			return;
		ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL);
	}
	expect(r, false, "has not come to 32-bit code");
}

/*
 * Fault: whether registers are those of 32-bit or of 64-bit code is asked of
 * the debugger, and not of the program that has them.
 */
static void ptrace_mode(struct result *r)
{
	pid_t pid;

	/* For 3.3 it is the program's mode that counts. */
	if (!client_is_there()) {
		pid = start_child(be_code_32);
		step_to_mode(r, pid);
		end_debuggee(pid);
	}
	if (access(PROGRAM_32, X_OK))
		return;
	pid = start_child(be_program_32);
	if (has_stopped(pid)) {
		size_t size = registers_size(pid);

		expect(r, size == REGS_32,
		       "32-bit program: registers of %zu bytes", size);
	}
	end_debuggee(pid);
}

const struct test debugger_tests[] = {
	TEST("ptrace-mode", "pass", ptrace_mode),
	TEST("ptrace-dr6", "fail", step_dr6),
	TEST("ptrace-orders", "sigtrap", ptrace_orders),
	TEST("watch-ptrace", "sigtrap", watch_ptrace),
	TEST("core-ip", "sigtrap", core_ip),
	{ .name = NULL },
};
