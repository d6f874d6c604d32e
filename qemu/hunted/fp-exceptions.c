// SPDX-License-Identifier: GPL-2.0-only
// 64 32: Unmasked exceptions of SSE and x87, whose handler masks them and has the instruction executed again.
#include "hunted.h"

asm(".text\n"
    "sse:\n\txorps %xmm1, %xmm1\n"
    "sse_site:\n\tdivss %xmm1, %xmm0\n\tret\n"
    "x87:\n\tfld1\n\tfdivs zero\n"
    "x87_site:\n\tfwait\n\tfstp %st(0)\n\tret\n");
void sse(void);
void x87(void);
extern const char sse_site[], x87_site[];
const float zero;

static void mask(int signo, siginfo_t *info, void *data)
{
	ucontext_t *context = data;
	fpregset_t state = context->uc_mcontext.fpregs;

	(void)signo;
	note(info->si_code);
	note((uintptr_t)info->si_addr);
	note(context->uc_mcontext.gregs[REG_IP]);
	note(context->uc_mcontext.gregs[REG_TRAPNO]);
#ifdef __x86_64__
	state->mxcsr |= 0x1f80;
	state->cwd |= 0x3f;
	state->swd &= ~0x80ff;
#else
	/* What the x87 has, and behind that what fxsave has written */
	state->cw |= 0x3f;
	state->sw &= ~0x80ff;
	((unsigned short *)(state + 1))[0] |= 0x3f;
	((unsigned short *)(state + 1))[1] &= ~0x80ff;
	((unsigned int *)(state + 1))[6] |= 0x1f80;
#endif
}

static int unmasked(void)
{
	struct sigaction act = { .sa_sigaction = mask, .sa_flags = SA_SIGINFO };

	sigaction(SIGFPE, &act, NULL);
	for (int i = 0; i < 5; i++) {
		const unsigned int mxcsr = 0x1d80;
		const unsigned short control = 0x37b;

		asm volatile("ldmxcsr %0" : : "m" (mxcsr));
		sse();
		asm volatile("fninit; fldcw %0" : : "m" (control));
		x87();
		asm volatile("fninit");
	}
	note(noted->count);
	return 0;
}

int main(void)
{
	const struct place places[] = { { 'p', sse_site }, { 'p', x87_site }, { 0, NULL } };

	/* What faults is executed again; not every machine's x87 does. */
	return judge(unmasked, places, -1);
}
