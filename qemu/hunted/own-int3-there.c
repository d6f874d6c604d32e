// SPDX-License-Identifier: GPL-2.0-only
// 64 32: A breakpoint of the program's own where a probe was; the file is mapped elsewhere meanwhile.
#include "twins.h"

static int own(void)
{
	twin_fn fn = map_twin(0, NULL), other;
	void *at = (void *)fn;

	take_own_traps();
	CHECK(fn && is_twin(fn, 0, 4));
	CHECK(mmap(at, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == at);
	put_own_trap(at);
	CHECK(!mprotect(at, PAGE, PROT_READ | PROT_EXEC));
	other = map_twin(0, NULL);
	CHECK(other);
	CHECK(fn(10) == 90);
	CHECK(own_traps == 1);
	CHECK(is_twin(other, 0, 4));
	CHECK(fn(10) == 90);
	CHECK(own_traps == 2);
	return 0;
}

int main(void)
{
	return judge_twins(own, 8, 0);
}
