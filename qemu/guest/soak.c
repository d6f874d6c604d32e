// SPDX-License-Identifier: GPL-2.0-only
/*
 * Real programs under probes: run each without a probe, twice, then arm a list
 * of places and run each again.  What a program writes, to its outputs and to
 * files, and how it ends must be the same byte for byte.
 *
 * /soak/plan has the programs and /soak/sites the places; qemu/README.md has
 * their form.  Nothing is disarmed, the machine is switched off instead.
 * Prints KTAP, see qemu/README.md.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define TRACEFS		"/sys/kernel/tracing/"
#define GROUP		"soak"
/* Returns are recorded in a buffer of their own, which counts them. */
#define INSTANCE	"instances/" GROUP "/"
#define PLAN		"/soak/plan"
#define SITES		"/soak/sites"
#define PLACE		"/tmp/soak"
#define WORK		PLACE "/work"
/* The round that arms and disarms while programs run, and has no places. */
#define CHURN		"churn"

#define MAX_ARGS	64
#define MAX_ROUNDS	8
/* Places of an event: it is armed as a whole, and refused as a whole. */
#define MAX_PLACES	512
/* The kernel takes so much of what is written to uprobe_events at a time. */
#define MAX_TEXT	4096
#define DEADLINE	120

struct program {
	char *name;
	char *argv[MAX_ARGS + 1];
	char *input;
	char *rounds[MAX_ROUNDS];
	int nr_args, nr_rounds;
	long deadline;
	/* How long the second run without a probe takes, and whether it is usable. */
	long plain_ms;
	bool stable;
};

struct site {
	const char *file;
	unsigned long offset;
	char type;
	int err;
};

struct round {
	const char *name;
	size_t first, nr;
};

struct event {
	char name[16];
	size_t nr;
	char type;
};

struct counts {
	unsigned long hits, hijacks, returns;
};

static struct program *programs;
static size_t nr_programs;
static struct site *sites;
static size_t nr_sites;
static struct round rounds[MAX_ROUNDS];
static size_t nr_rounds;
static struct event *events;
static size_t nr_events;
static int nr_tests, nr_failed;
/* What defining and arming have taken. */
static long define_ms, enable_ms;

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

/* Write to a file of tracefs.  Return 0 or the errno. */
static int trace_write(const char *file, const char *text, size_t len)
{
	char path[256];
	int fd, err = 0;
	ssize_t written;

	snprintf(path, sizeof(path), TRACEFS "%s", file);
	/* Without O_APPEND the kernel removes all probes at open. */
	fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	if (fd < 0)
		return errno;
	written = write(fd, text, len);
	if (written != (ssize_t)len)
		err = written < 0 ? errno : EIO;
	close(fd);
	return err;
}

