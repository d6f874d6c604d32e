// SPDX-License-Identifier: GPL-2.0-only
/* The return of a function is a system call, and the program gets SIGSYS. */
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

#ifndef PR_SET_SYSCALL_USER_DISPATCH
# define PR_SET_SYSCALL_USER_DISPATCH	59
#endif

extern const char __ehdr_start[], site[];
int code(void);

asm(".text\n"
    "code:\n"
    "site:	push	%rbx\n"
    "	mov	$0, %eax\n"
    "	pop	%rbx\n"
    "	ret\n");

static int body(void)
{
	static volatile char blocked;
	int result;

	/* Every system call is dispatched while the byte is 1. */
	if (prctl(PR_SET_SYSCALL_USER_DISPATCH, 1, 0, 0, &blocked))
		return 77;
	blocked = 1;
	result = code();
	blocked = 0;
	return result;
}

/* Say where the probe goes, or do it. */
int main(int argc, char **argv)
{
	if (argc > 1)
		printf("r %#lx runs\n", (unsigned long)(site - __ehdr_start));
	fflush(stdout);
	return argc > 2 ? pause() : argc > 1 ? 0 : body();
}
