// SPDX-License-Identifier: GPL-2.0-only
// 32: A stack segment that does not begin at 0: probed pushes, calls, pushf and returns.
#include "ldt-stack.h"

asm(".text\n"
    "f_push:\tpush 4(%esp)\n\tpop %eax\n\tlea (%eax,%eax,2), %eax\n\tret\n"
    "f_call:\tcall g\n\tret\n"
    "g:\tmov 8(%esp), %eax\n\tlea (%eax,%eax,2), %eax\n\tret\n"
    "f_calli:\tmov $g, %eax\np_calli:\tcall *%eax\n\tret\n"
    "f_pushf:\tmov 4(%esp), %eax\n\tor %eax, %eax\np_pushf:\tpushf\n\tpop %eax\n\tand $0xffff, %eax\n\tret\n"
    "f_ret:\timul $3, 4(%esp), %eax\np_ret:\tret\n"
    "f_leave:\tpush %ebp\n\tmov %esp, %ebp\n\timul $3, 8(%ebp), %eax\np_leave:\tleave\n\tret\n");
extern const char f_push[], f_call[], f_pushf[], p_pushf[], f_ret[], p_ret[], f_leave[], p_leave[];
extern const char f_calli[], p_calli[];

static int all(void)
{
	static const void *const fns[] = { f_push, f_call, f_calli, f_pushf, f_ret, f_leave, NULL };

	return note_on_ss(fns);
}

int main(void)
{
	const struct place places[] = {
		{ 'p', f_push }, { 'p', f_call }, { 'p', p_calli }, { 'p', p_pushf },
		{ 'p', p_ret }, { 'p', p_leave }, { 0, NULL },
	};

	return judge(all, places, 24);
}
