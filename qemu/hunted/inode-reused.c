// SPDX-License-Identifier: GPL-2.0-only
// 64 32: A file is deleted while a return from it is pending; other files, with other code, take its inode.
#define OLD	"/tmp/inode-old"
#define NEW	"/tmp/inode-new%d"
#include "inode.h"

asm(".text\n" JUMP_CODE NEW_CODE);

/* The old file goes while the function that was entered there is pending. */
static void take_away(void)
{
	disarm("old");
	take_inode();
}

int main(void)
{
	void (*call)(void (*fn)(void)) = begin_old('r');

	call(take_away);
	return judge_inode();
}