/* Write a text to a file of tracefs. */
static int trace_set(const char *file, const char *text)
{
	return trace_write(file, text, strlen(text));
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

/* Define a place of an event by a write of its own. */
static void define_one(const char *event, struct site *s)
{
	char text[MAX_TEXT];

	snprintf(text, sizeof(text), "%c:" GROUP "/%s %s:0x%lx\n", s->type, event,
		 s->file, s->offset);
	s->err = trace_set("uprobe_events", text);
	/* Defined by a write that failed at a later line. */
	if (s->err == EEXIST)
		s->err = 0;
}

/* Define an event of many places.  Note which of them cannot be defined. */
static size_t define(const char *event, struct site *s, size_t nr)
{
	char text[MAX_TEXT];
	size_t i, k, len, first = 0, good = 0;

	for (i = 0, len = 0; i < nr; i++) {
		len += snprintf(text + len, sizeof(text) - len,
				"%c:" GROUP "/%s %s:0x%lx\n", s[i].type, event,
				s[i].file, s[i].offset);
		if (i + 1 < nr && len < sizeof(text) - 512)
			continue;
		if (trace_write("uprobe_events", text, len)) {
			for (k = first; k <= i; k++)
				define_one(event, &s[k]);
		}
		first = i + 1;
		len = 0;
	}
	for (i = 0; i < nr; i++)
		good += !s[i].err;
	return good;
}

/* Write to the switch of an event.  Return 0 or the errno. */
static int switch_event(const struct event *e, const char *value)
{
	char file[128];

	/* Two characters: an error that is 1 looks like a short write. */
	snprintf(file, sizeof(file), "%sevents/" GROUP "/%s/enable",
		 e->type == 'r' ? INSTANCE : "", e->name);
	return trace_set(file, value);
}

/*
 * Arm @nr places, of one kind and in one file, as one event.  Where one of them
 * is refused all are: find it by halves.
 */
static void arm(struct site *s, size_t nr)
{
	static unsigned int id;
	struct event e = { .type = s->type };
	long began = now_ms();
	char text[64];
	size_t half;
	int err;

	snprintf(e.name, sizeof(e.name), "%c%u", s->type, id++);
	e.nr = define(e.name, s, nr);
	define_ms += now_ms() - began;
	if (!e.nr)
		return;
	began = now_ms();
	err = switch_event(&e, "1\n");
	enable_ms += now_ms() - began;
	if (!err) {
		events = more(events, nr_events, sizeof(*events));
		events[nr_events++] = e;
		return;
	}
	snprintf(text, sizeof(text), "-:" GROUP "/%s\n", e.name);
	if (trace_set("uprobe_events", text))
		die("%s cannot be removed", e.name);
	if (nr == 1) {
		s->err = err;
		return;
	}
	half = nr / 2;
	arm(s, half);
	arm(s + half, nr - half);
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

/* Add up what the kernel has counted so far. */
static void count(struct counts *c)
{
	char path[128], line[1024], event[128];
	unsigned long nr;
	FILE *f;
	int cpu;

	memset(c, 0, sizeof(*c));
	f = fopen(TRACEFS "uprobe_profile", "re");
	if (!f)
		die("uprobe_profile: %s", strerror(errno));
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, " %*s %127s %lu", event, &nr) != 2)
			continue;
		if (event[0] == 'p')
			c->hits += nr;
		else
			c->hijacks += nr;
	}
	fclose(f);
	for (cpu = 0;; cpu++) {
		snprintf(path, sizeof(path),
			 TRACEFS INSTANCE "per_cpu/cpu%d/stats", cpu);
		f = fopen(path, "re");
		if (!f)
			return;
		while (fgets(line, sizeof(line), f)) {
			if (sscanf(line, "entries: %lu", &nr) == 1 ||
			    sscanf(line, "overrun: %lu", &nr) == 1)
				c->returns += nr;
		}
		fclose(f);
	}
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
 * Stay on this processor, or be free again: arming changes our own mappings,
 * and each change would have to be told to every processor that we were on.
 */
static void pin(bool here)
{
	const int own = sched_getcpu();
	cpu_set_t cpus;
	int cpu;

	CPU_ZERO(&cpus);
	for (cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!here || cpu == own)
			CPU_SET(cpu, &cpus);
	}
	if (sched_setaffinity(0, sizeof(cpus), &cpus))
		fprintf(stderr, "soak: sched_setaffinity: %m\n");
}

/* Become the program, with its outputs in files. */
static void __attribute__((noreturn)) become(const struct program *p)
{
	static char *env[] = {
		"PATH=/usr/bin:/bin", "HOME=" WORK, "TMPDIR=" WORK, "LC_ALL=C",
		"TZ=UTC", "PYTHONHASHSEED=0", "PERL_HASH_SEED=0", NULL
	};
	int in = open(p->input ?: "/dev/null", O_RDONLY);
	int out = open(PLACE "/out", O_WRONLY | O_CREAT | O_TRUNC, 0644);
	int err = open(PLACE "/err", O_WRONLY | O_CREAT | O_TRUNC, 0644);
	sigset_t none;

	pin(false);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setpgid(0, 0);
	dup2(in, 0);
	dup2(out, 1);
	dup2(err, 2);
	for (int fd = 3; fd < 64; fd++)
		close(fd);
	if (!chdir(WORK))
		execve(p->argv[0], p->argv, env);
	fprintf(stderr, "soak: %s: %s\n", p->argv[0], strerror(errno));
	_exit(127);
}

/*
 * Run a program in an empty folder.  Keep its outputs and the folder in @to.
 * Return the wait status, -1 if it takes too long.
 */
