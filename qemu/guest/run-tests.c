// SPDX-License-Identifier: GPL-2.0-only
/*
 * The test runner: prints KTAP on standard output.
 *
 * The tests live in the self-test programs, one program for each ABI.  The
 * runner asks each program for its list, then starts one process group for
 * each test, with a deadline, so that a test which hangs or kills itself is one
 * failed test and not the end of the run.  qemu/README.md has the protocol.
 */
#include "debugfs.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "counters.h"

#define TRACEFS		"/sys/kernel/tracing"
#define MAX_TESTS	1000

/* Seconds for one test; the slowest takes about two without KVM. */
#define DEADLINE	20

static const char * const programs[] = {
	"/bin/selftest-64",
	"/bin/selftest-32",
	"/bin/selftest-x32",
};

/* Those that only some kernels are for; asked for by --also=NAME,NAME. */
static const char * const more_programs[] = {
	"/bin/faults",
	"/bin/stress",
	"/bin/hunted",
	"/bin/corpus",
	"/bin/corpus-32",
};

/*
 * Of the first a kernel dies that has its fault, and what would follow needs
 * another boot. One that fails the others has freed what it uses: nothing that
 * follows counts.
 */
static const char * const last[] = {
	"hunted-joined-later",
	"arm-delete-busy",
	"m32-arm-delete-busy",
};

/* What a program that cannot be started at all exits with. */
#define EXIT_NO_START	126

struct test {
	char		name[64];
	char		before[16];
	const char	*program;
};

struct outcome {
	char		words[512];	/* "outcome=WORD hits=N ..." */
	char		skip[128];	/* the reason, or empty */
};

/* One program that is running, and the line being read from it. */
struct job {
	pid_t		pid;
	int		fd;
	char		line[1024];
	size_t		len;
	char		buf[4096];	/* read and not yet looked at */
	size_t		from;
	size_t		to;
};

static struct test tests[MAX_TESTS];
static unsigned int nr_tests;
static long deadline = DEADLINE;
static bool marks;
static const char *limits;	/* patterns of tests that may fail */

/* This function writes one line, at once, so that a crash loses nothing. */
static void emit(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	fflush(stdout);
}

/* This function returns a monotonic time in milliseconds. */
static long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* This function writes a word to a tracefs file; failure does not matter. */
static void trace_write(const char *file, const char *word, int flags)
{
	int fd = open(file, O_WRONLY | O_CLOEXEC | flags);

	if (fd < 0)
		return;
	if (write(fd, word, strlen(word)) < 0)
		errno = 0;
	close(fd);
}

/*
 * Write to the kernel's log which test begins: what it complains of stands
 * behind that, in order.
 */
static void mark_log(const char *name)
{
	char line[sizeof(tests[0].name) + 32];

	snprintf(line, sizeof(line), "<5>uprobekit: test %.63s\n", name);
	trace_write("/dev/kmsg", line, 0);
}

/* Tell whether this kernel can be asked for a probe at all. */
static bool has_probes(void)
{
	return !access(UPROBE_CLIENT "control", F_OK) ||
	       !access(TRACEFS "/uprobe_events", F_OK);
}

/* This function removes the probes that a killed test left behind. */
static void remove_probes(void)
{
	if (!access(UPROBE_CLIENT "control", F_OK)) {
		trace_write(UPROBE_CLIENT "control", "-*", 0);
		return;
	}
	trace_write(TRACEFS "/events/uprobekit/enable", "0", 0);
	trace_write(TRACEFS "/uprobe_events", "", O_TRUNC);
}

/* What a test changes for a while, and may be killed before it puts it back. */
#define RANDOM_FILE	"/proc/sys/kernel/randomize_va_space"
static char random_was[8];

