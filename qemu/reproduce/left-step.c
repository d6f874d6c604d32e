// SPDX-License-Identifier: GPL-2.0-only
/* A program leaves its [uprobes] page by a system call: it gets no signals. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

extern const char __ehdr_start[], site[];
void code(void), leave(void *context);

asm(".text\n" "leave:	mov	%rdi, %rsp; mov $15, %eax; jmp site\n"
    "code:	nop\n"
    "site:	mov	$0, %ecx; .skip 16, 0x90; ret\n");

static void gone(void)
{
	kill(getpid(), SIGUSR1);
	_exit(1);
}

static void on_leave(int signo, siginfo_t *info, void *context)
{
	if (signo == SIGUSR1)
		_exit(0);
	((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP] = (long)gone;
	leave(context);
}

static int body(void)
{
	const struct sigaction sa = { .sa_sigaction = on_leave, .sa_flags = SA_SIGINFO };
	char line[256] = "", *page = NULL;
	FILE *maps;

	code();
	maps = fopen("/proc/self/maps", "r");
	while (!page && fgets(line, sizeof(line), maps))
		if (strstr(line, "[uprobes]"))
			sscanf(line, "%p", (void **)&page);
	if (!page)
		return 0;
	mmap(page, 4096, 7, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	for (int i = 0; i < 4096; i += 2)
		memcpy(page + i, "\x0f\x05", 2);
	return sigaction(SIGUSR1, &sa, NULL) || sigaction(SIGUSR2, &sa, NULL) || raise(SIGUSR2);
}

/* Say where the probe goes, or do it. */
int main(int argc, char **argv)
{
	if (argc > 1)
		printf("p %#lx runs\n", (unsigned long)(site - __ehdr_start));
	fflush(stdout);
	return argc > 2 ? pause() : argc > 1 ? 0 : body();
}
