// SPDX-License-Identifier: GPL-2.0-only
// 64 32: A file in memory is all holes but for a page; probes are defined there and in a hole: no hole is filled.
#include "hunted.h"

#define FILE_NAME "/tmp/hunted-sparse"
#define PAGES 64

STEPPED(triple);

int main(void)
{
	char text[32];
	struct stat before, after;
	long (*copy)(long x);
	char *map;
	int fd = open(FILE_NAME, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);

	begin();
	memcpy(text, triple, sizeof(text));
	if (fd < 0 || ftruncate(fd, PAGES * PAGE) || pwrite(fd, text, sizeof(text), 32 * PAGE) != sizeof(text))
		return say("skip", "no file");
	fstat(fd, &before);
	for (int i = 0; i < 3; i++) {
		char name[16];

		snprintf(name, sizeof(name), "s%d", i);
		if (arm_file('p', name, FILE_NAME, (16 + 16 * i) * PAGE))
			return say("not ok", "probe %d cannot be armed", i);
	}
	fstat(fd, &after);
	map = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
	copy = (void *)(map + 32 * PAGE);
	if (copy(7) != 21 || hits("s1") != 1)
		return say("not ok", "%ld hits", hits("s1"));
	unlink(FILE_NAME);
	if (after.st_blocks != before.st_blocks)
		return say("not ok", "%ld blocks, not %ld, before it is mapped", (long)after.st_blocks,
			   (long)before.st_blocks);
	return say("ok", "%ld blocks", (long)after.st_blocks);
}
