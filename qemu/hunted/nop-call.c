// SPDX-License-Identifier: GPL-2.0-only
// 64 32: A NOP of five bytes has two probes and one of the return: 64-bit code calls from the second hit on, 32-bit code does not.
#include "marker.h"

#define TIMES	10
#define STAYS	77	/* a breakpoint, in 64-bit code as well */

MARKED(marked);
/* Goes on in the next page: that is not written at once. */
asm(".balign 4096\n.fill 4093, 1, 0x90\n.globl crosses\ncrosses:\n"
    "\t.byte 0x0f, 0x1f, 0x44, 0x00, 0x00\n\timul $3, " FIRST_ARG ", " R(ax) "\n\tret\n");
long crosses(long x);

#ifdef __x86_64__
/* Give every register a value of its own, call, and add up what differs. */
asm(".text\n.globl keeps\nkeeps:\n"
    "\tpush %rbx\n\tpush %rbp\n\tpush %r12\n\tpush %r13\n\tpush %r14\n\tpush %r15\n"
    "\tmov $1, %ebx\n\tmov $2, %ecx\n\tmov $3, %edx\n\tmov $4, %esi\n\tmov $5, %edi\n"
    "\tmov $6, %ebp\n\tmov $8, %r8d\n\tmov $9, %r9d\n\tmov $10, %r10d\n\tmov $11, %r11d\n"
    "\tmov $12, %r12d\n\tmov $13, %r13d\n\tmov $14, %r14d\n\tmov $15, %r15d\n"
    "\tmov $7, %eax\n\tcmp $9, %eax\n\tcall only_nop\n"
    "\tjge 1f\n\tcmp $7, %rax\n\tjne 1f\n\tcmp $1, %rbx\n\tjne 1f\n\tcmp $2, %rcx\n\tjne 1f\n"
    "\tcmp $3, %rdx\n\tjne 1f\n\tcmp $4, %rsi\n\tjne 1f\n\tcmp $5, %rdi\n\tjne 1f\n"
    "\tcmp $6, %rbp\n\tjne 1f\n\tcmp $8, %r8\n\tjne 1f\n\tcmp $9, %r9\n\tjne 1f\n"
    "\tcmp $10, %r10\n\tjne 1f\n\tcmp $11, %r11\n\tjne 1f\n\tcmp $12, %r12\n\tjne 1f\n"
    "\tcmp $13, %r13\n\tjne 1f\n\tcmp $14, %r14\n\tjne 1f\n\tcmp $15, %r15\n\tjne 1f\n"
    "\tmov $1, %eax\n\tjmp 2f\n1:\txor %eax, %eax\n"
    "2:\tpop %r15\n\tpop %r14\n\tpop %r13\n\tpop %r12\n\tpop %rbp\n\tpop %rbx\n\tret\n"
    ".balign 16\n.globl only_nop\nonly_nop:\n\t.byte 0x0f, 0x1f, 0x44, 0x00, 0x00\n\tret\n");
int keeps(void);
extern const char only_nop[];
#else
MARKED(only_nop);
static int keeps(void)
{
	return only_nop(2) == 6;
}
#endif

static int hit(void)
{
	CHECK(first_byte(marked) == INT3 && first_byte(only_nop) == INT3);
	for (int i = 0; i < TIMES; i++)
		CHECK(is_right(marked, 1) && is_right(crosses, 1) && keeps());
	CHECK(first_byte(crosses) == INT3);
#ifdef __x86_64__
	if (first_byte(marked) == INT3 && first_byte(only_nop) == INT3 && !trampolines())
		return STAYS;
	CHECK(first_byte(marked) == CALL && first_byte(only_nop) == CALL);
	CHECK(trampolines() == 1);
#else
	CHECK(first_byte(marked) == INT3 && first_byte(only_nop) == INT3);
	CHECK(trampolines() == 0);
#endif
	return 0;
}

int main(void)
{
	int status;
	long got;

	begin();
	if (arm('p', "one", marked) || arm('p', "two", marked) || arm('r', "back", marked) ||
	    arm('p', "other", only_nop) || arm('p', "crosses", crosses))
		return say("not ok", "cannot arm");
	empty_trace();
	for (int i = 0; i < 2; i++) {
		status = run(hit);
		if (status && status != STAYS << 8)
			return say("not ok", "status %#x in process %d", status, i);
	}
	got = recorded();
	if (got != 2 * 5 * TIMES)
		return say("not ok", "%ld hits, not %d", got, 2 * 5 * TIMES);
	if (status)
		return say("skip", "a NOP stays a breakpoint here; %ld hits", got);
	return say("ok", "%ld hits", got);
}
