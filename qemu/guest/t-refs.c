// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests that references come back.  A copy of this program runs tests of its
 * own, in which tasks end in many ways, in a file system that nothing else is
 * in.  An address space that nobody gives back has mappings of the copy, a
 * probe that is left has its path: either keeps it from being unmounted.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "child.h"
#include "tests.h"

#define PLACE	"/references"
#define PROGRAM	PLACE "/program"

static const char * const of_tasks[] = {
	"task-fork-chain",
	"task-vfork",
	"task-clone-vm",
	"task-exec",
	"task-exit",
	"threads-exit-group",
	"threads-exec",
	"sig-kill-loop",
	"sig-segv-deadly",
	"mm-map-over",
	"mm-map-move",
	NULL,
};

static const char * const of_returns[] = {
	"return-deep",
	"return-longjmp",
	"return-fork-chain",
	"return-vfork",
	"return-clone",
	"return-exec",
	"return-exit",
	NULL,
};

/* This function makes the file system, and the copy in it. */
static bool make_copy(void)
{
	int in = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	char buf[65536];
	ssize_t len;
	int out;

	mkdir(PLACE, 0755);
	if (mount("ramfs", PLACE, "ramfs", 0, NULL))
		return false;
	out = open(PROGRAM, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
	do {
		len = read(in, buf, sizeof(buf));
	} while (len > 0 && write(out, buf, len) == len);
	close(out);
	close(in);
	return !len;
}

/* This function has the copy run a test, and takes over what that found. */
static void run_there(struct result *r, const char *name)
{
	static const char sigtrap[] = "outcome=sigtrap";
	const char *word = "outcome=pass";
	char test[64], line[512];
	unsigned long hits;
	int status;

	snprintf(test, sizeof(test), ABI_PREFIX "%s", name);
	status = run_program(PROGRAM, test, line, sizeof(line));
	if (sscanf(line, "outcome=%*s hits=%lu", &hits) == 1)
		r->hits += hits;
	if (r->outcome == OUTCOME_PASS && strstr(line, sigtrap))
		r->outcome = OUTCOME_SIGTRAP;
	if (r->outcome == OUTCOME_SIGTRAP)
		word = sigtrap;
	expect(r, !status && strstr(line, word), "%s: status %#x: %s", name,
	       status, line);
}

/*
 * This function unmounts it, for which what runs late gets a second: 0, or the
 * errno.
 */
static int unmount(void)
{
	int i, err = EBUSY;

	for (i = 0; i < 50 && err == EBUSY; i++) {
		nap_ms(i ? 20 : 0);
		err = umount(PLACE) ? errno : 0;
	}
	return err;
}

/* This function runs tests, and wants the file system back. */
static void run_all(struct result *r, const char * const *names)
{
	int err;

	if (!expect(r, make_copy(), "cannot copy the program"))
		return;
	for (; *names; names++)
		run_there(r, *names);
	err = unmount();
	if (!expect(r, !err, "cannot unmount: error %d", err))
		umount2(PLACE, MNT_DETACH);
}

/* This function tests what the lives of tasks leave. */
static void task_references(struct result *r)
{
	run_all(r, of_tasks);
}

/* This function tests what returns that are still to come leave. */
static void return_references(struct result *r)
{
	run_all(r, of_returns);
}

const struct test refs_tests[] = {
	TEST("task-references", "sigtrap", task_references),
	TEST("return-references", "sigtrap", return_references),
	{ .name = NULL },
};
