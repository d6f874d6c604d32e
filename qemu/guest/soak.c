// SPDX-License-Identifier: GPL-2.0-only
/*
 * Real programs under probes: run each without a probe, twice, then arm a list
 * of places and run each again.  What a program writes, to its outputs and to
 * files, and how it ends must be the same byte for byte.
 *
 * A place is armed by a perf event on each processor, which counts its hits.
 * /soak/plan has the programs and /soak/sites the places; qemu/README.md has
 * their form.  Nothing is disarmed, the machine is switched off instead.
 * Prints KTAP, see qemu/README.md.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define PMU_TYPE	"/sys/bus/event_source/devices/uprobe/type"
/* format/retprobe, beside it: config:0 */
#define PMU_RETURN	1
#define PLAN		"/soak/plan"
#define SITES		"/soak/sites"
#define PLACE		"/tmp/soak"
#define WORK		PLACE "/work"
/* The round that arms and disarms while programs run, and has no places. */
#define CHURN		"churn"

#define MAX_ARGS	64
#define MAX_ROUNDS	8
/*
 * Places of a group: the first one of it to be switched on puts all events of
 * the processor in again, and each one that joins looks at all others.
 */
#define MAX_PLACES	1024
/* Descriptors beside those of the probes. */
#define SPARE_FDS	256
/* Milliseconds, unless the plan says how many. */
#define CHURN_MS	20000
#define DEADLINE	120
/* How many times a run that goes on hitting probes gets as much time again. */
#define MORE_TIMES	2

struct program {
	char *name;
	char *argv[MAX_ARGS + 1];
	char *input;
	char *rounds[MAX_ROUNDS];
	int nr_args, nr_rounds;
	long deadline;
	/* Milliseconds after which no further run of the round churn begins. */
	long churn_ms;
	/* Who runs it, root unless the plan says so. */
	uid_t user;
	/* How long the second run without a probe takes, and whether it is usable. */
	long plain_ms;
	bool stable;
};

struct site {
	const char *file;
	unsigned long offset;
	char type;
	int err;
	/* Of the event on each processor, -1 for none. */
	int *fds;
	/* What events have counted that are closed. */
	unsigned long counted;
};

struct round {
	const char *name;
	size_t first, nr;
};

/* Events of places, of which the leader switches all on. */
struct group {
	struct site *first;
	size_t nr;
	int cpu, leader;
};

struct counts {
	unsigned long hits, returns;
};

static struct program *programs;
static size_t nr_programs;
static struct site *sites;
static size_t nr_sites;
static struct round rounds[MAX_ROUNDS];
static size_t nr_rounds;
static struct group *groups;
static size_t nr_groups;
static int nr_cpus;
static unsigned int pmu;
static int nr_tests, nr_failed;
/* Groups, on all processors, that were disarmed and armed again. */
static size_t nr_churned;

/* Say what is wrong with the guest itself, and give up. */
static void __attribute__((noreturn, format(printf, 1, 2)))
die(const char *fmt, ...)
{
	va_list ap;

	printf("Bail out! ");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	fflush(stdout);
	exit(1);
}

/* Return @array with room for one element more. */
static void *more(void *array, size_t nr, size_t size)
{
	/* Room for a power of two. */
	if (nr & (nr - 1))
		return array;
	array = realloc(array, (nr ? 2 * nr : 1) * size);
	if (!array)
		die("no memory");
	return array;
}

