// SPDX-License-Identifier: GPL-2.0-only
// 64 32: vfork() children call probed functions, fail to execute, and end; parents return from pending ones.
#include "hunted.h"

STEPPED(stepped);

static __attribute__((noipa)) long inner(long x)
{
	pid_t pid;
	int status;

	pid = vfork();
	if (!pid) {
		if (stepped(7) != 21)
			_exit(1);
		execl("/nowhere", "x", NULL);
		_exit(stepped(3) == 9 ? 42 : 2);
	}
	waitpid(pid, &status, 0);
	return WEXITSTATUS(status) == 42 ? stepped(x) : -1;
}

static __attribute__((noipa)) long outer(long x)
{
	return inner(x) + 1;
}

static int all(void)
{
	for (int i = 0; i < 20; i++)
		CHECK(outer(i) == 3 * i + 1);
	return 0;
}

int main(void)
{
	const struct place places[] = {
		{ 'r', outer }, { 'r', inner }, { 'r', stepped }, { 'p', stepped }, { 0, NULL },
	};

	return judge(all, places, 160);
}
