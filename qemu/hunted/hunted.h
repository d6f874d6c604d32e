/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A program runs something without a probe, and with one: exit status, what it
 * has noted, and the number of hits have to be right.
 */
#ifndef HUNTED_H
#define HUNTED_H

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#define TRACE	"/sys/kernel/tracing/"
#define SELF	"/proc/self/exe"
#define PAGE	4096UL

#ifdef __x86_64__
# define R(reg)		"%r" #reg
# define FIRST_ARG		"%rdi"
# define REG_IP		REG_RIP
# define REG_STACK	REG_RSP
# define REG_RESULT	REG_RAX
# define NATIVE		"p"
# define RED_ZONE	128
#else
# define R(reg)		"%e" #reg
# define FIRST_ARG		"4(%esp)"
# define REG_IP		REG_EIP
# define REG_STACK	REG_ESP
# define REG_RESULT	REG_EAX
# define RED_ZONE	0
#endif

#define LOAD_ARG(reg)	"mov " FIRST_ARG ", " R(reg) "\n\t"

/* What the linker says is the start of the file. */
extern const char __ehdr_start[];

struct noted {
	long	value[256];
	int	count;
	volatile int flag[8];
};

static struct noted *noted;

static inline void note(long value)
{
	if (noted->count < 256)
		noted->value[noted->count++] = value;
}

static inline int say(const char *verdict, const char *fmt, ...)
{
	va_list ap;

	printf("%s - ", verdict);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	return strcmp(verdict, "not ok") ? 0 : 1;
}

/* Return 0 or an errno. */
static inline int put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	int err = fd < 0 || write(fd, text, strlen(text)) < 0 ? errno : 0;

	close(fd);
	return err;
}

static inline unsigned long file_offset(const void *at)
{
	return (const char *)at - __ehdr_start;
}

static inline int enable(const char *name, int on)
{
	char path[128];

	snprintf(path, sizeof(path), TRACE "events/hunted/%s/enable", name);
	return put(path, on ? "1" : "0");
}

/* Define an event: 'p' or 'r', and what stands behind the place. */
static inline int define(char type, const char *name, const char *file,
			 unsigned long offset, const char *tail)
{
	char text[512];

	snprintf(text, sizeof(text), "%c:hunted/%s %s:0x%lx%s\n", type, name,
		 file, offset, tail ? tail : "");
	return put(TRACE "uprobe_events", text);
}

static inline int arm_file(char type, const char *name, const char *file,
			   unsigned long offset)
{
	int err = define(type, name, file, offset, NULL);

	return err ? err : enable(name, 1);
}

static inline int arm(char type, const char *name, const void *at)
{
	return arm_file(type, name, SELF, file_offset(at));
}

static inline void disarm(const char *name)
{
	char text[64];

	enable(name, 0);
	snprintf(text, sizeof(text), "-:hunted/%s\n", name);
	put(TRACE "uprobe_events", text);
}

/* Entries of the function of an event, or of all if there is no name. */
static inline long hits(const char *name)
{
	FILE *file = fopen(TRACE "uprobe_profile", "re");
	char line[512], event[64];
	long count, sum = 0;

	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%*s %63s %ld", event, &count) == 2 &&
		    (!name || !strcmp(name, event)))
			sum += count;
	}
	if (file)
		fclose(file);
	return sum;
}

static inline void empty_trace(void)
{
	close(open(TRACE "trace", O_WRONLY | O_TRUNC | O_CLOEXEC));
}

/* What the trace has of all events, returns as well, since it was emptied. */
static inline long recorded(void)
{
	char path[96], line[96];
	long count, sum = 0;
	FILE *file;

	for (int cpu = 0; cpu < 8; cpu++) {
		snprintf(path, sizeof(path), TRACE "per_cpu/cpu%d/stats", cpu);
		file = fopen(path, "re");
		while (file && fgets(line, sizeof(line), file)) {
			if (sscanf(line, "entries: %ld", &count) == 1 ||
			    sscanf(line, "overrun: %ld", &count) == 1)
				sum += count;
		}
		if (file)
			fclose(file);
	}
	return sum;
}

