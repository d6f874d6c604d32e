// SPDX-License-Identifier: GPL-2.0-only
// 64 32: A signal handler sets TF in what it returns to, which is a probed instruction.
#include "hunted.h"

STEPPED(stepped);
EMULATED(emulated);
asm(".text\n.globl plain\nplain:\tnop\n\t" 
#ifdef __x86_64__
    "lea (%rdi,%rdi,2), %rax\n\tret\n"
#else
    "imul $3, 4(%esp), %eax\n\tret\n"
#endif
    );
long plain(long);

static long (*target)(long);
static volatile int traps;

static void on_usr(int signo, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	(void)signo;
	(void)info;
	uc->uc_mcontext.gregs[REG_EFL] |= 0x100;
#ifdef __x86_64__
	uc->uc_mcontext.gregs[REG_RDI] = 5;
	uc->uc_mcontext.gregs[REG_RIP] = (long)target;
#else
	((long *)uc->uc_mcontext.gregs[REG_ESP])[1] = 5;
	uc->uc_mcontext.gregs[REG_EIP] = (long)target;
#endif
}

static void on_trap(int signo, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	(void)signo;
	note(uc->uc_mcontext.gregs[REG_IP] - (long)target);
	note(info->si_code);
	if (++traps == 2)
		uc->uc_mcontext.gregs[REG_EFL] &= ~0x100L;
}

long enter(long unused);
#ifdef __x86_64__
asm(".text\nenter:\tud2\n");
#else
asm(".text\nenter:\tud2\n");
#endif

static int all(void)
{
	static long (*const fns[])(long) = { stepped, emulated, plain };
	struct sigaction sa = { .sa_sigaction = on_usr, .sa_flags = SA_SIGINFO };
	struct sigaction st = { .sa_sigaction = on_trap, .sa_flags = SA_SIGINFO };

	sigaction(SIGILL, &sa, NULL);
	sigaction(SIGTRAP, &st, NULL);
	for (int i = 0; i < 9; i++) {
		target = fns[i % 3];
		traps = 0;
		note(enter(4));
	}
	return 0;
}

int main(void)
{
	const struct place places[] = { { 'p', stepped }, { 'p', emulated }, { 'p', plain }, { 0, NULL } };

	return judge(all, places, 9);
}
