/* SPDX-License-Identifier: GPL-2.0-only */
/* A stack segment that does not begin at 0. */
#ifndef HUNTED_LDT_STACK_H
#define HUNTED_LDT_STACK_H

#include "hunted.h"
#include <asm/ldt.h>

/* Call fn(x) on the other stack segment. */
long on_ss(long sel, long sp, const void *fn, long x);
asm(".text\n"
    "on_ss:\tpush %ebx\n\tpush %esi\n\tpush %ebp\n\tmov %esp, %esi\n\tmov %ss, %ebp\n"
    "\tmov 16(%esp), %eax\n\tmov 20(%esp), %edx\n\tmov 24(%esp), %ecx\n\tmov 28(%esp), %ebx\n"
    "\tmov %eax, %ss\n\tmov %edx, %esp\n"
    "\tpush %ebx\n\tcall *%ecx\n"
    "\tmov %ebp, %ss\n\tmov %esi, %esp\n\tpop %ebp\n\tpop %esi\n\tpop %ebx\n\tret\n");

/* Make the segment, and note what functions return on it. */
static inline int note_on_ss(const void *const *fns)
{
	char *stack = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct user_desc desc = {
		.entry_number = 0, .base_addr = (long)stack, .limit = 0xfffff,
		.seg_32bit = 1, .limit_in_pages = 1, .useable = 1,
	};

	LDT(!syscall(SYS_modify_ldt, 1, &desc, sizeof(desc)));
	for (; *fns; fns++)
		for (int x = 1; x < 5; x++)
			note(on_ss(7, 0x8000, *fns, x));
	return 0;
}

#endif
