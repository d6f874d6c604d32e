// SPDX-License-Identifier: GPL-2.0-only
// 64 32: Code is unmapped before its counter is mapped; its event goes and comes while a return is pending, and all is mapped.
#include "hunted.h"

#define FILE_NAME	"/tmp/counter-delayed"

/* A jump to the argument. The counter is in the next page of the file. */
asm(".text\ncode:\n\t"
#ifdef __x86_64__
    "jmp *%rdi\n\t"
#else
    "jmp *4(%esp)\n\t"
#endif
    ".fill 64, 1, 0x90\n");
extern char code[];

static void wait_for(int when)
{
	while (noted->flag[0] != when)
		nap(1);
}

/* Another process: it has the code, then neither, then both. */
static int other(void)
{
	volatile unsigned short *counter;
	void *map;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	wait_for(1);
	map = map_page(FILE_NAME, PROT_READ | PROT_EXEC, 0);
	munmap(map, PAGE);
	noted->flag[0] = 2;
	wait_for(3);
	map = map_page(FILE_NAME, PROT_READ | PROT_EXEC, 0);
	counter = map_page(FILE_NAME, PROT_READ | PROT_WRITE, PAGE);
	noted->flag[1] = *counter;
	noted->flag[0] = 4;
	wait_for(5);
	noted->flag[2] = *counter;
	return map == MAP_FAILED;
}

/* The function that was entered by its probe is pending. */
static void change(void)
{
	noted->flag[0] = 1;
	wait_for(2);
	enable("late", 0);
	enable("late", 1);
	noted->flag[0] = 3;
	wait_for(4);
	enable("late", 0);
	noted->flag[0] = 5;
}

int main(void)
{
	int fd = open(FILE_NAME, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
	void (*call)(void (*fn)(void));
	char tail[32];
	int status;
	pid_t pid;

	begin();
	if (fd < 0 || write(fd, code, 64) != 64 || ftruncate(fd, 2 * PAGE))
		return say("skip", "no file: error %d", errno);
	close(fd);
	pid = fork();
	if (!pid)
		_exit(other());
	call = (void *)map_page(FILE_NAME, PROT_READ | PROT_EXEC, 0);
	snprintf(tail, sizeof(tail), "(0x%lx)", PAGE);
	if (define('r', "late", FILE_NAME, 0, tail) || enable("late", 1))
		return say("not ok", "cannot be armed");
	call(change);
	waitpid(pid, &status, 0);
	unlink(FILE_NAME);
	if (status || noted->flag[1] != 1 || noted->flag[2])
		return say("not ok", "status %#x, %d of 1 are counted, and %d of 0", status,
			   noted->flag[1], noted->flag[2]);
	return say("ok", "one is counted, and none at the end");
}
