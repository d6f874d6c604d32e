// SPDX-License-Identifier: GPL-2.0-only
// 64: Probed rdfsbase, wrfsbase, rdgsbase, wrgsbase, and loads of fs and gs; other threads of the processor have other bases.
#include "hunted.h"
#include <sys/auxv.h>

asm(".text\n"
    "bases:\n"
    "b1:\n\trdfsbase %rax\n"
    "b2:\n\twrgsbase %rdi\n"
    "b3:\n\trdgsbase %rdx\n"
    "b4:\n\twrfsbase %rdx\n"
    "b5:\n\tmov %fs:(0), %rcx\n"
    "b6:\n\tmov %gs:(0), %rsi\n"
    "b7:\n\twrfsbase %rax\n"
    "	cmp %rcx, %rsi\n\tjne 1f\n\tmov %rcx, %rax\n\tret\n"
    "1:\txor %eax, %eax\n\tret\n"
    "selectors:\n\tmov %fs, %eax\n"
    "l1:\n\tpush %fs\n"
    "l2:\n\tpop %gs\n"
    "	mov %gs, %edx\n\txor %edx, %eax\n\tret\n");
long bases(long *base);
long selectors(void);
extern const char b1[], b2[], b3[], b4[], b5[], b6[], b7[], l1[], l2[];

static void *bent(void *arg)
{
	long word = (long)arg;

	for (int i = 0; i < 500; i++) {
		if (bases(&word) != word || selectors())
			return arg;
	}
	return NULL;
}

static int all(void)
{
	pthread_t threads[4];
	void *failed;

	CHECK(getauxval(AT_HWCAP2) & 2);
	for (long i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, bent, (void *)(i + 1));
	for (int i = 0; i < 4; i++) {
		pthread_join(threads[i], &failed);
		CHECK(!failed);
	}
	return 0;
}

int main(void)
{
	const struct place places[] = {
		{ 'p', b1 }, { 'p', b2 }, { 'p', b3 }, { 'p', b4 }, { 'p', b5 }, { 'p', b6 },
		{ 'p', b7 }, { 'p', l1 }, { 'p', l2 }, { 0, NULL },
	};

	return judge(all, places, 9 * 4 * 500);
}
