// SPDX-License-Identifier: GPL-2.0-only
// 64 32: Other code of a page is written to the file while a process has a breakpoint in that page.
#include "hunted.h"

STEPPED(code);
#define FILE_NAME "/tmp/hunted-code"

static int load(void)
{
	int fd = open(FILE_NAME, O_RDWR);
	char *page = mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);

	CHECK(page != MAP_FAILED);
	CHECK(((long (*)(long))page)(2) == 6);
	CHECK(pwrite(fd, "\xc3", 1, 512) == 1);
	note(page[512]);
	CHECK(((long (*)(long))page)(2) == 6);
	return 0;
}

int main(void)
{
	struct noted before;
	int fd, status;

	begin();
	for (int probed = 0; probed < 2; probed++) {
		fd = open(FILE_NAME, O_RDWR | O_CREAT | O_TRUNC, 0755);
		if (write(fd, code, 64) != 64 || ftruncate(fd, PAGE))
			return 1;
		close(fd);
		if (probed && arm_file('p', "a", FILE_NAME, 0))
			return say("not ok", "cannot arm");
		status = run(load);
		unlink(FILE_NAME);
		if (status)
			return say("not ok", "status %#x", status);
		if (!probed)
			before = *noted, noted->count = 0;
	}
	if (before.value[0] != noted->value[0])
		return say("not ok", "%#lx, not %#lx", noted->value[0], before.value[0]);
	return say("ok", "seen");
}
