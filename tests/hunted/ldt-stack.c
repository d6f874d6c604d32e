// SPDX-License-Identifier: GPL-2.0-only
// 32: A stack segment that does not begin at 0: probed pushes, calls, pushf and returns.
#include "hunted.h"
#include <asm/ldt.h>

/* void on_ss(sel, sp, fn, x): call fn(x) on the other stack segment. */
asm(".text\n"
    "on_ss:\tpush %ebx\n\tpush %esi\n\tpush %ebp\n\tmov %esp, %esi\n\tmov %ss, %ebp\n"
    "\tmov 16(%esp), %eax\n\tmov 20(%esp), %edx\n\tmov 24(%esp), %ecx\n\tmov 28(%esp), %ebx\n"
    "\tmov %eax, %ss\n\tmov %edx, %esp\n"
    "\tpush %ebx\n\tcall *%ecx\n"
    "\tmov %ebp, %ss\n\tmov %esi, %esp\n\tpop %ebp\n\tpop %esi\n\tpop %ebx\n\tret\n"
    "f_push:\tpush 4(%esp)\n\tpop %eax\n\tlea (%eax,%eax,2), %eax\n\tret\n"
    "f_call:\tcall g\n\tret\n"
    "g:\tmov 8(%esp), %eax\n\tlea (%eax,%eax,2), %eax\n\tret\n"
    "f_calli:\tmov $g, %eax\np_calli:\tcall *%eax\n\tret\n"
    "f_pushf:\tmov 4(%esp), %eax\n\tor %eax, %eax\np_pushf:\tpushf\n\tpop %eax\n\tand $0xffff, %eax\n\tret\n"
    "f_ret:\timul $3, 4(%esp), %eax\np_ret:\tret\n"
    "f_leave:\tpush %ebp\n\tmov %esp, %ebp\n\timul $3, 8(%ebp), %eax\np_leave:\tleave\n\tret\n");
long on_ss(long sel, long sp, void *fn, long x);
extern const char f_push[], f_call[], f_pushf[], p_pushf[], f_ret[], p_ret[], f_leave[], p_leave[];
extern const char f_calli[], p_calli[];

static int all(void)
{
	static const void *const fns[] = { f_push, f_call, f_calli, f_pushf, f_ret, f_leave };
	char *stack = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct user_desc desc = {
		.entry_number = 0, .base_addr = (long)stack, .limit = 0xfffff,
		.seg_32bit = 1, .limit_in_pages = 1, .useable = 1,
	};

	LDT(!syscall(SYS_modify_ldt, 1, &desc, sizeof(desc)));
	for (int i = 0; i < 6; i++)
		for (int x = 1; x < 5; x++)
			note(on_ss(7, 0x8000, (void *)fns[i], x));
	return 0;
}

int main(int argc, char **argv)
{
	const struct place places[] = {
		{ 'p', f_push }, { 'p', f_call }, { 'p', p_calli }, { 'p', p_pushf },
		{ 'p', p_ret }, { 'p', p_leave }, { 0, NULL },
	};
	const char *only = getenv("ONLY");
	struct place one[] = { { 'p', NULL }, { 0, NULL } };

	(void)argc;
	(void)argv;
	if (only) {
		one[0] = places[atoi(only)];
		return judge(all, one, 4);
	}
	return judge(all, places, 24);
}
