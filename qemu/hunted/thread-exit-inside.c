// SPDX-License-Identifier: GPL-2.0-only
// 64: Threads that end within a function whose return is probed, by pthread_exit() and by the system call.
#include "hunted.h"

STEPPED(stepped);

static __attribute__((noipa)) void *leaves(void *how)
{
	stepped(1);
	if (how)
		syscall(SYS_exit, 0);
	pthread_exit(how);
	return how;
}

static void *start(void *how)
{
	return leaves(how);
}

static int threads(void)
{
	pthread_t t;

	for (int i = 0; i < 40; i++) {
		CHECK(!pthread_create(&t, NULL, start, i & 1 ? noted : NULL));
		CHECK(!pthread_join(t, NULL));
		CHECK(stepped(i) == 3 * i);
	}
	return 0;
}

int main(void)
{
	const struct place places[] = { { 'r', leaves }, { 'r', stepped }, { 0, NULL } };

	return judge(threads, places, 80);
}
