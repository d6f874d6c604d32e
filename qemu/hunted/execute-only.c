// SPDX-License-Identifier: GPL-2.0-only
// 64 32: Code that may be executed and not read (a key), data that a key protects: probed, stepped, emulated, returned from.
#include "hunted.h"

#ifndef SEGV_PKUERR
# define SEGV_PKUERR 4
#endif

/* Loads of what the argument points to: one is emulated, one is stepped. */
asm(".text\n.balign 4096\n.globl secret\nsecret:\n"
    "move:\n\t" LOAD_ARG(cx)
    ".globl move_site\nmove_site:\n\tmov (" R(cx) "), " R(ax) "\n\tret\n"
    "times:\n\t" LOAD_ARG(cx)
    ".globl times_site\ntimes_site:\n\timul $3, (" R(cx) "), " R(ax) "\n\tret\n"
    "\t.balign 4096\n");
long move(const long *at), times(const long *at);
extern char secret[], move_site[], times_site[];

static sigjmp_buf out;

static void on_segv(int sig, siginfo_t *info, void *context)
{
	ucontext_t *user = context;

	note(info->si_code);
	note((long)info->si_addr);
	note(user->uc_mcontext.gregs[REG_IP]);
	siglongjmp(out, sig);
}

static void tries(long (*load)(const long *at), const long *at)
{
	if (!sigsetjmp(out, 1))
		note(load(at));
}

static int body(void)
{
	const struct sigaction action = { .sa_sigaction = on_segv, .sa_flags = SA_SIGINFO };
	long *data = mmap((void *)0x10000000, PAGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	int key = pkey_alloc(0, 0);

	sigaction(SIGSEGV, &action, NULL);
	if (key < 0)
		return 77;
	*data = 7;
	CHECK(!mprotect(secret, PAGE, PROT_EXEC));
	CHECK(!pkey_mprotect(data, PAGE, PROT_READ | PROT_WRITE, key));
	for (int i = 0; i < 3; i++) {
		CHECK(!pkey_set(key, i == 1 ? PKEY_DISABLE_ACCESS : i ? PKEY_DISABLE_WRITE : 0));
		tries(move, data);
		tries(times, data);
		tries(move, (long *)secret);	/* may not be read at all */
	}
	return 0;
}

int main(void)
{
	const struct place places[] = {
		{ 'p', move_site }, { 'p', times_site }, { 'r', move }, { 'r', times }, { 0, NULL },
	};

	return judge(body, places, -1);
}
