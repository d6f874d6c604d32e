// SPDX-License-Identifier: GPL-2.0-only
/* DR6 does not tell a debugger that it has stepped over an instruction. */
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#define RESERVED	0xffff0ff0UL
#define BS		0x4000

extern const char __ehdr_start[], site[];
void code(void);

asm(".text\n"
    "code:	mov	$0, %eax\n"
    "site:	nop\n"
    "	.skip	16, 0x90\n"
    "	ret\n");

static int body(void)
{
	const long dr6 = offsetof(struct user, u_debugreg[6]);
	const long ip = offsetof(struct user, regs.rip);
	pid_t pid = fork();
	long seen;

	if (!pid) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		code();
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	while (ptrace(PTRACE_PEEKUSER, pid, ip, 0) != (long)site) {
		if (ptrace(PTRACE_SINGLESTEP, pid, 0, 0))
			return 77;
		waitpid(pid, NULL, 0);
	}
	ptrace(PTRACE_POKEUSER, pid, dr6, RESERVED);
	ptrace(PTRACE_SINGLESTEP, pid, 0, 0);
	waitpid(pid, NULL, 0);
	seen = ptrace(PTRACE_PEEKUSER, pid, dr6, 0);
	ptrace(PTRACE_KILL, pid, 0, 0);
	return !(seen & BS);
}

/* Say where the probe goes, or do it. */
int main(int argc, char **argv)
{
	if (argc > 1)
		printf("p %#lx runs\n", (unsigned long)(site - __ehdr_start));
	fflush(stdout);
	return argc > 2 ? pause() : argc > 1 ? 0 : body();
}
