// SPDX-License-Identifier: GPL-2.0-only
// 64: A filter hands all system calls but a few to a supervisor, as containers do: it is not asked about what the program has not called.
#include "hunted.h"
#include <linux/filter.h>
#include <linux/seccomp.h>

#define ALLOW(call) \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##call, 0, 1), \
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

static __attribute__((noipa)) long returned(long x)
{
	return 3 * x;
}

static __attribute__((noipa)) long asks(long x)
{
	return returned(x) + (getppid() > 0);
}

static int filtered(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		ALLOW(exit_group), ALLOW(exit), ALLOW(rt_sigreturn), ALLOW(close),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
	};
	const struct sock_fprog prog = { sizeof(code) / sizeof(*code), code };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -1;
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &prog);
}

/* Another process takes the descriptor and answers, noting what it is asked. */
static void answer(pid_t pid, const volatile int *fd)
{
	struct seccomp_notif_resp response;
	struct seccomp_notif request;
	int listener, process;

	while (!*fd)
		sched_yield();
	process = syscall(SYS_pidfd_open, pid, 0);
	listener = syscall(SYS_pidfd_getfd, process, *fd, 0);
	for (;;) {
		memset(&request, 0, sizeof(request));
		memset(&response, 0, sizeof(response));
		if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &request))
			break;
		note(request.data.nr);
		response.id = request.id;
		response.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
		ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
	}
	_exit(0);
}

static int body(void)
{
	pid_t pid = getpid(), supervisor;

	noted->flag[0] = 0;
	supervisor = fork();
	if (!supervisor) {
		alarm(20);
		answer(pid, &noted->flag[0]);
	}
	noted->flag[0] = filtered();
	for (int i = 0; i < 5; i++)
		if (asks(i) != 3 * i + 1)
			return 1;
	noted->flag[1] = supervisor;
	return 0;
}

/* The supervisor ends with the program. */
int main(void)
{
	const struct place places[] = { { 'r', returned }, { 'r', asks }, { 0, NULL } };

	return judge(body, places, 10);
}
