// SPDX-License-Identifier: GPL-2.0-only
// 64 32: The same code lies in a file at offsets 4 GiB and more apart: each probe is hit where it is, and goes alone.
#define _FILE_OFFSET_BITS 64
#include "hunted.h"

#define FILE_NAME "/tmp/hunted-far"
#define COPIES 4

STEPPED(triple);

/* A 32-bit program maps no more than 16 TiB. */
static const int64_t at[COPIES] = { 0, 1LL << 32, 3LL << 32, 1LL << 42 };

static int place(char type, const char *name, int64_t offset)
{
	char text[128];
	int err;

	snprintf(text, sizeof(text), "%c:hunted/%s %s:0x%llx\n", type, name, FILE_NAME, (long long)offset);
	err = put(TRACE "uprobe_events", text);
	return err ? err : enable(name, 1);
}

int main(void)
{
	long (*copies[COPIES])(long x);
	char text[32], name[16];
	int fd = open(FILE_NAME, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);

	begin();
	memcpy(text, triple, sizeof(text));
	for (int i = 0; i < COPIES; i++) {
		if (fd < 0 || pwrite(fd, text, sizeof(text), at[i]) != sizeof(text))
			return say("skip", "no file of that size: %d", errno);
		copies[i] = mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, at[i]);
		if (copies[i] == MAP_FAILED)
			return say("skip", "cannot be mapped: %d", errno);
	}
	for (int gone = -1; gone < COPIES; gone++) {
		for (int i = 0; i < COPIES; i++) {
			snprintf(name, sizeof(name), "far%d", i);
			if (gone < 0 && place(i & 1 ? 'r' : 'p', name, at[i]))
				return say("not ok", "copy %d cannot be armed", i);
			if (gone == i)
				disarm(name);
		}
		empty_trace();
		for (int i = 0; i < COPIES; i++)
			for (int n = 0; n <= i; n++)
				if (copies[i](5 + n) != 3 * (5 + n))
					return say("not ok", "copy %d is wrong", i);
		noted->flag[0] = 0;
		for (int i = gone + 1; i < COPIES; i++)
			noted->flag[0] += i + 1;
		if (recorded() != noted->flag[0])
			return say("not ok", "%ld hits, not %d", recorded(), noted->flag[0]);
	}
	unlink(FILE_NAME);
	return say("ok", "%d copies", COPIES);
}
