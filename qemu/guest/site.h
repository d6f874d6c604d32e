/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sites: pieces of code with one instruction in them that gets probed.
 *
 * Included from C and from assembler.
 */
#ifndef SITE_H
#define SITE_H

/* What is expected when the site is armed. */
#define SITE_RUN	0	/* armed, and runs as if it were not */
#define SITE_EITHER	1	/* refused, or armed and runs as if it were not */
#define SITE_REFUSE	2	/* refused; the baseline arms it */
#define SITE_NEVER	3	/* refused by every kernel */
#define SITE_KIND	0xf
/* Or-ed to the above. */
#define SITE_AVX	0x10	/* needs AVX2 */
#define SITE_TRAPNO	0x20	/* compare the trap number, too */
#define SITE_RETURN	0x40	/* a function: its return is probed */
#define SITE_YOUNG	0x80	/* the decoder of 3.3 may not know it */

/* Offsets in struct site_regs. */
#define SITE_SP		32
#define SITE_FLAGS	128
#define SITE_VEC	160

#define SITE_DATA_SIZE	512
#define SITE_STACK_SIZE	1024

#ifndef __ASSEMBLER__

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * One entry of the table that the "site" macro writes.  All members are 64 bits
 * wide in every ABI.
 */
struct site {
	uint64_t	name;		/* of the test */
	uint64_t	variant;	/* several sites may make one test */
	uint64_t	entry;		/* where the code starts */
	uint64_t	bp;		/* the instruction to probe */
	uint64_t	hits;		/* of one run */
	uint64_t	kind;		/* SITE_RUN ... */
	uint64_t	undef;		/* flags undefined after it */
	uint64_t	signo;		/* the signal it raises, or 0 */
};

extern const struct site __start_site_table[], __stop_site_table[];

struct site_regs {
	uint64_t	reg[16];	/* in the order of their encoding */
	uint64_t	flags;
	uint64_t	pad[3];
	uint8_t		vec[16][32];
};

/* What a signal handler is told about a fault. */
struct site_fault {
	uint32_t	signo;		/* 0: no fault */
	uint32_t	code;
	uint64_t	addr;
	uint64_t	ip;
	uint64_t	flags;
	uint64_t	trapno;
	uint64_t	err;
	uint64_t	cr2;
	uint64_t	reg[16];
};

/* All that a run can change. */
struct site_state {
	struct site_regs	regs;
	struct site_fault	fault;
	uint8_t			data[SITE_DATA_SIZE];
	uint8_t			stack[SITE_STACK_SIZE];
};

/* In site.S. */
extern struct site_regs site_in, site_out;
extern uint64_t site_target;
extern uint32_t site_has_avx;
extern uint8_t site_data[SITE_DATA_SIZE], site_stack[SITE_STACK_SIZE];
extern uint8_t site_guard[4096];	/* behind the stack, not accessible */
void site_run(void);
void site_exit(void);

/* In site.c. */
const char *site_name(const struct site *site);
const char *site_variant(const struct site *site);
const void *site_bp(const struct site *site);
void site_execute(const struct site *site, struct site_state *state);
bool site_compare(const struct site *site, const struct site_state *want,
		  const struct site_state *got);

#endif /* __ASSEMBLER__ */
#endif
