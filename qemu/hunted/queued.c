// SPDX-License-Identifier: GPL-2.0-only
// 64 32: Numbered signals of real time, through handlers, sigwaitinfo() and signalfd(), to a task that steps: none is lost, all in order.
#include "storm.h"
#include <sys/signalfd.h>

#define TIMES 200

static volatile long next;

static void on_number(int sig, siginfo_t *info, void *context)
{
	if (info->si_value.sival_int != next || nest(3) != 9)
		_exit(3);
	next++;
}

static void send_all(pid_t pid, int sig)
{
	for (int i = 0; i < TIMES; i++) {
		const union sigval value = { .sival_int = i };

		while (sigqueue(pid, sig, value))
			nap(1);
	}
	_exit(0);
}

static void begin_sending(int sig)
{
	pid_t parent = getpid();

	next = 0;
	if (!fork())
		send_all(parent, sig);
}

static int body(void)
{
	const struct sigaction action = {
		.sa_sigaction = on_number, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART,
	};
	const stack_t stack = { .ss_sp = shared(64 << 10), .ss_size = 64 << 10 };
	int sig = SIGRTMIN + 3, other = SIGRTMIN + 4, fd;
	struct signalfd_siginfo record;
	siginfo_t info;
	sigset_t set;

	CHECK(!sigaltstack(&stack, NULL) && !sigaction(sig, &action, NULL));
	begin_sending(sig);
	while (next < TIMES)
		CHECK(nest(5) == 11 && emulated(4) == 12 && stepped(next) >= 0);
	wait(NULL);

	sigemptyset(&set);
	sigaddset(&set, other);
	sigprocmask(SIG_BLOCK, &set, NULL);
	begin_sending(other);
	for (int i = 0; i < TIMES / 2; i++) {
		CHECK(sigwaitinfo(&set, &info) == other && info.si_value.sival_int == i);
		CHECK(nest(2) == 8);
	}
	fd = signalfd(-1, &set, SFD_CLOEXEC);
	for (int i = TIMES / 2; i < TIMES; i++) {
		CHECK(read(fd, &record, sizeof(record)) == sizeof(record) && record.ssi_int == i);
		CHECK(stepped(i) == 3 * i && emulated(i) == 3 * i);
	}
	wait(NULL);
	return 0;
}

int main(void)
{
	static const struct place places[] = NESTED;

	return judge(body, places, -1);
}
