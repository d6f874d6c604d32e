// SPDX-License-Identifier: GPL-2.0-only
/* A mapping grows while it moves; what is new in it is not probed. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PROFILE	"/sys/kernel/tracing/uprobe_profile"
#define PAGE	4096UL

extern const char __ehdr_start[], site[];

asm(".text\n"
    "	.balign	4096, 0x90\n"
    "	.skip	4096, 0x90\n"
    "site:	mov	$0, %eax\n"
    "	ret\n");

/* Return how often the probe of this program was hit; others may have events. */
static long count(void)
{
	FILE *file = fopen(PROFILE, "r");
	char line[4096];
	long hits = -1;

	while (file && fgets(line, sizeof(line), file))
		if (strstr(line, "/moved-not-armed "))
			sscanf(line, "%*s %*s %ld", &hits);
	if (file)
		fclose(file);
	return hits;
}

static int body(void)
{
	int fd = open("/proc/self/exe", O_RDONLY);
	off_t offset = site - __ehdr_start - PAGE;
	char *room = mmap(NULL, 4 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *one = mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, offset);
	char *two = mremap(one, PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, room);
	long before = count();

	if (two == MAP_FAILED)
		return 77;
	((int (*)(void))(two + PAGE))();
	return before >= 0 && count() - before != 1;
}

/* Say where the probe goes, or do it. */
int main(int argc, char **argv)
{
	if (argc > 1)
		printf("p %#lx runs\n", (unsigned long)(site - __ehdr_start));
	fflush(stdout);
	return argc > 2 ? pause() : argc > 1 ? 0 : body();
}
