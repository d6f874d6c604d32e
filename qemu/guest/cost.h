/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef COST_H
#define COST_H

/* Functions with one and the same instruction. */
#define COST_SEVERAL	8

#ifndef __ASSEMBLER__

#include <stdint.h>

/* A function with an instruction whose probe is measured, see cost.S. */
struct site {
	const char	*name;
	void		(*call)(void);
	const uint8_t	*at;
	const uint8_t	*end;
};

/* Ends with a site without a name. */
extern const struct site cost_sites[];

/* Each begins with the instruction that its name says. */
void cost_nop(void);
void cost_push(void);
void cost_stepped(void);
/* Each calls the next one. */
void cost_nest_1(void);
void cost_nest_2(void);
void cost_nest_3(void);
void cost_nest_4(void);
/* The first one ends with a jump to the second. */
void cost_tail_1(void);
void cost_tail_2(void);

/* Does nothing, between two calls. */
void cost_pause(void);

extern void (*const cost_nops[COST_SEVERAL])(void);
extern void (*const cost_imuls[COST_SEVERAL])(void);

#endif /* __ASSEMBLER__ */

#endif
