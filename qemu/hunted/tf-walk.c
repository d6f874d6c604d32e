// SPDX-License-Identifier: GPL-2.0-only
// 64: A program steps through itself (TF by popf, cleared by popf), every instruction probed in turn.
#include "hunted.h"

asm(".text\n"
    "walk:\tpushf\n\torq $0x100, (%rsp)\n"
    "w0:\tpopf\n"
    "w1:\tnop\n"
    "w2:\tpush %rdi\n"
    "w3:\tcall w_leaf\n"
    "w4:\tpop %rdi\n"
    "w5:\timul $3, %rdi, %rax\n"
    "w6:\tjmp w7\n"
    "w7:\txor %ecx, %ecx\n"
    "w8:\tjz w9\n\tud2\n"
    "w9:\tmov $3, %ecx\n"
    "w10:\tlea w_buf(%rip), %rdi\n"
    "w11:\trep stosb\n"
    "w12:\tpushf\n"
    "w13:\tandq $~0x100, (%rsp)\n"
    "w14:\tpopf\n"
    "w15:\tret\n"
    "w_leaf:\tmov $7, %eax\n"
    "w16:\tret\n"
    ".bss\nw_buf:\t.skip 64\n.text\n");
long walk(long);
extern const char w0[], w1[], w2[], w3[], w4[], w5[], w6[], w7[], w8[], w9[], w10[], w11[], w12[], w13[],
	w14[], w15[], w16[], w_leaf[];

static void on_trap(int signo, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	(void)signo;
	note(uc->uc_mcontext.gregs[REG_RIP]);
	note(info->si_code);
	note(uc->uc_mcontext.gregs[REG_EFL] & 0x100);
}

static int walks(void)
{
	struct sigaction sa = { .sa_sigaction = on_trap, .sa_flags = SA_SIGINFO };

	sigaction(SIGTRAP, &sa, NULL);
	walk(5);
	return 0;
}

int main(void)
{
	const char *const all[] = { w0, w1, w2, w3, w4, w5, w6, w7, w8, w9, w10, w11, w12, w13, w14, w15, w16, w_leaf };
	struct noted *one;
	struct noted before;
	char name[16];
	int status;

	begin();
	one = noted;
	status = run(walks);
	if (status)
		return say("skip", "%#x", status);
	before = *one;
	for (int i = 0; i < 18; i++) {
		memset(one, 0, sizeof(*one));
		snprintf(name, sizeof(name), "e%d", i);
		if (arm('p', name, all[i]))
			return say("not ok", "cannot arm %d", i);
		status = run(walks);
		disarm(name);
		if (status || one->count != before.count)
			return say("not ok", "probe %d: status %#x, %d values, not %d", i, status, one->count, before.count);
		for (int j = 0; j < before.count; j++)
			if (before.value[j] != one->value[j])
				return say("not ok", "probe %d: value %d is %#lx, not %#lx", i, j, one->value[j],
					   before.value[j]);
	}
	return say("ok", "%d values", before.count);
}
