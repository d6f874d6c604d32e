/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DEBUGFS_H
#define DEBUGFS_H

#include <stdbool.h>

/* Where the kernel's own client of uprobes has its files. */
#define DEBUGFS		"/sys/kernel/debug"
#define UPROBE_CLIENT	DEBUGFS "/uprobes/"

bool client_is_there(void);
int client_arm(const char *event, const char *places);
void client_disarm(const char *event);
unsigned long client_hits(const char *event);
unsigned long client_all_hits(void);

#endif
