// SPDX-License-Identifier: GPL-2.0-only
/*
 * The self-test program: lists its tests, or runs one of them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "child.h"
#include "code-file.h"
#include "site.h"
#include "tests.h"

static const struct test * const tables[] = {
#ifdef BEHAVIOUR
	basic_tests,
	signal_tests,
	trace_tests,
	task_tests,
	mm_tests,
	huge_tests,
	return_tests,
	stack_tests,
	refs_tests,
	program_tests,
	race_tests,
# ifdef __x86_64__
	code_tests,
	slot_tests,
	debugger_tests,
	perf_tests,
	close_tests,
	bpf_tests,
	shadow_tests,
	rseq_tests,
# endif
	/* Last: a kernel may be of no use behind it. */
	file_tests,
#endif
	NULL,
};

/* This function prints one line of the list. */
static void list_one(const char *name, const char *before)
{
	printf("test " ABI_PREFIX "%s %s\n", name, before);
}

/* This function lists all tests in the order they are to run. */
static void list_all(void)
{
	const struct site *site = NULL;
	const struct test * const *table;
	const struct test *test;

	while ((site = next_site_test(site)))
		list_one(site_name(site), site_test_before(site));
	for (table = tables; *table; table++) {
		for (test = *table; test->name; test++)
			list_one(test->name, test->before);
	}
}

#ifdef BEHAVIOUR
/* This function runs a test that is not made of sites. */
static void run_behaviour(const struct test *test, struct result *r)
{
	if (test->lacks) {
		r->skip = test->lacks();
		if (r->skip)
			return;
	}
	board = shared_memory(sizeof(*board));
	if (test->run)
		test->run(r);
	else
		probe_child(test, r);
}

/* This function is what a test starts when it needs a new image that hits. */
static int hit_only(const char *times)
{
	return hit_times(hit_xol, atol(times));
}
#else
/* The other programs have nothing but sites. */
static void run_behaviour(const struct test *test, struct result *r)
{
	test->run(r);
}

static int hit_only(const char *times)
{
	return !times;
}
#endif

/* This function runs the test with the given name, if there is one. */
static bool run_one(const char *name, struct result *r)
{
	const struct site *site = NULL;
	const struct test * const *table;
	const struct test *test;

	while ((site = next_site_test(site))) {
		if (!strcmp(site_name(site), name)) {
			run_site_test(site, r);
			return true;
		}
	}
	for (table = tables; *table; table++) {
		for (test = *table; test->name; test++) {
			if (!strcmp(test->name, name)) {
				run_behaviour(test, r);
				return true;
			}
		}
	}
	return false;
}

int main(int argc, char **argv)
{
	struct result r = { .outcome = OUTCOME_PASS };
	const size_t prefix = strlen(ABI_PREFIX);

	if (argc == 2 && !strcmp(argv[1], "--list")) {
		list_all();
		return 0;
	}
	if (argc == 3 && !strcmp(argv[1], "--hit"))
		return hit_only(argv[2]);
	if ((argc == 4 || argc == 6) && !strcmp(argv[1], "--execute"))
		return execute_file(argc - 2, argv + 2);
	if (argc != 3 || strcmp(argv[1], "--run") ||
	    strncmp(argv[2], ABI_PREFIX, prefix)) {
		fprintf(stderr, "usage: %s --list | --run NAME\n", argv[0]);
		return 2;
	}
	if (!run_one(argv[2] + prefix, &r)) {
		fprintf(stderr, "no test %s\n", argv[2]);
		return 2;
	}
	print_result(&r);
	return 0;
}
