// SPDX-License-Identifier: GPL-2.0-only
// 64 32: What follows a system call is probed: fork, clone, restarted sleeps, and stops in between.
#include "hunted.h"

#ifdef __x86_64__
asm(".text\n"
    "sys:\tmov %rdi, %rax\n\tmov %rsi, %rdi\n\tmov %rdx, %rsi\n\tmov %rcx, %rdx\n\txor %r10d, %r10d\n\txor %r8d, %r8d\n"
    "\tsyscall\nafter:\timul $1, %rax, %rax\nafter2:\tpush %rax\n\tpop %rax\n\tret\n");
#else
asm(".text\n"
    "sys:\tpush %ebx\n\tpush %esi\n\tpush %edi\n\tmov 16(%esp), %eax\n\tmov 20(%esp), %ebx\n\tmov 24(%esp), %ecx\n"
    "\tmov 28(%esp), %edx\n\txor %esi, %esi\n\txor %edi, %edi\n\tint $0x80\n"
    "after:\timul $1, %eax, %eax\nafter2:\tpush %eax\n\tpop %eax\n\tpop %edi\n\tpop %esi\n\tpop %ebx\n\tret\n");
#endif
long sys(long nr, long a, long b, long c);
extern const char after[], after2[];

static void nothing(int signo)
{
	(void)signo;
}

static int all(void)
{
	struct sigaction sa = { .sa_handler = nothing, .sa_flags = SA_RESTART };
	int status;

	sigaction(SIGUSR1, &sa, NULL);
	for (int i = 0; i < 5; i++) {
		long pid = sys(SYS_fork, 0, 0, 0);

		if (!pid)
			_exit(sys(SYS_getppid, 0, 0, 0) > 1 ? 0 : 1);
		CHECK(pid > 0 && waitpid(pid, &status, 0) == pid && !status);
	}
	for (int i = 0; i < 3; i++) {
		struct timespec ts = { 0, 200000000 };
		pid_t self = getpid(), pid = fork();
		struct timespec a, b;

		if (!pid) {
			nap(20);
			kill(self, SIGSTOP);
			nap(20);
			kill(self, SIGCONT);
			nap(20);
			if (i == 2)
				kill(self, SIGUSR1);
			_exit(0);
		}
		clock_gettime(CLOCK_MONOTONIC, &a);
		note(sys(SYS_nanosleep, (long)&ts, (long)&ts, 0));
		clock_gettime(CLOCK_MONOTONIC, &b);
		note(i == 2 || (b.tv_sec - a.tv_sec) * 1000 + (b.tv_nsec - a.tv_nsec) / 1000000 >= 150);
		CHECK(waitpid(pid, &status, 0) == pid && !status);
	}
	return 0;
}

int main(void)
{
	const struct place places[] = { { 'p', after }, { 'p', after2 }, { 'r', sys }, { 0, NULL } };

	return judge(all, places, -1);
}
