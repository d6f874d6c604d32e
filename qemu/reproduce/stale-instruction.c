// SPDX-License-Identifier: GPL-2.0-only
/* The program changes its own code, and the old instruction is executed. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#define ENABLE	"/sys/kernel/tracing/instances/reproduce/events/reproduce/enable"

extern const char __ehdr_start[];
extern char site[];
int code(void);

asm(".text\n"
    "	.balign	4096\n"
    "code:	nop\n"
    "site:	mov	$1, %eax\n"
    "	ret\n"
    "	.balign	4096, 0x90\n");

/* Take the probe away, or arm it again, if there is one. */
static void set_probe(const char *word)
{
	int fd = open(ENABLE, O_WRONLY);

	if (fd >= 0 && write(fd, word, 1) < 0)
		perror(ENABLE);
	close(fd);
}

static int body(void)
{
	set_probe("0");
	if (mprotect(site - 1, 4096, PROT_READ | PROT_WRITE | PROT_EXEC))
		return 77;
	site[1] = 2;
	if (mprotect(site - 1, 4096, PROT_READ | PROT_EXEC))
		return 77;
	set_probe("1");
	return code() != 2;
}

/* Say where the probe goes, or do it. */
int main(int argc, char **argv)
{
	if (argc > 1)
		printf("p %#lx runs\n", (unsigned long)(site - __ehdr_start));
	fflush(stdout);
	return argc > 2 ? pause() : argc > 1 ? 0 : body();
}
