// SPDX-License-Identifier: GPL-2.0-only
/*
 * What programs and their debuggers do around a probe: each test runs the same
 * code that would run without one, and hits as often as it executes the probed
 * instruction.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/ucontext.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include "child.h"
#include "tests.h"

#define PAGE		4096
#define ROOM		65536

/* Take the right to execute the code away, and give it back. */
static int protect(void)
{
	void *page = (void *)((uintptr_t)hit_xol & -PAGE);
	int i;

	for (i = 0; i < 10; i++) {
		CHECK(!mprotect(page, PAGE, PROT_READ));
		CHECK(!mprotect(page, PAGE, PROT_READ | PROT_EXEC));
		CHECK(!hit_times(hit_xol, 1));
	}
	return 0;
}

/* Lock all memory, what comes later included. */
static int lock_memory(void)
{
	CHECK(!mlockall(MCL_CURRENT | MCL_FUTURE));
	CHECK(!hit_times(hit_xol, 10));
	CHECK(!munlockall());
	return hit_times(hit_xol, 10);
}

/* Make all readable memory executable, as old programs ask for. */
static int read_implies_exec(void)
{
	CHECK(personality(READ_IMPLIES_EXEC) >= 0);
	return hit_times(hit_xol, 10);
}

/* Advise about the page of the slots, which is not the program's. */
static int advise_slots(void)
{
	static const int advice[] = {
		MADV_DONTNEED, MADV_FREE, MADV_HUGEPAGE, MADV_DOFORK,
		MADV_WILLNEED, MADV_COLD, MADV_PAGEOUT,
	};
	unsigned int i;
	void *page;

	CHECK(!hit_times(hit_xol, 1));
	page = (void *)slots_address();
	CHECK(page);
	for (i = 0; i < sizeof(advice) / sizeof(advice[0]); i++)
		madvise(page, PAGE, advice[i]);
	CHECK(!hit_times(hit_xol, 5));
	return pass_on(wait_child(start_child(lock_memory)));
}

/* Let the heap and the stack grow while the slots are there. */
static long touch_stack(long depth)
{
	volatile char page[PAGE];

	page[0] = depth;
	if (depth && touch_stack(depth - 1) != depth - 1)
		return -1;
	return depth + page[0] - (char)depth;
}

static int grow(void)
{
	int i;

	for (i = 0; i < 20; i++) {
		CHECK(hit_xol(i) == 3 * i);
		CHECK(sbrk(ROOM) != (void *)-1);
		CHECK(touch_stack(20 * i) == 20 * i);
	}
	return 0;
}

/* Move from processor to processor, with a hit on each. */
static int migrate(void)
{
	int processors = sysconf(_SC_NPROCESSORS_ONLN), i;
	cpu_set_t set;

	for (i = 0; i < 100; i++) {
		CPU_ZERO(&set);
		CPU_SET(i % processors, &set);
		CHECK(!sched_setaffinity(0, sizeof(set), &set));
		CHECK(hit_xol(i) == 3 * i);
	}
	return 0;
}

/* Hit as a real-time task, and give way after each hit. */
static int real_time(void)
{
	struct sched_param param = { .sched_priority = 1 };
	int i;

	CHECK(!sched_setscheduler(0, SCHED_FIFO, &param));
	for (i = 0; i < 100; i++) {
		CHECK(hit_xol(i) == 3 * i);
		sched_yield();
	}
	return 0;
}

/* Hit between fork() and exec() in a process that has many others. */
static int crowd(void)
{
	int i, ret = 0;
	pid_t pids[40];

	CHECK(!hit_times(hit_xol, 1));
	for (i = 0; i < 40; i++) {
		pids[i] = fork();
		CHECK(pids[i] >= 0);
		if (!pids[i])
			_exit(hit_times(hit_xol, 5));
	}
	for (i = 0; i < 40; i++)
		ret |= pass_on(wait_child(pids[i]));
	return ret;
}

