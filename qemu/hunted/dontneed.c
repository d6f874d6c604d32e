// SPDX-License-Identifier: GPL-2.0-only
// 64 32: MADV_DONTNEED takes the page of a probe; armed anew, and mapped over, it is right again.
#include "twins.h"

static int drop(void)
{
	twin_fn fn = map_twin(0, NULL);

	for (int i = 0; i < 20; i++) {
		CHECK(is_twin(fn, i % 2, 4));
		CHECK(!madvise(fn, PAGE, MADV_DONTNEED));
		CHECK(is_twin(fn, i % 2, 4));
		CHECK(!enable(twin_event[i % 2], 0) && !enable(twin_event[i % 2], 1));
		CHECK(is_twin(fn, i % 2, 4));
		CHECK(map_twin(!(i % 2), fn) == fn);
	}
	return 0;
}

int main(void)
{
	return judge_twins(drop, 80, 80);
}
