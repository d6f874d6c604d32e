// SPDX-License-Identifier: GPL-2.0-only
// 32: A code segment of 16-bit code that begins at 0: the same bytes are other instructions.
#include "hunted.h"
#include <asm/ldt.h>

/* The probed instruction is mov $0x1234, %ax, three bytes here and five in 32-bit code. */
asm(".text\n"
    "enter16:\tpush %ebx\n\tmov $0x55550000, %eax\n\tmov $there, %ecx\n"
    "\tpushl $0x0f\n\tpush %ecx\n\tlret\n"
    ".code16\n"
    "there:\t.byte 0xb8, 0x34, 0x12\n"
    "\t.byte 0x40\n\t.byte 0x90\n"
    "\t.byte 0x66, 0x53\n"		/* push %ebx: cs */
    "\t.byte 0x66, 0x51\n"		/* push %ecx: ip */
    "\t.byte 0x66, 0xcb\n"		/* lret */
    ".code32\n"
    "back32:\tpop %ebx\n\tret\n");
asm(".text\n"
    "call16:\tpush %ebx\n\tmov $0x55550000, %eax\n\tmov %cs, %ebx\n\tmov $2f, %ecx\n"
    "\tpushl $0x0f\n\tpushl $there\n\tlret\n2:\tpop %ebx\n\tret\n");
long call16(void);
extern const char there[];

static int all(void)
{
	struct user_desc desc = {
		.entry_number = 1, .base_addr = 0, .limit = 0xfffff,
		.seg_32bit = 0, .contents = 2, .limit_in_pages = 1, .useable = 1,
	};

	LDT(!syscall(SYS_modify_ldt, 1, &desc, sizeof(desc)));
	for (int i = 0; i < 3; i++)
		note(call16());
	return 0;
}

int main(void)
{
	const struct place places[] = { { 'p', there }, { 0, NULL } };

	return judge(all, places, -1);
}
