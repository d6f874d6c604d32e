// SPDX-License-Identifier: GPL-2.0-only
/* A two-byte int 3 of the program resumes in its middle. */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

extern const char __ehdr_start[], site[];
int code(void), own(void);
static volatile int traps;

asm(".text\n"
    "code:	nop\n"
    "site:	mov	$0, %eax\n"
    "	ret\n"
    "own:	.byte	0xcd, 0x03\n"
    "	mov	$0, %eax\n"
    "	ret\n");

static void on_trap(int signo)
{
	traps++;
}

static int body(void)
{
	signal(SIGTRAP, on_trap);
	return code() || own() || traps != 1;
}

/* Say where the probe goes, or do it. */
int main(int argc, char **argv)
{
	if (argc > 1)
		printf("p %#lx runs\n", (unsigned long)(site - __ehdr_start));
	fflush(stdout);
	return argc > 2 ? pause() : argc > 1 ? 0 : body();
}
