// SPDX-License-Identifier: GPL-2.0-only
/*
 * Probes by way of trace events: define, arm, count, disarm, remove.  Where
 * the kernel has none, they are those of its client under debugfs.
 */
#include "tracefs.h"

#include "debugfs.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#define TRACEFS	"/sys/kernel/tracing/"
#define GROUP	"uprobekit"

/* Not in any user header: what the kernel has said so far for "unsupported". */
#define KERNEL_ENOTSUPP	524

/* The errors with which arming may refuse an instruction. */
static const int refusals[] = {
	KERNEL_ENOTSUPP,
	EOPNOTSUPP,
	ENOEXEC,
	EINVAL,
};

/* This function returns whether an error says "not this instruction". */
bool is_refusal(int err)
{
	size_t i;

	for (i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		if (err == refusals[i])
			return true;
	}
	return false;
}

/* This function writes to a file in tracefs and returns 0 or the errno. */
static int trace_write(const char *file, const char *fmt, ...)
{
	char path[256], text[512];
	int fd, len, err = 0;
	ssize_t written;
	va_list ap;

	va_start(ap, fmt);
	len = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	snprintf(path, sizeof(path), TRACEFS "%s", file);
	/* Without O_APPEND the kernel removes all probes at open. */
	fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	if (fd < 0)
		return errno;
	written = write(fd, text, len);
	if (written != len)
		err = written < 0 ? errno : EIO;
	close(fd);
	return err;
}

/*
 * This function turns an address of this program into an offset in its file, by
 * way of the program headers.  It returns 0, the ELF header, if there is none.
 */
unsigned long file_offset(const void *address)
{
	unsigned long addr = (unsigned long)address;
	const ElfW(Phdr) *ph = (void *)getauxval(AT_PHDR);
	unsigned long i, n = getauxval(AT_PHNUM);

	for (i = 0; i < n; i++) {
		if (ph[i].p_type == PT_LOAD && addr >= ph[i].p_vaddr &&
		    addr < ph[i].p_vaddr + ph[i].p_filesz)
			return addr - ph[i].p_vaddr + ph[i].p_offset;
	}
	return 0;
}

/* This function notes a place for the client, which has it when it is armed. */
static int probe_note(struct probe *p, const char *file, unsigned long offset)
{
	char *places;

	if (asprintf(&places, "%s%c %s %s:0x%lx\n", p->places ?: "", p->type,
		     p->event, file, offset) < 0)
		return ENOMEM;
	free(p->places);
	p->places = places;
	return 0;
}

/* This function adds a place in a file to a probe: 0, or the errno. */
static int probe_add(struct probe *p, const char *file, unsigned long offset)
{
	if (client_is_there())
		return probe_note(p, file, offset);
	return trace_write("uprobe_events", "%c:" GROUP "/%s %s:0x%lx\n",
			   p->type, p->event, file, offset);
}

/* This function defines a probe of one type or the other. */
static int probe_define_as(struct probe *p, char type, const char *file,
			   unsigned long offset)
{
	static unsigned int nr;
	int err;

	memset(p, 0, sizeof(*p));
	p->type = type;
	snprintf(p->event, sizeof(p->event), "%c%u", type, nr++);
	err = probe_add(p, file, offset);
	p->defined = !err;
	return err;
}

/* This function defines a probe in a file and returns 0 or the errno. */
int probe_define_at(struct probe *p, const char *file, unsigned long offset)
{
	return probe_define_as(p, 'p', file, offset);
}

/* Define a probe with a reference counter in the file, for trace events. */
int probe_define_counted(struct probe *p, const char *file,
			 unsigned long offset, unsigned long counter)
{
	int err = probe_define_at(p, file, offset);

	if (err)
		return err;
	trace_write("uprobe_events", "-:" GROUP "/%s\n", p->event);
	return trace_write("uprobe_events",
			   "p:" GROUP "/%s %s:0x%lx(0x%lx)\n",
			   p->event, file, offset, counter);
}

/* This function returns the path of this program. */
static const char *self_path(void)
{
	static char path[128];
	ssize_t len;

	len = readlink("/proc/self/exe", path, sizeof(path) - 1);
	path[len < 0 ? 0 : len] = '\0';
	return path;
}

/* This function defines a probe at an address of this program. */
int probe_define(struct probe *p, const void *addr)
{
	return probe_define_at(p, self_path(), file_offset(addr));
}

/* This function defines a probe for the return of a function of this program. */
int probe_define_return(struct probe *p, const void *addr)
{
	return probe_define_as(p, 'r', self_path(), file_offset(addr));
}

/*
 * This function defines a probe of a function of this 64-bit program that loads
 * the word its argument points to.  The client under debugfs loads nothing.
 */
int probe_define_load(struct probe *p, const void *addr)
{
	int err = probe_define(p, addr);

	if (err || p->places)
		return err;
	trace_write("uprobe_events", "-:" GROUP "/%s\n", p->event);
	return trace_write("uprobe_events",
			   "p:" GROUP "/%s %s:0x%lx word=+0(%%di):u64\n",
			   p->event, self_path(), file_offset(addr));
}

