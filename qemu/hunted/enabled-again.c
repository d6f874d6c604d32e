// SPDX-License-Identifier: GPL-2.0-only
// 64 32: The event of a return goes and comes, or another one takes its place, while the function is pending: it is told.
#include "hunted.h"

static __attribute__((noinline)) void pending(void (*meanwhile)(void))
{
	meanwhile();
	asm volatile("");	/* no tail call */
}

static void again(void)
{
	nap(300);
	enable("first", 0);
	enable("first", 1);
}

static void later(void)
{
	enable("first", 0);
	nap(300);
	enable("first", 1);
}

static void another(void)
{
	enable("first", 0);
	noted->flag[0] |= arm('r', "second", pending);
}

static void nobody(void)
{
	enable("second", 0);
}

int main(void)
{
	void (*const tries[])(void) = { again, later, another };

	begin();
	if (arm('r', "first", pending))
		return say("not ok", "cannot be armed");
	for (int i = 0; i < 3; i++) {
		empty_trace();
		pending(tries[i]);
		if (noted->flag[0])
			return say("not ok", "cannot be armed again");
		if (recorded() != 1)
			return say("not ok", "try %d: %ld returns, not 1", i, recorded());
	}
	empty_trace();
	pending(nobody);
	if (recorded())
		return say("not ok", "a return is told to nobody");
	return say("ok", "4 returns");
}
