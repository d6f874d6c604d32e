// SPDX-License-Identifier: GPL-2.0-only
/*
 * The cost of a probe hit in instructions.
 *
 * For QEMU with -icount shift=0: there the time stamp counter counts the
 * instructions that were executed, in user space and in the kernel.  What the
 * timer's interrupts cost is in some of the hits; the median has none of it.
 *
 * --row=NAME measures one row in this process; with --hold it hits for ever.
 * Without --row it runs all rows, its own and those of cost-32, each in a
 * process of its own that finds the same state whatever ran before: addresses
 * are not randomised, nothing else is armed, and the slot area is there, since
 * each process first has one instruction stepped.  Prints KTAP, see
 * qemu/README.md.
 */
#include "cost.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <x86intrin.h>

#include "tracefs.h"

/* The first hits pay for pages, slots and buffers. */
#define WARM_UP		16
#define HITS		201

#define MAX_PROBES	4
#define MAX_ROWS	1000
#define MORE_MAPPINGS	40

/* A page that describes the buffer, and 64 of records. */
#define PERF_SIZE	((1 + 64) * 4096)

#ifdef __i386__
# define MODE		"m32-"
# define CX		"%%ecx"
# define CLOBBERED	"ecx", "memory", "cc"
#else
# define MODE		""
# define CX		"%%rcx"
# define CLOBBERED	"ecx", "xmm0", "memory", "cc"
#endif

/* For who watches what the kernel executes: call for ever. */
static bool hold;

static const char *const programs[] = { "/bin/cost", "/bin/cost-32" };

/* What is done about a hit: counted, or recorded as well. */
static const char *const records[] = { "", "+trace", "+perf" };

enum record { COUNT, TRACE, PERF };

struct place {
	char		type;
	const void	*at;
};

/* A function, and the probes that a call of it hits; the type 0 ends them. */
struct row {
	const char	*name;
	void		(*call)(void);
	struct place	places[MAX_PROBES];
};

static const struct row rows[] = {
	{ "return-nop", cost_nop, { { 'r', cost_nop } } },
	{ "return-push", cost_push, { { 'r', cost_push } } },
	{ "return-stepped", cost_stepped, { { 'r', cost_stepped } } },
	{ "entry-return-nop", cost_nop,
	  { { 'p', cost_nop }, { 'r', cost_nop } } },
	{ "entry-return-push", cost_push,
	  { { 'p', cost_push }, { 'r', cost_push } } },
	{ "entry-return-stepped", cost_stepped,
	  { { 'p', cost_stepped }, { 'r', cost_stepped } } },
	{ "return-nested-4", cost_nest_1,
	  { { 'r', cost_nest_1 }, { 'r', cost_nest_2 },
	    { 'r', cost_nest_3 }, { 'r', cost_nest_4 } } },
	{ "return-chained-2", cost_tail_1,
	  { { 'r', cost_tail_1 }, { 'r', cost_tail_2 } } },
	{ "two-entries-nop", cost_nop,
	  { { 'p', cost_nop }, { 'p', cost_nop } } },
	{ "two-entries-stepped", cost_stepped,
	  { { 'p', cost_stepped }, { 'p', cost_stepped } } },
	{ "two-returns-nop", cost_nop,
	  { { 'r', cost_nop }, { 'r', cost_nop } } },
};

#define MORE_ROWS	(sizeof(rows) / sizeof(rows[0]))

/* The probes of the row that is measured. */
struct armed {
	struct probe	probes[MAX_PROBES];
	int		perf[MAX_PROBES];
	void		*buffers[MAX_PROBES];
	int		count;
	enum record	record;
};

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/*
 * Call with the same registers, and word on the stack, each time: what an
 * emulation takes depends on the operands, and the time stamp counter leaves
 * other ones behind.
 */
static void call_alike(void (*call)(void))
{
	unsigned long ax = 1, dx = 2, di = 3;

	asm volatile("push $4\n\tcall *%3\n\tpop " CX
		     : "+a" (ax), "+d" (dx), "+D" (di)
		     : "r" (call)
		     : CLOBBERED);
}

