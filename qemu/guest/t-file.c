// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of probed files that are not what they were, or not what they seem: that
 * nobody may open while a probe is armed, that are rewritten, and whose code a
 * program has patched in its memory.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "code-file.h"
#include "tests.h"

#define PAGE		4096
#define CODE_FILE	"/tmp/changing"
#define EVENTS		"/sys/kernel/tracing/events/uprobekit/"
#define FUSE_DIR	"/tmp/fuse"
#define FUSE_FILE	FUSE_DIR "/code"
#define FUSE_NODE	2

/* Return what the kernel lacks for tests of tracefs, or NULL. */
/*
 * Fault: the probed file is opened under event_mutex, which opening this file
 * takes. Whoever arms the probe waits for itself.
 */
static void arm_enable_file(struct result *r)
{
	struct probe first, second;
	char file[128];
	int status, i;
	pid_t pid;

	if (!expect(r, !probe_define(&first, hit_nop), "cannot define"))
		return;
	snprintf(file, sizeof(file), EVENTS "%s/enable", first.event);
	if (!expect(r, !probe_define_at(&second, file, 0),
		    "cannot define a probe in %s", file))
		goto remove;
	fflush(stdout);
	pid = fork();
	if (!pid)
		_exit(probe_arm(&second));
	for (i = 0; i < 300 && !child_ended(pid, &status); i++)
		nap_ms(10);
	/* The mutex is gone for good: nothing can be removed either. */
	if (!expect(r, i < 300, "arming does not come back"))
		return;
	expect(r, WIFEXITED(status) && WEXITSTATUS(status) == EIO,
	       "arming: status %#x", status);
	probe_remove(&second);
remove:
	probe_remove(&first);
}

/* What the server below was asked for, and whether it waits with a page. */
static struct {
	volatile unsigned int	asked;
	volatile int		hold, held;
} *served;

/* Answer a request. */
static void fuse_answer(int fd, uint64_t unique, int error, const void *data,
			size_t len)
{
	static char buf[2 * PAGE];
	struct fuse_out_header *out = (void *)buf;

	out->unique = unique;
	out->error = -error;
	out->len = sizeof(*out) + len;
	if (len)
		memcpy(out + 1, data, len);
	if (write(fd, buf, out->len) < 0 && errno != ENOENT)
		_exit(1);
}

/* Fill in the attributes of the directory or of the file in it. */
static void fuse_attributes(struct fuse_attr *attr, uint64_t node)
{
	attr->ino = node;
	attr->nlink = 1;
	attr->mode = node == FUSE_NODE ? S_IFREG | 0755 : S_IFDIR | 0755;
	attr->size = node == FUSE_NODE ? PAGE : 0;
}

/* Answer requests about one file of one page of code. */
static void fuse_one(int fd, const struct fuse_in_header *in)
{
	struct fuse_init_out init = { .major = 7, .minor = 31,
				      .max_write = PAGE };
	struct fuse_entry_out entry = { .nodeid = FUSE_NODE };
	struct fuse_attr_out attr = { .attr_valid = 0 };
	struct fuse_open_out opened = { .fh = 1 };
	static char page[PAGE];

	switch (in->opcode) {
	case FUSE_INIT:
		fuse_answer(fd, in->unique, 0, &init, sizeof(init));
		return;
	case FUSE_LOOKUP:
		fuse_attributes(&entry.attr, FUSE_NODE);
		fuse_answer(fd, in->unique, 0, &entry, sizeof(entry));
		return;
	case FUSE_GETATTR:
		fuse_attributes(&attr.attr, in->nodeid);
		fuse_answer(fd, in->unique, 0, &attr, sizeof(attr));
		return;
	case FUSE_OPEN:
		served->asked++;
		fuse_answer(fd, in->unique, 0, &opened, sizeof(opened));
		return;
	case FUSE_READ:
		served->asked++;
		while (served->hold) {
			served->held = 1;
			nap_ms(1);
		}
		memcpy(page, code_begin, code_end - code_begin);
		fuse_answer(fd, in->unique, 0, page, PAGE);
		return;
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
		return;
	case FUSE_RELEASE:
	case FUSE_FLUSH:
		fuse_answer(fd, in->unique, 0, NULL, 0);
		return;
	default:
		fuse_answer(fd, in->unique, ENOSYS, NULL, 0);
	}
}

