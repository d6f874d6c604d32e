// SPDX-License-Identifier: GPL-2.0-only
// 64: Recursion far deeper than returns are kept, over and over: the kernel's log is not filled with it.
#include "hunted.h"

STEPPED(leaf);

static __attribute__((noipa)) long deep(int n)
{
	return n ? deep(n - 1) + 1 : leaf(1);
}

/* Return how many messages of uprobes the log has that were not read yet. */
static int messages(int log)
{
	char line[1024];
	int count = 0;
	ssize_t len;

	while ((len = read(log, line, sizeof(line) - 1)) > 0 || (len < 0 && errno == EPIPE)) {
		line[len > 0 ? len : 0] = '\0';
		count += !!strstr(line, "uprobe");
	}
	return count;
}

static int recurse(void)
{
	for (int i = 0; i < 5; i++)
		CHECK(deep(200) == 203);
	return 0;
}

int main(void)
{
	const struct place places[] = { { 'r', deep }, { 0, NULL } };
	int log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	int verdict, count;

	if (log < 0)
		return say("skip", "this kernel has no /dev/kmsg");
	lseek(log, 0, SEEK_END);
	verdict = judge(recurse, places, -1);
	count = messages(log);
	if (count > 100)
		return say("not ok", "%d messages", count);
	return verdict;
}
