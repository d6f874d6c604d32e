// SPDX-License-Identifier: GPL-2.0-only
// 64: Entry and return probes come and go while threads are inside the functions, deep and forking.
#include "hunted.h"

STEPPED(leaf);

static __attribute__((noipa)) long nest(long n)
{
	long ret = n ? nest(n - 1) : leaf(1);

	return ret + 1;
}

static void *work(void *unused)
{
	while (!noted->flag[0]) {
		if (nest(20) != 24)
			_exit(1);
		noted->flag[1]++;
		if (noted->flag[1] % 16 == 0) {
			pid_t pid = fork();
			int status;

			if (!pid)
				_exit(nest(5) != 9);
			waitpid(pid, &status, 0);
			if (status)
				_exit(2);
		}
	}
	return unused;
}

static int threads(void)
{
	pthread_t t[4];

	for (int i = 0; i < 4; i++)
		pthread_create(&t[i], NULL, work, NULL);
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	return 0;
}

int main(void)
{
	int status;
	pid_t pid;

	begin();
	pid = fork();
	if (!pid)
		_exit(threads());
	define('r', "nr", SELF, file_offset(nest), NULL);
	define('p', "ne", SELF, file_offset(nest), NULL);
	define('r', "lr", SELF, file_offset(leaf), NULL);
	define('p', "le", SELF, file_offset(leaf), NULL);
	for (int i = 0; i < 5; i++) {
		enable("nr", 1);
		enable("le", 1);
		nap(7);
		enable("lr", 1);
		enable("ne", 1);
		enable("nr", 0);
		nap(7);
		enable("le", 0);
		enable("lr", 0);
		enable("ne", 0);
	}
	noted->flag[0] = 1;
	waitpid(pid, &status, 0);
	if (status)
		return say("not ok", "status %#x after %d calls", status, noted->flag[1]);
	return say("ok", "%s", hits(NULL) > 50 ? "many hits" : "few hits");
}
