// SPDX-License-Identifier: GPL-2.0-only
/* While nobody maps the file, a probe is armed that cannot work. */
#include <stdio.h>
#include <unistd.h>

extern const char __ehdr_start[], site[];

asm(".text\n"
    "site:	hlt\n"
    "	ret\n");

static int body(void)
{
	return 0;
}

/* Say where the probe goes, or do it. */
int main(int argc, char **argv)
{
	if (argc > 1)
		printf("p %#lx unmapped\n", (unsigned long)(site - __ehdr_start));
	fflush(stdout);
	return argc > 2 ? pause() : argc > 1 ? 0 : body();
}
