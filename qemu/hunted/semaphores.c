// SPDX-License-Identifier: GPL-2.0-only
// 64 32: Reference counters of several probes, through fork, exec, later mappings; zero at the end.
#include "hunted.h"

STEPPED(one);
EMULATED(two);
__attribute__((section(".data.sema"))) volatile unsigned short sema = 0;

static int live(void)
{
	for (int i = 0; !noted->flag[0] && i < 4000; i++) {
		if (one(i) != 3 * i || two(i) != 3 * i)
			return 1;
		nap(5);
	}
	nap(100);
	noted->flag[2] = sema;
	return 0;
}

int main(int argc, char **argv)
{
	char tail[64];
	int status;
	pid_t pid;

	if (argc > 1)
		return sema;
	begin();
	pid = fork();
	if (!pid)
		_exit(live());
	snprintf(tail, sizeof(tail), "(0x%lx)", data_offset(&sema));
	if (define('p', "a", SELF, file_offset(one), tail) || define('p', "b", SELF, file_offset(two), tail) ||
	    define('r', "c", SELF, file_offset(one), tail))
		return say("not ok", "cannot define");
	enable("a", 1);
	enable("b", 1);
	enable("c", 1);
	if (sema != 2)
		return say("not ok", "%d of 2 are counted here", sema);
	for (int i = 0; i < 5; i++) {
		pid_t child = fork();

		if (!child) {
			if (sema != 2 || one(3) != 9)
				_exit(99);
			execl(SELF, argv[0], "x", NULL);
		}
		waitpid(child, &status, 0);
		if (WEXITSTATUS(status) != 2)
			return say("not ok", "%d of 2 are counted after exec", WEXITSTATUS(status));
		enable("b", 0);
		if (sema != 1)
			return say("not ok", "%d of 1 are counted", sema);
		enable("b", 1);
	}
	enable("a", 0);
	enable("b", 0);
	if (sema != 1)
		return say("not ok", "%d is left with the return", sema);
	enable("c", 0);
	noted->flag[0] = 1;
	waitpid(pid, &status, 0);
	if (status || sema || noted->flag[2])
		return say("not ok", "%d and %d are left", sema, noted->flag[2]);
	return say("ok", "none are left");
}
