/* SPDX-License-Identifier: GPL-2.0-only */
/* Two files with a function at the same offset: the first returns three times its argument, the second five times. */
#ifndef HUNTED_TWINS_H
#define HUNTED_TWINS_H

#include "hunted.h"

#define TWINS	2

STEPPED(three_times);
asm(".text\n.globl five_times\nfive_times:\n\timul $5, " FIRST_ARG ", " R(ax) "\n\tret\n");
long five_times(long x);

typedef long (*twin_fn)(long);

static const char *const twin_file[] = { "/tmp/hunted-twin-0", "/tmp/hunted-twin-1" };
static const char *const twin_event[] = { "zero", "one" };
static const long twin_factor[] = { 3, 5 };
static int twin_fd[TWINS];

/* Write the files, and arm a probe in each. Return 0 or an errno. */
static inline int make_twins(void)
{
	const void *code[] = { three_times, five_times };
	int err = 0;

	begin();
	for (int i = 0; i < TWINS && !err; i++) {
		int fd = put_code(twin_file[i], O_CREAT | O_TRUNC, code[i]);

		if (fd < 0)
			return EIO;
		close(fd);
		twin_fd[i] = open(twin_file[i], O_RDONLY | O_CLOEXEC);
		err = arm_file('p', twin_event[i], twin_file[i], 0);
	}
	return err;
}

/* Map the code of one of them, there or anywhere. */
static inline twin_fn map_twin(int i, void *at)
{
	void *found = mmap(at, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE | (at ? MAP_FIXED : 0),
			   twin_fd[i], 0);

	return found == MAP_FAILED ? NULL : (twin_fn)found;
}

/* Call it so many times: is it this one of them? */
static inline bool is_twin(twin_fn fn, int i, int times)
{
	while (times--)
		if (fn(times + 7) != (times + 7) * twin_factor[i])
			return false;
	return true;
}

/*
 * Say what became of @fn: the hits of each have to be these. Before 6.10 the
 * profile loses a hit when two processors count at once (tu->nhit++ in
 * uprobe_dispatcher()); what the ring buffers have is exact, and of all events.
 * @zero < 0: any number of the first.
 */
static inline int judge_twins(int (*fn)(void), long zero, long one)
{
	int err = make_twins(), status;
	long got[TWINS], all;

	if (err)
		return say("not ok", "cannot arm: error %d", err);
	empty_trace();
	status = run(fn);
	all = recorded();
	for (int i = 0; i < TWINS; i++) {
		got[i] = hits(twin_event[i]);
		unlink(twin_file[i]);
	}
	if (status)
		return say("not ok", "status %#x, %ld and %ld hits", status, got[0], got[1]);
	if (zero < 0 ? got[1] != one :
	    all != zero + one || got[0] > zero || got[1] > one)
		return say("not ok", "%ld and %ld hits, not %ld and %ld; %ld recorded",
			   got[0], got[1], zero, one, all);
	return say("ok", "%ld and %ld hits", got[0], got[1]);
}

/* Take the SIGTRAP of a breakpoint of the program's own: count it, and go on behind it. */
static volatile sig_atomic_t own_traps;

static inline void own_trap(int sig)
{
	(void)sig;
	own_traps++;
}

static inline void take_own_traps(void)
{
	signal(SIGTRAP, own_trap);
}

/* int3; lea (arg, arg, 8), result; ret: nine times the argument */
static inline void put_own_trap(void *at)
{
#ifdef __x86_64__
	static const unsigned char code[] = { 0xcc, 0x48, 0x8d, 0x04, 0xff, 0xc3 };
#else
	static const unsigned char code[] = { 0xcc, 0x8b, 0x44, 0x24, 0x04, 0x8d, 0x04, 0xc0, 0xc3 };
#endif
	memcpy(at, code, sizeof(code));
}

#endif
