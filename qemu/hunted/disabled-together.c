// SPDX-License-Identifier: GPL-2.0-only
// 64: Hundreds of events are disabled together while they are hit: nothing is recorded after that.
#include "hunted.h"

#ifndef EVENTS
# define EVENTS	200
#endif

#define STRING(x)	#x
#define COUNT(x)	STRING(x)

/* Each is probed. */
asm(".text\nslide:\n.fill " COUNT(EVENTS) ", 1, 0x90\nret\n");
void slide(void);

static void *slider(void *unused)
{
	while (!noted->flag[0])
		slide();
	return unused;
}

static long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* Enable or disable all, and say how long that takes. */
static long all(bool on)
{
	long start = now_ms();

	if (put(TRACE "events/hunted/enable", on ? "1" : "0"))
		return -1;
	return now_ms() - start;
}

int main(void)
{
	long enabled, disabled, got;
	pthread_t thread;
	char name[16];

	begin();
	for (int i = 0; i < EVENTS; i++) {
		snprintf(name, sizeof(name), "e%d", i);
		if (define('p', name, SELF, file_offset((char *)slide + i), NULL))
			return say("skip", "event %d cannot be defined", i);
	}
	pthread_create(&thread, NULL, slider, NULL);
	enabled = all(true);
	nap(100);
	disabled = all(false);
	got = recorded();
	nap(100);
	if (enabled < 0 || disabled < 0)
		return say("not ok", "cannot be enabled, or disabled");
	if (recorded() != got)
		return say("not ok", "%ld records after that", recorded() - got);
	noted->flag[0] = 1;
	pthread_join(thread, NULL);
	return say(got ? "ok" : "not ok", "%d events, enabled in %ld ms, disabled in %ld ms",
		   EVENTS, enabled, disabled);
}