static int run(const struct program *p, const char *to, long *ms)
{
	struct timespec left = { .tv_sec = p->deadline };
	const long began = now_ms();
	char path[256];
	sigset_t child;
	int status = -1;
	pid_t pid;

	remove_tree(WORK);
	mkdir(WORK, 0755);
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	fflush(stdout);
	pid = fork();
	if (pid < 0)
		die("fork: %s", strerror(errno));
	if (!pid)
		become(p);
	setpgid(pid, pid);
	while (waitpid(pid, &status, WNOHANG) != pid) {
		status = -1;
		left.tv_sec = p->deadline - (now_ms() - began) / 1000;
		if (left.tv_sec <= 0)
			break;
		sigtimedwait(&child, NULL, &left);
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
	first = run(p, plain, &ms);
	second = run(p, again, &p->plain_ms);
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

/* Arm and disarm all events, one after the other, until killed. */
static pid_t start_churn(void)
{
	pid_t pid = fork();
	size_t i;

	if (pid < 0)
		die("fork: %s", strerror(errno));
	if (pid)
		return pid;
	for (i = 0;; i = (i + 1) % nr_events) {
		switch_event(&events[i], "0\n");
		usleep(20000);
		if (switch_event(&events[i], "1\n"))
			_exit(1);
	}
}

/* Run a program under what is armed, and compare. */
static void run_probed(const struct program *p, const char *round)
{
	struct counts before, after;
	const char *outcome = "pass";
	char name[128], path[256], plain[256];
	pid_t churn = 0;
	int status;
	long ms;

	if (!p->stable) {
		result(p->name, round, "unstable", "hits=0");
		return;
	}
	fprintf(stderr, "soak: %s, %s\n", p->name, round);
	snprintf(name, sizeof(name), "%s-probed", p->name);
	if (!strcmp(round, CHURN))
		churn = start_churn();
	count(&before);
	status = run(p, name, &ms);
	count(&after);
	if (churn) {
		int how;

		if (waitpid(churn, &how, WNOHANG) == churn) {
			printf("#   an event could not be armed again\n");
			outcome = "churn";
		}
		/* Not in the middle of a switch, or the rest of them stay off. */
		kill(churn, SIGKILL);
		waitpid(churn, &how, 0);
		for (size_t i = 0; i < nr_events; i++)
			switch_event(&events[i], "1\n");
	}
	snprintf(path, sizeof(path), PLACE "/%s", name);
	snprintf(plain, sizeof(plain), PLACE "/%s-plain", p->name);
	if (status) {
		outcome = status == -1 ? "deadline" :
			  WIFSIGNALED(status) ? "died" : "status";
		show_end(name);
	}
	if (!same_tree(path, plain) && !status)
		outcome = "differs";
	result(p->name, round, outcome,
	       "hits=%lu hijacks=%lu returns=%lu ms=%ld plain=%ld status=%s",
	       after.hits - before.hits, after.hijacks - before.hijacks,
	       after.returns - before.returns, ms, p->plain_ms,
	       say_status(status));
	remove_tree(path);
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
	       "hits=0 sites=%zu refused=%zu ms=%ld define=%ld enable=%ld",
	       r->nr - refused, refused, now_ms() - began, define_ms,
	       enable_ms);
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

/* Prepare tracing: nothing is recorded but returns, and those by themselves. */
static void set_up(void)
{
	int fd = open("/sys/kernel/rcu_expedited", O_WRONLY | O_CLOEXEC);

	if (fd >= 0) {
		if (write(fd, "1\n", 2) != 2)
			fprintf(stderr, "soak: rcu_expedited: %m\n");
		close(fd);
	}
	if (trace_set("tracing_on", "0\n"))
		die("tracing_on: %s", strerror(errno));
	if (mkdir(TRACEFS INSTANCE, 0755))
		die(TRACEFS INSTANCE ": %s", strerror(errno));
	mkdir(PLACE, 0755);
	mkdir("/dev/shm", 0777);
}

int main(void)
{
	sigset_t child;

	pin(true);
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	read_plan();
	read_sites();
	announce();
	set_up();
	for (size_t i = 0; i < nr_programs; i++)
		run_plain(&programs[i]);
	for (size_t i = 0; i < nr_rounds; i++)
		run_round(&rounds[i]);
	printf("# uprobekit: %d tests, %d failed\n", nr_tests, nr_failed);
	printf("# uprobekit: done\n");
	fflush(stdout);
	return 0;
}
