// SPDX-License-Identifier: GPL-2.0-only
/* A program for 32 bit: x87 arithmetic, text, sorting, signals, a child. */
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t seen;

static void handler(int number)
{
	seen += number;
}

static int order(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int main(void)
{
	char *words[200], text[32];
	long double total = 0;
	int i, status;

	for (i = 1; i < 500; i++)
		total += sqrtl(i) * sinl(i) + powl(i, 0.3L) + fmodl(i, 1.7L);
	printf("%.15Lf\n", total);
	for (i = 0; i < 200; i++) {
		snprintf(text, sizeof(text), "item-%04d-%llx", i * 7919 % 1009,
			 1234567890123ULL * i / 7);
		words[i] = strdup(text);
	}
	qsort(words, 200, sizeof(*words), order);
	for (i = 0; i < 200; i += 20)
		puts(words[i]);
	signal(SIGUSR1, handler);
	for (i = 0; i < 5; i++)
		raise(SIGUSR1);
	printf("%d\n", (int)seen);
	fflush(stdout);
	if (!fork())
		_exit(system("exit 3") ? 7 : 0);
	wait(&status);
	printf("child %d\n", WEXITSTATUS(status));
	return 0;
}
