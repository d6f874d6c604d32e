// SPDX-License-Identifier: GPL-2.0-only
// 64: Emulated loads and stores between two threads keep the order that the processor promises.
#include "hunted.h"

#ifdef __x86_64__
asm(".text\n"
    "put_x:\tmov %esi, (%rdi)\n\tret\nget_x:\tmov (%rdi), %eax\n\tret\n"
    "inc_x:\tlock incl (%rdi)\n\tret\nadd_x:\taddl $1, (%rdi)\n\tret\n");
#else
asm(".text\n"
    "put_x:\tmov 4(%esp), %eax\n\tmov 8(%esp), %edx\np_put:\tmov %edx, (%eax)\n\tret\n"
    "get_x:\tmov 4(%esp), %eax\np_get:\tmov (%eax), %eax\n\tret\n"
    "inc_x:\tmov 4(%esp), %eax\np_inc:\tlock incl (%eax)\n\tret\n"
    "add_x:\tmov 4(%esp), %eax\np_add:\taddl $1, (%eax)\n\tret\n");
extern const char p_put[], p_get[], p_inc[], p_add[];
#endif
void put_x(volatile int *, int), inc_x(volatile int *), add_x(volatile int *);
int get_x(volatile int *);
static volatile int a[64], b[64], locked[64], own[2][64];

static void *writer(void *unused)
{
	for (int i = 1; i < 300; i++) {
		put_x(a, i);
		put_x(b, i);
		inc_x(locked);
		add_x(own[0]);
	}
	return unused;
}

static int reader(void)
{
	pthread_t t;

	pthread_create(&t, NULL, writer, NULL);
	for (int i = 1; i < 300; i++) {
		int second = get_x(b), first = get_x(a);

		CHECK(first >= second);
		inc_x(locked);
		add_x(own[1]);
	}
	pthread_join(t, NULL);
	CHECK(locked[0] == 598 && own[0][0] == 299 && own[1][0] == 299);
	return 0;
}

int main(void)
{
#ifdef __x86_64__
	const struct place places[] = { { 'p', put_x }, { 'p', get_x }, { 'p', inc_x }, { 'p', add_x }, { 0, NULL } };
#else
	const struct place places[] = { { 'p', p_put }, { 'p', p_get }, { 'p', p_inc }, { 'p', p_add }, { 0, NULL } };
#endif

	return judge(reader, places, 2392);
}
