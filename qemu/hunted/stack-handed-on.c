// SPDX-License-Identifier: GPL-2.0-only
// 64 32: A thread leaves 64 functions pending on stacks that another thread uses next, and calls one more.
#include "hunted.h"

#define MANY	64
#define ROOM	16384

static char *stacks;
static ucontext_t back;
static volatile int waits, called;

/* Wait on the stack until the other thread has made its call, or leave it. */
static __attribute__((noipa)) void stay(int second)
{
	if (!second)
		setcontext(&back);
	waits = 1;
	while (!called)
		continue;
}

static __attribute__((noipa)) long three(long x)
{
	return 3 * x;
}

/* The return address is in one place for both calls. */
static void body(int second)
{
	if (second) {
		stay(1);
		note(2);
	} else {
		stay(0);
		note(1);
	}
}

static void use(int i, int second, ucontext_t *from)
{
	ucontext_t to;

	getcontext(&to);
	to.uc_stack = (stack_t){ .ss_sp = stacks + i * ROOM, .ss_size = ROOM };
	to.uc_link = from;
	makecontext(&to, (void (*)(void))body, 1, second);
	swapcontext(from, &to);
}

static void *other(void *unused)
{
	ucontext_t here;

	use(0, 1, &here);
	return unused;
}

static int all(void)
{
	pthread_t thread;

	stacks = mmap(NULL, MANY * ROOM, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (int i = 0; i < MANY; i++)
		use(i, 0, &back);
	CHECK(!pthread_create(&thread, NULL, other, NULL));
	while (!waits)
		continue;
	CHECK(three(5) == 15);
	called = 1;
	CHECK(!pthread_join(thread, NULL));
	return 0;
}

int main(void)
{
	const struct place places[] = { { 'r', stay }, { 'r', three }, { 0, NULL } };

	return judge(all, places, -1);
}
