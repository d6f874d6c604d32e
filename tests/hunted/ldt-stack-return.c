// SPDX-License-Identifier: GPL-2.0-only
// 32: The return of a function is probed that runs on a stack segment that does not begin at 0.
#include "hunted.h"
#include <asm/ldt.h>

asm(".text\n"
    "on_ss:\tpush %ebx\n\tpush %esi\n\tpush %ebp\n\tmov %esp, %esi\n\tmov %ss, %ebp\n"
    "\tmov 16(%esp), %eax\n\tmov 20(%esp), %edx\n\tmov 24(%esp), %ecx\n\tmov 28(%esp), %ebx\n"
    "\tmov %eax, %ss\n\tmov %edx, %esp\n"
    "\tpush %ebx\n\tcall *%ecx\n"
    "\tmov %ebp, %ss\n\tmov %esi, %esp\n\tpop %ebp\n\tpop %esi\n\tpop %ebx\n\tret\n"
    "f_ret:\timul $3, 4(%esp), %eax\n\tret\n");
long on_ss(long sel, long sp, void *fn, long x);
extern const char f_ret[];

static int all(void)
{
	char *stack = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct user_desc desc = {
		.entry_number = 0, .base_addr = (long)stack, .limit = 0xfffff,
		.seg_32bit = 1, .limit_in_pages = 1, .useable = 1,
	};

	LDT(!syscall(SYS_modify_ldt, 1, &desc, sizeof(desc)));
	for (int x = 1; x < 5; x++)
		note(on_ss(7, 0x8000, (void *)f_ret, x));
	return 0;
}

int main(void)
{
	const struct place places[] = { { 'r', f_ret }, { 0, NULL } };

	return judge(all, places, -1);
}