/* Mount a file system, and serve it in a process of its own. */
static pid_t serve(struct result *r)
{
	static char buf[FUSE_MIN_READ_BUFFER + PAGE];
	int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	char options[128];
	pid_t pid;

	served = shared_memory(sizeof(*served));
	snprintf(options, sizeof(options),
		 "fd=%d,rootmode=40000,user_id=0,group_id=0", fd);
	mkdir(FUSE_DIR, 0755);
	if (!expect(r, fd >= 0 && !mount("fuse", FUSE_DIR, "fuse", 0, options),
		    "cannot mount: %s", strerror(errno))) {
		close(fd);
		return -1;
	}
	fflush(stdout);
	pid = fork();
	if (!pid) {
		while (read(fd, buf, sizeof(buf)) > 0)
			fuse_one(fd, (void *)buf);
		_exit(0);
	}
	close(fd);
	return pid;
}

/* Unmount it, and end that process. */
static void end_server(pid_t server)
{
	umount2(FUSE_DIR, MNT_DETACH);
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
}

/* Execute the code of the file that is served. */
static int hit_served(void)
{
	int fd = open(FUSE_FILE, O_RDONLY | O_CLOEXEC);
	void *code = mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);

	CHECK(code != MAP_FAILED);
	return hit_times((hit_fn)(uintptr_t)code, 10);
}

/*
 * Fault: the probed file is opened and read under event_mutex, so a process
 * that serves files, and may wait for that mutex, has to answer.
 */
static void arm_fuse(struct result *r)
{
	unsigned long before = trace_hits();
	unsigned int asked;
	struct probe p;
	pid_t server;
	int status;

	server = serve(r);
	if (server < 0)
		return;
	if (expect(r, !probe_define_at(&p, FUSE_FILE, 0), "cannot define") &&
	    expect(r, !probe_arm(&p), "cannot arm the probe")) {
		asked = served->asked;
		status = wait_child(start_child(hit_served));
		judge(r, status, trace_hits() - before, 10);
		expect(r, !asked, "arming has asked the server %u times",
		       asked);
	}
	probe_remove(&p);
	end_server(server);
}

/*
 * Read the file, see that its page is kept, and have it dropped: it is asked
 * for again.
 */
static int read_and_drop(void)
{
	int fd = open(FUSE_FILE, O_RDONLY | O_CLOEXEC);
	unsigned int asked;
	char first;

	CHECK(fd >= 0);
	CHECK(pread(fd, &first, 1, 0) == 1);
	asked = served->asked;
	CHECK(pread(fd, &first, 1, 0) == 1);
	CHECK(served->asked == asked);
	CHECK(!posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED));
	CHECK(pread(fd, &first, 1, 0) == 1);
	CHECK(served->asked == asked + 1);
	return 0;
}

/*
 * Fault: a probe that is armed while somebody waits for the page keeps that
 * page, and the file system cannot drop it any more.
 */
static void arm_fuse_reading(struct result *r)
{
	bool ended = false;
	struct probe p;
	pid_t server, reader;
	int status;

	server = serve(r);
	if (server < 0)
		return;
	if (!expect(r, !probe_define_at(&p, FUSE_FILE, 0), "cannot define"))
		goto out;
	served->hold = 1;
	reader = start_child(read_and_drop);
	while (!served->held && !ended) {
		ended = child_ended(reader, &status);
		nap_ms(1);
	}
	expect(r, !ended, "nobody waits for the page");
	expect(r, !probe_arm(&p), "cannot arm the probe");
	served->hold = 0;
	if (!ended)
		status = wait_child(reader);
	judge(r, status, 0, 0);
out:
	probe_remove(&p);
	end_server(server);
}

/* Return what the kernel lacks for that, or NULL. */
static const char *lacks_fuse(void)
{
	return access("/dev/fuse", R_OK) ? "this kernel has no FUSE" : NULL;
}

/* mov $3, %eax; imul $1, %eax, %eax; ret */
static const uint8_t times_one[] = {
	0xb8, 3, 0, 0, 0, 0x6b, 0xc0, 0x01, 0xc3
};

#define IMUL_AT		5
#define FACTOR_AT	7

/* Make the file of code. */
static bool make_code(const uint8_t *code, size_t size)
{
	int fd = open(CODE_FILE, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
	bool good = fd >= 0 && write(fd, code, size) == (ssize_t)size &&
		    !ftruncate(fd, PAGE);

	close(fd);
	return good;
}

/* Map the file. */
static uint8_t *map_code(void)
{
	int fd = open(CODE_FILE, O_RDONLY | O_CLOEXEC);
	void *code = mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);

	close(fd);
	return code;
}

