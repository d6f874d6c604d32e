// SPDX-License-Identifier: GPL-2.0-only
/* Two coroutines take turns on one stack, each in a probed function; they return. */
#include <stdio.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

#define SIZE	(1 << 16)

extern const char __ehdr_start[];
int site(int i);
static ucontext_t home, self[2];
static char stack[SIZE], saved[2][SIZE];
static int right;

__attribute__((noinline, noclone)) int site(int i)
{
	swapcontext(&self[i], &home);
	return i + 7;
}

static void coroutine(int i)
{
	right += site(i) == i + 7;
}

static void resume(int i)
{
	memcpy(stack, saved[i], SIZE);
	swapcontext(&home, &self[i]);
	memcpy(saved[i], stack, SIZE);
}

static int body(void)
{
	for (int i = 0; i < 2; i++) {
		getcontext(&self[i]);
		self[i].uc_stack = (stack_t){ .ss_sp = stack, .ss_size = SIZE };
		self[i].uc_link = &home;
		makecontext(&self[i], (void (*)(void))coroutine, 1, i);
		memcpy(saved[i], stack, SIZE);	/* it begins with what is there */
	}
	for (int turn = 0; turn < 4; turn++)
		resume(turn % 2);
	return right != 2;
}

/* Say where the probe goes, or do it. */
int main(int argc, char **argv)
{
	if (argc > 1)
		printf("r %#lx runs\n", (unsigned long)site - (unsigned long)__ehdr_start);
	fflush(stdout);
	return argc > 2 ? pause() : argc > 1 ? 0 : body();
}
