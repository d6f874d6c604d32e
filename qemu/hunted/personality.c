// SPDX-License-Identifier: GPL-2.0-only
// 64 32: Other layouts of the address space: bottom-up, 3 GiB, not randomised, all at once.
#include "hunted.h"
#include <sys/personality.h>

STEPPED(stepped);
STEPPED(returns);
static char *self;

static int layout(void)
{
	static const int kinds[] = {
		ADDR_COMPAT_LAYOUT, ADDR_LIMIT_3GB, ADDR_NO_RANDOMIZE,
		ADDR_COMPAT_LAYOUT | ADDR_NO_RANDOMIZE, ADDR_LIMIT_32BIT,
		ADDR_LIMIT_3GB | ADDR_NO_RANDOMIZE, STICKY_TIMEOUTS | MMAP_PAGE_ZERO,
	};

	for (unsigned int i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		pid_t pid = fork();
		int status = -1;

		if (!pid) {
			personality(kinds[i]);
			execl(SELF, self, "hit", NULL);
			_exit(1);
		}
		CHECK(waitpid(pid, &status, 0) == pid);
		note(status);
		CHECK(!status);
	}
	return 0;
}

int main(int argc, char **argv)
{
	const struct place places[] = { { 'p', stepped }, { 'r', returns }, { 0, NULL } };

	self = argv[0];
	if (argc > 1) {
		volatile char deep[200000];

		memset((char *)deep, argc, sizeof(deep));
		for (int i = 0; i < 10; i++)
			CHECK(stepped(i) == 3 * i && returns(i) == 3 * i);
		return deep[77] - argc;
	}
	return judge(layout, places, 140);
}
