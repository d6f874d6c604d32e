// SPDX-License-Identifier: GPL-2.0-only
// 64 32: An event of two probes is deleted while it is enabled: it is busy, and both of them stay.
#include "hunted.h"

/* A file of its own: what is freed there while it is in use is met by nobody else. */
#define COPY	"/tmp/pair"

STEPPED(stepped);
EMULATED(emulated);

static int copy_self(void)
{
	char buf[PAGE];
	int from = open(SELF, O_RDONLY | O_CLOEXEC);
	int to = open(COPY, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
	ssize_t n;

	while ((n = read(from, buf, sizeof(buf))) > 0) {
		if (write(to, buf, n) != n)
			return -1;
	}
	close(from);
	close(to);
	return n;
}

/* How many probes of the event are defined. */
static int count(void)
{
	FILE *file = fopen(TRACE "uprobe_events", "re");
	char line[512];
	int n = 0;

	while (file && fgets(line, sizeof(line), file))
		n += !!strstr(line, "hunted/pair ");
	if (file)
		fclose(file);
	return n;
}

int main(int argc, char **argv)
{
	int err, status;
	pid_t pid;

	if (argc > 1)
		return stepped(5) != 15 || emulated(7) != 21;
	begin();
	if (copy_self())
		return say("skip", "no copy of the program: %d", errno);
	if (define('p', "pair", COPY, file_offset(stepped), NULL) ||
	    define('p', "pair", COPY, file_offset(emulated), NULL) ||
	    enable("pair", 1))
		return say("skip", "cannot define two probes of one event");
	err = put(TRACE "uprobe_events", "-:hunted/pair\n");
	if (count() != 2)
		return say("not ok", "%d of 2 probes are left of an enabled event, errno %d", count(), err);
	if (err != EBUSY)
		return say("not ok", "errno %d for an event that is enabled", err);
	pid = fork();
	if (!pid) {
		execl(COPY, COPY, "run", NULL);
		_exit(127);
	}
	waitpid(pid, &status, 0);
	if (status || hits("pair") != 2)
		return say("not ok", "%#x, %ld hits", status, hits("pair"));
	disarm("pair");
	return say(count() ? "not ok" : "ok", "%d probes are left of a disabled event", count());
}
