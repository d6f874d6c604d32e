/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A probed file is deleted, and other files, with other code, take its inode:
 * OLD and NEW are their names, old_code and new_code what they have. The new
 * code is three times its argument.
 */
#ifndef HUNTED_INODE_H
#define HUNTED_INODE_H

#include "hunted.h"

#define FILES	64

#define NEW_CODE							\
	"new_code:\n\timul $3, " FIRST_ARG ", " R(ax) "\n\tret\n"		\
	"\t.fill 64, 1, 0x90\n"
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

/* Delete the old file, whose probe has gone. */
static void drop_inode(void)
{
	munmap(old_map, PAGE);
	unlink(OLD);
	sched_yield();
	nap(300);	/* the inode is freed after a grace period */
}

/* Delete the old file, and probe those that come. */
static inline void take_inode(void)
{
	drop_inode();
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

static inline int judge_inode(void)
{
	char path[32];

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

#endif
