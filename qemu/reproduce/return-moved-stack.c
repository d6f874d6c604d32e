// SPDX-License-Identifier: GPL-2.0-only
/* A stack is moved up while probed functions are pending on it; they return. */
#include <stdio.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

extern const char __ehdr_start[];
static ucontext_t home, other;
static char stacks[2][1 << 18];
static long result;

__attribute__((noinline, noclone)) long site(long (*next)(void))
{
	return 3 * next() + 1;
}

static long pause_there(void)
{
	swapcontext(&other, &home);
	return 1;
}

static long inner(void)
{
	return site(pause_there) + 1;
}

static void coroutine(void)
{
	result = site(inner);
	swapcontext(&other, &home);
}

static int body(void)
{
	greg_t *regs = other.uc_mcontext.gregs;

	getcontext(&other);
	other.uc_stack = (stack_t){ .ss_sp = stacks[0], .ss_size = sizeof(*stacks) };
	makecontext(&other, coroutine, 0);
	swapcontext(&home, &other);
	memcpy(stacks[1], stacks[0], sizeof(*stacks));
	for (int i = 0; i < NGREG; i++)
		if ((unsigned long)regs[i] - (unsigned long)stacks[0] <= sizeof(*stacks))
			regs[i] += sizeof(*stacks);
	swapcontext(&home, &other);
	return result != 16;
}

/* Say where the probe goes, or do it. */
int main(int argc, char **argv)
{
	if (argc > 1)
		printf("r %#lx runs\n", (unsigned long)site - (unsigned long)__ehdr_start);
	fflush(stdout);
	return argc > 2 ? pause() : argc > 1 ? 0 : body();
}
