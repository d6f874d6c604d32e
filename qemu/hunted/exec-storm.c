// SPDX-License-Identifier: GPL-2.0-only
// 64 32: Threads step and return while one of them executes the program again, many times over.
#include "storm.h"

static char *self;

static int storm(void)
{
	execl(SELF, self, "6", NULL);
	return 1;
}

int main(int argc, char **argv)
{
	const struct place places[] = NESTED;
	pthread_t thread;
	char left[16];

	self = argv[0];
	if (argc < 2)
		return judge(storm, places, -1);
	if (!atoi(argv[1]))
		return 0;
	for (int i = 0; i < 4; i++)
		pthread_create(&thread, NULL, work, NULL);
	nap(5);
	snprintf(left, sizeof(left), "%d", atoi(argv[1]) - 1);
	nest(3);
	execl(SELF, argv[0], left, NULL);
	return 1;
}
