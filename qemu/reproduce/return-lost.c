// SPDX-License-Identifier: GPL-2.0-only
/* After a recursion that longjmp() leaves, returns are not counted any more. */
#include <setjmp.h>
#include <stdio.h>
#include <unistd.h>

#define PROFILE	"/sys/kernel/tracing/uprobe_profile"

extern const char __ehdr_start[];
static jmp_buf top;

__attribute__((noinline, noclone)) void site(int depth)
{
	if (depth > 0)
		site(depth - 1);
	if (!depth)
		longjmp(top, 1);
	asm volatile("" ::: "memory");
}

/* How many returns have been counted; -1: there is no probe. */
static long count(void)
{
	FILE *file = fopen(PROFILE, "r");
	long hits = -1;

	if (file && fscanf(file, "%*s %*s %ld", &hits) != 1)
		hits = -1;
	if (file)
		fclose(file);
	return hits;
}

static int body(void)
{
	long before;
	int i;

	if (!setjmp(top))
		site(70);
	before = count();
	for (i = 0; i < 10; i++)
		site(-1);
	return before >= 0 && count() - before != 10;
}

/* Say where the probe goes, or do it. */
int main(int argc, char **argv)
{
	if (argc > 1)
		printf("r %#lx runs\n", (unsigned long)site - (unsigned long)__ehdr_start);
	fflush(stdout);
	return argc > 2 ? pause() : argc > 1 ? 0 : body();
}
