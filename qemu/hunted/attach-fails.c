// SPDX-License-Identifier: GPL-2.0-only
// 64: What cannot be probed is tried again and again, by perf and then by an event, as libraries do; others are hit meanwhile.
#include "perf.h"

STEPPED(stepped);
asm(".text\nrefused:\tin $0x80, %al\n\tret\n");
extern const char refused[];

int main(void)
{
	const struct perf_event_attr plain = { 0 };
	int fd, good = 0;
	uint64_t value;

	begin();
	fd = attach(plain, stepped, 0, 0);
	if (fd < 0)
		return say("skip", "cannot attach: %d", errno);
	for (int i = 0; i < 100; i++) {
		if (attach(plain, refused, 0, i & 1) >= 0)
			return say("not ok", "perf has attached it");
		good += is_refusal(errno);
		good += is_refusal(arm('p', "r", refused));
		disarm("r");
		if (stepped(i) != 3 * i)
			return say("not ok", "wrong");
	}
	if (read(fd, &value, sizeof(value)) != sizeof(value) || value != 100)
		return say("not ok", "%ld hits, not 100", (long)value);
	return say(good == 200 ? "ok" : "not ok", "%d of 200 are refused", good);
}
