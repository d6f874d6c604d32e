// SPDX-License-Identifier: GPL-2.0-only
// 64 32: Functions that take their arguments off the stack (ret n), nested, recursive, probed on return.
#include "hunted.h"

#ifdef __x86_64__
asm(".text\n"
    "call_it:\tpush %rbx\n\tmov %rsp, %rbx\n\tpush %rdi\n\tpush %rdi\n\tcall down\n"
    "\tcmp %rsp, %rbx\n\tjne 1f\n\tpop %rbx\n\tret\n1:\tud2\n"
    "down:\tmov 8(%rsp), %rax\n\ttest %rax, %rax\n\tjz 2f\n\tdec %rax\n\tpush %rax\n\tpush %rax\n"
    "\tcall down\n\tpush %rax\n\tcall single\n\tinc %rax\n2:\tret $16\n"
    "single:\tmov 8(%rsp), %rax\n\tret $8\n");
#else
asm(".text\n"
    "call_it:\tpush %ebx\n\tmov 8(%esp), %eax\n\tmov %esp, %ebx\n\tpush %eax\n\tpush %eax\n\tcall down\n"
    "\tcmp %esp, %ebx\n\tjne 1f\n\tpop %ebx\n\tret\n1:\tud2\n"
    "down:\tmov 4(%esp), %eax\n\ttest %eax, %eax\n\tjz 2f\n\tdec %eax\n\tpush %eax\n\tpush %eax\n"
    "\tcall down\n\tpush %eax\n\tcall single\n\tinc %eax\n2:\tret $8\n"
    "single:\tmov 4(%esp), %eax\n\tret $4\n");
#endif
long call_it(long n);
extern const char down[], single[];

static int all(void)
{
	for (int i = 0; i < 12; i++) {
		note(call_it(i));
		CHECK(noted->value[i] == i);
	}
	return 0;
}

int main(void)
{
	const struct place places[] = { { 'r', down }, { 'r', single }, { 0, NULL } };

	return judge(all, places, 144);
}
