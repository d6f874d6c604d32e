// SPDX-License-Identifier: GPL-2.0-only
// 64 32: A file is deleted while a return from it is pending; files that take its inode are not told of that return.
#define OLD	"/tmp/inode-left"
#define NEW	"/tmp/inode-came%d"
#include "inode.h"

/* What the old file has: a jump to its argument. */
asm(".text\nold_code:\n\t"
#ifdef __x86_64__
    "jmp *%rdi\n"
#else
    "jmp *4(%esp)\n"
#endif
    ".fill 64, 1, 0x90\n" NEW_CODE);

static void take_away(void)
{
	char path[32], name[16];

	disarm("old");
	drop_inode();
	for (int i = 0; i < FILES; i++) {
		snprintf(path, sizeof(path), NEW, i);
		snprintf(name, sizeof(name), "new%d", i);
		if (map_code(path, new_code) == MAP_FAILED || arm_file('r', name, path, 0))
			noted->flag[2]++;
	}
	empty_trace();
}

int main(void)
{
	void (*call)(void (*fn)(void));

	begin();
	old_map = map_code(OLD, old_code);
	if (old_map == MAP_FAILED)
		return say("skip", "no file: error %d", errno);
	call = (void *)old_map;
	if (arm_file('r', "old", OLD, 0))
		return say("not ok", "cannot be armed");
	call(take_away);
	if (noted->flag[2])
		return say("not ok", "%d files cannot be probed", noted->flag[2]);
	if (recorded())
		return say("not ok", "%ld returns from functions that were not called", recorded());
	return say("ok", "none of %d files", FILES);
}
