// SPDX-License-Identifier: GPL-2.0-only
/* Two coroutines wait in a probed function; the second loses its return. */
#include <stdio.h>
#include <ucontext.h>
#include <unistd.h>

extern const char __ehdr_start[];
void site(ucontext_t *from, ucontext_t *to);
static ucontext_t home, other;
static char stack[65536];

__attribute__((noinline, noclone)) void site(ucontext_t *from, ucontext_t *to)
{
	swapcontext(from, to);
	asm volatile("" ::: "memory");
}

static void coroutine(void)
{
	site(&other, &home);
}

static int body(void)
{
	getcontext(&other);
	other.uc_stack.ss_sp = stack;
	other.uc_stack.ss_size = sizeof(stack);
	other.uc_link = &home;
	makecontext(&other, coroutine, 0);
	site(&home, &other);
	swapcontext(&home, &other);
	return 0;
}

/* Say where the probe goes, or do it. */
int main(int argc, char **argv)
{
	if (argc > 1)
		printf("r %#lx runs\n", (unsigned long)site - (unsigned long)__ehdr_start);
	fflush(stdout);
	return argc > 2 ? pause() : argc > 1 ? 0 : body();
}
