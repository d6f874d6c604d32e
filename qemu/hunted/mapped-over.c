// SPDX-License-Identifier: GPL-2.0-only
// 64 32: One probed file is mapped over another, at the same address, again and again.
#include "twins.h"

static int swap(void)
{
	twin_fn fn = map_twin(0, NULL);

	CHECK(fn && is_twin(fn, 0, 4));
	for (int i = 1; i < 40; i++) {
		CHECK(map_twin(i % 2, fn) == fn);
		CHECK(is_twin(fn, i % 2, 4));
	}
	return 0;
}

int main(void)
{
	return judge_twins(swap, 80, 80);
}
