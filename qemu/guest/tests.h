/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TESTS_H
#define TESTS_H

#include "result.h"

struct site;

/* What goes before the names of this ABI's tests. */
#if defined(__i386__)
# define ABI_PREFIX	"m32-"
#elif defined(__ILP32__)
# define ABI_PREFIX	"x32-"
#else
# define ABI_PREFIX	""
#endif

/* In t-insn.c: tests made of sites, one for each name in the table. */
const struct site *next_site_test(const struct site *site);
const char *site_test_before(const struct site *site);
void run_site_test(const struct site *first, struct result *r);

/* An entry for a test that does everything itself. */
#define TEST(_name, _before, _run) \
	{ .name = _name, .before = _before, .run = _run }

/* The same where the kernel may lack what it takes: then it is skipped. */
#define TEST_IF(_name, _before, _run, _lacks) \
	{ .name = _name, .before = _before, .run = _run, .lacks = _lacks }

/* An entry for one probe, and one child that must hit it so many times. */
#define CHILD_TEST(_name, _child, _bp, _hits) \
	{ .name = _name, .before = "sigtrap", .child = _child, .bp = _bp, \
	  .hits = _hits }

/* The same for a probe of the function's return. */
#define RETURN_TEST(_name, _child, _function, _hits) \
	{ .name = _name, .before = "sigtrap", .child = _child, \
	  .bp = _function, .hits = _hits, .is_return = true }

/* Tests of behaviour; each table ends with an entry without a name. */
extern const struct test basic_tests[];
extern const struct test signal_tests[];
extern const struct test trace_tests[];
extern const struct test task_tests[];
extern const struct test mm_tests[];
extern const struct test huge_tests[];
extern const struct test return_tests[];
extern const struct test stack_tests[];
extern const struct test refs_tests[];
extern const struct test file_tests[];
extern const struct test program_tests[];
extern const struct test race_tests[];
/* Of 64-bit programs alone. */
extern const struct test code_tests[];
extern const struct test slot_tests[];
extern const struct test debugger_tests[];
extern const struct test perf_tests[];
extern const struct test close_tests[];
extern const struct test bpf_tests[];
extern const struct test shadow_tests[];
extern const struct test rseq_tests[];

#endif