/* Map the file, execute it, and unmap it. */
static int run_code(void)
{
	uint8_t *code = map_code();
	int ret;

	if (code == MAP_FAILED)
		return -1;
	ret = ((int (*)(void))(uintptr_t)code)();
	munmap(code, PAGE);
	return ret;
}

/* Execute the file, change the factor in it, and execute it again. */
static int rewrite_code(void)
{
	static const uint8_t five = 5;
	int fd = open(CODE_FILE, O_RDWR | O_CLOEXEC);

	CHECK(run_code() == 3);
	CHECK(pwrite(fd, &five, 1, FACTOR_AT) == 1);
	CHECK(run_code() == 15);
	return 0;
}

/* Execute what it has become. */
static int run_rewritten(void)
{
	return run_code() != 15;
}

/*
 * Fault: a file that is rewritten in place and mapped anew is executed as it
 * was when the probe was hit first: a wrong result.
 */
static void code_rewritten(struct result *r)
{
	unsigned long before = trace_hits();
	struct probe p = { .defined = false };
	int status;

	if (expect(r, make_code(times_one, sizeof(times_one)), "no file") &&
	    expect(r, !probe_define_at(&p, CODE_FILE, IMUL_AT), "no probe") &&
	    expect(r, !probe_arm(&p), "cannot arm the probe")) {
		status = wait_child(start_child(rewrite_code));
		judge(r, status, trace_hits() - before, 1);
		if (status)
			goto out;
		/* Registered again, it is analysed again. */
		probe_disarm(&p);
		before = trace_hits();
		expect(r, !probe_arm(&p), "cannot arm it again");
		status = wait_child(start_child(run_rewritten));
		judge(r, status, trace_hits() - before, 1);
	}
out:
	probe_remove(&p);
	unlink(CODE_FILE);
}

/* mov $1, %eax; ret, and at PATCH_AT mov $2, %eax; ret */
#define PATCH_AT	16
static const uint8_t one_or_two[] = {
	0xb8, 1, 0, 0, 0, 0xc3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	0xb8, 2, 0, 0, 0, 0xc3
};

/* jmp from the beginning of the function to PATCH_AT */
static const uint8_t patch[] = { 0xe9, PATCH_AT - 5, 0, 0, 0 };

/* Patch the function in memory, and call it while it is probed, and after. */
static int patch_code(void)
{
	uint8_t *code = map_code();
	int (*function)(void) = (int (*)(void))(uintptr_t)code;

	CHECK(code != MAP_FAILED);
	CHECK(!mprotect(code, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC));
	memcpy(code, patch, sizeof(patch));
	CHECK(!mprotect(code, PAGE, PROT_READ | PROT_EXEC));
	CHECK(function() == 2);
	board->ready = 1;
	while (!board->go)
		nap_ms(1);
	CHECK(function() == 2);
	board->ready = 2;
	while (!board->stop)
		nap_ms(1);
	return function() != 2;
}

/* Wait until the child is so far, or has ended. */
static bool is_ready(pid_t pid, int much, int *status)
{
	while (board->ready < much) {
		if (child_ended(pid, status))
			return false;
		nap_ms(1);
	}
	return true;
}

/*
 * Fault: a function that the program has patched, as live patching does, is
 * executed as the file has it when it is probed afterwards.
 */
static void code_patched(struct result *r)
{
	unsigned long before = trace_hits();
	struct probe p = { .defined = false };
	bool ended = true;
	int status = 0;
	pid_t pid;

	if (!expect(r, make_code(one_or_two, sizeof(one_or_two)), "no file") ||
	    !expect(r, !probe_define_at(&p, CODE_FILE, 0), "no probe"))
		goto out;
	pid = start_child(patch_code);
	if (is_ready(pid, 1, &status)) {
		expect(r, !probe_arm(&p), "cannot arm the probe");
		board->go = 1;
		if (is_ready(pid, 2, &status)) {
			probe_disarm(&p);
			board->stop = 1;
			ended = false;
		}
	}
	if (!ended)
		status = wait_child(pid);
	judge(r, status, trace_hits() - before, 0);
out:
	probe_remove(&p);
	unlink(CODE_FILE);
}

