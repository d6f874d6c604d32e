// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every allocation fails once: in a hit, in a return, in fork(), exec() and
 * mmap(), when a probe is armed and when it is disarmed.
 *
 * The first allocation of an operation is made to fail, then the second, until
 * the operation ends before its turn comes: nobody has to know which there are
 * (fail-nth, Documentation/fault-injection/fault-injection.rst).  Each time the
 * program goes on, or gets the error or the signal that it may get, and the
 * probe works afterwards.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "raw-start.h"
#include "result.h"
#include "tracefs.h"

#define DEBUGFS		"/sys/kernel/debug/"
#define CODE_FILE	"/tmp/code"
#define IMAGE		"/tmp/image"
#define PAGE		4096
#define INT3		0xcc

/* No operation has as many allocations. */
#define MAX_FAILURES	2000

/* What a child exits with: 1 is what CHECK() returns. */
#define NOT_YET		0		/* there were fewer allocations */
#define FAILED_ONE	RAW_FAILED	/* one failed, and all is well */

static int fail_fd;

/* This function has the calling task fail an allocation: the n-th from now. */
static void fail_nth(unsigned int n)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", n);

	if (pwrite(fail_fd, text, len, 0) != len)
		_exit(1);
}

/* This function ends that and returns whether one has failed. */
static bool has_failed(void)
{
	char text[16] = "";

	if (pread(fail_fd, text, sizeof(text) - 1, 0) <= 0)
		_exit(1);
	fail_nth(0);
	return !atoi(text);
}

/* This function gets ready in a new process. */
static int open_fail_nth(void)
{
	fail_fd = open("/proc/thread-self/fail-nth", O_RDWR);
	return fail_fd < 0;
}

/* This function executes a probed instruction for the first time. */
static int fail_in_hit(unsigned int n)
{
	bool failed;
	long got;

	fail_nth(n);
	got = hit_xol(5);
	failed = has_failed();
	CHECK(got == 15);
	CHECK(!hit_times(hit_xol, 2));
	return failed ? FAILED_ONE : NOT_YET;
}

static unsigned int fork_nth;
static bool fork_failed;
static pid_t fork_child;

/* This function gets called below a function whose return is probed. */
static long fork_below(void)
{
	fail_nth(fork_nth);
	fork_child = fork();
	if (fork_child)
		fork_failed = has_failed();
	return 7;
}

/*
 * This function forks where a function has yet to return, in parent and child.
 * A child whose returns could not be copied dies where it returns.
 */
static int fork_result(void)
{
	int status;

	if (!fork_child)
		_exit(0);
	if (fork_child < 0) {
		CHECK(fork_failed);
		CHECK(errno == ENOMEM || errno == EAGAIN);
		return FAILED_ONE;
	}
	status = wait_child(fork_child);
	if (WIFSIGNALED(status)) {
		CHECK(fork_failed);
		CHECK(WTERMSIG(status) == SIGILL || WTERMSIG(status) == SIGSEGV);
	} else {
		CHECK(!status);
	}
	return fork_failed ? FAILED_ONE : NOT_YET;
}

static int fail_in_fork(unsigned int n)
{
	fork_nth = n;
	CHECK(hit_call(fork_below) == 7);
	return fork_result();
}

/*
 * This function does that below functions that return together: half of the
 * chain must not be there.  Fault: the child walks off its end, in the kernel.
 */
static int fail_in_chain(unsigned int n)
{
	fork_nth = n;
	fork_failed = false;
	return hit_chained(fork_below) == 7 ? fork_result() : 1;
}

/* This function becomes a new image, which looks how it went. */
static int fail_in_exec(unsigned int n)
{
	CHECK(dup2(fail_fd, RAW_FD) == RAW_FD);
	fail_nth(n);
	execl(IMAGE, IMAGE, NULL);
	CHECK(has_failed());
	return FAILED_ONE;
}

/*
 * This function makes the new image: this program, with the entry that needs no
 * library.
 */