/* Note how addresses are chosen. */
static void keep_random(void)
{
	int fd = open(RANDOM_FILE, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (read(fd, random_was, sizeof(random_was) - 1) < 0)
		random_was[0] = '\0';
	close(fd);
}

/* This function starts a program as the leader of its own process group. */
static bool start(struct job *job, const char *program, const char *option,
		  const char *arg)
{
	int fds[2];

	memset(job, 0, sizeof(*job));
	if (pipe2(fds, O_CLOEXEC))
		return false;
	job->pid = fork();
	if (!job->pid) {
		setpgid(0, 0);
		dup2(fds[1], 1);
		dup2(fds[1], 2);
		execl(program, program, option, arg, NULL);
		dprintf(1, "cannot start %s: %s\n", program, strerror(errno));
		_exit(EXIT_NO_START);
	}
	close(fds[1]);
	job->fd = fds[0];
	if (job->pid < 0)
		close(fds[0]);
	return job->pid > 0;
}

/* This function reads what there is; it returns false at the end of it. */
static bool fill(struct job *job)
{
	ssize_t len;

	do {
		len = read(job->fd, job->buf, sizeof(job->buf));
	} while (len < 0 && errno == EINTR);
	job->from = 0;
	job->to = len > 0 ? len : 0;
	errno = 0;
	return len > 0;
}

/*
 * This function returns the next line of the program's output, NULL at its end
 * or when the time is up (errno is then ETIME).
 */
static const char *next_line(struct job *job, long end)
{
	struct pollfd pfd = { .fd = job->fd, .events = POLLIN };
	static char line[sizeof(job->line)];
	char c;
	long left;

	for (;;) {
		if (job->from == job->to) {
			left = end - now_ms();
			if (left <= 0 || !poll(&pfd, 1, left)) {
				errno = ETIME;
				return NULL;
			}
			if (!fill(job))
				return NULL;
		}
		c = job->buf[job->from++];
		if (c != '\n' && job->len < sizeof(job->line) - 1) {
			job->line[job->len++] = c;
			continue;
		}
		memcpy(line, job->line, job->len);
		line[job->len] = '\0';
		job->len = 0;
		return line;
	}
}

/*
 * This function waits for the program, until the time is up, and then kills
 * what is left of its process group.  It returns the wait status, or -1 if the
 * program had to be killed.  A task that cannot be killed is left to PID 1.
 */
static int finish(struct job *job, long end)
{
	const struct timespec tick = { .tv_nsec = 2 * 1000 * 1000 };
	bool killed = false;
	int status = -1;
	pid_t pid;

	for (;;) {
		pid = waitpid(job->pid, &status, WNOHANG);
		if (pid)
			break;
		if (now_ms() > end) {
			if (killed) {
				emit("#   process %d cannot be killed",
				     job->pid);
				break;
			}
			kill(-job->pid, SIGKILL);
			killed = true;
			end = now_ms() + 2000;
		}
		nanosleep(&tick, NULL);
	}
	kill(-job->pid, SIGKILL);
	close(job->fd);
	return killed ? -1 : status;
}

/* This function adds a test to the table. */
static void add_test(const char *name, const char *before, const char *program)
{
	struct test *test = &tests[nr_tests];

	unsigned int i;

	if (nr_tests == MAX_TESTS)
		return;
	for (i = 0; i < nr_tests; i++) {
		if (!strcmp(tests[i].name, name))
			emit("# uprobekit: two tests called %s", name);
	}
	snprintf(test->name, sizeof(test->name), "%s", name);
	snprintf(test->before, sizeof(test->before), "%s", before);
	test->program = program;
	nr_tests++;
}

/*
 * This function adds the tests of a program.  A program that this machine
 * cannot start is represented by one test with its name, which is skipped, so
 * that nothing goes missing silently.
 */
static void list_program(const char *program)
{
	long end = now_ms() + DEADLINE * 1000;
	char name[64], before[16];
	const char *line;
	struct job job;
	int status;

	if (!start(&job, program, "--list", NULL))
		return;
	while ((line = next_line(&job, end))) {
		if (sscanf(line, "test %63s %15s", name, before) == 2)
			add_test(name, before, program);
	}
	status = finish(&job, end);
	if (status)
		add_test(strrchr(program, '/') + 1, "pass", program);
}

/* Tell whether a line of a file is the name of a test. */
static bool is_listed(const char *name, const char *path)
{
	FILE *f = fopen(path, "re");
	char line[sizeof(tests[0].name)];
	bool listed = false;

	while (f && !listed && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		listed = !strcmp(line, name);
	}
	if (f)
		fclose(f);
	return listed;
}

/*
 * This function returns whether the user asked for this test: by patterns, or
 * by a file with names, for more than a kernel's command line has room for.
 */
static bool is_wanted(const char *name, const char *patterns)
{
	char *copy, *rest, *word;
	bool wanted = false;

	if (!patterns)
		return true;
	if (patterns[0] == '@')
		return is_listed(name, patterns + 1);
	copy = strdup(patterns);
	rest = copy;
	while ((word = strsep(&rest, ",")))
		wanted |= !fnmatch(word, name, 0);
	free(copy);
	return wanted;
}

/* This function keeps only the tests that the user asked for. */
static void select_tests(const char *patterns)
{
	unsigned int from, to = 0;

	for (from = 0; from < nr_tests; from++) {
		if (is_wanted(tests[from].name, patterns))
			tests[to++] = tests[from];
	}
	nr_tests = to;
}

/* Put those at the end after which a kernel may be broken. */
static void sort_tests(void)
{
	unsigned int i, k;

	for (k = 0; k < sizeof(last) / sizeof(last[0]); k++) {
		for (i = 0; i < nr_tests; i++) {
			const struct test test = tests[i];

			if (strcmp(test.name, last[k]))
				continue;
			memmove(&tests[i], &tests[i + 1],
				(nr_tests - i - 1) * sizeof(test));
			tests[nr_tests - 1] = test;
			break;
		}
	}
}

/* This function starts one test and reads what it has to say. */
static void run_test(const struct test *test, struct outcome *out)
{
	long end = now_ms() + deadline * 1000;
	const char *line;
	struct job job;
	bool late;
	int status;

	memset(out, 0, sizeof(*out));
	if (!start(&job, test->program, "--run", test->name)) {
		strcpy(out->words, "outcome=fail hits=0 reason=no-fork");
		return;
	}
	while ((line = next_line(&job, end))) {
		if (!strncmp(line, "outcome=", 8))
			snprintf(out->words, sizeof(out->words), "%s", line);
		else if (!strncmp(line, "skip=", 5))
			snprintf(out->skip, sizeof(out->skip), "%s", line + 5);
		else
			emit("#   %s", line);
	}
	late = errno == ETIME;
	status = finish(&job, end);

	if (late || status == -1)
		strcpy(out->words, "outcome=fail hits=0 reason=deadline");
	else if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_NO_START)
		snprintf(out->skip, sizeof(out->skip),
			 "this kernel does not run %s", test->program);
	else if (status)
		snprintf(out->words, sizeof(out->words),
			 "outcome=fail hits=0 reason=status-%#x", status);
	else if (!out->words[0] && !out->skip[0])
		strcpy(out->words, "outcome=fail hits=0 reason=silent");
}

