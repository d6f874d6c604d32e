/* SPDX-License-Identifier: GPL-2.0-only */
/* Events of perf at a place of this program. */
#ifndef HUNTED_PERF_H
#define HUNTED_PERF_H

#include "hunted.h"
#include <linux/perf_event.h>

/* Bits of the configuration that say where the reference counter is in the file. */
#define COUNTER_SHIFT 32

/* Return a file descriptor, or -1; @attr says more than what is probed. */
static inline int attach_on(struct perf_event_attr attr, const void *at, pid_t pid,
			    int cpu, int is_return)
{
	FILE *file = fopen("/sys/bus/event_source/devices/uprobe/type", "re");
	int type = 0;

	if (!file || fscanf(file, "%d", &type) != 1)
		return -1;
	fclose(file);
	attr.size = sizeof(attr);
	attr.type = type;
	attr.config |= is_return;
	attr.config1 = (uintptr_t)SELF;
	attr.config2 = file_offset(at);
	return syscall(SYS_perf_event_open, &attr, pid, cpu, -1, 8);
}

/* The same on any processor. */
static inline int attach(struct perf_event_attr attr, const void *at, pid_t pid,
			 int is_return)
{
	return attach_on(attr, at, pid, -1, is_return);
}

/* The same with a reference counter, which is there in the file. */
static inline int attach_counter(struct perf_event_attr attr, const void *at, pid_t pid,
				 int is_return, unsigned long counter)
{
	attr.config = (uint64_t)counter << COUNTER_SHIFT;
	return attach(attr, at, pid, is_return);
}

/* Open a trace event, as what perf probe defines. */
static inline int open_event(struct perf_event_attr attr, const char *name, pid_t pid)
{
	char path[128];
	FILE *file;
	int id = -1;

	snprintf(path, sizeof(path), TRACE "events/hunted/%s/id", name);
	file = fopen(path, "re");
	if (!file || fscanf(file, "%d", &id) != 1)
		return -1;
	fclose(file);
	attr.type = PERF_TYPE_TRACEPOINT;
	attr.size = sizeof(attr);
	attr.config = id;
	return syscall(SYS_perf_event_open, &attr, pid, -1, -1, 8);
}

#endif
