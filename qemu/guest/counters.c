// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel's counters of executed code, printed for the host.
 *
 * A kernel with CONFIG_GCOV_KERNEL has a file for each object that counts
 * (Documentation/dev-tools/gcov.rst).  Each becomes lines of hexadecimal
 * digits; qemu/README.md has the format.
 */
#include "counters.h"

#include <ftw.h>
#include <stdio.h>
#include <string.h>

#define COUNTERS	"/sys/kernel/debug/gcov"
#define SUFFIX		".gcda"

/* Bytes in a line */
#define CHUNK		1024

/* This function prints one file. */
static void print_file(const char *path)
{
	const char *name = path + strlen(COUNTERS);
	unsigned char chunk[CHUNK];
	unsigned long offset = 0;
	FILE *f = fopen(path, "re");
	size_t i, len;

	if (!f) {
		printf("# counters: %s: cannot be read\n", name);
		return;
	}
	while ((len = fread(chunk, 1, sizeof(chunk), f))) {
		printf("# counters: %s %lu ", name, offset);
		for (i = 0; i < len; i++)
			printf("%02x", chunk[i]);
		printf("\n");
		offset += len;
	}
	printf("# counters: %s %lu end\n", name, offset);
	fclose(f);
}

/* This function gets called for everything in the folder. */
static int visit(const char *path, const struct stat *st, int type,
		 struct FTW *place)
{
	size_t len = strlen(path);

	(void)st;
	(void)place;
	if (type == FTW_F && len > strlen(SUFFIX) &&
	    !strcmp(path + len - strlen(SUFFIX), SUFFIX))
		print_file(path);
	return 0;
}

/* This function prints all counters there are. */
void print_counters(void)
{
	if (nftw(COUNTERS, visit, 8, FTW_PHYS))
		printf("# counters: this kernel has none\n");
	fflush(stdout);
}
