// SPDX-License-Identifier: GPL-2.0-only
// 64 32: Probed instructions with a segment of their own: thread-local loads, stores, calls, pushes.
#include "hunted.h"

static __thread long mine, (*func)(long), pushed;
STEPPED(three);
#ifdef __x86_64__
# define S "%fs:"
asm(".text\n"
    "t_load:\tmov %fs:(%rdi), %rax\n\tret\n"
    "t_store:\tmov %rsi, %fs:(%rdi)\n\tret\n"
    "t_add:\tadd %rsi, %fs:(%rdi)\n\tret\n"
    "t_jmp:\tmov %rdi, %rcx\n\tmov %rsi, %rdi\np_jmp:\tjmp *%fs:(%rcx)\n"
    "t_push:\tpush %fs:(%rdi)\n\tpop %rax\n\tret\n"
    "t_canary:\tmov %fs:0x28, %rax\n\tsub %fs:0x28, %rax\n\tret\n");
#else
asm(".text\n"
    "t_load:\tmov 4(%esp), %eax\np_load:\tmov %gs:(%eax), %eax\n\tret\n"
    "t_store:\tmov 4(%esp), %eax\n\tmov 8(%esp), %edx\np_store:\tmov %edx, %gs:(%eax)\n\tret\n"
    "t_add:\tmov 4(%esp), %eax\n\tmov 8(%esp), %edx\np_add:\tadd %edx, %gs:(%eax)\n\tret\n"
    "t_jmp:\tmov 4(%esp), %eax\n\tmov 8(%esp), %edx\n\tmov %edx, 4(%esp)\np_jmp:\tjmp *%gs:(%eax)\n"
    "t_push:\tmov 4(%esp), %eax\np_push:\tpush %gs:(%eax)\n\tpop %eax\n\tret\n"
    "t_canary:\tmov %gs:0x14, %eax\n\tsub %gs:0x14, %eax\n\tret\n");
extern const char p_load[], p_store[], p_add[], p_push[];
# define t_load_p p_load
#endif
long t_load(long), t_store(long, long), t_add(long, long), t_jmp(long, long), t_push(long), t_canary(void);
extern const char p_jmp[];

static long offset_of(void *p)
{
	long self;

#ifdef __x86_64__
	asm("mov %%fs:0, %0" : "=r" (self));
#else
	asm("mov %%gs:0, %0" : "=r" (self));
#endif
	return (long)p - self;
}

static void *work(void *arg)
{
	long base = (long)arg;

	func = three;
	for (int i = 0; i < 50; i++) {
		t_store(offset_of(&mine), base + i);
		if (mine != base + i || t_load(offset_of(&mine)) != base + i)
			_exit(1);
		t_add(offset_of(&mine), 5);
		if (mine != base + i + 5 || t_jmp(offset_of(&func), i) != 3 * i)
			_exit(2);
		pushed = base;
		if (t_push(offset_of(&pushed)) != base || t_canary())
			_exit(3);
	}
	return NULL;
}

static int threads(void)
{
	pthread_t t[3] = { 0 };

#ifdef __x86_64__
	for (long i = 0; i < 3; i++)
		CHECK(!pthread_create(&t[i], NULL, work, (void *)(i * 1000)));
	for (int i = 0; i < 3; i++)
		CHECK(!pthread_join(t[i], NULL));
#else
	/* Threads of 32-bit programs want system calls that some kernels lack. */
	for (long i = 0; i < 3; i++)
		CHECK(!work((void *)(i * 1000)) && !t[i]);
#endif
	return 0;
}

int main(void)
{
#ifdef __x86_64__
	const struct place places[] = {
		{ 'p', t_load }, { 'p', t_store }, { 'p', t_add }, { 'p', p_jmp }, { 'p', t_push },
		{ 'p', t_canary }, { 0, NULL },
	};
#else
	const struct place places[] = {
		{ 'p', p_load }, { 'p', p_store }, { 'p', p_add }, { 'p', p_jmp }, { 'p', p_push },
		{ 'p', t_canary }, { 0, NULL },
	};
#endif

	return judge(threads, places, 900);
}
