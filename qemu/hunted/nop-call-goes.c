// SPDX-License-Identifier: GPL-2.0-only
// 64 32: The probe of a NOP of five bytes comes and goes while four threads and a forked child run through it.
#include "marker.h"

MARKED(marked);

static void *work(void *unused)
{
	while (!noted->flag[0])
		if (!is_right(marked, 50))
			_exit(1);
	return unused;
}

static int all(void)
{
	pthread_t threads[4];
	int status = -1;
	pid_t pid;

	CHECK(is_right(marked, 2));
	noted->flag[0] = 0;
	for (int i = 0; i < 4; i++)
		CHECK(!pthread_create(&threads[i], NULL, work, NULL));
	pid = fork();
	if (!pid) {
		work(NULL);
		_exit(0);
	}
	for (int i = 0; i < 30; i++) {
		enable("e0", 0);
		if (i % 3 == 0)
			CHECK(first_byte(marked) == NOP_FIRST);
		enable("e0", 1);
		nap(i % 5);
	}
	noted->flag[0] = 1;
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	CHECK(waitpid(pid, &status, 0) == pid && !status);
	enable("e0", 0);
	CHECK(!memcmp((const void *)marked, "\x0f\x1f\x44\x00\x00", 5));
	return 0;
}

int main(void)
{
	const struct place places[] = { { 'p', marked }, { 0, NULL } };

	return judge(all, places, -1);
}