/*
 * This function returns the instructions that a call takes, and in how many of
 * the calls it was exactly that.
 */
static uint64_t measure(void (*call)(void), int *same)
{
	static uint64_t taken[HITS];
	uint64_t begin, median;
	int i;

	for (i = 0; i < WARM_UP; i++)
		call_alike(call);
	for (i = 0; i < HITS; i++) {
		begin = __rdtsc();
		call_alike(call);
		taken[i] = __rdtsc() - begin;
	}
	qsort(taken, HITS, sizeof(taken[0]), by_value);
	median = taken[HITS / 2];
	*same = 0;
	for (i = 0; i < HITS; i++)
		*same += taken[i] == median;
	return median;
}

/* Count the lines of a file, all of them or those with a word. */
static int count_lines(const char *path, const char *word)
{
	FILE *f = fopen(path, "re");
	char line[512];
	int count = 0;

	if (!f)
		return -1;
	while (fgets(line, sizeof(line), f))
		count += !word || strstr(line, word);
	fclose(f);
	return count;
}

static int define(struct probe *p, const struct place *place)
{
	return place->type == 'r' ? probe_define_return(p, place->at) :
				    probe_define(p, place->at);
}

/* Open an event of perf for a probe, with a buffer: its file, or -1. */
static int perf_open(const struct probe *p, void **buffer)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_TRACEPOINT,
		.size = sizeof(attr),
		.sample_period = 1,
		.sample_type = PERF_SAMPLE_IP | PERF_SAMPLE_TID |
			       PERF_SAMPLE_TIME | PERF_SAMPLE_RAW,
		.watermark = 1,
		.wakeup_watermark = PERF_SIZE,
	};
	int fd, id;

	id = probe_id(p);
	if (id < 0)
		return -1;
	attr.config = id;
	fd = syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
	if (fd < 0)
		return -1;
	*buffer = mmap(NULL, PERF_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		       0);
	if (*buffer != MAP_FAILED)
		return fd;
	close(fd);
	return -1;
}

/* Arm the probes of a row and return 0, or the errno. */
static int arm(struct armed *armed, const struct row *row)
{
	const struct place *place = row->places;
	int nr, err;

	while (armed->count < MAX_PROBES && place->type) {
		nr = armed->count++;
		armed->perf[nr] = -1;
		err = define(&armed->probes[nr], place++);
		if (!err && armed->record != PERF)
			err = probe_arm(&armed->probes[nr]);
		if (err)
			return err;
		if (armed->record != PERF)
			continue;
		armed->perf[nr] = perf_open(&armed->probes[nr],
					    &armed->buffers[nr]);
		if (armed->perf[nr] < 0)
			return errno ?: EIO;
	}
	return 0;
}

/* A buffer that is mapped keeps its event, and that the probe. */
static void disarm(struct armed *armed)
{
	int nr;

	while (armed->count) {
		nr = --armed->count;
		if (armed->perf[nr] >= 0) {
			munmap(armed->buffers[nr], PERF_SIZE);
			close(armed->perf[nr]);
		}
		probe_remove(&armed->probes[nr]);
	}
}

/* Add up what the kernel has counted, and what perf has. */
static unsigned long count_hits(const struct armed *armed, unsigned long *perf)
{
	unsigned long hits = 0;
	uint64_t value;
	int i;

	for (*perf = 0, i = 0; i < armed->count; i++) {
		hits += probe_hits(&armed->probes[i]);
		if (armed->perf[i] >= 0 &&
		    read(armed->perf[i], &value, sizeof(value)) == sizeof(value))
			*perf += value;
	}
	return hits;
}

/*
 * Map as much as a program with a few libraries does.  With next to nothing
 * the tree of mappings is one node, or two where the kernel has put the slot
 * area into a place of its own: chance, and 65 instructions of each hit.
 */
