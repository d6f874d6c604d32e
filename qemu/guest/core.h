/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CORE_H
#define CORE_H

#include <stddef.h>
#include <sys/types.h>

/* What a core file says about a thread. */
struct core_thread {
	unsigned long	ip;
	unsigned long	flags;
};

int want_core(void);
int read_core(struct core_thread *threads, int room);

#endif
