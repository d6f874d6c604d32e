// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of single instructions: the same code runs without and with a probe
 * and must leave the same state behind.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "site.h"
#include "tests.h"
#include "tracefs.h"

/* One site of the test that is being run. */
struct attempt {
	const struct site	*site;
	struct site_state	*want;		/* shared with the children */
	struct site_state	*got;
	struct probe		probe;
	int			err;		/* of arming */
	enum outcome		outcome;
	unsigned long		hits;
};

#define MAX_ATTEMPTS	64

static struct attempt attempts[MAX_ATTEMPTS];
static unsigned int nr_attempts;

/* This function returns what the site is expected to do. */
static unsigned int kind_of(const struct site *site)
{
	return site->kind & SITE_KIND;
}

/* This function returns the first site of the next test, NULL at the end. */
const struct site *next_site_test(const struct site *site)
{
	const struct site *next = site ? site + 1 : __start_site_table;

	while (site && next < __stop_site_table &&
	       !strcmp(site_name(next), site_name(site)))
		next++;
	return next < __stop_site_table ? next : NULL;
}

/* This function returns the outcome of the test on the baseline. */
const char *site_test_before(const struct site *site)
{
	switch (kind_of(site)) {
	case SITE_REFUSE:
		return "armed";
	case SITE_NEVER:
		return "pass";
	default:
		return "sigtrap";
	}
}

/* This function returns memory that is shared with children. */
static void *shared(size_t size)
{
	void *mem = mmap(NULL, size, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return mem == MAP_FAILED ? NULL : mem;
}

/* This function collects the sites of a test. */
static bool collect(const struct site *first)
{
	const struct site *site;
	struct site_state *states;
	unsigned int i;

	for (site = first; site < __stop_site_table &&
	     !strcmp(site_name(site), site_name(first)); site++) {
		if (nr_attempts == MAX_ATTEMPTS)
			return false;
		attempts[nr_attempts++].site = site;
	}
	states = shared(2 * nr_attempts * sizeof(*states));
	if (!states)
		return false;
	for (i = 0; i < nr_attempts; i++) {
		attempts[i].want = &states[2 * i];
		attempts[i].got = &states[2 * i + 1];
	}
	return true;
}

/*
 * This function runs one site in a child and returns the wait status.  Both
 * runs take this way, so that all addresses are the same in both.
 */
static int run_child(const struct site *site, struct site_state *state)
{
	int status = -1;
	pid_t pid = fork();

	if (!pid) {
		site_execute(site, state);
		_exit(0);
	}
	if (pid > 0)
		waitpid(pid, &status, 0);
	return status;
}

/* This function runs a site unprobed: the state that is expected. */
static bool run_unprobed(struct attempt *a, struct result *r)
{
	const struct site *site = a->site;
	int status;

	if (kind_of(site) >= SITE_REFUSE)
		return true;
	status = run_child(site, a->want);
	if (!expect(r, !status, "%s: unprobed run ended with status %#x",
		    site_variant(site), status))
		return false;
	return expect(r, a->want->fault.signo == site->signo,
		      "%s: unprobed run raised signal %u at %#llx",
		      site_variant(site), a->want->fault.signo,
		      (unsigned long long)a->want->fault.ip);
}

/* This function defines and arms the probe of one site. */
static bool arm(struct attempt *a, struct result *r)
{
	int err = probe_define(&a->probe, site_bp(a->site));

	if (!expect(r, !err, "%s: cannot define the probe: error %d",
		    site_variant(a->site), err))
		return false;
	a->err = probe_arm(&a->probe);
	return true;
}

/* This function judges a site that was refused when it was armed. */
static void judge_refusal(struct attempt *a, struct result *r)
{
	const char *variant = site_variant(a->site);

	a->outcome = OUTCOME_PASS;
	if (!is_refusal(a->err) || kind_of(a->site) == SITE_RUN) {
		note("%s: arming failed with error %d", variant, a->err);
		a->outcome = OUTCOME_FAIL;
	}
	if (a == attempts)
		add_word(r, "refused=%d", a->err);
}

/* This function runs an armed site and judges what it did. */
static void run_probed(struct attempt *a)
{
	unsigned long before = trace_hits();
	const char *variant = site_variant(a->site);
	int status;

	status = run_child(a->site, a->got);
	a->hits = trace_hits() - before;
	a->outcome = OUTCOME_PASS;
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGTRAP && !a->hits) {
		a->outcome = OUTCOME_SIGTRAP;
		return;
	}
	if (status) {
		note("%s: probed run ended with status %#x", variant, status);
		a->outcome = OUTCOME_FAIL;
	} else if (!site_compare(a->site, a->want, a->got)) {
		a->outcome = OUTCOME_FAIL;
	}
	if (a->hits != a->site->hits) {
		note("%s: hits: expected %lu, saw %lu", variant,
		     (unsigned long)a->site->hits, a->hits);
		a->outcome = OUTCOME_FAIL;
	}
}

/* This function judges one site, which is armed or was refused. */
static void judge_site(struct attempt *a, struct result *r)
{
	if (a->err)
		judge_refusal(a, r);
	else if (kind_of(a->site) >= SITE_REFUSE)
		a->outcome = OUTCOME_ARMED;
	else
		run_probed(a);
}

/*
 * This function makes one outcome of all sites of the test: theirs, if they
 * agree; otherwise the test has failed.
 */
static void sum_up(struct result *r)
{
	bool agree = true;
	unsigned int i;

	for (i = 0; i < nr_attempts; i++) {
		r->hits += attempts[i].hits;
		agree &= attempts[i].outcome == attempts[0].outcome;
	}
	if (agree) {
		r->outcome = attempts[0].outcome;
		return;
	}
	r->outcome = OUTCOME_FAIL;
	for (i = 0; i < nr_attempts; i++) {
		if (attempts[i].outcome == OUTCOME_SIGTRAP)
			note("%s: killed by SIGTRAP, no hit",
			     site_variant(attempts[i].site));
		else if (attempts[i].outcome == OUTCOME_ARMED)
			note("%s: armed", site_variant(attempts[i].site));
	}
}

/* This function runs the test that begins with the site given. */
void run_site_test(const struct site *first, struct result *r)
{
	unsigned int i;
	bool good;

	if ((first->kind & SITE_AVX) && !__builtin_cpu_supports("avx2")) {
		r->skip = "this processor has no AVX2";
		return;
	}
	good = expect(r, collect(first), "cannot collect the sites");
	for (i = 0; good && i < nr_attempts; i++)
		good = run_unprobed(&attempts[i], r);
	for (i = 0; good && i < nr_attempts; i++)
		good = arm(&attempts[i], r);
	for (i = 0; good && i < nr_attempts; i++)
		judge_site(&attempts[i], r);
	for (i = 0; i < nr_attempts; i++)
		probe_remove(&attempts[i].probe);
	if (good)
		sum_up(r);
}
