/* SPDX-License-Identifier: GPL-2.0-only */
/* Functions that are stepped, emulated and pending, and who hits them. */
#ifndef HUNTED_STORM_H
#define HUNTED_STORM_H

#include "hunted.h"

STEPPED(stepped);
EMULATED(emulated);

static __attribute__((noipa, unused)) long nest(long n)
{
	return n ? nest(n - 1) + 1 : stepped(2);
}

/* Hit them for ever. */
static inline void *work(void *unused)
{
	for (;;)
		if (nest(10) != 16 || emulated(2) != 6)
			_exit(1);
	return unused;
}

/* Hit them until a child has ended. */
static inline int hit_until(pid_t pid)
{
	while (waitpid(pid, NULL, WNOHANG) != pid)
		for (int i = 0; i < 50; i++)
			CHECK(stepped(i) == 3 * i && emulated(i) == 3 * i);
	return 0;
}

/* Places in them, with those in nest(). */
#define NESTED { { 'p', stepped }, { 'r', nest }, { 'r', stepped }, { 'p', emulated }, { 0, NULL } }

/* Places in them, without. */
#define FLAT { { 'p', stepped }, { 'p', emulated }, { 'r', stepped }, { 0, NULL } }

#endif
