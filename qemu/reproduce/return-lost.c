// SPDX-License-Identifier: GPL-2.0-only
/* After a recursion that longjmp() leaves, returns are not reported any more. */
#include <setjmp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TRACE	"/sys/kernel/tracing/instances/reproduce/"

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

/* How many returns have been reported. */
static int count(void)
{
	FILE *file = fopen(TRACE "trace", "r");
	char line[512];
	int returns = 0;

	while (file && fgets(line, sizeof(line), file))
		returns += strstr(line, " e: (") != NULL;
	if (file)
		fclose(file);
	return returns;
}

static int body(void)
{
	int before, i;

	if (!setjmp(top))
		site(70);
	before = count();
	for (i = 0; i < 10; i++)
		site(-1);
	return !access(TRACE "events/reproduce", F_OK) && count() - before != 10;
}

/* Say where the probe goes, or do it. */
int main(int argc, char **argv)
{
	if (argc > 1)
		printf("r %#lx runs\n", (unsigned long)site - (unsigned long)__ehdr_start);
	fflush(stdout);
	return argc > 2 ? pause() : argc > 1 ? 0 : body();
}
