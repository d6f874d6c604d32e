// SPDX-License-Identifier: GPL-2.0-only
// 64 32: A probed file is mapped privately, to be read and not executed, as linkers, caches and checkers do.
#include "twins.h"

static int all(void)
{
	const void *map = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, twin_fd[0], 0);

	CHECK(map != MAP_FAILED && !memcmp(map, (const void *)three_times, 32));
	return 0;
}

int main(void)
{
	return judge_twins(all, 0, 0);
}
