// SPDX-License-Identifier: GPL-2.0-only
// 64 32: A probed file is cut off and written anew; another one is mapped over it, and back.
#include "twins.h"

static int cut(void)
{
	int fd = open(twin_file[0], O_RDWR | O_CLOEXEC);
	twin_fn fn = map_twin(0, NULL);

	for (int i = 0; i < 20; i++) {
		CHECK(is_twin(fn, 0, 4));
		CHECK(!ftruncate(fd, 0));
		CHECK(pwrite(fd, three_times, 32, 0) == 32 && !ftruncate(fd, PAGE));
		CHECK(is_twin(fn, 0, 4));
		CHECK(map_twin(1, fn) == fn && is_twin(fn, 1, 4));
		CHECK(map_twin(0, fn) == fn);
	}
	return 0;
}

int main(void)
{
	return judge_twins(cut, 80, 80);
}
