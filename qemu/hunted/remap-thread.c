// SPDX-License-Identifier: GPL-2.0-only
// 64 32: A thread maps one probed file over another, and others call what is there.
#include "twins.h"

#define CALLERS	3

static twin_fn fn;
static pthread_barrier_t barrier;
static volatile int bad;

static void *call(void *unused)
{
	for (int i = 0; i < 40; i++) {
		pthread_barrier_wait(&barrier);
		if (!is_twin(fn, i % 2, 4))
			bad = 1;
		pthread_barrier_wait(&barrier);
	}
	return unused;
}

static int remap(void)
{
	pthread_t threads[CALLERS];

	fn = map_twin(0, NULL);
	pthread_barrier_init(&barrier, NULL, CALLERS + 1);
	for (int i = 0; i < CALLERS; i++)
		CHECK(!pthread_create(&threads[i], NULL, call, NULL));
	for (int i = 0; i < 40; i++) {
		CHECK(map_twin(i % 2, fn) == fn);
		pthread_barrier_wait(&barrier);
		pthread_barrier_wait(&barrier);
	}
	for (int i = 0; i < CALLERS; i++)
		pthread_join(threads[i], NULL);
	return bad;
}

int main(void)
{
	return judge_twins(remap, CALLERS * 80, CALLERS * 80);
}
