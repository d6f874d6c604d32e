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

/* It jumps to its argument. */
#ifdef __x86_64__
# define JUMP_CODE	"old_code:\n\tjmp *%rdi\n\t.fill 64, 1, 0x90\n"
#else
# define JUMP_CODE	"old_code:\n\tjmp *4(%esp)\n\t.fill 64, 1, 0x90\n"
#endif

#define NEW_CODE							\
	"new_code:\n\timul $3, " FIRST_ARG ", " R(ax) "\n\tret\n"		\
	"\t.fill 64, 1, 0x90\n"
extern char old_code[], new_code[];

static void *old_map;

static void *map_code(const char *path, const void *code)
{
	int fd = put_code(path, O_CREAT | O_TRUNC, code);
	void *map = map_opened(fd);

	close(fd);
	return map;
}

/* Map the old file, and arm its probe; end where that cannot be. */
static void *begin_old(char type)
{
	begin();
	old_map = map_code(OLD, old_code);
	if (old_map == MAP_FAILED)
		exit(say("skip", "no file: error %d", errno));
	if (arm_file(type, "old", OLD, 0))
		exit(say("not ok", "cannot be armed"));
	return old_map;
}

/* Map a new file, and arm its probe, @name; count it where that cannot be. */
static void *begin_new(int i, char type, char name[16])
{
	char path[32];
	void *map;

	snprintf(path, sizeof(path), NEW, i);
	snprintf(name, 16, "new%d", i);
	map = map_code(path, new_code);
	if (map != MAP_FAILED && !arm_file(type, name, path, 0))
		return map;
	noted->flag[2]++;
	return NULL;
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
		char name[16];
		long (*triple)(long x) = begin_new(i, 'p', name);

		if (!triple)
			continue;
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
