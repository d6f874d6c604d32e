// SPDX-License-Identifier: GPL-2.0-only
// 64 32: A return probe where no function begins: what the stack has there is no return address, but a register of the caller's.
#include "hunted.h"

/* inside: three times the argument; keeps: what inside has left in a register that it has to keep */
asm(".text\n"
    "inside:\n\tpush " R(bx) "\n\tmov " R(di) ", " R(bx) "\n"
    ".globl behind_push\nbehind_push:\n"
    "\timul $3, " R(bx) ", " R(ax) "\n\tpop " R(bx) "\n\tret\n"
    ".globl keeps\nkeeps:\n\tpush " R(bx) "\n\tmov $0x1234, %ebx\n\tcall inside\n"
    "\tmov " R(bx) ", " R(ax) "\n\tpop " R(bx) "\n\tret\n");
long keeps(void);
extern const char behind_push[];

static int all(void)
{
	note(keeps());
	return 0;
}

int main(void)
{
	const struct place places[] = { { 'r', behind_push }, { 0, NULL } };

	return judge(all, places, -1);
}
