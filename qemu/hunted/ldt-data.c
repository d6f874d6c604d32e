// SPDX-License-Identifier: GPL-2.0-only
// 32: Data segments with a base and a limit: probed loads and stores, within and behind the limit.
#include "hunted.h"
#include <asm/ldt.h>

/* f(sel, off): with ds, es, fs and gs set to it for one instruction. */
#define WITH(name, insn)						\
	asm(".text\n" #name ":\tpush %ds\n\tmov 8(%esp), %eax\n\tmov 12(%esp), %edx\n"	\
	    "\tmov %eax, %ds\np_" #name ":\t" insn "\n\tpop %ds\n\tret\n");	\
	long name(long, long);						\
	extern const char p_##name[]
WITH(f_load, "mov (%edx), %eax");
WITH(f_store, "movl $7, (%edx)");
WITH(f_add, "addl $3, (%edx)");
WITH(f_cmp, "cmp %eax, (%edx)");
WITH(f_movzx, "movzbl 1(%edx), %eax");
WITH(f_cmov, "cmovc (%edx), %eax");
WITH(f_lea, "lea 3(%edx), %eax");
WITH(f_jmp, "mov %ds:(%edx), %eax");

static sigjmp_buf back;

static void on_fault(int signo, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	asm volatile("mov %0, %%ds\n\tmov %0, %%es" : : "r" (0x2b));
	note(signo | info->si_code << 8);
	note(uc->uc_mcontext.gregs[REG_EIP]);
	note(uc->uc_mcontext.gregs[REG_ERR]);
	siglongjmp(back, 1);
}

static long (*const fns[])(long, long) = { f_load, f_store, f_add, f_cmp, f_movzx, f_cmov, f_lea, f_jmp };

static int all(void)
{
	int *data = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct user_desc desc = {
		.entry_number = 0, .base_addr = (long)data, .limit = 0xfff,
		.seg_32bit = 1, .useable = 1,
	};
	struct sigaction sa = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };

	data[4] = 0x12345;
	sigaction(SIGSEGV, &sa, NULL);
	LDT(!syscall(SYS_modify_ldt, 1, &desc, sizeof(desc)));
	for (int i = 0; i < 8; i++) {
		note(fns[i](7, 16));
		note(data[4]);
		if (!sigsetjmp(back, 1))
			note(fns[i](7, 0x1000));
	}
	return 0;
}

int main(void)
{
	const struct place places[] = {
		{ 'p', p_f_load }, { 'p', p_f_store }, { 'p', p_f_add }, { 'p', p_f_cmp },
		{ 'p', p_f_movzx }, { 'p', p_f_cmov }, { 'p', p_f_lea }, { 'p', p_f_jmp },
		{ 0, NULL },
	};

	return judge(all, places, 16);
}