/* Return the time in milliseconds. */
static long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Read the plan: a word and its value on each line. */
static void read_plan(void)
{
	FILE *f = fopen(PLAN, "re");
	struct program *p = NULL;
	char *line = NULL, *value;
	size_t room = 0;
	ssize_t len;

	if (!f)
		die("%s: %s", PLAN, strerror(errno));
	while ((len = getline(&line, &room, f)) > 0) {
		if (line[len - 1] == '\n')
			line[len - 1] = '\0';
		value = strchr(line, ' ');
		if (!value)
			die("%s: not a word and a value: %s", PLAN, line);
		*value++ = '\0';
		if (!strcmp(line, "program")) {
			programs = more(programs, nr_programs, sizeof(*p));
			p = &programs[nr_programs++];
			memset(p, 0, sizeof(*p));
			p->name = strdup(value);
			p->deadline = DEADLINE;
			p->churn_ms = CHURN_MS;
		} else if (!p) {
			die("%s: no program before: %s", PLAN, line);
		} else if (!strcmp(line, "arg") && p->nr_args < MAX_ARGS) {
			p->argv[p->nr_args++] = strdup(value);
		} else if (!strcmp(line, "round") && p->nr_rounds < MAX_ROUNDS) {
			p->rounds[p->nr_rounds++] = strdup(value);
		} else if (!strcmp(line, "input")) {
			p->input = strdup(value);
		} else if (!strcmp(line, "deadline")) {
			p->deadline = atol(value);
		} else if (!strcmp(line, "user")) {
			p->user = atol(value);
		} else if (!strcmp(line, "churn")) {
			p->churn_ms = atol(value);
		} else {
			die("%s: unknown or too many: %s", PLAN, line);
		}
	}
	free(line);
	fclose(f);
}

/* Read the places: rounds, files with the kind of probe, offsets. */
static void read_sites(void)
{
	FILE *f = fopen(SITES, "re");
	const char *file = NULL;
	char *line = NULL;
	size_t room = 0;
	ssize_t len;
	char type = 0;

	if (!f)
		die("%s: %s", SITES, strerror(errno));
	while ((len = getline(&line, &room, f)) > 0) {
		if (line[len - 1] == '\n')
			line[len - 1] = '\0';
		if (!strncmp(line, "round ", 6)) {
			if (nr_rounds == MAX_ROUNDS)
				die("%s: too many rounds", SITES);
			rounds[nr_rounds].name = strdup(line + 6);
			rounds[nr_rounds].first = nr_sites;
			rounds[nr_rounds++].nr = 0;
			file = NULL;
		} else if (line[1] == ' ' && strchr("pr", line[0])) {
			type = line[0];
			file = strdup(line + 2);
		} else if (!file) {
			die("%s: no file before: %s", SITES, line);
		} else {
			sites = more(sites, nr_sites, sizeof(*sites));
			sites[nr_sites++] = (struct site) {
				.file = file,
				.offset = strtoul(line, NULL, 16),
				.type = type,
			};
			rounds[nr_rounds - 1].nr++;
		}
	}
	free(line);
	fclose(f);
}

/*
 * Map a file as code while it is armed: an unmodified kernel looks at an
 * instruction only where a process has it mapped, and refuses it only then.
 */
static void *map_file(const char *file, size_t *size)
{
	struct stat st;
	void *map;
	int fd = open(file, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st))
		die("%s: %s", file, strerror(errno));
	*size = st.st_size;
	map = mmap(NULL, *size, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
	close(fd);
	if (map == MAP_FAILED)
		die("%s: %s", file, strerror(errno));
	return map;
}

/* Stay on a processor, or on any if it is -1. */
static void pin(int wanted)
{
	cpu_set_t cpus;
	int cpu;

	CPU_ZERO(&cpus);
	for (cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (wanted < 0 || cpu == wanted)
			CPU_SET(cpu, &cpus);
	}
	if (sched_setaffinity(0, sizeof(cpus), &cpus))
		fprintf(stderr, "soak: sched_setaffinity: %m\n");
}

/* Open an event for all processes of a processor. */
static int open_event(struct perf_event_attr *attr, int cpu, int leader)
{
	attr->size = sizeof(*attr);
	return syscall(SYS_perf_event_open, attr, -1, cpu, leader,
		       PERF_FLAG_FD_CLOEXEC);
}

/* Open the event of a group that the others wait for. */
static int open_leader(int cpu)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_DUMMY,
		.disabled = 1,
	};
	int fd = open_event(&attr, cpu, -1);

	if (fd < 0)
		die("perf_event_open: %s", strerror(errno));
	return fd;
}

