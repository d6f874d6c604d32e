// SPDX-License-Identifier: GPL-2.0-only
// 32: The first step where all but one page of the address space is taken, anywhere.
#include "hunted.h"

STEPPED(stepped);

static int full(void)
{
	unsigned long size = 1UL << 30, hole = 0;
	void *last = NULL, *p;

	while (size >= PAGE) {
		p = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (p == MAP_FAILED)
			size >>= 1;
		else
			last = p, hole++;
	}
	CHECK(hole && last);
	CHECK(!munmap(last, PAGE));
	for (int i = 0; i < 10; i++)
		CHECK(stepped(i) == 3 * i);
	return 0;
}

int main(void)
{
	const struct place places[] = { { 'p', stepped }, { 0, NULL } };

	return judge(full, places, 10);
}