/*
 * This function adds another address to a probe that is defined: one event,
 * armed and removed as one, which is what takes time.
 */
int probe_extend(struct probe *p, const void *addr)
{
	return probe_add(p, self_path(), file_offset(addr));
}

/* This function does the same for an address in another file. */
int probe_extend_at(struct probe *p, const char *file, unsigned long offset)
{
	return probe_add(p, file, offset);
}

/* This function switches the probe's event on or off. */
static int probe_enable(const struct probe *p, int on)
{
	char file[128];

	if (p->places) {
		if (on)
			return client_arm(p->event, p->places);
		client_disarm(p->event);
		return 0;
	}
	snprintf(file, sizeof(file), "events/" GROUP "/%s/enable", p->event);
	/* Two characters: an error that is 1 looks like a short write. */
	return trace_write(file, "%d\n", on);
}

/* This function enables or disables all events that are defined, together. */
int group_enable(bool on)
{
	return trace_write("events/" GROUP "/enable", "%d\n", on);
}

/* This function returns the number of the probe's event for perf, or -1. */
int probe_id(const struct probe *p)
{
	char file[128];
	int id = -1;
	FILE *f;

	snprintf(file, sizeof(file), TRACEFS "events/" GROUP "/%s/id", p->event);
	f = fopen(file, "re");
	if (!f)
		return -1;
	if (fscanf(f, "%d", &id) != 1)
		id = -1;
	fclose(f);
	return id;
}

/* This function arms a probe and returns 0 or the errno. */
int probe_arm(struct probe *p)
{
	int err = probe_enable(p, 1);

	p->armed = !err;
	return err;
}

/* This function disarms a probe if it is armed. */
void probe_disarm(struct probe *p)
{
	if (p->armed)
		probe_enable(p, 0);
	p->armed = false;
}

/* This function deletes the event of a probe, armed or not: 0, or the errno. */
int probe_delete(const struct probe *p)
{
	return trace_write("uprobe_events", "-:" GROUP "/%s\n", p->event);
}

/* This function returns how many places the event of a probe has. */
int probe_places(const struct probe *p)
{
	FILE *f = fopen(TRACEFS "uprobe_events", "re");
	char line[512], event[64];
	int found = 0;

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%*c:" GROUP "/%63s", event) == 1 &&
		    !strcmp(event, p->event))
			found++;
	}
	if (f)
		fclose(f);
	return found;
}

/* This function removes a probe, disarming it first. */
void probe_remove(struct probe *p)
{
	probe_disarm(p);
	if (p->defined && !p->places)
		probe_delete(p);
	free(p->places);
	p->places = NULL;
	p->defined = false;
}

/* This function returns why a test of trace events is skipped, or NULL. */
const char *lacks_tracefs(void)
{
	return access(TRACEFS "events", F_OK) ?
	       "this kernel has no trace events" : NULL;
}

/*
 * This function says whether hits are recorded: without, events are counted,
 * see probe_hits().
 */
int trace_record(bool on)
{
	if (client_is_there())
		return 0;
	return trace_write("tracing_on", "%d", on);
}

/*
 * This function returns the hits that the kernel has counted for one event.
 * That counter of 6.1 is not atomic: where several processors hit the same
 * event at once, use trace_hits().
 */
unsigned long probe_hits(const struct probe *p)
{
	char line[512], file[256], event[64];
	unsigned long hits, found = 0;
	FILE *f;

	if (p->places)
		return client_hits(p->event);
	f = fopen(TRACEFS "uprobe_profile", "re");
	if (!f)
		return 0;
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%255s %63s %lu", file, event, &hits) == 3 &&
		    !strcmp(event, p->event))
			found = hits;
	}
	fclose(f);
	return found;
}

/* This function adds up what one processor has ever written to the trace. */
static bool cpu_records(int cpu, unsigned long *sum)
{
	char line[128];
	unsigned long n;
	FILE *f;

	snprintf(line, sizeof(line), TRACEFS "per_cpu/cpu%d/stats", cpu);
	f = fopen(line, "re");
	if (!f)
		return false;
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "entries: %lu", &n) == 1 ||
		    sscanf(line, "overrun: %lu", &n) == 1 ||
		    sscanf(line, "dropped events: %lu", &n) == 1)
			*sum += n;
	}
	fclose(f);
	return true;
}

/*
 * This function returns the number of records that were ever written to the
 * trace buffer, overwritten ones included.  Each hit of each armed event writes
 * one, so a difference counts hits exactly, on any number of processors.
 */
unsigned long trace_hits(void)
{
	unsigned long sum = 0;
	int cpu = 0;

	if (client_is_there())
		return client_all_hits();
	while (cpu_records(cpu, &sum))
		cpu++;
	return sum;
}