/* Arm the places of a group.  A place that is refused notes why. */
static void arm_group(struct group *g)
{
	struct site *s;

	for (s = g->first; s < g->first + g->nr; s++) {
		struct perf_event_attr attr = {
			.type = pmu,
			.config = s->type == 'r' ? PMU_RETURN : 0,
			.uprobe_path = (uintptr_t)s->file,
			.probe_offset = s->offset,
		};

		if (s->err)
			continue;
		s->fds[g->cpu] = open_event(&attr, g->cpu, g->leader);
		if (s->fds[g->cpu] < 0)
			s->err = errno;
	}
	if (ioctl(g->leader, PERF_EVENT_IOC_ENABLE, 0))
		die("a group cannot be enabled: %s", strerror(errno));
}

/* Arm some places of a file, on each processor. */
static void arm(struct site *s, size_t nr)
{
	struct group *g;
	int cpu;

	for (cpu = 0; cpu < nr_cpus; cpu++) {
		groups = more(groups, nr_groups, sizeof(*groups));
		g = &groups[nr_groups++];
		*g = (struct group) {
			.first = s,
			.nr = nr,
			.cpu = cpu,
			.leader = open_leader(cpu),
		};
		arm_group(g);
	}
}

/* Arm a round, file by file. */
static void arm_round(const struct round *r)
{
	size_t done = 0, n, size;
	struct site *s;
	void *map;

	while (done < r->nr) {
		s = &sites[r->first + done];
		for (n = 1; done + n < r->nr && s[n].file == s->file; n++)
			;
		map = map_file(s->file, &size);
		fprintf(stderr, "soak: %ld s: arming %zu places of %s\n",
			now_ms() / 1000, n, s->file);
		for (size_t i = 0; i < n; i += MAX_PLACES)
			arm(s + i, n - i < MAX_PLACES ? n - i : MAX_PLACES);
		munmap(map, size);
		done += n;
	}
}

/* Return what an event has counted.  It is asked on its own processor. */
static unsigned long read_event(int fd)
{
	uint64_t nr;

	if (fd < 0)
		return 0;
	if (read(fd, &nr, sizeof(nr)) != sizeof(nr))
		die("an event cannot be read: %s", strerror(errno));
	return nr;
}

/* Add up what the events have counted so far. */
static void count(struct counts *c)
{
	const int own = sched_getcpu();
	struct site *s;
	int cpu;

	memset(c, 0, sizeof(*c));
	for (cpu = 0; cpu < nr_cpus; cpu++) {
		pin(cpu);
		for (s = sites; s < sites + nr_sites; s++) {
			unsigned long nr = read_event(s->fds[cpu]);

			if (!cpu)
				nr += s->counted;
			if (s->type == 'p')
				c->hits += nr;
			else
				c->returns += nr;
		}
	}
	pin(own);
}

/* Disarm a group on one processor. */
static void disarm_group(const struct group *g)
{
	struct site *s;

	if (ioctl(g->leader, PERF_EVENT_IOC_DISABLE, 0))
		die("a group cannot be disabled: %s", strerror(errno));
	for (s = g->first; s < g->first + g->nr; s++) {
		if (s->fds[g->cpu] < 0)
			continue;
		s->counted += read_event(s->fds[g->cpu]);
		close(s->fds[g->cpu]);
		s->fds[g->cpu] = -1;
	}
}

/* Disarm some places on all processors, and arm them again: the next ones. */
static void churn(void)
{
	static size_t next;
	struct group *g = &groups[next];

	for (int cpu = 0; cpu < nr_cpus; cpu++)
		disarm_group(&g[cpu]);
	for (int cpu = 0; cpu < nr_cpus; cpu++)
		arm_group(&g[cpu]);
	next = (next + nr_cpus) % nr_groups;
	nr_churned++;
}

/* Return how many places have an error. */
static size_t count_refused(const struct site *s, size_t nr)
{
	size_t refused = 0;

	while (nr--)
		refused += !!s++->err;
	return refused;
}

/* Remove a file, or a folder with what is in it. */
static void remove_tree(const char *path)
{
	char below[4096];
	struct dirent *d;
	DIR *dir;

	if (!unlink(path) || (errno != EISDIR && errno != EPERM))
		return;
	dir = opendir(path);
	while (dir && (d = readdir(dir))) {
		if (!strcmp(d->d_name, ".") || !strcmp(d->d_name, ".."))
			continue;
		snprintf(below, sizeof(below), "%s/%s", path, d->d_name);
		remove_tree(below);
	}
	if (dir)
		closedir(dir);
	rmdir(path);
}

