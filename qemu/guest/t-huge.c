// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of probes in huge pages: of a file in memory, which the processor has
 * as one page until a probe comes, and of hugetlbfs, where nothing is probed.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "tests.h"

#define HUGE_DIR	"/tmp/huge"
#define HUGE_FILE	HUGE_DIR "/code"
#define NR_HUGE_PAGES	"/proc/sys/vm/nr_hugepages"
#define THP_SIZE	"/sys/kernel/mm/transparent_hugepage/hpage_pmd_size"

/* The code is not at the beginning of the huge page. */
#define CODE_AT		(3 * 4096)

#ifndef MADV_COLLAPSE
# define MADV_COLLAPSE	25	/* since 6.1 */
#endif

static size_t huge_size;

/* This function reads one number from a file; 0: there is none. */
static size_t read_number(const char *path)
{
	FILE *f = fopen(path, "re");
	size_t number = 0;

	if (!f)
		return 0;
	if (fscanf(f, "%zu", &number) != 1)
		number = 0;
	fclose(f);
	return number;
}

/* This function mounts a file system with huge pages, if the kernel has it. */
static bool mount_huge(struct result *r, const char *type, const char *options)
{
	if (mkdir(HUGE_DIR, 0755) && errno != EEXIST)
		return expect(r, false, "cannot make " HUGE_DIR);
	if (!mount(type, HUGE_DIR, type, 0, options))
		return true;
	r->skip = "this kernel has no such huge pages";
	return false;
}

/* This function makes a file of one huge page with the code in it. */
static bool make_code(void)
{
	int fd = open(HUGE_FILE, O_RDWR | O_CREAT | O_CLOEXEC, 0755);
	uint8_t *page = MAP_FAILED;

	if (!ftruncate(fd, huge_size))
		page = mmap(NULL, huge_size, PROT_READ | PROT_WRITE,
			    MAP_SHARED, fd, 0);
	close(fd);
	if (page == MAP_FAILED)
		return false;
	memcpy(page + CODE_AT, code_begin, code_end - code_begin);
	return !munmap(page, huge_size);
}

/* This function maps the file where a huge page fits, and returns its code. */
static const uint8_t *map_code(void)
{
	int fd = open(HUGE_FILE, O_RDONLY | O_CLOEXEC);
	uintptr_t room = (uintptr_t)mmap(NULL, 2 * huge_size, PROT_NONE,
					 MAP_PRIVATE | MAP_ANONYMOUS |
					 MAP_NORESERVE, -1, 0);
	void *where = (void *)((room + huge_size - 1) & -huge_size);
	uint8_t *page = mmap(where, huge_size, PROT_READ | PROT_EXEC,
			     MAP_PRIVATE | MAP_FIXED, fd, 0);

	close(fd);
	return page == MAP_FAILED ? NULL : page + CODE_AT;
}

/* This function returns whether an address is mapped by a huge page. */
static bool is_huge(const uint8_t *addr)
{
	FILE *f = fopen("/proc/self/smaps", "re");
	unsigned long start, end, kib;
	bool here = false, huge = false;
	char line[256];

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-%lx ", &start, &end) == 2)
			here = (uintptr_t)addr >= start &&
			       (uintptr_t)addr < end;
		else if (here && (sscanf(line, "ShmemPmdMapped: %lu", &kib) ||
				  sscanf(line, "FilePmdMapped: %lu", &kib)))
			huge |= kib;
	}
	if (f)
		fclose(f);
	return huge;
}

/* This function hits in the mapped code, and says whether its page is huge. */
static int hit_code(const uint8_t *code, volatile unsigned int *huge)
{
	CHECK(code);
	CHECK(!hit_times((hit_fn)(uintptr_t)code, 10));
	*huge = is_huge(code);
	return 0;
}

/* This function tells the parent, and waits until it may go on. */
static void next_step(int step)
{
	board->ready = step;
	while (board->go < step)
		nap_ms(1);
}

/* This function hits before, while and after there is a probe. */
static int armed_meanwhile(void)
{
	const uint8_t *code = map_code();
	unsigned int huge;

	CHECK(!hit_code(code, &huge));
	CHECK(huge);
	next_step(1);
	CHECK(!hit_code(code, &huge));
	CHECK(!huge);
	next_step(2);
	CHECK(!hit_code(code, &huge));
	CHECK(!memcmp(code, code_begin, code_end - code_begin));
	return 0;
}

