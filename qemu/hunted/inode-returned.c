// SPDX-License-Identifier: GPL-2.0-only
// 64 32: A file is deleted while a return from it is pending; files that take its inode are not told of that return.
#define OLD	"/tmp/inode-left"
#define NEW	"/tmp/inode-came%d"
#include "inode.h"

asm(".text\n" JUMP_CODE NEW_CODE);

static void take_away(void)
{
	char name[16];

	disarm("old");
	drop_inode();
	for (int i = 0; i < FILES; i++)
		begin_new(i, 'r', name);
	empty_trace();
}

int main(void)
{
	void (*call)(void (*fn)(void)) = begin_old('r');

	call(take_away);
	if (noted->flag[2])
		return say("not ok", "%d files cannot be probed", noted->flag[2]);
	if (recorded())
		return say("not ok", "%ld returns from functions that were not called", recorded());
	return say("ok", "none of %d files", FILES);
}
