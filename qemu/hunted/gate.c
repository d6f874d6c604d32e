// SPDX-License-Identifier: GPL-2.0-only
// 32: A 32-bit program that jumps into 64-bit code and back; both kinds are probed.
#include "hunted.h"

asm(".text\n"
    "gate:\tpush %ebx\n\tpush %esi\n\tpush %edi\n\tmov 16(%esp), %edi\n"
    "\tmov %ds, %esi\n\tljmp $0x33, $in64\n"
    "after:\tadd $1, %eax\n\tpop %edi\n\tpop %esi\n\tpop %ebx\n\tret\n"
    ".code64\n"
    "in64:\tmov %rdi, %rax\n"
    "p_shl:\tshl $33, %rax\n"
    "p_imul:\timul $3, %rax, %rax\n"
    "p_r8:\tmov %rax, %r8\n"
    "p_push:\tpush %r8\n"
    "p_pop:\tpop %r9\n"
    "p_call:\tcall leaf64\n"
    "p_rip:\tadd value64(%rip), %rax\n"
    "p_jmp:\tjmp 1f\n\tud2\n1:\tljmp *back32(%rip)\n"
    ".balign 8\nback32:\t.long after\n\t.word 0x23\n"
    "leaf64:\tmov %r9, %rax\n\tshr $33, %rax\n\tret\n"
    ".balign 8\nvalue64:\t.quad 5\n"
    ".code32\n");
long gate(long x);
extern const char after[], p_shl[], p_imul[], p_r8[], p_push[], p_pop[], p_call[], p_rip[], p_jmp[];
extern const char leaf64[];

static int all(void)
{
	for (int i = 0; i < 10; i++)
		note(gate(i));
	for (int i = 0; i < 10; i++)
		CHECK(noted->value[i] == 3 * i + 6);
	return 0;
}

int main(void)
{
	const struct place places[] = {
		{ 'p', after }, { 'p', p_shl }, { 'p', p_imul }, { 'p', p_r8 }, { 'p', p_push },
		{ 'p', p_pop }, { 'p', p_call }, { 'p', p_rip }, { 'p', p_jmp }, { 'p', leaf64 },
		{ 0, NULL },
	};

	return judge(all, places, 100);
}