/* This function maps a file that has a probe, and wants a huge page again. */
static int mapped_later(void)
{
	const uint8_t *code = map_code();
	unsigned int huge;

	CHECK(!hit_code(code, &huge));
	CHECK(!huge);
	/* Whether it is done or refused: the probe stays. */
	madvise((void *)(code - CODE_AT), huge_size, MADV_COLLAPSE);
	CHECK(!hit_code(code, &huge));
	CHECK(!huge);
	return 0;
}

/* This function hits in a mapping of hugetlbfs. */
static int hit_hugetlb(void)
{
	unsigned int huge;

	return hit_code(map_code(), &huge);
}

/* This function returns whether the file is mapped by a huge page. */
static bool maps_huge(void)
{
	const uint8_t *code = map_code();
	unsigned int huge;

	if (hit_code(code, &huge))
		return false;
	munmap((void *)(code - CODE_AT), huge_size);
	return huge;
}

/* This function makes the file system, the code and a probe that is defined. */
static bool prepare_thp(struct result *r, struct probe *p)
{
	huge_size = read_number(THP_SIZE);
	if (!mount_huge(r, "tmpfs", "huge=always") ||
	    !expect(r, make_code(), "cannot make a file of code"))
		return false;
	if (!maps_huge()) {
		r->skip = "this kernel maps no file by a huge page";
		return false;
	}
	return expect(r, !probe_define_at(p, HUGE_FILE, CODE_AT),
		      "cannot define the probe");
}

/* This function takes all of that away. */
static void clean_up(struct probe *p)
{
	probe_remove(p);
	unlink(HUGE_FILE);
	umount2(HUGE_DIR, MNT_DETACH);
}

/* This function waits until the child is as far, or has ended. */
static bool await(pid_t pid, int step, int *status)
{
	while (board->ready < step) {
		if (child_ended(pid, status))
			return false;
		nap_ms(1);
	}
	return true;
}

/* This function tests a probe that comes to a huge page, and goes. */
static void huge_arm(struct result *r)
{
	unsigned long before = trace_hits();
	struct probe p = { .defined = false };
	int status = -1;
	bool alive;
	pid_t pid;

	if (prepare_thp(r, &p)) {
		pid = start_child(armed_meanwhile);
		alive = await(pid, 1, &status) &&
			expect(r, !probe_arm(&p), "cannot arm the probe");
		board->go = 1;
		alive = alive && await(pid, 2, &status);
		probe_disarm(&p);
		board->go = 2;
		if (alive)
			status = wait_child(pid);
		judge(r, status, trace_hits() - before, 10);
	}
	clean_up(&p);
}

/* This function tests a probe that is there before the huge page is. */
static void huge_map(struct result *r)
{
	unsigned long before = trace_hits();
	struct probe p = { .defined = false };
	int status;

	if (prepare_thp(r, &p) &&
	    expect(r, !probe_arm(&p), "cannot arm the probe")) {
		status = wait_child(start_child(mapped_later));
		judge(r, status, trace_hits() - before, 20);
	}
	clean_up(&p);
}

/* This function has the kernel keep some huge pages, or give them back. */
static void keep_pages(int nr)
{
	FILE *f = fopen(NR_HUGE_PAGES, "we");

	if (!f)
		return;
	fprintf(f, "%d\n", nr);
	fclose(f);
}

/* This function tests that a file of hugetlbfs is refused, and runs on. */
static void huge_hugetlb(struct result *r)
{
	unsigned long before = trace_hits();
	struct probe p = { .defined = false };
	struct statfs fs;
	int status, err;

	if (!mount_huge(r, "hugetlbfs", NULL))
		return;
	keep_pages(4);
	if (!statfs(HUGE_DIR, &fs))
		huge_size = fs.f_bsize;
	if (expect(r, make_code(), "cannot make a file of code") &&
	    expect(r, !probe_define_at(&p, HUGE_FILE, CODE_AT),
		   "cannot define the probe")) {
		err = probe_arm(&p);
		expect(r, err == EIO, "arming: expected error %d, saw %d", EIO,
		       err);
		status = wait_child(start_child(hit_hugetlb));
		judge(r, status, trace_hits() - before, 0);
	}
	clean_up(&p);
	keep_pages(0);
}

const struct test huge_tests[] = {
	TEST("mm-huge-arm", "sigtrap", huge_arm),
	TEST("mm-huge-map", "sigtrap", huge_map),
	TEST("mm-huge-hugetlb", "pass", huge_hugetlb),
	{ .name = NULL },
};