/* A signal handler that sends the program into the probed function. */
static void go_there(int signo, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;
	greg_t *gregs = uc->uc_mcontext.gregs;

	(void)signo;
	(void)info;
	gregs[REG_IP] = (greg_t)(uintptr_t)hit_xol;
	gregs[REG_ARG] = 5;
}

static HIT_ABI __attribute__((noinline)) long fault_first(long x)
{
	long ret;

	/* What is probed is executed in place of this instruction. */
	asm volatile("ud2" : "=a" (ret) : "0" (x) : "memory");
	return ret;
}

static int into_by_signal(void)
{
	struct sigaction sa = {
		.sa_sigaction = go_there,
		.sa_flags = SA_SIGINFO,
	};
	int i;

	CHECK(!sigaction(SIGILL, &sa, NULL));
	for (i = 0; i < 10; i++)
		CHECK(fault_first(i) == 15);
	return 0;
}

/* Leave the handler of a fault in the probed instruction by siglongjmp(). */
static sigjmp_buf jump_back;

static void leave_handler(int signo)
{
	siglongjmp(jump_back, signo);
}

static int jump_from_fault(void)
{
	static char alternate[ROOM];
	const stack_t ss = { .ss_sp = alternate, .ss_size = sizeof(alternate) };
	struct sigaction sa = { .sa_handler = leave_handler,
				.sa_flags = SA_ONSTACK };
	volatile int i;

	CHECK(!sigaltstack(&ss, NULL));
	CHECK(!sigaction(SIGSEGV, &sa, NULL));
	for (i = 0; i < 50; i++) {
		if (!sigsetjmp(jump_back, 1)) {
			hit_load((const long *)8);
			return 1;
		}
	}
	return 0;
}

/* A timer's handler that forks; parent and child go on in the middle. */
static volatile int forks;

static void fork_in_handler(int signo)
{
	pid_t pid;

	(void)signo;
	if (forks >= 5)
		return;
	forks++;
	pid = fork();
	if (!pid)
		_exit(hit_xol(1) == 3 ? 0 : 1);
	if (pid < 0 || pass_on(wait_child(pid)))
		_exit(1);
}

static int fork_from_handler(void)
{
	const struct itimerval often = {
		.it_interval.tv_usec = 2000, .it_value.tv_usec = 2000,
	};
	struct sigaction sa = {
		.sa_handler = fork_in_handler,
		.sa_flags = SA_RESTART,
	};

	CHECK(!sigaction(SIGALRM, &sa, NULL));
	CHECK(!setitimer(ITIMER_REAL, &often, NULL));
	while (forks < 5) {
		CHECK(hit_xol(2) == 6);
		board->count++;
	}
	return 0;
}

/* Count what hits as often as it likes; the events must be as many. */
static void prog_fork_handler(struct result *r)
{
	unsigned long before = trace_hits();
	struct probe p;
	int status;

	if (arm_at(r, &p, hit_xol)) {
		status = wait_child(start_child(fork_from_handler));
		judge(r, status, trace_hits() - before, board->count + 5);
	}
	probe_remove(&p);
}

/* Reading the time is an exception in a program that asks for it. */
#if defined(__x86_64__) || defined(__i386__)
static volatile int denied;

static void time_denied(int signo, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	(void)signo;
	(void)info;
	denied++;
	/* rdtsc has two bytes. */
	uc->uc_mcontext.gregs[REG_IP] += 2;
}

extern const char probed_rdtsc[];
asm(".pushsection .text\n"
    ".globl probed_rdtsc, read_time\n"
    "read_time:\n"
    "probed_rdtsc: rdtsc\n"
    ".fill 24, 1, 0x90\n"
    "ret\n"
    ".popsection");
void read_time(void);