/* This function runs all tests in order and returns how many did not pass. */
static unsigned int run_all(void)
{
	struct outcome out;
	unsigned int i, failed = 0;
	const char *name;
	long start_ms;
	bool ok;

	for (i = 0; i < nr_tests; i++) {
		name = tests[i].name;
		if (marks)
			mark_log(name);
		start_ms = now_ms();
		run_test(&tests[i], &out);
		if (limits && is_wanted(name, limits) &&
		    !strncmp(out.words, "outcome=fail ", 13))
			strcpy(out.skip, "fails, as on the unmodified kernel");
		if (out.skip[0]) {
			emit("# %s: outcome=skip hits=0", name);
			emit("ok %u %s # SKIP %s", i + 1, name, out.skip);
			continue;
		}
		ok = !strncmp(out.words, "outcome=pass ", 13);
		emit("# %s: %s ms=%ld", name, out.words, now_ms() - start_ms);
		emit("%s %u %s", ok ? "ok" : "not ok", i + 1, name);
		failed += !ok;
		if (!ok) {
			remove_probes();
			trace_write(RANDOM_FILE, random_was, 0);
		}
	}
	return failed;
}

/* This function lists the tests of all programs that the user asked for. */
static void list_programs(const char *also)
{
	const char *name;
	unsigned int i;

	for (i = 0; i < sizeof(programs) / sizeof(programs[0]); i++)
		list_program(programs[i]);
	for (i = 0; i < sizeof(more_programs) / sizeof(more_programs[0]); i++) {
		name = strrchr(more_programs[i], '/') + 1;
		if (also && is_wanted(name, also))
			list_program(more_programs[i]);
	}
}

int main(int argc, char **argv)
{
	const char *patterns = NULL, *also = NULL;
	bool list = false, counters = false;
	unsigned int i;
	long start_ms;

	for (i = 1; i < (unsigned int)argc; i++) {
		if (!strncmp(argv[i], "--tests=", 8))
			patterns = argv[i] + 8;
		else if (!strncmp(argv[i], "--deadline=", 11))
			deadline = atol(argv[i] + 11);
		else if (!strncmp(argv[i], "--also=", 7))
			also = argv[i] + 7;
		else if (!strncmp(argv[i], "--limits=", 9))
			limits = argv[i] + 9;
		else if (!strncmp(argv[i], "--seed=", 7))
			setenv("UPROBEKIT_SEED", argv[i] + 7, 1);
		else if (!strcmp(argv[i], "--list"))
			list = true;
		else if (!strcmp(argv[i], "--counters"))
			counters = true;
		else if (!strcmp(argv[i], "--marks"))
			marks = true;
		else
			emit("# uprobekit: unknown option %s", argv[i]);
	}

	start_ms = now_ms();
	list_programs(also);
	select_tests(patterns);
	sort_tests();

	emit("KTAP version 1");
	if (!list && !has_probes()) {
		emit("1..0 # SKIP this kernel has no probes in programs (CONFIG_UPROBE_EVENTS)");
		emit("# uprobekit: done");
		return 0;
	}
	emit("1..%u", nr_tests);
	for (i = 0; i < nr_tests; i++)
		emit("# plan: %s before=%s", tests[i].name, tests[i].before);
	i = 0;
	if (!list) {
		/*
		 * Arming and removing wait for RCU; half the time is that, and
		 * nearly all where PREEMPT_RT has set rcu_normal.
		 */
		trace_write("/sys/kernel/rcu_normal", "0", 0);
		trace_write("/sys/kernel/rcu_expedited", "1", 0);
		remove_probes();
		keep_random();
		i = run_all();
	}
	if (counters)
		print_counters();
	emit("# uprobekit: %u tests, %u failed, %ld ms", nr_tests, i,
	     now_ms() - start_ms);
	emit("# uprobekit: done");
	return i ? 1 : 0;
}