/*
 * Become the program, with its outputs in files.  The descriptors are shared
 * with the parent at first: copying those of all probes takes longer than most
 * programs.
 */
static void __attribute__((noreturn)) become(const struct program *p)
{
	static char *env[] = {
		"PATH=/usr/bin:/bin", "HOME=" WORK, "TMPDIR=" WORK, "LC_ALL=C",
		"TZ=UTC", "PYTHONHASHSEED=0", "PERL_HASH_SEED=0", NULL
	};
	const struct rlimit usual = { .rlim_cur = 1024, .rlim_max = 4096 };
	sigset_t none;
	int in, out, err;

	if (close_range(3, ~0U, CLOSE_RANGE_UNSHARE) ||
	    setrlimit(RLIMIT_NOFILE, &usual))
		_exit(126);
	in = open(p->input ?: "/dev/null", O_RDONLY);
	out = open(PLACE "/out", O_WRONLY | O_CREAT | O_TRUNC, 0644);
	err = open(PLACE "/err", O_WRONLY | O_CREAT | O_TRUNC, 0644);
	pin(-1);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setpgid(0, 0);
	dup2(in, 0);
	dup2(out, 1);
	dup2(err, 2);
	close_range(3, ~0U, 0);
	if (!syscall(SYS_setgroups, 0, NULL) && !setgid(p->user) &&
	    !setuid(p->user) && !chdir(WORK))
		execve(p->argv[0], p->argv, env);
	fprintf(stderr, "soak: %s: %s\n", p->argv[0], strerror(errno));
	_exit(127);
}

/* Wait for a child, or for the next thing to do. */
static void wait_a_while(long seconds, bool churning)
{
	struct timespec left = { .tv_sec = seconds };
	sigset_t child;

	if (churning) {
		churn();
		return;
	}
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigtimedwait(&child, NULL, &left);
}

/*
 * Say whether probes were hit since @last was counted, and count again.  The
 * time that a program takes is not its own where the host has other work.
 */
static bool goes_on(struct counts *last)
{
	struct counts now;
	bool more;

	count(&now);
	more = now.hits > last->hits || now.returns > last->returns;
	*last = now;
	return more;
}

/*
 * Run a program in an empty folder.  Keep its outputs and the folder in @to.
 * @last is what was counted before, if there are probes.  Return the wait
 * status, -1 if it takes too long.
 */
static int run(const struct program *p, const char *to, long *ms,
	       struct counts *last, bool churning)
{
	const long began = now_ms();
	long left, seconds = p->deadline;
	int more = last ? MORE_TIMES : 0;
	int status = -1;
	char path[256];
	pid_t pid;

	remove_tree(WORK);
	mkdir(WORK, 0755);
	if (chown(WORK, p->user, p->user))
		die("%s: %s", WORK, strerror(errno));
	fflush(stdout);
	pid = syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0);
	if (pid < 0)
		die("fork: %s", strerror(errno));
	if (!pid)
		become(p);
	setpgid(pid, pid);
	while (waitpid(pid, &status, WNOHANG) != pid) {
		status = -1;
		left = seconds - (now_ms() - began) / 1000;
		if (left > 0) {
			wait_a_while(left, churning);
		} else if (more && goes_on(last)) {
			more--;
			seconds += p->deadline;
		} else {
			break;
		}
	}
	*ms = now_ms() - began;
	kill(-pid, SIGKILL);
	/* What it has left behind is init's, unless it is the program. */
	while (waitpid(-pid, NULL, 0) > 0)
		;
	snprintf(path, sizeof(path), PLACE "/%s", to);
	remove_tree(path);
	mkdir(path, 0755);
	snprintf(path, sizeof(path), PLACE "/%s/out", to);
	rename(PLACE "/out", path);
	snprintf(path, sizeof(path), PLACE "/%s/err", to);
	rename(PLACE "/err", path);
	snprintf(path, sizeof(path), PLACE "/%s/work", to);
	rename(WORK, path);
	return status;
}

