// SPDX-License-Identifier: GPL-2.0-only
// 64: A program leaves a step by a system call in a page of its own, returns from a probed function, and faults.
#include "hunted.h"

#define FLAG_TF	0x100

asm(".text\n"
    ".globl fence, leave_slot, call_pending, pending_next\n"
    "leave_slot:\n"			/* all that rt_sigreturn() needs */
    "\tmov %rdi, %rsp\n"
    "\tmov $15, %eax\n"
    "fence:\n"
    "\tlfence\n"
    "\tret\n"
    "call_pending:\n"
    "\tsub $8, %rsp\n"
    "\tcall pending\n"
    "pending_next:\n"
    "\tud2\n");
void fence(void);
void leave_slot(void *context);
void call_pending(void);
extern const char pending_next[];

static unsigned long page_of_slots, stack;

/* Where the function that is pending seems to have returned to */
static void on_leave(int signo, siginfo_t *info, void *context)
{
	greg_t *regs = ((ucontext_t *)context)->uc_mcontext.gregs;

	(void)signo;
	(void)info;
	regs[REG_IP] = page_of_slots;
	regs[REG_STACK] = stack;
	regs[REG_EFL] &= ~FLAG_TF;
	leave_slot(context);
}

static void on_fault(int signo, siginfo_t *info, void *context)
{
	(void)signo;
	(void)context;
	if (info->si_addr != pending_next)
		printf("# si_addr is %p, not %p\n", info->si_addr, pending_next);
	fflush(stdout);
	_exit(info->si_addr != pending_next);
}

__attribute__((noipa, used)) void pending(void)
{
	char trampoline[128], *page;

	stack = (uintptr_t)__builtin_frame_address(0) + 16;
	page_of_slots = slots();
	if (!page_of_slots)
		return;
	memcpy(trampoline, (void *)page_of_slots, sizeof(trampoline));
	page = mmap((void *)page_of_slots, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	for (unsigned long i = 0; i < PAGE; i += 2)
		memcpy(page + i, "\x0f\x05", 2);
	memcpy(page, trampoline, sizeof(trampoline));
	raise(SIGUSR2);
	_exit(9);
}

static int leave(void)
{
	const struct sigaction leaves = { .sa_sigaction = on_leave, .sa_flags = SA_SIGINFO };
	const struct sigaction faults = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };

	sigaction(SIGUSR2, &leaves, NULL);
	sigaction(SIGILL, &faults, NULL);
	call_pending();
	return 8;
}

int main(void)
{
	const struct place places[] = { { 'p', fence }, { 'r', pending }, { 0, NULL } };

	return judge(leave, places, 2);
}
