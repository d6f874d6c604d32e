// SPDX-License-Identifier: GPL-2.0-only
// 64 32: A file of a lower layer is probed by its name in the overlay; it is copied up, and probed again.
#include "hunted.h"

#define DIR_NAME "/tmp/hunted-overlay"

STEPPED(triple);

static long (*map_it(const char *path))(long x)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	void *map = mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);

	close(fd);
	return map;
}

static int build(void)
{
	char text[32];
	int fd;

	memcpy(text, triple, sizeof(text));
	mkdir(DIR_NAME, 0755);
	if (mount("layers", DIR_NAME, "tmpfs", 0, NULL) || chdir(DIR_NAME) || mkdir("lower", 0755) ||
	    mkdir("upper", 0755) || mkdir("work", 0755) || mkdir("all", 0755))
		return -1;
	fd = open("lower/code", O_RDWR | O_CREAT | O_CLOEXEC, 0755);
	if (write(fd, text, sizeof(text)) != sizeof(text) || ftruncate(fd, PAGE))
		return -1;
	close(fd);
	return mount("overlay", "all", "overlay", 0, "lowerdir=lower,upperdir=upper,workdir=work");
}

int main(void)
{
	long (*before)(long x), (*lower)(long x), (*after)(long x);

	begin();
	if (build())
		return say("skip", "no overlay: %d", errno);
	before = map_it("all/code");
	lower = map_it("lower/code");
	if (arm_file('p', "low", "all/code", 0) || arm_file('r', "back", "all/code", 0))
		return say("not ok", "cannot be armed");
	if (before(5) != 15 || lower(6) != 18 || recorded() != 4)
		return say("not ok", "%ld hits of the lower file, not 4", recorded());
	close(open("all/code", O_RDWR | O_CLOEXEC));
	after = map_it("all/code");
	empty_trace();
	if (before(5) != 15 || after(6) != 18 || recorded() != 2)
		return say("not ok", "%ld hits when it was copied, not 2", recorded());
	if (arm_file('p', "up", "all/code", 0))
		return say("not ok", "the copy cannot be armed");
	empty_trace();
	if (before(5) != 15 || after(6) != 18 || recorded() != 3 || hits("up") != 1)
		return say("not ok", "%ld hits of both, not 3", recorded());
	disarm("low");
	disarm("back");
	empty_trace();
	if (before(5) != 15 || after(6) != 18 || recorded() != 1)
		return say("not ok", "%ld hits of the copy, not 1", recorded());
	return say("ok", "both files");
}
