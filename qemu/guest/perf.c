// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events of perf, and probes that are such events.
 */
#include <fcntl.h>
#include <linux/perf_event.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "perf.h"
#include "tracefs.h"

#define PMU_TYPE	"/sys/bus/event_source/devices/uprobe/type"
/* format/retprobe, beside it: config:0 */
#define PMU_RETURN	1

/*
 * This function opens an event for a process and returns its descriptor.
 * Kernels before 3.14 refuse PERF_FLAG_FD_CLOEXEC.
 */
int perf_open(struct perf_event_attr *attr, pid_t pid)
{
	int fd;

	attr->size = sizeof(*attr);
	fd = syscall(SYS_perf_event_open, attr, pid, -1, -1, 0);
	if (fd >= 0)
		fcntl(fd, F_SETFD, FD_CLOEXEC);
	return fd;
}

/* This function returns what an event has counted. */
unsigned long perf_count(int fd)
{
	uint64_t count;

	if (read(fd, &count, sizeof(count)) != sizeof(count))
		return -1UL;
	return count;
}

/*
 * This function opens a probe of this program, or of a function's return, for
 * one process only.
 */
int perf_probe(pid_t pid, const void *address, bool is_return)
{
	struct perf_event_attr attr = {
		.config = is_return ? PMU_RETURN : 0,
		.uprobe_path = (uintptr_t)"/proc/self/exe",
		.probe_offset = file_offset(address),
	};
	FILE *f = fopen(PMU_TYPE, "re");
	int known = f ? fscanf(f, "%u", &attr.type) : 0;

	if (f)
		fclose(f);
	return known == 1 ? perf_open(&attr, pid) : -1;
}
