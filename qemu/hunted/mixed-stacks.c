// SPDX-License-Identifier: GPL-2.0-only
// 64 32: Coroutines on stacks above and below, each pending in two functions, resumed in every order.
#include "hunted.h"

#define MANY 5
static ucontext_t back, self[MANY];
static volatile int done;

static __attribute__((noipa)) int inner(int i)
{
	swapcontext(&self[i], &back);
	return i;
}

static __attribute__((noipa)) int outer(int i)
{
	int ret = inner(i);

	swapcontext(&self[i], &back);
	return ret + inner(i);
}

static void body(int i)
{
	done += outer(i) == 2 * i;
}

static int all(void)
{
	static const int orders[][MANY] = {
		{ 0, 1, 2, 3, 4 }, { 4, 3, 2, 1, 0 }, { 2, 0, 4, 1, 3 }, { 3, 1, 4, 0, 2 },
	};
	char *stacks = mmap(NULL, MANY * 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	for (int round = 0; round < 16; round++) {
		for (int i = 0; i < MANY; i++) {
			getcontext(&self[i]);
			self[i].uc_stack = (stack_t){ .ss_sp = stacks + 65536 * i, .ss_size = 65536 };
			self[i].uc_link = &back;
			makecontext(&self[i], (void (*)(void))body, 1, i);
		}
		for (int step = 0; step < 4; step++)
			for (int i = 0; i < MANY; i++)
				swapcontext(&back, &self[orders[(round + step * (round / 4)) & 3][i]]);
	}
	CHECK(done == 16 * MANY);
	return 0;
}

int main(void)
{
	const struct place places[] = { { 'r', outer }, { 'r', inner }, { 0, NULL } };

	return judge(all, places, 240);
}
