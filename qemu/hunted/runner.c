// SPDX-License-Identifier: GPL-2.0-only
/*
 * The programs of /hunted as tests of bin/run-tests: --list names them, --run
 * starts one and says its last word, its fate, and whether the kernel has
 * complained.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define FOLDER	"/hunted"
#define TRACE	"/sys/kernel/tracing/"
#define ABI	"m32-"

static void put(const char *path, const char *text, int flags)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC | flags);

	if (fd >= 0 && write(fd, text, strlen(text)) < 0)
		errno = 0;
	close(fd);
}

/* Remove what a program has left that did not come to its end. */
static void clean(void)
{
	put(TRACE "events/hunted/enable", "0", 0);
	put(TRACE "uprobe_events", "", O_TRUNC);
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

/* Return where a program is: of test m32-hunted-NAME in /hunted/m32-NAME. */
static void find(const char *test, char *path, size_t size)
{
	int is_32 = !strncmp(test, ABI, strlen(ABI));
	const char *name = strstr(test, "hunted-");

	snprintf(path, size, FOLDER "/%s%s", is_32 ? ABI : "",
		 name ? name + strlen("hunted-") : test);
}

static pid_t start(const char *path, int fds[2])
{
	pid_t pid = fork();

	if (pid)
		return pid;
	dup2(fds[1], 1);
	dup2(fds[1], 2);
	execl(path, path, NULL);
	if (errno == ENOEXEC)
		dprintf(1, "skip - this kernel does not run it\n");
	_exit(127);
}

/* Pass on what a program says, but for its verdict, of which the last counts. */
static void follow(int fd, char *verdict, size_t size)
{
	FILE *file = fdopen(fd, "r");
	char line[512];

	while (file && fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		if (!strncmp(line, "ok - ", 5) || !strncmp(line, "not ok - ", 9) ||
		    !strncmp(line, "skip - ", 7))
			snprintf(verdict, size, "%s", line);
		else
			printf("%s\n", line);
	}
}

static int run(const char *test)
{
	char path[300], verdict[512] = "not ok - it said nothing";
	int fds[2], status = -1;
	const char *what;
	bool good;
	long taint;
	pid_t pid;

	clean();
	taint = tainted();
	find(test, path, sizeof(path));
	if (pipe2(fds, O_CLOEXEC))
		return 1;
	pid = start(path, fds);
	close(fds[1]);
	follow(fds[0], verdict, sizeof(verdict));
	waitpid(pid, &status, 0);
	clean();

	what = strstr(verdict, " - ") + 3;
	if (verdict[0] == 's') {
		printf("skip=%s\n", what);
		return 0;
	}
	good = verdict[0] == 'o';
	printf("%s\n", what);
	if (tainted() != taint) {
		good = false;
		printf("the kernel has complained\n");
	}
	if (WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL)
		good = false;
	if (!good)
		printf("ended with status %#x\n", status);
	printf("outcome=%s hits=0\n", good ? "pass" : "fail");
	return 0;
}

int main(int argc, char **argv)
{
	struct dirent **entries;
	int count, i;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc == 3 && !strcmp(argv[1], "--run"))
		return run(argv[2]);
	count = scandir(FOLDER, &entries, NULL, alphasort);
	for (i = 0; i < count; i++) {
		const char *name = entries[i]->d_name;
		int is_32 = !strncmp(name, ABI, strlen(ABI));

		if (name[0] != '.')
			printf("test %shunted-%s pass\n", is_32 ? ABI : "",
			       name + (is_32 ? strlen(ABI) : 0));
	}
	return count < 0;
}
