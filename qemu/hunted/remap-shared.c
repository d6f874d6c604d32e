// SPDX-License-Identifier: GPL-2.0-only
// 64 32: A process that shares memory, by clone() or vfork(), maps another probed file where one was.
#include "twins.h"

static char stack[65536] __attribute__((aligned(16)));
static twin_fn fn;

static int remap(void *which)
{
	if (map_twin((intptr_t)which, fn) != fn)
		_exit(1);
	_exit(0);
}

static int share(void)
{
	int status;
	pid_t pid;

	fn = map_twin(0, NULL);
	CHECK(is_twin(fn, 0, 4));
	for (int i = 1; i < 40; i++) {
		int flags = CLONE_VM | SIGCHLD | (i % 4 < 2 ? CLONE_VFORK : 0);

		pid = clone(remap, stack + sizeof(stack), flags, (void *)(intptr_t)(i % 2));
		CHECK(pid > 0 && waitpid(pid, &status, 0) == pid && !status);
		CHECK(is_twin(fn, i % 2, 4));
	}
	return 0;
}

int main(void)
{
	return judge_twins(share, 80, 80);
}
