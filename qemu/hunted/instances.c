// SPDX-License-Identifier: GPL-2.0-only
// 64: Events are enabled in several instances of tracing; instances are disabled and removed while all is hit.
#include "hunted.h"

#define EVENTS	12
#define STRING(x)	#x
#define COUNT(x)	STRING(x)

asm(".text\nslide:\n.fill " COUNT(EVENTS) ", 1, 0x90\nret\n");
void slide(void);

static void *slider(void *unused)
{
	while (!noted->flag[0])
		slide();
	return unused;
}

static int breakpoints(void)
{
	int count = 0;

	for (int i = 0; i < EVENTS; i++)
		count += ((volatile unsigned char *)slide)[i] != 0x90;
	return count;
}

static int set_all(int instance, const char *value)
{
	char path[128];

	snprintf(path, sizeof(path), TRACE "instances/i%d/events/hunted/enable", instance);
	return put(path, value);
}

static int instances(void)
{
	char path[64], name[16];
	pthread_t thread;

	for (int i = 0; i < EVENTS; i++) {
		snprintf(name, sizeof(name), "s%d", i);
		CHECK(!define('p', name, SELF, file_offset((char *)slide + i), NULL));
	}
	pthread_create(&thread, NULL, slider, NULL);
	for (int round = 0; round < 15; round++) {
		for (int i = 0; i < 3; i++) {
			snprintf(path, sizeof(path), TRACE "instances/i%d", i);
			CHECK(!mkdir(path, 0755));
			CHECK(!set_all(i, "1"));
		}
		CHECK(breakpoints() == EVENTS);
		CHECK(!set_all(0, "0"));
		CHECK(breakpoints() == EVENTS);
		CHECK(!set_all(0, "1"));
		for (int i = 0; i < 3; i++) {
			snprintf(path, sizeof(path), TRACE "instances/i%d", i);
			if (i == round % 3)
				CHECK(!set_all(i, "0"));
			CHECK(!rmdir(path));
			CHECK(breakpoints() == (i < 2 ? EVENTS : 0));
		}
	}
	noted->flag[0] = 1;
	pthread_join(thread, NULL);
	return 0;
}

int main(void)
{
	long before, after;

	begin();
	if (access(TRACE "instances", F_OK))
		return say("skip", "no instances");
	if (instances())
		return say("not ok", "error %d", errno);
	before = hits(NULL);
	slide();
	after = hits(NULL);
	if (before != after)
		return say("not ok", "%ld hits after all was disabled", after - before);
	return say("ok", "%ld hits", after);
}
