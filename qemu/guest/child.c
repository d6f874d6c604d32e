// SPDX-License-Identifier: GPL-2.0-only
/*
 * Children that hit probes, for the tests of behaviour.
 */
#include "child.h"

#include <cpuid.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "debugfs.h"

/* From the linker: the program's own code lies between them. */
extern const char __executable_start[], etext[];

/* Of the vDSO, in every kernel so far. */
#define VDSO_SIZE	8192

struct board *board;

/* This function returns zeroed memory that is shared with children. */
void *shared_memory(size_t size)
{
	void *mem = mmap(NULL, size, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (mem == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	return mem;
}

/* This function forks; the child's function returns its exit status. */
pid_t start_child(int (*child)(void))
{
	pid_t pid = fork();

	if (!pid)
		_exit(child());
	return pid;
}

/* This function waits for a child and returns the wait status. */
int wait_child(pid_t pid)
{
	int status = -1;

	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return status;
}

/* This function returns whether the child has ended, without waiting. */
bool child_ended(pid_t pid, int *status)
{
	return waitpid(pid, status, WNOHANG) != 0;
}

/* This function ends the process with a signal, whatever was set up for it. */
void die_of(int signo)
{
	sigset_t set;

	signal(signo, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, signo);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	kill(getpid(), signo);
	_exit(1);
}

/*
 * This function makes the fate of a child's child the fate of the child: the
 * test sees one wait status.
 */
int pass_on(int status)
{
	if (WIFSIGNALED(status))
		die_of(WTERMSIG(status));
	return WEXITSTATUS(status);
}

/* This function calls a probed function and checks what it returns. */
int hit_times(hit_fn hit, unsigned long times)
{
	unsigned long i;

	for (i = 0; i < times; i++)
		CHECK(hit(i) == (long)(3 * i));
	return 0;
}

/* This function sleeps. */
void nap_ms(long ms)
{
	const struct timespec ts = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&ts, NULL);
}

/*
 * This function returns whether code is the program's own, or the vDSO's, where
 * 32-bit code makes its system calls: not the copy of an instruction.
 */
bool is_own_code(uintptr_t ip)
{
	uintptr_t vdso = getauxval(AT_SYSINFO_EHDR);

	return (ip >= (uintptr_t)__executable_start && ip < (uintptr_t)etext) ||
	       (vdso && ip - vdso < VDSO_SIZE);
}

/* This function arms a probe that has been defined, with this error or none. */
static bool arm_defined(struct result *r, struct probe *p, int err)
{
	if (!expect(r, !err, "cannot define the probe: error %d", err))
		return false;
	err = probe_arm(p);
	return expect(r, !err, "cannot arm the probe: error %d", err);
}

/* This function defines and arms a probe in this program. */
bool arm_at(struct result *r, struct probe *p, const void *addr)
{
	return arm_defined(r, p, probe_define(p, addr));
}

/* This function does the same for the return of a function. */
bool arm_return(struct result *r, struct probe *p, const void *addr)
{
	return arm_defined(r, p, probe_define_return(p, addr));
}

/* This function runs the most common kind of test: one probe, one child. */
void probe_child(const struct test *test, struct result *r)
{
	unsigned long before = trace_hits();
	int status;
	struct probe p;
	bool armed = test->is_return ? arm_return(r, &p, test->bp) :
				       arm_at(r, &p, test->bp);

	if (armed) {
		status = wait_child(start_child(test->child));
		judge(r, status, trace_hits() - before, test->hits);
	}
	probe_remove(&p);
}

/*
 * Arm the returns of several functions as one event, for a child that must hit
 * it so many times.
 */
void probe_returns(struct result *r, int (*child)(void), unsigned long hits,
		   const void *const *functions)
{
	unsigned long before = trace_hits();
	struct probe p;
	int status;

	expect(r, !probe_define_return(&p, *functions), "cannot define");
	while (*++functions)
		expect(r, !probe_extend(&p, *functions), "cannot extend");
	if (expect(r, !probe_arm(&p), "cannot arm the probes")) {
		status = wait_child(start_child(child));
		judge(r, status, trace_hits() - before, hits);
	}
	probe_remove(&p);
}

/*
 * This function returns whether QEMU emulates the processor.  Where a store is
 * stepped and watched at once, its second exception comes in the kernel's own
 * first instruction (7.2).
 */
bool is_emulated(void)
{
	unsigned int eax, name[3];

	__cpuid(0x40000000, eax, name[0], name[1], name[2]);
	return !memcmp(name, "TCGTCGTCGTCG", sizeof(name));
}

/*
 * This function returns where the slots are mapped, or 0.  Where mappings of
 * the kernel have no name, it is the one that can only be executed.
 */
unsigned long slots_address(void)
{
	const char *sign = client_is_there() ? " --xp " : "[uprobes]";
	FILE *f = fopen("/proc/self/maps", "re");
	unsigned long found = 0, start;
	char line[256];

	while (f && fgets(line, sizeof(line), f)) {
		if (strstr(line, sign) && sscanf(line, "%lx", &start) == 1)
			found = start;
	}
	if (f)
		fclose(f);
	return found;
}

/*
 * This function lets no other task run before this one.  A task that is preempted
 * on the way to an instruction that accesses memory steps it: the instruction may
 * be in a restartable sequence.
 */
bool run_first(void)
{
	const struct sched_param first = { .sched_priority = 1 };

	return !sched_setscheduler(0, SCHED_FIFO, &first);
}

/* This function makes the arguments of "this program, hit N times". */
void spawn_self_args(char **argv, const char *times)
{
	argv[0] = "/proc/self/exe";
	argv[1] = "--hit";
	argv[2] = (char *)times;
	argv[3] = NULL;
}

/*
 * This function has a program run one of its tests, and reads what it says of
 * it.  It returns how the program ended.
 */
int run_program(const char *program, const char *test, char *line, size_t size)
{
	int fds[2], status;
	ssize_t len;
	pid_t pid;

	line[0] = '\0';
	if (pipe(fds))
		return -1;
	pid = fork();
	if (!pid) {
		dup2(fds[1], 1);
		execl(program, program, "--run", test, NULL);
		_exit(1);
	}
	close(fds[1]);
	status = wait_child(pid);
	len = read(fds[0], line, size - 1);
	close(fds[0]);
	line[len < 0 ? 0 : len] = '\0';
	return status;
}