static bool map_more(void)
{
	char *pages = mmap(NULL, 2 * MORE_MAPPINGS * 4096, PROT_READ,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int i;

	for (i = 0; pages != MAP_FAILED && i < MORE_MAPPINGS; i++)
		munmap(pages + 2 * i * 4096, 4096);
	return pages != MAP_FAILED;
}

/* Mappings, but for what a kernel maps in order to hit one of these probes. */
static int count_mappings(void)
{
	return count_lines("/proc/self/maps", NULL) -
	       count_lines("/proc/self/maps", "[uprobes-trampoline]");
}

/* Have one instruction stepped, so that the slot area is there. */
static bool make_area(void)
{
	struct armed armed = { .record = COUNT };
	static const struct row warm = {
		"", cost_stepped, { { 'p', cost_stepped } }
	};
	int err;

	err = arm(&armed, &warm);
	if (!err)
		cost_stepped();
	disarm(&armed);
	return !err && count_lines("/proc/self/maps", "[uprobes]") == 1;
}

static void print_bytes(const struct site *site)
{
	const uint8_t *byte;

	if (!site)
		return;
	printf(" bytes=");
	for (byte = site->at; byte < site->end; byte++)
		printf("%02x", *byte);
}

/* Measure a row that is armed, and return what has become of it. */
static const char *measure_armed(struct armed *armed, const struct row *row,
				 uint64_t without)
{
	unsigned long want = (unsigned long)armed->count * (WARM_UP + HITS);
	unsigned long hits, records, perf;
	bool good;
	uint64_t with;
	int same;

	if (hold) {
		printf("\n# uprobekit: pause=%p\n", cost_pause);
		for (;;) {
			call_alike(row->call);
			cost_pause();
		}
	}
	records = trace_hits();
	with = measure(row->call, &same);
	records = trace_hits() - records;
	hits = count_hits(armed, &perf);
	good = hits == want && records == (armed->record == TRACE ? want : 0) &&
	       perf == (armed->record == PERF ? want : 0);
	printf(" outcome=%s hits=%lu instructions=%llu same=%d records=%lu mappings=%d",
	       good ? "pass" : "miscounted", hits,
	       (unsigned long long)(with - without), same, records + perf,
	       count_mappings());
	return good ? "pass" : "miscounted";
}

/* Measure one row in this process; everything is as it is for all of them. */
static int run_row(const struct row *row, const struct site *site,
		   enum record record)
{
	struct armed armed = { .record = record };
	const char *outcome;
	uint64_t without;
	int err, same;

	printf("# " MODE "%s%s:", row->name, records[record]);
	if (!map_more() || !make_area() || trace_record(record == TRACE)) {
		printf(" outcome=error errno=0\n");
		return 1;
	}
	without = measure(row->call, &same);
	err = arm(&armed, row);
	if (err) {
		outcome = is_refusal(err) ? "refused" : "error";
		printf(" outcome=%s errno=%d", outcome, err);
	} else {
		outcome = measure_armed(&armed, row, without);
	}
	disarm(&armed);
	trace_record(false);
	print_bytes(site);
	printf("\n");
	return strcmp(outcome, "pass") != 0;
}

/* Find a row or a site by its name, without what is said of recording. */
static int run_named(const char *name)
{
	struct row row = { .places = { { .type = 'p' } } };
	const char *end = strchrnul(name, '+');
	const struct site *site;
	enum record record = 0;
	size_t i;

	name += strlen(MODE);
	for (i = 0; i < sizeof(records) / sizeof(records[0]); i++) {
		if (!strcmp(end, records[i]))
			record = i;
	}
	for (i = 0; i < MORE_ROWS; i++) {
		if (!strncmp(name, rows[i].name, end - name) &&
		    !rows[i].name[end - name])
			return run_row(&rows[i], NULL, record);
	}
	for (site = cost_sites; site->name; site++) {
		if (strncmp(name, site->name, end - name) ||
		    site->name[end - name])
			continue;
		row.name = site->name;
		row.call = site->call;
		row.places[0].at = site->at;
		return run_row(&row, site, record);
	}
	return 127;
}

static int list_rows(void)
{
	const struct site *site;
	size_t i, kind;

	for (kind = 0; kind < sizeof(records) / sizeof(records[0]); kind++) {
		for (site = cost_sites; site->name; site++)
			printf(MODE "%s%s\n", site->name, records[kind]);
		for (i = 0; i < MORE_ROWS; i++)
			printf(MODE "%s%s\n", rows[i].name, records[kind]);
	}
	return 0;
}

/* A row to run: its program and its name. */
struct wanted {
	const char	*program;
	char		name[64];
};

static struct wanted all[MAX_ROWS];
static int count;

/* Start a program and return its process; its output goes to a file, or ours. */
static pid_t start(const char *program, const char *option, int out)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	if (out >= 0)
		dup2(out, 1);
	personality(ADDR_NO_RANDOMIZE);
	execl(program, program, option, NULL);
	_exit(127);
}