static int no_time(void)
{
	struct sigaction sa = {
		.sa_sigaction = time_denied,
		.sa_flags = SA_SIGINFO,
	};
	int i;

	CHECK(!sigaction(SIGSEGV, &sa, NULL));
	for (i = 0; i < 5; i++)
		read_time();
	CHECK(!denied);
	CHECK(!prctl(PR_SET_TSC, PR_TSC_SIGSEGV));
	for (i = 0; i < 5; i++)
		read_time();
	CHECK(denied == 5);
	CHECK(!prctl(PR_SET_TSC, PR_TSC_ENABLE));
	read_time();
	CHECK(denied == 5);
	return 0;
}
#endif

/* Stacks of the program's own: a coroutine that hits, again and again. */
static ucontext_t main_context, coroutine;
static int switches;

static void run_coroutine(void)
{
	for (;;) {
		if (hit_xol(switches) != 3 * switches)
			_exit(1);
		switches++;
		swapcontext(&coroutine, &main_context);
	}
}

static int coroutines(void)
{
	static char stack[ROOM];
	int i;

	CHECK(!getcontext(&coroutine));
	coroutine.uc_stack.ss_sp = stack;
	coroutine.uc_stack.ss_size = sizeof(stack);
	coroutine.uc_link = &main_context;
	makecontext(&coroutine, run_coroutine, 0);
	for (i = 0; i < 50; i++) {
		CHECK(!swapcontext(&main_context, &coroutine));
		CHECK(hit_xol(i) == 3 * i);
	}
	CHECK(switches == 50);
	return 0;
}

/* A thread that is cancelled where it hits. */
static void *hit_for_ever(void *unused)
{
	(void)unused;
	pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
	for (;;)
		hit_nop(1);
	return NULL;
}

static int cancel(void)
{
	pthread_t thread;
	int i;

	for (i = 0; i < 20; i++) {
		CHECK(!pthread_create(&thread, NULL, hit_for_ever, NULL));
		nap_ms(2);
		CHECK(!pthread_cancel(thread));
		CHECK(!pthread_join(thread, NULL));
	}
	return 0;
}

/* Test a child that hits nobody knows how often; it has to go well. */
static void prog_cancel(struct result *r)
{
	unsigned long before = trace_hits(), hits;
	struct probe p;
	int status;

	if (arm_at(r, &p, hit_nop)) {
		status = wait_child(start_child(cancel));
		hits = trace_hits() - before;
		judge(r, status, hits, hits > 20 ? hits : 20);
	}
	probe_remove(&p);
}

/* The debugger sends a stopped program into a function, as "call f(5)" does. */
static int be_called(void)
{
	CHECK(!ptrace(PTRACE_TRACEME, 0, NULL, NULL));
	raise(SIGSTOP);
	CHECK(hit_xol(1) == 3);
	return 0;
}

static int call_from_debugger(void)
{
	struct user_regs_struct saved, regs;
	pid_t pid = start_child(be_called);
	int status, i;
	long back = 0;

	CHECK(waitpid(pid, &status, 0) == pid && WIFSTOPPED(status));
	CHECK(!ptrace(PTRACE_GETREGS, pid, NULL, &saved));
	for (i = 0; i < 10; i++) {
		regs = saved;
		/* Below the red zone, aligned, and returning to nowhere. */
		regs.USER_SP = ((regs.USER_SP - 256) & -16L) - sizeof(long);
		CHECK(!ptrace(PTRACE_POKEDATA, pid, (void *)regs.USER_SP,
			      (void *)back));
		regs.USER_IP = (uintptr_t)hit_xol;
		regs.USER_ARG = i;
		regs.USER_SYSCALL = -1;
		CHECK(!ptrace(PTRACE_SETREGS, pid, NULL, &regs));
		CHECK(!ptrace(PTRACE_CONT, pid, NULL, NULL));
		CHECK(waitpid(pid, &status, 0) == pid && WIFSTOPPED(status));
		CHECK(WSTOPSIG(status) == SIGSEGV);
		CHECK(!ptrace(PTRACE_GETREGS, pid, NULL, &regs));
		CHECK(regs.USER_IP == 0);
		CHECK((long)regs.USER_AX == 3 * i);
	}
	CHECK(!ptrace(PTRACE_SETREGS, pid, NULL, &saved));
	CHECK(!ptrace(PTRACE_DETACH, pid, NULL, NULL));
	return pass_on(wait_child(pid));
}

