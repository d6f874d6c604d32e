// SPDX-License-Identifier: GPL-2.0-only
/*
 * Run the programs of /hunted, one after the other, and say what became of
 * each: its last word, its fate, and whether the kernel has complained.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SECONDS		60
#define TRACE		"/sys/kernel/tracing/"

static void put(const char *path, const char *text, int flags)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC | flags);

	if (fd >= 0 && write(fd, text, strlen(text)) < 0)
		errno = 0;
	close(fd);
}

static long tainted(void)
{
	char text[32] = "";
	int fd = open("/proc/sys/kernel/tainted", O_RDONLY | O_CLOEXEC);

	if (fd >= 0 && read(fd, text, sizeof(text) - 1) < 0)
		text[0] = '\0';
	close(fd);
	return atol(text);
}

static long now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* Read until the end, or until the time is up; keep the last verdict. */
static int follow(int fd, char *verdict, size_t size, long end)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	char line[512];
	size_t used = 0;
	char c;

	for (;;) {
		if (now() > end)
			return 0;
		if (poll(&pfd, 1, 200) <= 0)
			continue;
		if (read(fd, &c, 1) != 1)
			return 1;
		if (c != '\n' && used < sizeof(line) - 1) {
			line[used++] = c;
			continue;
		}
		line[used] = '\0';
		used = 0;
		if (!strncmp(line, "ok - ", 5) || !strncmp(line, "not ok - ", 9) ||
		    !strncmp(line, "skip - ", 7))
			snprintf(verdict, size, "%s", line);
		else
			printf("#   %s\n", line);
	}
}

static void run(int number, const char *name)
{
	char path[300], verdict[512] = "not ok - it said nothing";
	long end = now() + SECONDS * 1000, taint = tainted();
	int fds[2], status = -1, in_time;
	const char *what;
	pid_t pid;

	snprintf(path, sizeof(path), "/hunted/%s", name);
	if (pipe2(fds, O_CLOEXEC))
		return;
	pid = fork();
	if (!pid) {
		setpgid(0, 0);
		dup2(fds[1], 1);
		dup2(fds[1], 2);
		execl(path, path, NULL);
		_exit(127);
	}
	close(fds[1]);
	in_time = follow(fds[0], verdict, sizeof(verdict), end);
	kill(-pid, SIGKILL);
	end = now() + 5000;
	while (waitpid(pid, &status, WNOHANG) != pid && now() < end)
		usleep(10000);
	close(fds[0]);

	what = strstr(verdict, " - ") + 3;
	put(TRACE "events/hunted/enable", "0", 0);
	put(TRACE "uprobe_events", "", O_TRUNC);
	if (tainted() != taint)
		printf("not ok %d %s - the kernel has complained\n", number, name);
	else if (!in_time)
		printf("not ok %d %s - not in %d s (%s)\n", number, name, SECONDS, what);
	else if (WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL)
		printf("not ok %d %s - signal %d (%s)\n", number, name,
		       WTERMSIG(status), what);
	else if (strstr(verdict, "said nothing"))
		printf("not ok %d %s - it said nothing (status %#x)\n", number, name,
		       status);
	else if (!strncmp(verdict, "skip", 4))
		printf("ok %d %s # SKIP %s\n", number, name, what);
	else
		printf("%s %d %s - %s\n", verdict[0] == 'o' ? "ok" : "not ok", number,
		       name, what);
}

/* Patterns stand side by side, with commas between them. */
static int is_wanted(const char *name, const char *patterns)
{
	char *copy = strdup(patterns), *rest = copy, *word;
	int wanted = 0;

	while ((word = strsep(&rest, ",")))
		wanted |= !fnmatch(word, name, 0);
	free(copy);
	return wanted;
}

int main(int argc, char **argv)
{
	const char *patterns = "*";
	struct dirent **entries;
	int count, i, number = 0;

	for (i = 1; i < argc; i++) {
		if (!strncmp(argv[i], "--tests=", 8))
			patterns = argv[i] + 8;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	put("/sys/kernel/rcu_expedited", "1", 0);
	count = scandir("/hunted", &entries, NULL, alphasort);
	printf("KTAP version 1\n");
	for (i = 0; i < count; i++) {
		if (entries[i]->d_name[0] != '.' &&
		    is_wanted(entries[i]->d_name, patterns))
			run(++number, entries[i]->d_name);
	}
	printf("1..%d\n# uprobekit: done\n", number);
	return 0;
}
