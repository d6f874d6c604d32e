// SPDX-License-Identifier: GPL-2.0-only
// 64 32: Reference counters in memory that becomes read-only, as the loader makes it of what was relocated.
#include "twins.h"

static volatile unsigned short *data;

static int end(const char *when, int want)
{
	return *data == want ? 0 : say("not ok", "%d and not %d %s", *data, want, when);
}

int main(void)
{
	char tail[32];
	int err = make_twins();
	twin_fn fn;

	if (err)
		return say("not ok", "cannot arm: error %d", err);
	snprintf(tail, sizeof(tail), "(0x%lx)", PAGE);
	disarm(twin_event[0]);
	if (truncate(twin_file[0], 2 * PAGE) || define('p', twin_event[0], twin_file[0], 0, tail) ||
	    enable(twin_event[0], 1))
		return say("not ok", "cannot arm with a counter");
	fn = map_twin(0, NULL);
	data = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE,
		    open(twin_file[0], O_RDWR | O_CLOEXEC), PAGE);
	if (!fn || !is_twin(fn, 0, 4) || end("when it is mapped", 1))
		return 1;
	if (mprotect((void *)data, PAGE, PROT_READ))
		return say("not ok", "mprotect: %d", errno);
	enable(twin_event[0], 0);
	if (end("when the probe has gone", 0))
		return 1;
	enable(twin_event[0], 1);
	if (end("when it is there again", 1))
		return 1;
	enable(twin_event[0], 0);
	if (end("at last", 0))
		return 1;
	return say("ok", "counted there and back");
}