static bool make_image(void)
{
	int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	int to = open(IMAGE, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
	const Elf64_Addr entry = (uintptr_t)raw_start;
	bool good = false;
	struct stat st;

	if (from >= 0 && to >= 0 && !fstat(from, &st))
		good = sendfile(to, from, NULL, st.st_size) == st.st_size &&
		       pwrite(to, &entry, sizeof(entry),
			      offsetof(Elf64_Ehdr, e_entry)) == sizeof(entry);
	close(from);
	close(to);
	return good;
}

/* This function maps the probed file of code. */
static unsigned char *map_code(void)
{
	int fd = open(CODE_FILE, O_RDONLY | O_CLOEXEC);
	void *code = mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd,
			  0);
	int err = errno;

	close(fd);
	errno = err;
	return code;
}

/* This function maps a probed file; without memory the mapping has no probe. */
static int fail_in_mmap(unsigned int n)
{
	unsigned char *code;
	bool failed;

	fail_nth(n);
	code = map_code();
	failed = has_failed();
	if (code == MAP_FAILED) {
		CHECK(failed);
		CHECK(errno == ENOMEM || errno == EBADF);
	} else {
		CHECK(failed || *code == INT3);
		CHECK(!hit_times((hit_fn)(uintptr_t)code, 2));
		CHECK(!munmap(code, PAGE));
	}
	code = map_code();
	CHECK(code != MAP_FAILED);
	CHECK(*code == INT3);
	CHECK(!hit_times((hit_fn)(uintptr_t)code, 2));
	return failed ? FAILED_ONE : NOT_YET;
}

/* This function arms another probe, which may not be possible. */
static int fail_in_arming(unsigned int n)
{
	struct probe p;
	bool failed;
	int err;

	fail_nth(n);
	err = probe_define(&p, hit_push);
	if (!err)
		err = probe_arm(&p);
	failed = has_failed();
	CHECK(!err || failed);
	CHECK(!hit_times(hit_push, 2));
	probe_remove(&p);
	CHECK(!hit_times(hit_push, 2));
	return failed ? FAILED_ONE : NOT_YET;
}

/* This function disarms another probe; it is tried again where it fails. */
static int fail_in_disarming(unsigned int n)
{
	struct probe p;
	bool failed;

	CHECK(!probe_define(&p, hit_push));
	CHECK(!probe_arm(&p));
	CHECK(!hit_times(hit_push, 2));
	fail_nth(n);
	probe_disarm(&p);
	failed = has_failed();
	CHECK(!hit_times(hit_push, 2));
	p.armed = true;
	probe_remove(&p);
	CHECK(!hit_times(hit_push, 2));
	return failed ? FAILED_ONE : NOT_YET;
}

/* An operation, and the probe that it meets: in this program, or in a file. */
struct operation {
	const char	*name;
	int		(*run)(unsigned int n);
	const void	*bp;
	const void	*also;		/* another return that is probed */
	bool		is_return;
	bool		(*make_file)(void);
	const char	*file;
};

