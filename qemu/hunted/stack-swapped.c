// SPDX-License-Identifier: GPL-2.0-only
// 64: Coroutines that share one stack and save their part of it elsewhere (greenlets).
#include "hunted.h"

static char *stack, *saved[2];
static ucontext_t back, self[2];
static volatile int done;

static __attribute__((noipa)) int probed(int i)
{
	if (i >= 0)
		swapcontext(&self[i], &back);
	return 7;
}

static void body(int i)
{
	done += probed(i) == 7;
	done += probed(-1) == 7;
}

static void resume(int i)
{
	if (saved[i])
		memcpy(stack, saved[i], 65536);
	else
		saved[i] = malloc(65536);
	swapcontext(&back, &self[i]);
	memcpy(saved[i], stack, 65536);
}

static int greenlets(void)
{
	stack = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (int i = 0; i < 2; i++) {
		getcontext(&self[i]);
		self[i].uc_stack = (stack_t){ .ss_sp = stack, .ss_size = 65536 };
		self[i].uc_link = &back;
		makecontext(&self[i], (void (*)(void))body, 1, i);
		/* It is on the stack as well. */
		saved[i] = malloc(65536);
		memcpy(saved[i], stack, 65536);
	}
	resume(0);
	resume(1);
	resume(0);
	resume(1);
	CHECK(done == 4);
	return 0;
}

int main(void)
{
	const struct place places[] = { { 'r', probed }, { 0, NULL } };

	return judge(greenlets, places, 4);
}
