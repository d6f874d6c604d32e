// SPDX-License-Identifier: GPL-2.0-only
// 64 32: A program that may only read, write and exit; a filter that kills by number; both probed on return.
#include "hunted.h"
#include <linux/filter.h>
#include <linux/seccomp.h>

STEPPED(returns);
EMULATED(both);

static int strict(void)
{
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT))
		return 77;
	for (int i = 0; i < 10; i++)
		if (returns(i) != 3 * i || both(i) != 3 * i)
			syscall(SYS_exit, 1);
	syscall(SYS_exit, 0);
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
	for (int i = 0; i < 10; i++)
		if (returns(i) != 3 * i || both(i) != 3 * i)
			_exit(1);
	_exit(0);
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
	const struct place places[] = { { 'r', returns }, { 'r', both }, { 'p', both }, { 0, NULL } };

	return judge(all, places, 60);
}
