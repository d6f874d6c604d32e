// SPDX-License-Identifier: GPL-2.0-only
// 64 32: Another process arms and removes probes of a NOP of five bytes that a program has hit: a second one, then one, then both.
#include "marker.h"

#define TIMES	4

MARKED(marked);
__attribute__((section(".data.sema"))) volatile unsigned short sema;

/* What the kernel says of code in which it puts no breakpoint */
static int refusals(int log)
{
	char line[1024];
	int count = 0;
	ssize_t got;

	while ((got = read(log, line, sizeof(line) - 1)) > 0 || errno == EPIPE) {
		line[got > 0 ? got : 0] = 0;
		count += strstr(line, "differs from inode") != NULL;
	}
	return count;
}

/* A program of its own, with nothing that the one that arms has: hit when it is asked to. */
static int program(void)
{
	for (int turn = 1; ; turn++) {
		while (noted->flag[0] < turn)
			usleep(1000);
		if (noted->flag[2])
			return 0;
		if (!is_right(marked, TIMES))
			return 1;
		noted->flag[3] = !memcmp((const void *)marked, "\x0f\x1f\x44\x00\x00", 5);
		noted->flag[4] = sema;
		noted->flag[1] = turn;
	}
}

/* Have the other program hit it; false if it does not come back. */
static bool hit(pid_t pid)
{
	int turn = ++noted->flag[0];

	while (noted->flag[1] < turn) {
		if (waitpid(pid, NULL, WNOHANG))
			return false;
		usleep(1000);
	}
	return true;
}

static int arm_and_remove(pid_t pid)
{
	CHECK(hit(pid));
	for (int i = 0; i < 5; i++) {
		CHECK(!enable("one", 1) && hit(pid) && noted->flag[4] == 1);
		CHECK(!enable("two", 1));
		/* With hits in between, and without */
		CHECK(i % 2 || (hit(pid) && noted->flag[4] == 1));
		CHECK(!enable("one", 0));
		CHECK(i % 3 || (hit(pid) && noted->flag[4] == 1));
		CHECK(!enable("two", 0) && hit(pid));
		CHECK(noted->flag[3] && noted->flag[4] == 0);
	}
	return 0;
}

int main(void)
{
	const long want = TIMES * (5 + 2 * 3 + 2);
	int log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	int wrong, refused, status;
	char tail[64];
	pid_t pid;
	long got;

	begin();
	lseek(log, 0, SEEK_END);
	snprintf(tail, sizeof(tail), "(0x%lx)", data_offset(&sema));
	if (define('p', "one", SELF, file_offset(marked), tail) ||
	    define('p', "two", SELF, file_offset(marked), tail))
		return say("not ok", "cannot define");
	pid = fork();
	if (!pid) {
		alarm(50);
		_exit(program());
	}
	empty_trace();
	wrong = arm_and_remove(pid);
	got = recorded();
	noted->flag[2] = 1;
	noted->flag[0]++;
	waitpid(pid, &status, 0);
	refused = refusals(log);
	if (refused)
		return say("not ok", "the kernel takes code for changed, %d times", refused);
	if (wrong)
		return say("not ok", "see above; %ld hits", got);
	if (got != want)
		return say("not ok", "%ld hits, not %ld", got, want);
	return say("ok", "%ld hits", got);
}
