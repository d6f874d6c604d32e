// SPDX-License-Identifier: GPL-2.0-only
// 64 32: What is mapped after the first step, where addresses are not randomised: gdb tells it.
#include "hunted.h"
#include <sys/personality.h>

STEPPED(stepped);
STEPPED(returns);
static char *self;

/* Where mmap() puts a page now. */
static void *next_page(void)
{
	void *page = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	munmap(page, PAGE);
	return page;
}

static int hit(void)
{
	void *page = next_page();

	CHECK(page != MAP_FAILED);
	CHECK(stepped(1) == 3 && returns(1) == 3);
	CHECK(next_page() == page);
	return 0;
}

static int layouts(void)
{
	static const unsigned long kinds[] = {
		0, ADDR_NO_RANDOMIZE, ADDR_COMPAT_LAYOUT | ADDR_NO_RANDOMIZE,
	};
	static const rlim_t stacks[] = { 8UL << 20, 200UL << 20, RLIM_INFINITY };

	for (unsigned int i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		for (unsigned int j = 0; j < sizeof(stacks) / sizeof(stacks[0]); j++) {
			pid_t pid = fork();
			int status = -1;

			if (!pid) {
				struct rlimit limit = { stacks[j], RLIM_INFINITY };

				personality(kinds[i]);
				setrlimit(RLIMIT_STACK, &limit);
				execl(SELF, self, "hit", NULL);
				_exit(1);
			}
			CHECK(waitpid(pid, &status, 0) == pid);
			note(status);
			CHECK(!status);
		}
	}
	return 0;
}

int main(int argc, char **argv)
{
	const struct place places[] = { { 'p', stepped }, { 'r', returns }, { 0, NULL } };

	self = argv[0];
	return argc > 1 ? hit() : judge(layouts, places, 18);
}
