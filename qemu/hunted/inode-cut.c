// SPDX-License-Identifier: GPL-2.0-only
// 64 32: A probed file is cut off, its probe goes, and it is deleted; other files, with other code, take its inode.
#include "hunted.h"

#define OLD	"/tmp/inode-cut"
#define NEW	"/tmp/inode-then%d"
#define FILES	64

/* What the old file has: twice its argument, and a new one: three times it. */
asm(".text\nold_code:\n\t"
    "imul $2, " FIRST_ARG ", " R(ax) "\n\tret\n\t"
    ".fill 64, 1, 0x90\nnew_code:\n\t"
    "imul $3, " FIRST_ARG ", " R(ax) "\n\tret\n\t.fill 64, 1, 0x90\n");
extern char old_code[], new_code[];

static void *old_map;

static void *map_code(const char *path, const void *code)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
	void *map;

	if (fd < 0 || write(fd, code, 64) != 64 || ftruncate(fd, PAGE))
		return MAP_FAILED;
	map = mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
	close(fd);
	return map;
}

/* The old file goes; where it is mapped nothing can be read any more. */
static void take_away(void)
{
	noted->flag[4] = truncate(OLD, 0);
	disarm("old");
	munmap(old_map, PAGE);
	unlink(OLD);
	sched_yield();
	nap(300);	/* the inode is freed after a grace period */
	noted->flag[1] = 0;
	for (int i = 0; i < FILES; i++) {
		long (*triple)(long x);
		char path[32], name[16];

		snprintf(path, sizeof(path), NEW, i);
		snprintf(name, sizeof(name), "new%d", i);
		triple = (void *)map_code(path, new_code);
		if (triple == MAP_FAILED || arm_file('p', name, path, 0)) {
			noted->flag[2]++;
			continue;
		}
		if (triple(7) != 21)
			noted->flag[3]++;
		noted->flag[1] += hits(name);
		disarm(name);
		munmap((void *)triple, PAGE);
	}
}

int main(void)
{
	long (*twice)(long x);
	char path[32];

	begin();
	old_map = map_code(OLD, old_code);
	if (old_map == MAP_FAILED)
		return say("skip", "no file: error %d", errno);
	twice = (void *)old_map;
	if (arm_file('p', "old", OLD, 0) || twice(7) != 14)
		return say("not ok", "cannot be armed");
	take_away();
	for (int i = 0; i < FILES; i++) {
		snprintf(path, sizeof(path), NEW, i);
		unlink(path);
	}
	if (noted->flag[2])
		return say("not ok", "%d files cannot be probed", noted->flag[2]);
	if (noted->flag[3])
		return say("not ok", "%d wrong results", noted->flag[3]);
	if (noted->flag[1] != FILES)
		return say("not ok", "%d hits, not %d", noted->flag[1], FILES);
	return say("ok", "%d hits", noted->flag[1]);
}
