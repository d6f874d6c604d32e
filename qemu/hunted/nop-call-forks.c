// SPDX-License-Identifier: GPL-2.0-only
// 64 32: A process that has hit a NOP of five bytes forks: children, theirs, and programs that they execute hit it as well.
#include "marker.h"

MARKED(marked);

static int wait_for(pid_t pid)
{
	int status = -1;

	waitpid(pid, &status, 0);
	return status;
}

static int forks(void)
{
	pid_t pid;

	CHECK(is_right(marked, 3));
	pid = fork();
	if (!pid) {
		pid_t second;

		if (!is_right(marked, 3))
			_exit(1);
		second = fork();
		if (!second)
			_exit(!is_right(marked, 3));
		_exit(wait_for(second) || !is_right(marked, 3));
	}
	CHECK(!wait_for(pid));
	CHECK(is_right(marked, 3));
	pid = vfork();
	if (!pid) {
		execl(SELF, "again", NULL);
		_exit(1);
	}
	CHECK(!wait_for(pid));
	CHECK(is_right(marked, 3));
	return 0;
}

int main(int argc, char **argv)
{
	const struct place places[] = { { 'p', marked }, { 0, NULL } };

	(void)argc;
	if (!strcmp(argv[0], "again"))
		return !is_right(marked, 3);
	return judge(forks, places, 7 * 3);
}
