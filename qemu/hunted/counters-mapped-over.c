// SPDX-License-Identifier: GPL-2.0-only
// 64 32: Reference counters of a probe whose code is mapped over by another one, and back.
#include "twins.h"

static int swap(void)
{
	twin_fn fn = map_twin(0, NULL);
	volatile unsigned short *data[TWINS];

	for (int i = 0; i < TWINS; i++)
		data[i] = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE,
			       open(twin_file[i], O_RDWR | O_CLOEXEC), PAGE);
	for (int i = 0; i < 20; i++) {
		CHECK(map_twin(i % 2, fn) == fn && is_twin(fn, i % 2, 4));
		noted->flag[i % 2] = *data[i % 2];
		CHECK(*data[i % 2] > 0);
	}
	return 0;
}

int main(void)
{
	char tail[32];
	int err = make_twins(), status;

	if (err)
		return say("not ok", "cannot arm: error %d", err);
	snprintf(tail, sizeof(tail), "(0x%lx)", PAGE);
	for (int i = 0; i < TWINS; i++) {
		disarm(twin_event[i]);
		if (truncate(twin_file[i], 2 * PAGE) ||
		    define('p', twin_event[i], twin_file[i], 0, tail) || enable(twin_event[i], 1))
			return say("not ok", "cannot arm with a counter");
	}
	status = run(swap);
	if (status || hits("zero") != 40 || hits("one") != 40)
		return say("not ok", "status %#x, %ld and %ld hits", status, hits("zero"), hits("one"));
	return say("ok", "40 and 40 hits, counters are set");
}