static inline void *shared(size_t size)
{
	return mmap(NULL, size, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

/* Run it in a child of its own, and return its wait status. */
static inline int run(int (*fn)(void))
{
	int status = -1;
	pid_t pid = fork();

	if (!pid) {
		alarm(50);
		_exit(fn());
	}
	waitpid(pid, &status, 0);
	return status;
}

struct place {
	char		type;
	const void	*at;
};

static inline void begin(void)
{
	noted = shared(sizeof(*noted));
	setvbuf(stdout, NULL, _IOLBF, 0);
}

static inline bool is_refusal(int err)
{
	return err == 524 || err == EOPNOTSUPP || err == ENOEXEC;
}

/* Without probes, then with them; want < 0: any number of hits. */
static inline int judge(int (*fn)(void), const struct place *places, long want)
{
	struct noted before;
	char name[16];
	int status, err, i;
	long got;

	begin();
	status = run(fn);
	if (status)
		return say("skip", "status %#x without a probe", status);
	before = *noted;
	memset(noted, 0, sizeof(*noted));
	empty_trace();
	for (i = 0; places[i].type; i++) {
		snprintf(name, sizeof(name), "e%d", i);
		err = arm(places[i].type, name, places[i].at);
		if (err)
			return say("not ok", "place %d %s: error %d", i,
				   is_refusal(err) ? "is refused" :
				   "cannot be armed", err);
	}
	status = run(fn);
	got = recorded();
	if (status)
		return say("not ok", "status %#x with a probe, %ld hits", status,
			   got);
	if (noted->count != before.count)
		return say("not ok", "%d values, not %d", noted->count,
			   before.count);
	for (i = 0; i < before.count; i++) {
		if (noted->value[i] != before.value[i])
			return say("not ok", "value %d is %#lx, not %#lx", i,
				   noted->value[i], before.value[i]);
	}
	if (want >= 0 && got != want)
		return say("not ok", "%ld hits, not %ld", got, want);
	return say("ok", "%ld hits", got);
}

#define CHECK(good)							\
	do {								\
		if (!(good)) {						\
			printf("# line %d: not so: %s\n", __LINE__,	\
			       #good);					\
			fflush(stdout);					\
			return 1;					\
		}							\
	} while (0)

/* A kernel without local descriptor tables is no failure. */
#define LDT(good)							\
	do {								\
		if (!(good))						\
			return 77;					\
	} while (0)

/* Where the page of slots is, or 0: in what a file of mappings says. */
static inline unsigned long slots_in(const char *path)
{
	FILE *maps = fopen(path, "re");
	unsigned long found = 0, start;
	char line[256];

	while (maps && fgets(line, sizeof(line), maps)) {
		if (strstr(line, "[uprobes]") && sscanf(line, "%lx", &start) == 1)
			found = start;
	}
	if (maps)
		fclose(maps);
	return found;
}

static inline unsigned long slots(void)
{
	return slots_in("/proc/self/maps");
}

/* That of another process. */
static inline unsigned long slots_of(pid_t pid)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	return slots_in(path);
}

/* Where a variable is in the file: in the mapping that it is in. */
static inline unsigned long data_offset(const volatile void *at)
{
	unsigned long start, end, offset, found = 0, a = (unsigned long)at;
	FILE *maps = fopen("/proc/self/maps", "re");
	char line[512];

	while (maps && fgets(line, sizeof(line), maps))
		if (sscanf(line, "%lx-%lx %*s %lx", &start, &end, &offset) == 3 && a >= start && a < end)
			found = a - start + offset;
	if (maps)
		fclose(maps);
	return found;
}

#define CODE_BYTES	32

/* Have a file of one page with some code; return it open, or -1. */
static inline int put_code(const char *path, int flags, const void *code)
{
	int fd = open(path, O_RDWR | O_CLOEXEC | flags, 0755);

	if (fd >= 0 && write(fd, code, CODE_BYTES) == CODE_BYTES && !ftruncate(fd, PAGE))
		return fd;
	close(fd);
	return -1;
}

/* Map the code of an open file, if it is open. */
static inline void *map_opened(int fd)
{
	return mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
}

/* Map a page of a file for oneself. */
static inline void *map_page(const char *path, int prot, unsigned long offset)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	void *map = mmap(NULL, PAGE, prot, MAP_PRIVATE, fd, offset);

	close(fd);
	return map;
}

static inline void nap(long ms)
{
	const struct timespec ts = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&ts, NULL);
}

/* Functions of one probed instruction each: three times the argument. */
#define STEPPED(name)							\
	asm(".text\n.globl " #name "\n" #name ":\n"			\
	    "\timul $3, " FIRST_ARG ", " R(ax) "\n\tret\n");			\
	long name(long x)
#define EMULATED(name)							\
	asm(".text\n.globl " #name "\n" #name ":\n"			\
	    "\tpush " FIRST_ARG "\n\tpop " R(ax) "\n"				\
	    "\tlea (" R(ax) "," R(ax) ",2), " R(ax) "\n\tret\n");	\
	long name(long x)

#endif
