// SPDX-License-Identifier: GPL-2.0-only
// 64 32: Forty functions 256 bytes apart; while all are called, one after the other loses its probe and gets it back.
#include "hunted.h"

#define COUNT	40
#define FAR	256

asm(".text\n.balign 256\n.globl many\nmany:\n"
    ".rept 40\n.balign 256\n\timul $3, " FIRST_ARG ", " R(ax) "\n\tret\n.endr\n");
extern const char many[];

static int call_all(void)
{
	for (int i = 0; i < COUNT; i++) {
		long (*fn)(long) = (void *)(many + FAR * i);

		for (int k = 1; k < 4; k++)
			CHECK(fn(k + i) == 3 * (k + i));
	}
	return 0;
}

static int live(void)
{
	char name[16];

	CHECK(!call_all());
	for (int i = 0; i < COUNT; i++) {
		snprintf(name, sizeof(name), "e%d", i);
		CHECK(!enable(name, 0));
		CHECK(!call_all());
		CHECK(!enable(name, 1));
		CHECK(!call_all());
	}
	return 0;
}

int main(void)
{
	long want = COUNT * 3 * (1 + 2 * COUNT) - 3 * COUNT, got;
	char name[16];
	int status;

	begin();
	for (int i = 0; i < COUNT; i++) {
		snprintf(name, sizeof(name), "e%d", i);
		if (arm('p', name, many + FAR * i))
			return say("not ok", "cannot arm %d", i);
	}
	status = run(live);
	got = hits(NULL);
	if (status || got != want)
		return say("not ok", "status %#x, %ld hits, not %ld", status, got, want);
	return say("ok", "%ld hits", got);
}