/* Say whether one of the patterns, separated by commas, fits. */
static bool is_wanted(const char *name, const char *patterns)
{
	char copy[1024], *pattern, *state;

	if (!patterns)
		return true;
	snprintf(copy, sizeof(copy), "%s", patterns);
	pattern = strtok_r(copy, ",", &state);
	for (; pattern; pattern = strtok_r(NULL, ",", &state)) {
		if (!fnmatch(pattern, name, 0))
			return true;
	}
	return false;
}

/* Ask a program for its rows. */
static bool add_rows(const char *program, const char *patterns)
{
	char line[64];
	int ends[2], status;
	pid_t pid;
	FILE *f;

	if (access(program, X_OK))
		return true;
	if (pipe2(ends, O_CLOEXEC))
		return false;
	pid = start(program, "--list", ends[1]);
	close(ends[1]);
	f = fdopen(ends[0], "r");
	while (f && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		if (count == MAX_ROWS || !is_wanted(line, patterns))
			continue;
		all[count].program = program;
		strcpy(all[count++].name, line);
	}
	if (f)
		fclose(f);
	return waitpid(pid, &status, 0) == pid && !status;
}

static void shuffle(unsigned int seed)
{
	int i, other;

	srandom(seed);
	for (i = count - 1; i > 0; i--) {
		struct wanted row = all[i];

		other = random() % (i + 1);
		all[i] = all[other];
		all[other] = row;
	}
}

/* Run all rows that are wanted, each in its process. */
static int run_all(const char *patterns, const char *order)
{
	char option[96];
	int i, status, bad = 0;
	size_t nr;
	pid_t pid;

	if (trace_record(false)) {
		printf("Bail out! there is no tracefs\n");
		return 1;
	}
	for (nr = 0; nr < sizeof(programs) / sizeof(programs[0]); nr++) {
		if (!add_rows(programs[nr], patterns)) {
			printf("Bail out! %s does not run\n", programs[nr]);
			return 1;
		}
	}
	if (order)
		shuffle(strtoul(order, NULL, 0));
	printf("KTAP version 1\n1..%d\n", count);
	for (i = 0; i < count; i++) {
		snprintf(option, sizeof(option), "--row=%s", all[i].name);
		pid = start(all[i].program, option, -1);
		status = -1;
		if (waitpid(pid, &status, 0) != pid || status)
			bad++;
		printf("%sok %d %s\n", status ? "not " : "", i + 1, all[i].name);
	}
	printf("# uprobekit: %d tests, %d failed\n# uprobekit: done\n", count,
	       bad);
	return bad != 0;
}

int main(int argc, char **argv)
{
	const char *patterns = NULL, *order = NULL, *row = NULL;
	int i;

	setvbuf(stdout, NULL, _IOLBF, 0);

	for (i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--list"))
			return list_rows();
		if (!strncmp(argv[i], "--row=", 6))
			row = argv[i] + 6;
		if (!strcmp(argv[i], "--hold"))
			hold = true;
		if (!strncmp(argv[i], "--rows=", 7))
			patterns = argv[i] + 7;
		if (!strncmp(argv[i], "--shuffle=", 10))
			order = argv[i] + 10;
	}
	return row ? run_named(row) : run_all(patterns, order);
}
