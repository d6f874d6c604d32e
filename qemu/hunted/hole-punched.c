// SPDX-License-Identifier: GPL-2.0-only
// 64 32: A hole is punched into a probed file: a process that has the code runs it on, and later ones see what is there.
#include "hunted.h"

#define FILE_NAME "/tmp/hunted-hole"

STEPPED(triple);

int main(void)
{
	char zeros[32] = "";
	long (*copy)(long x), (*later)(long x);
	int fd = put_code(FILE_NAME, O_CREAT | O_TRUNC, triple);

	begin();
	if (fd < 0)
		return say("skip", "no file");
	copy = map_opened(fd);
	if (arm_file('p', "first", FILE_NAME, 0) || arm_file('r', "back", FILE_NAME, 0))
		return say("not ok", "cannot be armed");
	if (copy(5) != 15)
		return say("not ok", "wrong before");
	if (fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, PAGE))
		return say("skip", "no holes: %d", errno);
	if (copy(6) != 18)
		return say("not ok", "wrong with a hole");
	later = map_opened(fd);
	if (memcmp((void *)later, zeros, 4) && *(unsigned char *)later != 0xcc)
		return say("not ok", "not zeros");
	munmap((void *)later, PAGE);
	disarm("first");
	if (copy(7) != 21)
		return say("not ok", "wrong with the return alone");
	pwrite(fd, triple, CODE_BYTES, 0);
	later = map_opened(fd);
	if (later(8) != 24)
		return say("not ok", "wrong when it is written again");
	disarm("back");
	if (copy(9) != 27 || later(9) != 27)
		return say("not ok", "wrong without a probe");
	if (memcmp((void *)copy, triple, CODE_BYTES) || memcmp((void *)later, triple, CODE_BYTES))
		return say("not ok", "a breakpoint is left");
	if (arm_file('p', "again", FILE_NAME, 0) || copy(3) != 9 || later(4) != 12 || hits("again") != 2)
		return say("not ok", "%ld hits, not 2", hits("again"));
	unlink(FILE_NAME);
	return say("ok", "right with a hole, and after it");
}
