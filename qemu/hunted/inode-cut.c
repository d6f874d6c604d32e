// SPDX-License-Identifier: GPL-2.0-only
// 64 32: A probed file is cut off, its probe goes, and it is deleted; other files, with other code, take its inode.
#define OLD	"/tmp/inode-cut"
#define NEW	"/tmp/inode-then%d"
#include "inode.h"

/* What the old file has: twice its argument, and a new one: three times it. */
asm(".text\nold_code:\n\t"
    "imul $2, " FIRST_ARG ", " R(ax) "\n\tret\n\t"
    ".fill 64, 1, 0x90\n" NEW_CODE);

/* The old file goes; where it is mapped nothing can be read any more. */
static void take_away(void)
{
	noted->flag[4] = truncate(OLD, 0);
	disarm("old");
	take_inode();
}

int main(void)
{
	long (*twice)(long x) = begin_old('p');

	if (twice(7) != 14)
		return say("not ok", "wrong before");
	take_away();
	return judge_inode();
}
