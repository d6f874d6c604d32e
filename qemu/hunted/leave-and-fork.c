// SPDX-License-Identifier: GPL-2.0-only
// 64 32: Pending returns are left by longjmp() at all depths, in a parent and in children forked in between.
#include "hunted.h"

STEPPED(leaf);
static jmp_buf out;

static __attribute__((noipa)) long deep(int n, int leave, int fork_at)
{
	int status;
	long sum;
	pid_t pid;

	if (n == fork_at) {
		pid = fork();
		if (!pid) {
			sum = deep(n, -1, -1);
			if (sum != n + 3)
				_exit(1);
			noted->flag[1] = 1;
		} else if (waitpid(pid, &status, 0) != pid || status) {
			_exit(2);
		}
	}
	if (n == leave)
		longjmp(out, 1);
	return n ? deep(n - 1, leave, fork_at) + 1 : leaf(1);
}

static int live(void)
{
	pid_t self = getpid();

	for (int depth = 1; depth < 70; depth += 4) {
		for (int leave = -1; leave < depth; leave += depth / 3 + 1) {
			volatile int left = 0;

			if (setjmp(out))
				left = 1;
			else if (deep(depth, leave, depth / 2) != depth + 3)
				return 3;
			if (getpid() != self)
				_exit(0);
			if (left != (leave >= 0))
				return 4;
			if (deep(depth, -1, -1) != depth + 3)
				return 5;
		}
	}
	return 0;
}

int main(void)
{
	static const struct place places[] = { { 'r', deep }, { 'r', leaf }, { 0, NULL } };

	return judge(live, places, -1);
}
