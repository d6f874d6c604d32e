// SPDX-License-Identifier: GPL-2.0-only
// 64: Unusual flags are kept by what is emulated, skipped and stepped: AC, ID, DF, NT, and TF by popf.
#include "hunted.h"

#define BODY(name, insn)						\
	asm(".text\n" #name ":\tpush %rdi\n\tpopf\np_" #name ":\t" insn "\n"	\
	    "\tpushf\n\tpop %rax\n\tpush $0x202\n\tpopf\n\tcld\n\tret\n");	\
	long name(long);						\
	extern const char p_##name[]
BODY(b_nop, "nop");
BODY(b_mov, "mov %rcx, %rdx");
BODY(b_lea, "lea (%rcx,%rdx), %rdx");
BODY(b_imul, "imul $3, %rcx, %rdx");
BODY(b_push, "push %rcx\n\tpop %rcx");
BODY(b_add, "add $1, %rdx");
BODY(b_call, "call 1f\n\tjmp 2f\n1:\tret\n2:");
BODY(b_jmp, "jmp 1f\n1:");
BODY(b_jc, "jc 1f\n1:");
BODY(b_pushf, "pushf\n\tpop %rcx");
BODY(b_cli, "stc\n\tcmc");

static long (*const fns[])(long) = {
	b_nop, b_mov, b_lea, b_imul, b_push, b_add, b_call, b_jmp, b_jc, b_pushf, b_cli,
};

static int all(void)
{
	static const long flags[] = {
		0x202, 0x40202, 0x200202, 0x602, 0x4202, 0x244ed7, 0x203, 0x40a02 | 0x400,
	};

	for (unsigned int i = 0; i < sizeof(fns) / sizeof(fns[0]); i++)
		for (unsigned int j = 0; j < 8; j++)
			note(fns[i](flags[j]) & ~(i == 5 ? 0x8d5 : 0));
	return 0;
}

int main(void)
{
	const struct place places[] = {
		{ 'p', p_b_nop }, { 'p', p_b_mov }, { 'p', p_b_lea }, { 'p', p_b_imul }, { 'p', p_b_push },
		{ 'p', p_b_add }, { 'p', p_b_call }, { 'p', p_b_jmp }, { 'p', p_b_jc }, { 'p', p_b_pushf },
		{ 'p', p_b_cli }, { 0, NULL },
	};

	return judge(all, places, 88);
}
