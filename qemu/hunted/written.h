/* SPDX-License-Identifier: GPL-2.0-only */
/* Code that is mapped for writing first and made executable later. */
#ifndef HUNTED_WRITTEN_H
#define HUNTED_WRITTEN_H

#include "hunted.h"

#define FILE_NAME "/tmp/hunted-code"

STEPPED(code);
static bool arm_late;

static int load(void)
{
	int fd = open(FILE_NAME, O_RDWR);
	long (*fn)(long) = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);

	CHECK((void *)fn != MAP_FAILED);
	((volatile char *)fn)[100] = 1;
	CHECK(!mprotect(fn, PAGE, PROT_READ | PROT_EXEC));
	if (arm_late)
		CHECK(!enable("a", 1));
	for (int i = 0; i < 10; i++)
		CHECK(fn(i) == 3 * i);
	return 0;
}

/* Arm the probe before the code is mapped, or when it is executable. */
static inline int run_written(bool late)
{
	int fd = open(FILE_NAME, O_RDWR | O_CREAT | O_TRUNC, 0755), status;
	long got;

	begin();
	arm_late = late;
	if (write(fd, code, 64) != 64 || ftruncate(fd, PAGE))
		return 1;
	close(fd);
	if (define('p', "a", FILE_NAME, 0, NULL) || (!late && enable("a", 1)))
		return say("not ok", "cannot arm");
	status = run(load);
	got = hits(NULL);
	unlink(FILE_NAME);
	if (status)
		return say("not ok", "status %#x", status);
	if (got != 10)
		return say("not ok", "%ld hits, not 10", got);
	return say("ok", "10 hits");
}

#endif
