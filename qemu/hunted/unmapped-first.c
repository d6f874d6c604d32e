// SPDX-License-Identifier: GPL-2.0-only
// 64 32: A probed file is closed as dlclose() does, and a function of another one comes to its address.
#include "twins.h"

static int reload(void)
{
	twin_fn fn = map_twin(0, NULL);

	CHECK(fn && is_twin(fn, 0, 4));
	for (int i = 1; i < 40; i++) {
		CHECK(!munmap(fn, PAGE));
		CHECK(map_twin(i % 2, fn) == fn);
		CHECK(is_twin(fn, i % 2, 4));
		/* One that has no probe comes in between. */
		CHECK(mmap(fn, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
			   -1, 0) == fn);
	}
	return 0;
}

int main(void)
{
	return judge_twins(reload, 80, 80);
}
