/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CHILD_H
#define CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "abi.h"
#include "result.h"
#include "tracefs.h"

/* In hits.S. */
HIT_ABI long hit_nop(long x);
HIT_ABI long hit_xol(long x);
HIT_ABI long hit_push(long x);
HIT_ABI long hit_endbr(long x);
HIT_ABI long hit_load(const long *p);
HIT_ABI long load_checked(const long *p);
HIT_ABI long push_checked(long x);
HIT_ABI long hit_framed(long x);
long hit_return(void);
HIT_ABI long hit_deep(long depth);
HIT_ABI long hit_tail(long x);
HIT_ABI long hit_call(long (*fn)(void));
HIT_ABI long hit_chained(long (*fn)(void));
HIT_ABI long hit_jump(long (*fn)(void));
HIT_ABI long hit_pops(long (*fn)(void));
HIT_ABI long hit_carries(long (*fn)(void));
HIT_ABI long call_pops(long (*fn)(void));
HIT_ABI long call_carries(long (*fn)(void));
HIT_ABI void hit_div(int x);
void foreign_int3(void);
void walk_stepped(void);
extern const char hit_framed_leave[], hit_return_bp[];
extern const char steps_begin[], steps_end[];
extern const char step_call[], step_jmp[], step_not_taken[], step_taken[];
extern const char step_loop[], step_to_next[], step_indirect[];
extern const char code_begin[], code_second[], code_end[];
extern const char refused_begin[], refused_insn[], refused_end[];

typedef HIT_ABI long (*hit_fn)(long x);

/* Memory that all processes of a test share. */
struct board {
	volatile unsigned long	count;
	volatile unsigned long	total;
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
bool is_own_code(uintptr_t ip);
bool is_emulated(void);
unsigned long slots_address(void);
bool run_first(void);
void probe_child(const struct test *test, struct result *r);
void probe_returns(struct result *r, int (*child)(void), unsigned long hits,
		   const void *const *functions);

/* What ends with the address of no function. */
#define FUNCTIONS(...)	((const void *const []){ __VA_ARGS__, NULL })
void spawn_self_args(char **argv, const char *times);
int run_program(const char *program, const char *test, char *line, size_t size);

#endif
