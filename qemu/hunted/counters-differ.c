// SPDX-License-Identifier: GPL-2.0-only
// 64 32: Two events at one place have different reference counters: the second is refused, and harms nothing, until the first has gone.
#include "perf.h"

STEPPED(one);
static __attribute__((section(".data.sema"))) volatile unsigned short sema[2];

static int attach_counted(int which)
{
	const struct perf_event_attr none = { 0 };

	return attach_counter(none, one, getpid(), 0, which < 0 ? 0 : data_offset(&sema[which]));
}

static int is_counted(int first, int second, long calls)
{
	CHECK(one(7) == 21);
	CHECK(sema[0] == first && sema[1] == second);
	CHECK(hits("a") == calls);
	return 0;
}

int main(void)
{
	char tail[64];
	int fd;

	begin();
	snprintf(tail, sizeof(tail), "(0x%lx)", data_offset(&sema[0]));
	if (define('p', "a", SELF, file_offset(one), tail) || enable("a", 1))
		return say("not ok", "cannot arm with a counter");
	for (int i = 1; i <= 20; i += 2) {
		if (attach_counted(1) >= 0 || errno != EINVAL || is_counted(1, 0, i))
			return say("not ok", "another counter at the place of the first: %d", errno);
		if (attach_counted(-1) >= 0 || errno != EINVAL || is_counted(1, 0, i + 1))
			return say("not ok", "no counter at the place of the first: %d", errno);
	}
	enable("a", 0);
	if (is_counted(0, 0, 20))
		return say("not ok", "the first has gone");
	fd = attach_counted(1);
	if (fd < 0 || is_counted(0, 1, 20))
		return say("not ok", "the second cannot be there alone");
	if (enable("a", 1) != EINVAL || is_counted(0, 1, 20))
		return say("not ok", "the first at the place of the second");
	close(fd);
	if (is_counted(0, 0, 20) || enable("a", 1) || is_counted(1, 0, 21))
		return say("not ok", "the first is there again");
	disarm("a");
	return sema[0] ? say("not ok", "%d is left", sema[0]) : say("ok", "one at a time");
}
