// SPDX-License-Identifier: GPL-2.0-only
// 64 32: A file is deleted while a return from it is pending; other files, with other code, take its inode.
#define OLD	"/tmp/inode-old"
#define NEW	"/tmp/inode-new%d"
#include "inode.h"

/* What the old file has: a jump to its argument, and a new one: three times it. */
asm(".text\nold_code:\n\t"
#ifdef __x86_64__
    "jmp *%rdi\n"
#else
    "jmp *4(%esp)\n"
#endif
    ".fill 64, 1, 0x90\n" NEW_CODE);

/* The old file goes while the function that was entered there is pending. */
static void take_away(void)
{
	disarm("old");
	take_inode();
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
	return judge_inode();
}