/* Show the line of a file in which byte @at is. */
static void show_line(const char *what, const char *data, size_t size, size_t at)
{
	size_t i, first = at;

	while (first && data[first - 1] != '\n' && at - first < 60)
		first--;
	printf("#   %s: ", what);
	for (i = first; i < size && data[i] != '\n' && i < first + 120; i++)
		putchar(data[i] >= ' ' && data[i] < 127 ? data[i] : '.');
	printf("\n");
}

/* Read a file. */
static char *load(const char *path, size_t *size)
{
	struct stat st;
	char *data;
	FILE *f = fopen(path, "re");

	*size = 0;
	if (!f || fstat(fileno(f), &st))
		die("%s: %s", path, strerror(errno));
	data = malloc(st.st_size + 1);
	if (!data)
		die("no memory for %s", path);
	*size = fread(data, 1, st.st_size, f);
	fclose(f);
	return data;
}

/* Compare the bytes of two files. */
static bool same_file(const char *path, const char *other)
{
	size_t size, other_size, at = 0, least;
	char *a = load(path, &size), *b = load(other, &other_size);
	bool same = size == other_size && !memcmp(a, b, size);

	if (!same) {
		least = size < other_size ? size : other_size;
		while (at < least && a[at] == b[at])
			at++;
		printf("#   %s: byte %zu differs; %zu bytes, without probes %zu\n",
		       path + strlen(PLACE) + 1, at, size, other_size);
		show_line("with probes   ", a, size, at);
		show_line("without probes", b, other_size, at);
	}
	free(a);
	free(b);
	return same;
}

static bool same_tree(const char *path, const char *other);

/* Compare what has the same name in two folders. */
static bool same_node(const char *path, const char *other)
{
	char target[256] = "", other_target[256] = "";
	struct stat a, b;

	if (lstat(path, &a) || lstat(other, &b) || a.st_mode != b.st_mode) {
		printf("#   %s: on one side only, or of another kind\n",
		       path + strlen(PLACE) + 1);
		return false;
	}
	if (S_ISDIR(a.st_mode))
		return same_tree(path, other);
	if (S_ISREG(a.st_mode))
		return same_file(path, other);
	if (S_ISLNK(a.st_mode) &&
	    (readlink(path, target, sizeof(target) - 1) < 0 ||
	     readlink(other, other_target, sizeof(other_target) - 1) < 0 ||
	     strcmp(target, other_target)))
		return false;
	return true;
}

/* Compare two folders: names, kinds, modes, and the bytes of files. */
static bool same_tree(const char *path, const char *other)
{
	struct dirent **a, **b;
	char below[2048], other_below[2048];
	int i, n = scandir(path, &a, NULL, alphasort);
	int m = scandir(other, &b, NULL, alphasort);
	bool same = n == m && n >= 0;

	for (i = 0; same && i < n; i++) {
		same = !strcmp(a[i]->d_name, b[i]->d_name);
		if (!same || !strcmp(a[i]->d_name, ".") ||
		    !strcmp(a[i]->d_name, ".."))
			continue;
		snprintf(below, sizeof(below), "%s/%s", path, a[i]->d_name);
		snprintf(other_below, sizeof(other_below), "%s/%s", other,
			 a[i]->d_name);
		if (!same_node(below, other_below))
			return false;
	}
	if (!same)
		printf("#   %s: other files than without probes: %d and %d\n",
		       path + strlen(PLACE) + 1, n, m);
	return same;
}

/* Return a wait status as a word. */
static const char *say_status(int status)
{
	static char text[32];

	if (status == -1)
		return "deadline";
	if (WIFSIGNALED(status))
		snprintf(text, sizeof(text), "signal-%d", WTERMSIG(status));
	else
		snprintf(text, sizeof(text), "exit-%d", WEXITSTATUS(status));
	return text;
}

/* Show how a run's standard error ends. */
static void show_end(const char *run)
{
	char path[256], *data, *line;
	size_t size;

	snprintf(path, sizeof(path), PLACE "/%s/err", run);
	data = load(path, &size);
	data[size] = '\0';
	for (line = data; size > 400 && line < data + size - 400; line++)
		;
	for (line = strtok(line, "\n"); line; line = strtok(NULL, "\n"))
		printf("#   stderr: %.100s\n", line);
	free(data);
}