/* Stop a program that hits all the time from outside, and let it go on. */
static int hit_until_told(void)
{
	board->ready = 1;
	while (!board->stop) {
		CHECK(hit_xol(1) == 3);
		board->count++;
	}
	return 0;
}

static int interrupt_again(void)
{
	struct user_regs_struct regs;
	pid_t pid = start_child(hit_until_told);
	int status, i;

	while (!board->ready)
		sched_yield();
	CHECK(!ptrace(PTRACE_SEIZE, pid, NULL, NULL));
	for (i = 0; i < 100; i++) {
		CHECK(!ptrace(PTRACE_INTERRUPT, pid, NULL, NULL));
		CHECK(waitpid(pid, &status, 0) == pid && WIFSTOPPED(status));
		CHECK(!ptrace(PTRACE_GETREGS, pid, NULL, &regs));
		CHECK(is_own_code(regs.USER_IP));
		CHECK(!ptrace(PTRACE_CONT, pid, NULL, NULL));
	}
	board->stop = 1;
	return pass_on(wait_child(pid));
}

/* As often as the program says. */
static void prog_interrupt(struct result *r)
{
	unsigned long before = trace_hits();
	struct probe p;
	int status;

	if (arm_at(r, &p, hit_xol)) {
		status = wait_child(start_child(interrupt_again));
		judge(r, status, trace_hits() - before, board->count);
	}
	probe_remove(&p);
}

/* A file of code, by any name that it has. */
static bool write_code(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
	ssize_t size = code_end - code_begin;
	bool good = fd >= 0 && write(fd, code_begin, size) == size &&
		    !ftruncate(fd, PAGE);

	close(fd);
	return good;
}

static void *map_file(const char *path, int prot, int flags)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	void *code = mmap(NULL, PAGE, prot, flags, fd, 0);

	close(fd);
	return code;
}

#define FILE_OLD	"/tmp/programs-old"
#define FILE_NEW	"/tmp/programs-new"

/* As a package manager does it: the old file is still mapped by the old name. */
static int replace_file(void)
{
	void *old = map_file(FILE_OLD, PROT_READ | PROT_EXEC, MAP_PRIVATE);
	void *new;

	CHECK(old != MAP_FAILED);
	CHECK(!hit_times((hit_fn)old, 10));
	CHECK(write_code(FILE_NEW));
	CHECK(!rename(FILE_NEW, FILE_OLD));
	new = map_file(FILE_OLD, PROT_READ | PROT_EXEC, MAP_PRIVATE);
	CHECK(new != MAP_FAILED);
	CHECK(!hit_times((hit_fn)new, 100));
	return hit_times((hit_fn)old, 10);
}

/* The file gets shorter under the code: SIGBUS, and no hit. */
static int cut_file(void)
{
	void *code = map_file(FILE_OLD, PROT_READ | PROT_EXEC, MAP_PRIVATE);
	struct sigaction sa = { .sa_handler = leave_handler };

	CHECK(code != MAP_FAILED);
	CHECK(!hit_times((hit_fn)code, 10));
	CHECK(!truncate(FILE_OLD, 0));
	CHECK(!sigaction(SIGBUS, &sa, NULL));
	if (!sigsetjmp(jump_back, 1)) {
		hit_times((hit_fn)code, 1);
		return 1;
	}
	CHECK(write_code(FILE_OLD));
	return 0;
}

