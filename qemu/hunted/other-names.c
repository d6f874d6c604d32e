// SPDX-License-Identifier: GPL-2.0-only
// 64 32: A probed file has other names: a hard link, a link, a bind mount, a descriptor; it is renamed, and another has its name.
#include "hunted.h"

#ifdef __x86_64__
# define DIR_NAME "/tmp/hunted-names"
#else
# define DIR_NAME "/tmp/hunted-names32"
#endif

STEPPED(triple);

static const char *names(int fd, int unnamed)
{
	static char path[32];
	const char *const same[] = { DIR_NAME "/a/file", DIR_NAME "/a/hard", DIR_NAME "/soft",
				     DIR_NAME "/b/file", path };

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", getpid(), fd);
	for (int i = 0; i < 5; i++) {
		char name[16];

		snprintf(name, sizeof(name), "n%d", i);
		if (arm_file(i & 1 ? 'r' : 'p', name, same[i], 0))
			return same[i];
	}
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", getpid(), unnamed);
	return arm_file('p', "unnamed", path, 0) ? "O_TMPFILE" : NULL;
}

int main(void)
{
	long (*copy)(long x), (*other)(long x), (*third)(long x);
	const char *failed;
	int fd, unnamed, late;

	begin();
	mkdir(DIR_NAME, 0755);
	if (chdir(DIR_NAME) || mkdir("a", 0755) || mkdir("b", 0755) || mount("a", "b", NULL, MS_BIND, NULL))
		return say("skip", "no bind mount: %d", errno);
	fd = put_code("a/file", O_CREAT | O_TRUNC, triple);
	unnamed = put_code("a", O_TMPFILE, triple);
	if (fd < 0 || unnamed < 0 || link("a/file", "a/hard") || symlink("a/file", "soft"))
		return say("skip", "no files: %d", errno);
	copy = map_opened(fd);
	other = map_opened(unnamed);
	failed = names(fd, unnamed);
	if (failed)
		return say("not ok", "%s cannot be armed", failed);
	empty_trace();
	rename("a/file", "a/moved");
	late = put_code("a/file", O_CREAT | O_EXCL, triple);
	third = map_opened(late);
	if (copy(5) != 15 || other(6) != 18 || third(7) != 21)
		return say("not ok", "a wrong result");
	if (recorded() != 6 || hits("unnamed") != 1)
		return say("not ok", "%ld hits, not 6", recorded());
	umount2("b", MNT_DETACH);
	for (int i = 0; i < 5; i++) {
		char name[16];

		snprintf(name, sizeof(name), "n%d", i);
		disarm(name);
		empty_trace();
		if (copy(5) != 15 || recorded() != 4 - i)
			return say("not ok", "%ld hits, not %d", recorded(), 4 - i);
	}
	return say("ok", "5 names of one file");
}
