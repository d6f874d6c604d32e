// SPDX-License-Identifier: GPL-2.0-only
// 32: The return of a function is probed that runs on a stack segment that does not begin at 0.
#include "ldt-stack.h"

asm(".text\nf_ret:\timul $3, 4(%esp), %eax\n\tret\n");
extern const char f_ret[];

static int all(void)
{
	static const void *const fns[] = { f_ret, NULL };

	return note_on_ss(fns);
}

int main(void)
{
	const struct place places[] = { { 'r', f_ret }, { 0, NULL } };

	return judge(all, places, -1);
}
