// SPDX-License-Identifier: GPL-2.0-only
// 64: A NOP of five bytes is hit by a program that may only read, write and exit, and by one that a filter kills by number.
#include "marker.h"
#include <linux/filter.h>
#include <linux/seccomp.h>

MARKED(marked);

static int strict(void)
{
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT))
		return 77;
	syscall(SYS_exit, !is_right(marked, 10));
	return 1;
}

static int filtered(void)
{
	struct sock_filter insns[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { 4, insns };

	CHECK(!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	CHECK(!prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog));
	_exit(!is_right(marked, 10));
}

static int all(void)
{
	int status = run(strict);

	CHECK(!status);
	status = run(filtered);
	CHECK(!status);
	return 0;
}

int main(void)
{
	const struct place places[] = { { 'p', marked }, { 'r', marked }, { 0, NULL } };

	return judge(all, places, 2 * 2 * 10);
}