/* Another place of the file's system by a second path. */
static int other_path(void)
{
	void *code;

	CHECK(!mkdir("/tmp/programs-bind", 0755) || errno == EEXIST);
	CHECK(!mount("/tmp", "/tmp/programs-bind", NULL, MS_BIND, NULL));
	code = map_file("/tmp/programs-bind/programs-old",
			PROT_READ | PROT_EXEC, MAP_PRIVATE);
	CHECK(code != MAP_FAILED);
	CHECK(!hit_times((hit_fn)code, 10));
	CHECK(!munmap(code, PAGE));
	CHECK(!umount("/tmp/programs-bind"));
	return 0;
}

/* Return what the kernel lacks to write over what may only be read, or NULL. */
static const char *lacks_forced_writes(void)
{
	static const char byte = 1;
	char *page = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS,
			  -1, 0);
	int fd = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	bool good = page != MAP_FAILED && fd >= 0 &&
		    pwrite64(fd, &byte, 1, (uintptr_t)page) == 1;

	if (fd >= 0)
		close(fd);
	if (page != MAP_FAILED)
		munmap(page, PAGE);
	return good ? NULL : "/proc/self/mem writes nothing over what may only be read";
}

/* Write a NOP over the probed instruction from outside: it is the program's. */
static int write_over(void)
{
	void *code = map_file(FILE_OLD, PROT_READ | PROT_EXEC, MAP_PRIVATE);
	int fd = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	ssize_t size = code_end - code_begin;

	CHECK(code != MAP_FAILED);
	CHECK(fd >= 0);
	CHECK(!hit_times((hit_fn)code, 10));
	CHECK(pwrite64(fd, code_begin, size, (uintptr_t)code) == size);
	/* The breakpoint is gone with the rest of it. */
	CHECK(!hit_times((hit_fn)code, 100));
	close(fd);
	return 0;
}

/* Test a probe of a file of code. */
static void in_file(struct result *r, int (*child)(void), unsigned long hits)
{
	unsigned long before = trace_hits();
	struct probe p = { .defined = false };
	int status;

	if (expect(r, write_code(FILE_OLD), "cannot write the code") &&
	    expect(r, !probe_define_at(&p, FILE_OLD, 0), "cannot define") &&
	    expect(r, !probe_arm(&p), "cannot arm the probe")) {
		status = wait_child(start_child(child));
		judge(r, status, trace_hits() - before, hits);
	}
	probe_remove(&p);
	unlink(FILE_OLD);
	unlink(FILE_NEW);
}

static void prog_replace(struct result *r)
{
	in_file(r, replace_file, 20);
}

static void prog_cut(struct result *r)
{
	in_file(r, cut_file, 10);
}

static void prog_bind(struct result *r)
{
	in_file(r, other_path, 10);
}

static void prog_write(struct result *r)
{
	in_file(r, write_over, 10);
}

/* A file that has no name: what the probe is put on is its descriptor. */
static int map_memfd(void)
{
	void *code = mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE,
			  board->go, 0);

	CHECK(code != MAP_FAILED);
	return hit_times((hit_fn)code, 10);
}

static void prog_memfd(struct result *r)
{
	unsigned long before = trace_hits();
	ssize_t size = code_end - code_begin;
	struct probe p = { .defined = false };
	int fd = memfd_create("code", 0), status;
	char path[64];

	board->go = fd;
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", getpid(), fd);
	if (expect(r, fd >= 0 && write(fd, code_begin, size) == size &&
		   !ftruncate(fd, PAGE), "cannot make a file") &&
	    expect(r, !probe_define_at(&p, path, 0), "cannot define") &&
	    expect(r, !probe_arm(&p), "cannot arm the probe")) {
		status = wait_child(start_child(map_memfd));
		judge(r, status, trace_hits() - before, 10);
	}
	probe_remove(&p);
	close(fd);
}

/* A file system that nothing holds any more after the probe has gone. */
#define MOUNT		"/tmp/programs-fs"
#define FILE_MOUNTED	MOUNT "/code"

static int map_mounted(void)
{
	void *code = map_file(FILE_MOUNTED, PROT_READ | PROT_EXEC, MAP_PRIVATE);

	CHECK(code != MAP_FAILED);
	return hit_times((hit_fn)code, 10);
}

