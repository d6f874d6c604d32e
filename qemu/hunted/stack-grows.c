// SPDX-License-Identifier: GPL-2.0-only
// 64 32: The stack grows by a probed push, call, pushf and store; at its limit that is SIGSEGV.
#include "hunted.h"

#ifdef __x86_64__
asm(".text\n"
    "f_push:\tmov %rsp, %rbx\n\tmov %rdi, %rsp\np_push:\tpush %rax\n\tmov %rbx, %rsp\n\tret\n"
    "f_call:\tmov %rsp, %rbx\n\tmov %rdi, %rsp\np_call:\tcall 1f\n1:\tmov %rbx, %rsp\n\tret\n"
    "f_pushf:\tmov %rsp, %rbx\n\tmov %rdi, %rsp\np_pushf:\tpushf\n\tmov %rbx, %rsp\n\tret\n"
    "f_store:\tmov %rsp, %rbx\n\tmov %rdi, %rsp\np_store:\tmov %eax, -8(%rsp)\n\tmov %rbx, %rsp\n\tret\n");
# define CLOBBER "rbx"
#else
asm(".text\n"
    "f_push:\tmov %esp, %ebx\n\tmov 4(%esp), %esp\np_push:\tpush %eax\n\tmov %ebx, %esp\n\tret\n"
    "f_call:\tmov %esp, %ebx\n\tmov 4(%esp), %esp\np_call:\tcall 1f\n1:\tmov %ebx, %esp\n\tret\n"
    "f_pushf:\tmov %esp, %ebx\n\tmov 4(%esp), %esp\np_pushf:\tpushf\n\tmov %ebx, %esp\n\tret\n"
    "f_store:\tmov %esp, %ebx\n\tmov 4(%esp), %esp\np_store:\tmov %eax, -8(%esp)\n\tmov %ebx, %esp\n\tret\n");
# define CLOBBER "ebx"
#endif
void f_push(long), f_call(long), f_pushf(long), f_store(long);
extern const char p_push[], p_call[], p_pushf[], p_store[];

static sigjmp_buf back;
static long limit;

static void on_fault(int signo, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	note(signo | info->si_code << 8);
	note((long)info->si_addr - limit);
	note(uc->uc_mcontext.gregs[REG_IP]);
	note(uc->uc_mcontext.gregs[REG_STACK] - limit);
	siglongjmp(back, 1);
}

static void __attribute__((noinline)) use(void (*fn)(long), long sp)
{
	fn(sp);
	asm volatile("" : : : CLOBBER, "memory");
}

static int grow(void)
{
	static void (*const fns[])(long) = { f_push, f_call, f_pushf, f_store };
	struct sigaction sa = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK };
	stack_t ss = { .ss_sp = shared(65536), .ss_size = 65536 };
	char here;
	long sp = (long)&here & -PAGE;

	sigaltstack(&ss, NULL);
	sigaction(SIGSEGV, &sa, NULL);
	for (int i = 0; i < 4; i++) {
		sp -= 70000 & -PAGE;
		if (!sigsetjmp(back, 1))
			use(fns[i], sp);
	}
	/* Eight megabytes, and somewhat more */
	limit = ((long)&here & -PAGE) - (12 << 20);
	for (int i = 0; i < 4; i++) {
		if (!sigsetjmp(back, 1))
			use(fns[i], limit);
	}
	CHECK(noted->count == 16);
	return 0;
}

int main(void)
{
	const struct place places[] = {
		{ 'p', p_push }, { 'p', p_call }, { 'p', p_pushf }, { 'p', p_store }, { 0, NULL },
	};

	return judge(grow, places, 8);
}
