// SPDX-License-Identifier: GPL-2.0-only
// 64: Loads, stores, pushes, calls and returns by addresses that no processor can translate.
#include "hunted.h"

static const unsigned long bad[] = {
	0x800000000000, 0x7ffffffffff8, 0x7ffffffff000, 0xffff7ffffffffff0,
	0xffff800000000000, 0xffffffffff600000, 0xfffffffffffffffc,
	0x00ffffffffffff00, 0x4141414141414141, 0x7ffffffffffc,
};

asm(".text\n"
    "f_load:\tmov (%rdi), %eax\n\tret\n"
    "f_store:\tmov %eax, (%rdi)\n\tret\n"
    "f_add:\tadd %eax, (%rdi)\n\tret\n"
    "f_push:\tmov %rsp, %rbx\n\tmov %rdi, %rsp\n"
    "p_push:\tpush %rax\n\tmov %rbx, %rsp\n\tret\n"
    "f_pop:\tmov %rsp, %rbx\n\tmov %rdi, %rsp\n"
    "p_pop:\tpop %rax\n\tmov %rbx, %rsp\n\tret\n"
    "f_call:\tmov %rsp, %rbx\np_call:\tcall *%rdi\n\tret\n"
    "f_jmp:\tmov %rsp, %rbx\np_jmp:\tjmp *%rdi\n"
    "f_ret:\tmov %rsp, %rbx\n\tpush %rdi\np_ret:\tret\n"
    "f_leave:\tmov %rsp, %rbx\n\tmov %rbp, %r12\n\tmov %rdi, %rbp\n"
    "p_leave:\tleave\n\tret\n");
void f_load(long), f_store(long), f_add(long), f_push(long), f_pop(long);
void f_call(long), f_jmp(long), f_ret(long), f_leave(long);
extern const char p_push[], p_pop[], p_call[], p_jmp[], p_ret[], p_leave[];

static sigjmp_buf back;

static void on_fault(int signo, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	note(signo | info->si_code << 8);
	note((long)info->si_addr);
	note(uc->uc_mcontext.gregs[REG_RIP]);
	note(uc->uc_mcontext.gregs[REG_RSP] - uc->uc_mcontext.gregs[REG_RBX]);
	note(uc->uc_mcontext.gregs[REG_TRAPNO]);
	note(uc->uc_mcontext.gregs[REG_ERR]);
	siglongjmp(back, 1);
}

static int once(void (*fn)(long), long addr)
{
	if (!sigsetjmp(back, 1)) {
		asm volatile("" : : : "rbx", "r12", "r13", "r14", "r15");
		fn(addr);
	}
	return 0;
}

static int all(void)
{
	static void (*const fns[])(long) = {
		f_load, f_store, f_add, f_push, f_pop, f_call, f_jmp, f_ret, f_leave,
	};
	struct sigaction sa = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK };
	stack_t ss = { .ss_sp = shared(65536), .ss_size = 65536 };

	sigaltstack(&ss, NULL);
	sigaction(SIGSEGV, &sa, NULL);
	sigaction(SIGBUS, &sa, NULL);
	for (unsigned int i = 0; i < 9; i++)
		for (unsigned int j = 0; j < sizeof(bad) / sizeof(bad[0]); j++) {
			noted->count = noted->count > 200 ? 3 : noted->count;
			once(fns[i], bad[j]);
		}
	return 0;
}

int main(void)
{
	const struct place places[] = {
		{ 'p', f_load }, { 'p', f_store }, { 'p', f_add }, { 'p', p_push },
		{ 'p', p_pop }, { 'p', p_call }, { 'p', p_jmp }, { 'p', p_ret },
		{ 'p', p_leave }, { 0, NULL },
	};

	return judge(all, places, 90);
}
