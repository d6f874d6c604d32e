// SPDX-License-Identifier: GPL-2.0-only
// 64 32: mremap() with MREMAP_DONTUNMAP moves probed code over another probed one; its place stays mapped.
#include "twins.h"

#ifndef MREMAP_DONTUNMAP
# define MREMAP_DONTUNMAP	4
#endif

/* Of files 5.13 was the first to. */
static bool can_keep(void)
{
	int fd = open(SELF, O_RDONLY | O_CLOEXEC);
	void *at = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0);

	close(fd);
	return mremap(at, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, NULL) != MAP_FAILED;
}

static int keep(void)
{
	twin_fn fn[] = { map_twin(0, NULL), map_twin(1, NULL) };

	for (int i = 0; i < 20; i++) {
		CHECK(is_twin(fn[0], 0, 4) && is_twin(fn[1], 1, 4));
		CHECK(mremap(fn[0], PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP,
			     fn[1]) == fn[1]);
		CHECK(is_twin(fn[1], 0, 4) && is_twin(fn[0], 0, 4));
		CHECK(map_twin(1, fn[1]) == fn[1]);
	}
	return 0;
}

int main(void)
{
	if (!can_keep())
		return say("skip", "this kernel has no MREMAP_DONTUNMAP of files");
	/* Whether the place that is left is armed again is not told. */
	return judge_twins(keep, -1, 80);
}
