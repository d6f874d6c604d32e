// SPDX-License-Identifier: GPL-2.0-only
// 64 32: Probed loads and stores behind the end of a mapped file, and in pages that may not be written.
#include "hunted.h"

#ifdef __x86_64__
asm(".text\n"
    "f_load:\tmov (%rdi), %eax\n\tret\nf_store:\tmov %eax, (%rdi)\n\tret\n"
    "f_inc:\tincl (%rdi)\n\tret\nf_test:\ttestl $1, (%rdi)\n\tret\n"
    "f_movs:\tmov %rdi, %rsi\np_movs:\tmovsb\n\tret\nf_popm:\tpush %rax\np_popm:\tpopq (%rdi)\n\tret\n");
# define SP_OFF 8
#else
asm(".text\n"
    "f_load:\tmov 4(%esp), %edx\np_load:\tmov (%edx), %eax\n\tret\n"
    "f_store:\tmov 4(%esp), %edx\np_store:\tmov %eax, (%edx)\n\tret\n"
    "f_inc:\tmov 4(%esp), %edx\np_inc:\tincl (%edx)\n\tret\n"
    "f_test:\tmov 4(%esp), %edx\np_test:\ttestl $1, (%edx)\n\tret\n"
    "f_movs:\tmov 4(%esp), %edx\n\tpush %esi\n\tpush %edi\n\tmov %edx, %esi\n\tmov %edx, %edi\np_movs:\tmovsb\n\tpop %edi\n\tpop %esi\n\tret\n"
    "f_popm:\tmov 4(%esp), %edx\n\tpush %eax\np_popm:\tpopl (%edx)\n\tret\n");
extern const char p_load[], p_store[], p_inc[], p_test[];
#endif
void f_load(void *), f_store(void *), f_inc(void *), f_test(void *), f_movs(void *), f_popm(void *);
extern const char p_movs[], p_popm[];
static sigjmp_buf back;
static char *base;

static void on_fault(int signo, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	note(signo | info->si_code << 8);
	note((char *)info->si_addr - base);
	note(uc->uc_mcontext.gregs[REG_IP]);
	note(uc->uc_mcontext.gregs[REG_ERR]);
	siglongjmp(back, 1);
}

static int all(void)
{
	static void (*const fns[])(void *) = { f_load, f_store, f_inc, f_test, f_movs, f_popm };
	struct sigaction sa = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };
	int fd = memfd_create("x", 0);

	CHECK(!ftruncate(fd, PAGE));
	base = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(base != MAP_FAILED);
	CHECK(!mprotect(base + 2 * PAGE, PAGE, PROT_NONE));
	sigaction(SIGSEGV, &sa, NULL);
	sigaction(SIGBUS, &sa, NULL);
	for (int i = 0; i < 6; i++)
		for (int page = 0; page < 3; page++)
			if (!sigsetjmp(back, 1))
				fns[i](base + page * PAGE + 64);
	CHECK(!mprotect(base, PAGE, PROT_READ));
	for (int i = 0; i < 6; i++)
		if (!sigsetjmp(back, 1))
			fns[i](base + 64);
	return 0;
}

int main(void)
{
#ifdef __x86_64__
	const struct place places[] = {
		{ 'p', f_load }, { 'p', f_store }, { 'p', f_inc }, { 'p', f_test }, { 'p', p_movs }, { 'p', p_popm }, { 0, NULL },
	};
#else
	const struct place places[] = {
		{ 'p', p_load }, { 'p', p_store }, { 'p', p_inc }, { 'p', p_test }, { 'p', p_movs }, { 'p', p_popm }, { 0, NULL },
	};
#endif

	return judge(all, places, 24);
}