static void prog_unmount(struct result *r)
{
	unsigned long before = trace_hits();
	struct probe p = { .defined = false };
	int status;

	mkdir(MOUNT, 0755);
	if (!expect(r, !mount("none", MOUNT, "tmpfs", 0, NULL),
		    "cannot mount a tmpfs"))
		return;
	if (expect(r, write_code(FILE_MOUNTED), "cannot write the code") &&
	    expect(r, !probe_define_at(&p, FILE_MOUNTED, 0), "cannot define") &&
	    expect(r, !probe_arm(&p), "cannot arm the probe")) {
		status = wait_child(start_child(map_mounted));
		judge(r, status, trace_hits() - before, 10);
	}
	probe_remove(&p);
	expect(r, !umount(MOUNT), "the file is still in use: error %d", errno);
}

/* The same where the probe is refused. */
static void prog_unmount_refused(struct result *r)
{
	struct probe p = { .defined = false };
	int err, fd;

	mkdir(MOUNT, 0755);
	if (!expect(r, !mount("none", MOUNT, "tmpfs", 0, NULL),
		    "cannot mount a tmpfs"))
		return;
	fd = open(FILE_MOUNTED, O_RDWR | O_CREAT | O_CLOEXEC, 0755);
	/* int3 is refused by every kernel. */
	expect(r, fd >= 0 && write(fd, "\xcc\x90\x90", 3) == 3,
	       "cannot write a file");
	close(fd);
	if (expect(r, !probe_define_at(&p, FILE_MOUNTED, 0), "cannot define")) {
		void *code = map_file(FILE_MOUNTED, PROT_READ | PROT_EXEC,
				      MAP_PRIVATE);

		err = probe_arm(&p);
		expect(r, is_refusal(err), "int3 is not refused: %d", err);
		munmap(code, PAGE);
	}
	probe_remove(&p);
	expect(r, !umount(MOUNT), "the file is still in use: error %d", errno);
}

const struct test program_tests[] = {
	CHILD_TEST("prog-protect", protect, hit_xol, 10),
	CHILD_TEST("prog-lock-memory", lock_memory, hit_xol, 20),
	CHILD_TEST("prog-read-implies-exec", read_implies_exec, hit_xol, 10),
	CHILD_TEST("prog-advise-slots", advise_slots, hit_xol, 26),
	CHILD_TEST("prog-grow", grow, hit_xol, 20),
	CHILD_TEST("prog-migrate", migrate, hit_xol, 100),
	CHILD_TEST("prog-real-time", real_time, hit_xol, 100),
	CHILD_TEST("prog-crowd", crowd, hit_xol, 201),
	CHILD_TEST("prog-signal-enters", into_by_signal, hit_xol, 10),
	CHILD_TEST("prog-fault-jump", jump_from_fault, hit_load, 50),
	TEST("prog-fork-handler", "sigtrap", prog_fork_handler),
	CHILD_TEST("prog-no-time", no_time, probed_rdtsc, 11),
	CHILD_TEST("prog-coroutine", coroutines, hit_xol, 100),
	TEST("prog-cancel", "sigtrap", prog_cancel),
	{ .name = "prog-debugger-calls", .before = "fail",
	  .child = call_from_debugger, .bp = hit_xol, .hits = 11 },
	TEST("prog-interrupt", "fail", prog_interrupt),
	TEST("prog-replace", "sigtrap", prog_replace),
	TEST("prog-cut", "sigtrap", prog_cut),
	TEST("prog-bind", "sigtrap", prog_bind),
	TEST_IF("prog-write", "sigtrap", prog_write, lacks_forced_writes),
	TEST("prog-memfd", "sigtrap", prog_memfd),
	TEST("prog-unmount", "sigtrap", prog_unmount),
	TEST("prog-unmount-refused", "pass", prog_unmount_refused),
	{ .name = NULL },
};