/* Print the result of a test. */
static void __attribute__((format(printf, 4, 5)))
result(const char *name, const char *round, const char *outcome,
       const char *fmt, ...)
{
	const bool good = !strcmp(outcome, "pass");
	char full[256];
	va_list ap;

	snprintf(full, sizeof(full), "%s-%s", name, round);
	printf("# %s: outcome=%s ", full, outcome);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n%sok %d %s\n", good ? "" : "not ", ++nr_tests, full);
	nr_failed += !good;
	fflush(stdout);
}

/* Run a program twice without a probe: a program that differs shows nothing. */
static void run_plain(struct program *p)
{
	char plain[128], again[128];
	int first, second;
	long ms;

	fprintf(stderr, "soak: %s, no probes\n", p->name);
	snprintf(plain, sizeof(plain), "%s-plain", p->name);
	snprintf(again, sizeof(again), "%s-again", p->name);
	first = run(p, plain, &ms, NULL, false);
	second = run(p, again, &p->plain_ms, NULL, false);
	snprintf(plain, sizeof(plain), PLACE "/%s-plain", p->name);
	snprintf(again, sizeof(again), PLACE "/%s-again", p->name);
	p->stable = !first && !second && same_tree(again, plain);
	if (!p->stable) {
		printf("#   %s ends with %s", p->name, say_status(first));
		printf(" and %s without probes\n", say_status(second));
		snprintf(again, sizeof(again), "%s-again", p->name);
		show_end(again);
	}
	snprintf(again, sizeof(again), PLACE "/%s-again", p->name);
	remove_tree(again);
}

/* Compare a run with the one without probes.  Return what became of it. */
static const char *judge(const struct program *p, const char *name, int status)
{
	char path[256], plain[256];
	bool same;

	snprintf(path, sizeof(path), PLACE "/%s", name);
	snprintf(plain, sizeof(plain), PLACE "/%s-plain", p->name);
	if (status)
		show_end(name);
	same = same_tree(path, plain);
	remove_tree(path);
	if (status == -1)
		return "deadline";
	if (status)
		return WIFSIGNALED(status) ? "died" : "status";
	return same ? "pass" : "differs";
}

/*
 * Run a program under what is armed, and compare.  In the round that disarms
 * and arms meanwhile it runs until all places have been through that, or too
 * long.
 */
static void run_probed(const struct program *p, const char *round)
{
	const bool churning = !strcmp(round, CHURN);
	const size_t refused = count_refused(sites, nr_sites);
	const size_t enough = nr_churned + nr_groups / nr_cpus;
	const long began = now_ms();
	struct counts before, after, last;
	const char *outcome;
	char name[128];
	int status, runs = 0;
	long ms;

	if (!p->stable) {
		result(p->name, round, "unstable", "hits=0");
		return;
	}
	fprintf(stderr, "soak: %s, %s\n", p->name, round);
	snprintf(name, sizeof(name), "%s-probed", p->name);
	count(&before);
	last = before;
	do {
		status = run(p, name, &ms, &last, churning);
		outcome = judge(p, name, status);
		runs++;
	} while (churning && !strcmp(outcome, "pass") && nr_churned < enough &&
		 now_ms() - began < p->churn_ms);
	count(&after);
	if (count_refused(sites, nr_sites) != refused) {
		printf("#   a place could not be armed again\n");
		outcome = "churn";
	}
	result(p->name, round, outcome,
	       "hits=%lu returns=%lu ms=%ld plain=%ld runs=%d churned=%zu status=%s",
	       after.hits - before.hits, after.returns - before.returns, ms,
	       p->plain_ms, runs, nr_churned, say_status(status));
}

/* Say which places of a round were refused, a few on a line. */
static size_t say_refused(const struct round *r)
{
	const struct site *s, *last = NULL;
	size_t refused = 0, on_line = 0;

	for (s = sites + r->first; s < sites + r->first + r->nr; s++) {
		if (!s->err)
			continue;
		refused++;
		if (!last || last->file != s->file || last->err != s->err ||
		    on_line == 16) {
			printf("%s#   refused %s %d", last ? "\n" : "", s->file,
			       s->err);
			on_line = 0;
		}
		printf(" %lx", s->offset);
		on_line++;
		last = s;
	}
	if (last)
		printf("\n");
	return refused;
}