/* This function makes a file of one page of code. */
static bool make_code(void)
{
	int fd = open(CODE_FILE, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
	ssize_t size = code_end - code_begin;
	bool good = fd >= 0 && write(fd, code_begin, size) == size &&
		    !ftruncate(fd, PAGE);

	close(fd);
	return good;
}

static const struct operation operations[] = {
	{ .name = "nomem-hit", .run = fail_in_hit, .bp = hit_xol },
	{ .name = "nomem-return", .run = fail_in_hit, .bp = hit_xol,
	  .is_return = true },
	{ .name = "nomem-fork", .run = fail_in_fork, .bp = hit_call,
	  .is_return = true },
	{ .name = "nomem-fork-chain", .run = fail_in_chain, .bp = hit_call,
	  .also = hit_chained, .is_return = true },
	{ .name = "nomem-exec", .run = fail_in_exec, .bp = hit_xol,
	  .make_file = make_image, .file = IMAGE },
	{ .name = "nomem-mmap", .run = fail_in_mmap,
	  .make_file = make_code, .file = CODE_FILE },
	{ .name = "nomem-arm", .run = fail_in_arming, .bp = hit_xol },
	{ .name = "nomem-disarm", .run = fail_in_disarming, .bp = hit_xol },
};

#define NR_OPERATIONS	(sizeof(operations) / sizeof(operations[0]))

/* This function writes a word to a file of debugfs. */
static bool set_debug(const char *file, const char *word)
{
	int fd = open(file, O_WRONLY | O_CLOEXEC);
	ssize_t len = strlen(word);
	bool good = fd >= 0 && write(fd, word, len) == len;

	close(fd);
	return good;
}

/* This function lets all allocations fail, and none of them complain. */
static bool allow_failures(void)
{
	return set_debug(DEBUGFS "failslab/ignore-gfp-wait", "N") &&
	       set_debug(DEBUGFS "failslab/verbose", "0") &&
	       set_debug(DEBUGFS "fail_page_alloc/ignore-gfp-wait", "N") &&
	       set_debug(DEBUGFS "fail_page_alloc/ignore-gfp-highmem", "N") &&
	       set_debug(DEBUGFS "fail_page_alloc/min-order", "0") &&
	       set_debug(DEBUGFS "fail_page_alloc/verbose", "0");
}

/* This function arms the probe that an operation meets. */
static bool arm(const struct operation *op, struct result *r, struct probe *p)
{
	unsigned long offset = op->bp ? file_offset(op->bp) : 0;

	if (op->also)
		return expect(r, !probe_define_return(p, op->bp) &&
			      !probe_extend(p, op->also),
			      "cannot define the probes") &&
		       expect(r, !probe_arm(p), "cannot arm the probes");
	if (!op->file)
		return op->is_return ? arm_return(r, p, op->bp) :
				       arm_at(r, p, op->bp);
	return expect(r, op->make_file(), "cannot make %s", op->file) &&
	       expect(r, !probe_define_at(p, op->file, offset),
		      "cannot define the probe") &&
	       expect(r, !probe_arm(p), "cannot arm the probe");
}

/* This function runs an operation in a child. */
static int run_once(const struct operation *op, unsigned int n)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid)
		_exit(open_fail_nth() ? 1 : op->run(n));
	return wait_child(pid);
}

/* This function tells whether a new image that lacked memory ended like that. */
static bool died_in_exec(const struct operation *op, int status)
{
	return op->run == fail_in_exec && WIFSIGNALED(status) &&
	       (WTERMSIG(status) == SIGKILL || WTERMSIG(status) == SIGSEGV);
}

/* This function lets one allocation after the other fail. */
static void run_operation(const struct operation *op, struct result *r)
{
	unsigned long before = trace_hits();
	struct probe p = { .defined = false };
	unsigned int n;
	int status;

	if (!expect(r, allow_failures(), "cannot set up the failures") ||
	    !arm(op, r, &p))
		goto out;
	for (n = 1; n < MAX_FAILURES; n++) {
		status = run_once(op, n);
		if (!status)
			break;
		if (died_in_exec(op, status))
			continue;
		if (!expect(r, WIFEXITED(status) &&
			    WEXITSTATUS(status) == FAILED_ONE,
			    "allocation %u: status %#x", n, status))
			goto out;
	}
	expect(r, n < MAX_FAILURES, "no end");
	expect(r, n > 1, "no allocation has failed");
	add_word(r, "failed=%u", n - 1);
	r->hits = trace_hits() - before;
out:
	probe_remove(&p);
	if (op->file)
		unlink(op->file);
}

/* This function runs the test with the given name, if there is one. */
static int run_named(const char *name)
{
	struct result r = { .outcome = OUTCOME_PASS };
	unsigned int i;

	for (i = 0; i < NR_OPERATIONS; i++) {
		if (strcmp(operations[i].name, name))
			continue;
		if (open_fail_nth())
			r.skip = "this kernel lets no allocation fail";
		else
			run_operation(&operations[i], &r);
		print_result(&r);
		return 0;
	}
	return 2;
}

/*
 * This function starts the program again without restartable sequences: the
 * kernel writes to them when it likes, and a task dies of SIGSEGV where it has
 * no memory for the page.
 */
static void leave_rseq(char **argv)
{
	static const char tunables[] = "GLIBC_TUNABLES";

	if (getenv(tunables))
		return;
	setenv(tunables, "glibc.pthread.rseq=0", 1);
	execv("/proc/self/exe", argv);
}

int main(int argc, char **argv)
{
	unsigned int i;

	leave_rseq(argv);
	if (argc == 3 && !strcmp(argv[1], "--run"))
		return run_named(argv[2]);
	if (argc != 2 || strcmp(argv[1], "--list"))
		return 2;
	for (i = 0; i < NR_OPERATIONS; i++)
		printf("test %s sigtrap\n", operations[i].name);
	return 0;
}