/* xchg %ax, %ax, whose second byte is a nop; mov $7, %eax; ret */
static const uint8_t nop_in_nop[] = { 0x66, 0x90, 0xb8, 7, 0, 0, 0, 0xc3 };

/* Execute it once from the beginning, and once from the middle. */
static int run_overlapping(void)
{
	uint8_t *code = map_code();

	CHECK(code != MAP_FAILED);
	CHECK(((int (*)(void))(uintptr_t)code)() == 7);
	return ((int (*)(void))(uintptr_t)(code + 1))() != 7;
}

/*
 * Fault: a breakpoint in the middle of a probed instruction, of another probe,
 * is taken for a change of the code, and the first probe is not armed.
 */
static void code_overlapping(struct result *r)
{
	unsigned long before = trace_hits();
	struct probe p = { .defined = false };
	int status;

	if (expect(r, make_code(nop_in_nop, sizeof(nop_in_nop)), "no file") &&
	    expect(r, !probe_define_at(&p, CODE_FILE, 0) &&
		   !probe_extend_at(&p, CODE_FILE, 1), "no probe") &&
	    expect(r, !probe_arm(&p), "cannot arm the probe")) {
		status = wait_child(start_child(run_overlapping));
		judge(r, status, trace_hits() - before, 2);
	}
	probe_remove(&p);
	unlink(CODE_FILE);
}

#ifdef __x86_64__
/* Return what is missing for tests with a 32-bit program, or NULL. */
static const char *lacks_program_32(void)
{
	pid_t pid = fork();

	if (!pid) {
		execl(PROGRAM_32, PROGRAM_32, "--hit", "0", NULL);
		_exit(1);
	}
	return wait_child(pid) ? "there are no 32-bit programs here" : NULL;
}

/* Have the 32-bit program execute the file: it is to return this. */
static int execute_32(void)
{
	execl(PROGRAM_32, PROGRAM_32, "--execute", CODE_FILE, "3", NULL);
	return 1;
}

/* Execute a mapping of the file twice. */
static int execute_twice(void)
{
	uint8_t *code = map_code();
	int (*function)(void) = (int (*)(void))(uintptr_t)code;

	CHECK(code != MAP_FAILED);
	CHECK(function() == 3);
	return function() != 3;
}

/*
 * Fault: an instruction is not analysed as 64-bit code if it is a 32-bit
 * program that maps the file first. A 64-bit one is probed once, and no more.
 */
static void code_mode_first(struct result *r)
{
	unsigned long before = trace_hits();
	struct probe p = { .defined = false };
	int status;

	if (expect(r, make_code(times_one, sizeof(times_one)), "no file") &&
	    expect(r, !probe_define_at(&p, CODE_FILE, IMUL_AT), "no probe") &&
	    expect(r, !probe_arm(&p), "cannot arm the probe")) {
		status = wait_child(start_child(execute_32));
		if (!status)
			status = wait_child(start_child(execute_twice));
		judge(r, status, trace_hits() - before, 3);
	}
	probe_remove(&p);
	unlink(CODE_FILE);
}

/*
 * In 32-bit code mov $3, %eax; dec %eax; add $1, %eax; ret. In 64-bit code what
 * is in the middle is one instruction, add $1, %rax.
 */
static const uint8_t dec_or_rex[] = {
	0xb8, 3, 0, 0, 0, 0x48, 0x05, 1, 0, 0, 0, 0xc3
};

#define DEC_AT		5

/* Have the 32-bit program add 2 and not 1, which makes 4. */
static int patch_32(void)
{
	execl(PROGRAM_32, PROGRAM_32, "--execute", CODE_FILE, "4", "7", "2",
	      NULL);
	return 1;
}

/*
 * Fault: as much as the instruction has in 64-bit code is compared before a
 * 32-bit program is probed. What lies behind it has been patched there: it is
 * not probed.
 */
static void code_mode_patched(struct result *r)
{
	unsigned long before = trace_hits();
	struct probe p = { .defined = false };
	int status;
	pid_t pid;

	if (!expect(r, make_code(dec_or_rex, sizeof(dec_or_rex)), "no file") ||
	    !expect(r, !probe_define_at(&p, CODE_FILE, DEC_AT), "no probe"))
		goto out;
	pid = start_child(patch_32);
	if (expect(r, waitpid(pid, &status, WUNTRACED) == pid &&
		   WIFSTOPPED(status), "the program has not mapped the file")) {
		expect(r, !probe_arm(&p), "cannot arm the probe");
		kill(pid, SIGCONT);
		status = wait_child(pid);
		judge(r, status, trace_hits() - before, 1);
	}
out:
	probe_remove(&p);
	unlink(CODE_FILE);
}
#endif

