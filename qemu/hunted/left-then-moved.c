// SPDX-License-Identifier: GPL-2.0-only
// 64 32: A function that longjmp() has left is pending when another moves its return address, for a tail call.
#include "hunted.h"

#ifdef __x86_64__
# define WORD "8"
#else
# define WORD "4"
#endif

/* first() is left by second(), as by longjmp(), and ends in third(), which takes a word more. */
asm(".text\n"
    "call_it:\tpush " R(bx) "\n\tmov " R(sp) ", " R(bx) "\n\tcall first\n"
    "\tcmp " R(sp) ", " R(bx) "\n\tjne 1f\n\tpop " R(bx) "\n\tret\n1:\tud2\n"
    "first:\tsub $10*" WORD ", " R(sp) "\n\tmov " R(sp) ", env\n\tcall second\n"
    "again:\tadd $10*" WORD ", " R(sp) "\n\tpush (" R(sp) ")\n\tjmp third\n"
    "second:\tmov env, " R(sp) "\n\tjmp again\n"
    "third:\tmov $42, %eax\n\tret $" WORD "\n"
    ".bss\nenv:\t.fill " WORD "\n.text\n");
int call_it(void);
extern const char first[], second[], third[];

static int all(void)
{
	for (int i = 0; i < 8; i++)
		CHECK(call_it() == 42);
	return 0;
}

int main(void)
{
	const struct place places[] = {
		{ 'r', first }, { 'r', second }, { 'r', third }, { 0, NULL },
	};

	return judge(all, places, 16);
}
