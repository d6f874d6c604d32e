// SPDX-License-Identifier: GPL-2.0-only
// 64: A probed call and a probed jump into the vsyscall page, and a probed return around it.
#include "hunted.h"

asm(".text\n"
    "f_call:\tsub $8, %rsp\n\tmov %rdi, %rax\n\txor %edi, %edi\n\txor %esi, %esi\n"
    "p_call:\tcall *%rax\n\tadd $8, %rsp\n\tret\n"
    "f_jmp:\tmov %rdi, %rax\n\txor %edi, %edi\n\txor %esi, %esi\n"
    "p_jmp:\tjmp *%rax\n");
long f_call(long), f_jmp(long);
extern const char p_call[], p_jmp[];

static int all(void)
{
	for (int i = 0; i < 20; i++) {
		/* time() */
		CHECK(f_call(0xffffffffff600400) >= 0);
		CHECK(f_jmp(0xffffffffff600400) >= 0);
		CHECK(f_call(0xffffffffff600000) == 0);
	}
	return 0;
}

int main(void)
{
	const struct place places[] = {
		{ 'p', p_call }, { 'p', p_jmp }, { 'r', f_call }, { 'r', f_jmp }, { 0, NULL },
	};

	return judge(all, places, 120);
}
