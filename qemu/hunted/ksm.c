// SPDX-License-Identifier: GPL-2.0-only
// 64 32: Pages with breakpoints are merged by KSM, hit, and have their breakpoints removed.
#include "hunted.h"

STEPPED(stepped);

static int merged(void)
{
	void *page = (void *)((uintptr_t)stepped & -PAGE);
	pid_t other = fork();
	int status = -1;

	if (madvise(page, PAGE, 12 /* MADV_MERGEABLE */))
		return 77;
	for (int i = 0; i < 100; i++) {
		if (stepped(i) != 3 * i)
			_exit(1);
		nap(5);
	}
	if (!other)
		_exit(0);
	waitpid(other, &status, 0);
	CHECK(!status);
	return 0;
}

int main(void)
{
	const struct place places[] = { { 'p', stepped }, { 0, NULL } };
	int ret;

	put("/sys/kernel/mm/ksm/sleep_millisecs", "1");
	put("/sys/kernel/mm/ksm/run", "1");
	ret = judge(merged, places, 200);
	disarm("e0");
	for (int i = 0; i < 10; i++)
		if (stepped(i) != 3 * i)
			return say("not ok", "wrong after removal");
	put("/sys/kernel/mm/ksm/run", "2");
	return ret;
}
