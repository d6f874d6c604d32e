/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TRACEFS_H
#define TRACEFS_H

#include <stdbool.h>

struct probe {
	char	event[32];	/* its name in the group "uprobekit" */
	char	type;		/* 'p', or 'r' for the return of a function */
	char	*places;	/* for the client under debugfs */
	bool	defined;
	bool	armed;
};

int probe_define_at(struct probe *p, const char *file, unsigned long offset);
int probe_define(struct probe *p, const void *addr);
int probe_define_counted(struct probe *p, const char *file,
			 unsigned long offset, unsigned long counter);
int probe_define_return(struct probe *p, const void *addr);
int probe_define_load(struct probe *p, const void *addr);
int probe_extend(struct probe *p, const void *addr);
int probe_extend_at(struct probe *p, const char *file, unsigned long offset);
int probe_id(const struct probe *p);
int probe_arm(struct probe *p);
int group_enable(bool on);
void probe_disarm(struct probe *p);
void probe_remove(struct probe *p);
int probe_delete(const struct probe *p);
int probe_places(const struct probe *p);
const char *lacks_tracefs(void);
int trace_record(bool on);
unsigned long probe_hits(const struct probe *p);
unsigned long trace_hits(void);
unsigned long file_offset(const void *addr);
bool is_refusal(int err);

#endif
