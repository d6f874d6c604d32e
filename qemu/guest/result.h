/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef RESULT_H
#define RESULT_H

#include <stdbool.h>

/* What a test found; qemu/README.md says what each word means. */
enum outcome {
	OUTCOME_PASS,
	OUTCOME_SIGTRAP,
	OUTCOME_ARMED,
	OUTCOME_FAIL,
};

struct result {
	enum outcome	outcome;
	unsigned long	hits;
	char		extra[256];	/* " key=value ..." */
	const char	*skip;		/* the reason, or NULL */
};

/*
 * A test.  "before" is the outcome on the baseline, where arming works and a
 * hit ends the task with SIGTRAP.
 */
struct test {
	const char	*name;
	const char	*before;
	void		(*run)(struct result *r);
	const char	*(*lacks)(void);	/* what is missing, or NULL */

	/* Without "run": a child that must hit the probe so many times. */
	int		(*child)(void);
	const void	*bp;
	unsigned long	hits;
	bool		is_return;	/* the probe is for its return */
};

void note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void add_word(struct result *r, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
bool expect(struct result *r, bool good, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void judge(struct result *r, int status, unsigned long hits,
	   unsigned long want);
void print_result(const struct result *r);

#endif
