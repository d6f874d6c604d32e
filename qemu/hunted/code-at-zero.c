// SPDX-License-Identifier: GPL-2.0-only
// 64 32: The first step of a program whose code begins at address 0, with no room above mmap_base.
#include "hunted.h"
#include <sys/personality.h>

#define MINIMUM	"/proc/sys/vm/mmap_min_addr"

STEPPED(stepped);
static char *self;

/* As a program is that is linked so; the page need not be there. */
static int hit(void)
{
	CHECK(!prctl(PR_SET_MM, PR_SET_MM_START_CODE, 0, 0, 0));
	CHECK(stepped(1) == 3);
	CHECK(slots() < (unsigned long)__builtin_frame_address(0));
	return 0;
}

/* Addresses that are not randomised, and a stack that may grow to mmap_base */
static int at_zero(void)
{
	const struct rlimit limit = { 200UL << 20, RLIM_INFINITY };
	int status = -1;
	pid_t pid = fork();

	if (!pid) {
		personality(ADDR_NO_RANDOMIZE);
		setrlimit(RLIMIT_STACK, &limit);
		execl(SELF, self, "hit", NULL);
		_exit(1);
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	note(status);
	CHECK(!status);
	return 0;
}

int main(int argc, char **argv)
{
	const struct place places[] = { { 'p', stepped }, { 0, NULL } };
	int verdict;

	self = argv[0];
	if (argc > 1)
		return hit();
	if (put(MINIMUM, "0"))
		return say("skip", "this kernel has no " MINIMUM);
	verdict = judge(at_zero, places, 1);
	put(MINIMUM, "4096");
	return verdict;
}
