// SPDX-License-Identifier: GPL-2.0-only
// 64 32: A probed file is cut off before its counter, and its probe goes: the code is there, and is called.
#include "hunted.h"

/* It stays: its probe does, and others that took its inode would find that. */
#define FILE_NAME	(sizeof(long) == 8 ? "/tmp/counter-cut" : "/tmp/counter-cut-32")

asm(".text\ncode:\n\timul $3, " FIRST_ARG ", " R(ax) "\n\tret\n\t.fill 64, 1, 0x90\n");
extern char code[];

static int call(void)
{
	long (*triple)(long x) = (void *)map_page(FILE_NAME, PROT_READ | PROT_EXEC, 0);
	char tail[32];

	CHECK(map_page(FILE_NAME, PROT_READ | PROT_WRITE, PAGE) != MAP_FAILED);
	snprintf(tail, sizeof(tail), "(0x%lx)", PAGE);
	CHECK(!define('p', "cut", FILE_NAME, 0, tail) && !enable("cut", 1));
	CHECK(triple(5) == 15);
	CHECK(!truncate(FILE_NAME, PAGE));
	disarm("cut");
	CHECK(triple(7) == 21);
	return 0;
}

int main(void)
{
	int fd = open(FILE_NAME, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
	int status;

	begin();
	if (fd < 0 || write(fd, code, 64) != 64 || ftruncate(fd, 2 * PAGE))
		return say("skip", "no file: error %d", errno);
	close(fd);
	status = run(call);
	if (status)
		return say("not ok", "status %#x", status);
	return say("ok", "it goes on");
}
