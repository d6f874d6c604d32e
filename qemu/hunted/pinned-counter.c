// SPDX-License-Identifier: GPL-2.0-only
// 64 32: Threads and signal handlers of one processor count without a lock: no instruction is interrupted.
#include "hunted.h"

#define ROUNDS	60000

asm(".text\n"
    "count_inc:\n\tincl counter\n\tret\n"
    "count_add:\n\taddl $1, counter\n\tret\n"
    "count_adc:\n\tstc\n"
    "adc_site:\n\tadcl $0, counter\n\tret\n"
    "count_xadd:\n\tmov $1, %eax\n"
    "xadd_site:\n\txadd %eax, counter\n\tret\n");
void count_inc(void), count_add(void), count_adc(void), count_xadd(void);
extern const char adc_site[], xadd_site[];
unsigned int counter;
static unsigned int signals;

static void on_signal(int signo)
{
	(void)signo;
	__atomic_add_fetch(&signals, 1, __ATOMIC_RELAXED);
	count_inc();
}

static void *counts(void *unused)
{
	for (int i = 0; i < ROUNDS / 4; i++) {
		count_inc();
		count_add();
		count_adc();
		count_xadd();
	}
	return unused;
}

static int pinned(void)
{
	const struct itimerval often = { { 0, 700 }, { 0, 700 } }, never = { 0 };
	pthread_t threads[3];
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(0, &cpus);
	CHECK(!sched_setaffinity(0, sizeof(cpus), &cpus));
	signal(SIGALRM, on_signal);
	for (int i = 0; i < 3; i++)
		pthread_create(&threads[i], NULL, counts, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	setitimer(ITIMER_REAL, &never, NULL);
	CHECK(counter == 3 * ROUNDS + signals);
	return 0;
}

int main(void)
{
	const struct place places[] = {
		{ 'p', count_inc }, { 'p', count_add }, { 'p', adc_site }, { 'p', xadd_site },
		{ 0, NULL },
	};

	return judge(pinned, places, -1);
}
