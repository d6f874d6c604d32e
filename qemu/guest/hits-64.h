/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HITS_64_H
#define HITS_64_H

/* In hits-64.S. */
long hit_memory(const long *p);
void store_mov(long *to, long x);
void store_step(long *to, long x);
long hit_mode(long x);
unsigned long hit_on_stack(void *stack, const void *callee);
long hit_on_words(long x, const unsigned long *stack);
extern const char hit_mode_bp[], hit_mode_mov[], stack_callee[];
extern const char hit_on_stack_bp[], hit_on_stack_next[];
extern const char hit_on_words_next[];
long hit_high(const long *p);
long hit_moved(long x);
long hit_not_moved(long x);
long hit_red_zone(long x);
void hit_marker(void);
extern const char hit_high_bp[], hit_moved_bp[], hit_not_moved_bp[];
extern const char hit_red_zone_bp[];
void step_fence(void);
void leave_slot(const void *context);
long call_near(long x);
void return_wrong(void);
extern const char call_near_bp[], call_near_ret[];
extern const char accepted[], accepted_end[];
void long_int3(void);

#endif
