// SPDX-License-Identifier: GPL-2.0-only
// 32: The first step where all of the address space is taken that a program may map.
#include "hunted.h"

#define MINIMUM	"/proc/sys/vm/mmap_min_addr"

STEPPED(stepped);

static unsigned long minimum;

/* There is no room for a slot: the step waits for it until this comes. */
static void on_alarm(int signo)
{
	(void)signo;
	_exit(slots() && slots() < minimum);
}

static int taken(void)
{
	unsigned long size = 1UL << 30;

	signal(SIGALRM, on_alarm);
	free(malloc(8192));	/* what fopen() will want */
	CHECK(!slots());
	CHECK(!setresuid(65534, 65534, 65534));
	while (size >= PAGE) {
		if (mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0) ==
		    MAP_FAILED)
			size >>= 1;
	}
	/* What mmap() does not choose, above the stack */
	for (unsigned long at = 0xf0000000; at < 0xffffe000; at += PAGE)
		mmap((void *)at, PAGE, PROT_NONE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
	alarm(1);
	CHECK(stepped(1) == 3);
	CHECK(!slots() || slots() >= minimum);
	return 0;
}

int main(void)
{
	const struct place places[] = { { 'p', stepped }, { 0, NULL } };
	char text[32];
	int verdict;

	minimum = 16 * PAGE;
	snprintf(text, sizeof(text), "%lu", minimum);
	if (put(MINIMUM, text))
		return say("skip", "this kernel has no " MINIMUM);
	verdict = judge(taken, places, -1);
	put(MINIMUM, "4096");
	return verdict;
}