/* Arm a round and run its programs. */
static void run_round(const struct round *r)
{
	const long began = now_ms();
	size_t refused;

	arm_round(r);
	refused = say_refused(r);
	result("arm", r->name, "pass",
	       "hits=0 sites=%zu refused=%zu ms=%ld", r->nr - refused,
	       refused, now_ms() - began);
	for (size_t i = 0; i < nr_programs; i++) {
		for (int k = 0; k < programs[i].nr_rounds; k++) {
			if (!strcmp(programs[i].rounds[k], r->name))
				run_probed(&programs[i], r->name);
		}
	}
}

/* Print how many results there will be. */
static void announce(void)
{
	size_t planned = nr_rounds;
	struct program *p;

	for (p = programs; p < programs + nr_programs; p++) {
		planned += p->nr_rounds;
		for (int k = 0; k < p->nr_rounds; k++) {
			size_t i;

			for (i = 0; i < nr_rounds; i++) {
				if (!strcmp(p->rounds[k], rounds[i].name))
					break;
			}
			if (i == nr_rounds)
				die("%s: no round %s", p->name, p->rounds[k]);
		}
	}
	printf("KTAP version 1\n1..%zu\n", planned);
	fflush(stdout);
}

/* Find out how to ask for a probe. */
static void read_pmu(void)
{
	FILE *f = fopen(PMU_TYPE, "re");

	if (!f || fscanf(f, "%u", &pmu) != 1)
		die("%s: %s", PMU_TYPE, strerror(errno));
	fclose(f);
}

/* Make room for a descriptor of each place on each processor. */
static void make_room(void)
{
	struct rlimit limit;
	int *fds;

	nr_cpus = sysconf(_SC_NPROCESSORS_ONLN);
	fds = malloc((nr_sites * nr_cpus + 1) * sizeof(*fds));
	if (!fds)
		die("no memory");
	memset(fds, -1, nr_sites * nr_cpus * sizeof(*fds));
	for (size_t i = 0; i < nr_sites; i++)
		sites[i].fds = fds + i * nr_cpus;
	limit.rlim_cur = nr_sites * nr_cpus * 2 + SPARE_FDS;
	limit.rlim_max = limit.rlim_cur;
	if (setrlimit(RLIMIT_NOFILE, &limit))
		die("setrlimit: %s", strerror(errno));
}

/* Prepare the machine. */
static void set_up(void)
{
	int fd = open("/sys/kernel/rcu_expedited", O_WRONLY | O_CLOEXEC);

	if (fd >= 0) {
		if (write(fd, "1\n", 2) != 2)
			fprintf(stderr, "soak: rcu_expedited: %m\n");
		close(fd);
	}
	mkdir(PLACE, 0755);
	mkdir("/dev/shm", 0777);
	if (chmod("/dev/shm", 01777))
		fprintf(stderr, "soak: /dev/shm: %m\n");
}

/*
 * Switch the machine off.  Exiting would close the events, each of which waits
 * until nobody can be in a handler any more.
 */
static void switch_off(void)
{
	fflush(stdout);
	tcdrain(STDOUT_FILENO);
	if (reboot(RB_POWER_OFF))
		fprintf(stderr, "soak: reboot: %m\n");
}

int main(void)
{
	sigset_t child;

	/*
	 * Arming changes our own mappings, and each change would have to be
	 * told to every processor that we were on.
	 */
	pin(sched_getcpu());
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	read_plan();
	read_sites();
	announce();
	read_pmu();
	make_room();
	set_up();
	for (size_t i = 0; i < nr_programs; i++)
		run_plain(&programs[i]);
	for (size_t i = 0; i < nr_rounds; i++)
		run_round(&rounds[i]);
	printf("# uprobekit: %d tests, %d failed\n", nr_tests, nr_failed);
	printf("# uprobekit: done\n");
	switch_off();
	return 0;
}
