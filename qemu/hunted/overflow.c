// SPDX-License-Identifier: GPL-2.0-only
// 64 32: Recursion until the stack is full, left by siglongjmp(), again and again; returns are probed.
#include "hunted.h"

static sigjmp_buf back;
#pragma GCC diagnostic ignored "-Winfinite-recursion"
static volatile int depth;

static void on_fault(int signo)
{
	siglongjmp(back, signo);
}

static __attribute__((noipa)) int deeper(int n)
{
	volatile char room[4000];

	room[n & 1023] = n;
	depth = n;
	return deeper(n + 1) + room[n & 1023];
}

static __attribute__((noipa)) long three(long x)
{
	return 3 * x;
}

static int again(void)
{
	struct sigaction sa = { .sa_handler = on_fault, .sa_flags = SA_ONSTACK };
	stack_t ss = { .ss_sp = shared(65536), .ss_size = 65536 };
	const struct rlimit small = { 1 << 20, 1 << 20 };

	sigaltstack(&ss, NULL);
	setrlimit(RLIMIT_STACK, &small);
	sigaction(SIGSEGV, &sa, NULL);
	for (int i = 0; i < 20; i++) {
		if (!sigsetjmp(back, 1))
			deeper(0);
		CHECK(depth > 100);
		for (int j = 0; j < 100; j++)
			CHECK(three(j) == 3 * j);
	}
	return 0;
}

int main(void)
{
	const struct place places[] = { { 'r', deeper }, { 'r', three }, { 0, NULL } };

	return judge(again, places, 2000);
}
