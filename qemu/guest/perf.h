/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef PERF_H
#define PERF_H

#include <stdbool.h>
#include <sys/types.h>

struct perf_event_attr;

int perf_open(struct perf_event_attr *attr, pid_t pid);
int perf_probe(pid_t pid, const void *address, bool is_return);
unsigned long perf_count(int fd);

#endif
