// SPDX-License-Identifier: GPL-2.0-only
// 64 32: mremap() exchanges two mappings with probes.
#include "twins.h"

static int move(void *from, void *to)
{
	return mremap(from, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to) != to;
}

static int exchange(void)
{
	twin_fn fn[] = { map_twin(0, NULL), map_twin(1, NULL) };
	void *hole = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	for (int i = 0; i < 20; i++) {
		CHECK(is_twin(fn[0], i % 2, 4) && is_twin(fn[1], !(i % 2), 4));
		CHECK(!move(fn[0], hole) && !move(fn[1], fn[0]) && !move(hole, fn[1]));
		hole = mmap(hole, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	}
	return 0;
}

int main(void)
{
	return judge_twins(exchange, 80, 80);
}