/* In the file: two pages of code, and one with a counter in it. */
#define COUNTER_AT	(2 * PAGE)

/* Move the first page away: the counter counts one breakpoint, then none. */
static int move_counted(void)
{
	void *room = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
			  -1, 0);
	int fd = open(CODE_FILE, O_RDWR | O_CLOEXEC);
	volatile uint16_t *counter;
	void *code;

	code = mmap(NULL, 2 * PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
	counter = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd,
		       COUNTER_AT);
	CHECK(code != MAP_FAILED && counter != MAP_FAILED);
	CHECK(*counter == 1);
	CHECK(mremap(code, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, room) ==
	      room);
	CHECK(*counter == 1);
	CHECK(!hit_times((hit_fn)(uintptr_t)room, 10));
	board->ready = 1;
	while (!board->go)
		nap_ms(1);
	CHECK(!*counter);
	return hit_times((hit_fn)(uintptr_t)room, 10);
}

/*
 * Fault: when a part of a mapping is moved, the place that it has left is armed
 * once more before it is unmapped, and the reference counter of the probe never
 * comes back to zero.
 */
static void counter_moved(struct result *r)
{
	unsigned long hits, before = trace_hits();
	struct probe p = { .defined = false };
	int status = 0;
	bool ended;
	pid_t pid;

	if (!expect(r, make_code((const uint8_t *)code_begin,
				 code_end - code_begin) &&
		    !truncate(CODE_FILE, COUNTER_AT + PAGE), "no file") ||
	    !expect(r, !probe_define_counted(&p, CODE_FILE, 0, COUNTER_AT),
		    "no probe") ||
	    !expect(r, !probe_arm(&p), "cannot arm the probe"))
		goto out;
	pid = start_child(move_counted);
	ended = !is_ready(pid, 1, &status);
	hits = trace_hits() - before;
	probe_disarm(&p);
	board->go = 1;
	if (!ended)
		status = wait_child(pid);
	judge(r, status, hits, 10);
out:
	probe_remove(&p);
	unlink(CODE_FILE);
}

/*
 * Fault: when an event of two places is deleted while it is armed, the first is
 * freed, and stays registered; only at the second one is it busy.  Nobody maps
 * the file: what is freed is not looked at.
 */
static void arm_delete_busy(struct result *r)
{
	struct probe p = { .defined = false };

	if (!expect(r, make_code((const uint8_t *)code_begin,
				 code_end - code_begin), "no file") ||
	    !expect(r, !probe_define_at(&p, CODE_FILE, 0) &&
		    !probe_extend_at(&p, CODE_FILE, 1), "no event") ||
	    !expect(r, !probe_arm(&p), "cannot arm the event"))
		goto out;
	expect(r, probe_delete(&p) == EBUSY, "armed, and not busy");
	expect(r, probe_places(&p) == 2, "%d of 2 places are left",
	       probe_places(&p));
	probe_disarm(&p);
	expect(r, !probe_delete(&p), "disarmed, and busy");
	expect(r, !probe_places(&p), "%d places are left after that",
	       probe_places(&p));
out:
	probe_remove(&p);
	unlink(CODE_FILE);
}

const struct test file_tests[] = {
	TEST_IF("arm-fuse", "sigtrap", arm_fuse, lacks_fuse),
	TEST_IF("arm-fuse-reading", "pass", arm_fuse_reading, lacks_fuse),
	TEST("code-rewritten", "sigtrap", code_rewritten),
	TEST("code-patched", "sigtrap", code_patched),
	TEST("code-overlapping", "sigtrap", code_overlapping),
#ifdef __x86_64__
	TEST_IF("code-mode-first", "sigtrap", code_mode_first,
		lacks_program_32),
	TEST_IF("code-mode-patched", "sigtrap", code_mode_patched,
		lacks_program_32),
#endif
	TEST_IF("counter-moved", "fail", counter_moved, lacks_tracefs),
	TEST_IF("arm-enable-file", "pass", arm_enable_file, lacks_tracefs),
	TEST_IF("arm-delete-busy", "fail", arm_delete_busy, lacks_tracefs),
	{ .name = NULL },
};
