/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CHILD_H
#define CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "result.h"
#include "tracefs.h"

/* In hits.S. */
long hit_nop(long x);
long hit_xol(long x);
long hit_push(long x);
long hit_load(const long *p);
long hit_deep(long depth);
long hit_tail(long x);
long hit_call(long (*fn)(void));
void hit_div(int x);
void foreign_int3(void);
extern const char steps_begin[], steps_end[], code_begin[], code_end[];

/* From the linker: the program's own code lies between them. */
extern const char __executable_start[], etext[];

typedef long (*hit_fn)(long x);

/* Memory that all processes of a test share. */
struct board {
	volatile unsigned long	count;
	volatile int		go;
	volatile int		stop;
	volatile int		ready;
	unsigned long		ip[2][512];
	int			code[2][512];
	unsigned int		nr[2];
};

extern struct board *board;

/* Complains and makes the child fail, if something is not as it should be. */
#define CHECK(good)							\
	do {								\
		if (!(good)) {						\
			note("%s:%d: not so: %s", __func__, __LINE__,	\
			     #good);					\
			return 1;					\
		}							\
	} while (0)

void *shared_memory(size_t size);
pid_t start_child(int (*child)(void));
int wait_child(pid_t pid);
bool child_ended(pid_t pid, int *status);
int pass_on(int status);
void die_of(int signo);
int hit_times(hit_fn hit, unsigned long times);
bool arm_at(struct result *r, struct probe *p, const void *addr);
bool arm_return(struct result *r, struct probe *p, const void *addr);
void nap_ms(long ms);
void probe_child(const struct test *test, struct result *r);
void spawn_self_args(char **argv, const char *times);

#endif
