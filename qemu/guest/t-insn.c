// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of single instructions: the same code runs without and with a probe
 * and must leave the same state behind.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "debugfs.h"
#include "site.h"
#include "tests.h"
#include "tracefs.h"

/* What the children that run the sites tell; shared with them. */
struct report {
	struct site_state	want;		/* of the unprobed run */
	struct site_state	got;		/* of the probed run */
	unsigned long		hits;
	bool			ran;		/* to its end */
};

/* One site of the test that is being run. */
struct attempt {
	const struct site	*site;
	struct report		*report;
	struct probe		probe;
	int			err;		/* of arming */
	enum outcome		outcome;
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

/* This function defines the probe of a site. */
static int define(struct probe *p, const struct site *site)
{
	if (site->kind & SITE_RETURN)
		return probe_define_return(p, site_bp(site));
	return probe_define(p, site_bp(site));
}

/* This function collects the sites of a test. */
static bool collect(const struct site *first)
{
	const struct site *site;
	struct report *reports;
	unsigned int i;

	for (site = first; site < __stop_site_table &&
	     !strcmp(site_name(site), site_name(first)); site++) {
		if (nr_attempts == MAX_ATTEMPTS)
			return false;
		attempts[nr_attempts++].site = site;
	}
	reports = mmap(NULL, nr_attempts * sizeof(*reports),
		       PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		       -1, 0);
	if (reports == MAP_FAILED)
		return false;
	for (i = 0; i < nr_attempts; i++)
		attempts[i].report = &reports[i];
	return true;
}

/* This function returns whether a site is to be run at all. */
static bool is_run(const struct attempt *a)
{
	return !a->err && kind_of(a->site) < SITE_REFUSE;
}

/* This function runs the sites without probes, in the child. */
static void run_unprobed(unsigned int first)
{
	struct report *report;
	unsigned int i;

	for (i = first; i < nr_attempts; i++) {
		report = attempts[i].report;
		if (is_run(&attempts[i]))
			site_execute(attempts[i].site, &report->want);
		report->ran = true;
	}
}

/* More than the kernel keeps free below a stack, 1 MiB, and a page each time */
#define STACK_PAGES	512

/* This function wants the stack to grow. */
static __attribute__((noinline)) int grow_stack(int pages)
{
	volatile char page[4096];

	page[0] = pages;
	page[sizeof(page) - 1] = pages;
	return pages ? grow_stack(pages - 1) + page[0] - page[4095] : 0;
}

/* This function runs the sites with their probes armed, in the child. */
static void run_probed(unsigned int first)
{
	struct report *report;
	unsigned long before;
	unsigned int i;

	for (i = first; i < nr_attempts; i++) {
		report = attempts[i].report;
		if (is_run(&attempts[i])) {
			before = trace_hits();
			site_execute(attempts[i].site, &report->got);
			report->hits = trace_hits() - before;
		}
		/* The slots are mapped now, and not where the stack goes. */
		report->ran = !grow_stack(STACK_PAGES);
	}
}

/*
 * This function has a child run all sites, beginning with the first given, and
 * returns its wait status.  Where it was killed, "ran" is not set.
 */
static int run_child(void (*run)(unsigned int first), unsigned int first)
{
	int status = -1;
	pid_t pid;
	unsigned int i;

	for (i = first; i < nr_attempts; i++)
		attempts[i].report->ran = false;
	pid = fork();
	if (!pid) {
		run(first);
		_exit(0);
	}
	if (pid > 0)
		waitpid(pid, &status, 0);
	return status;
}

/* This function runs all sites unprobed: the state that is expected. */
static bool learn(struct result *r)
{
	const struct site_fault *fault;
	const struct site *site;
	unsigned int i;
	int status;

	status = run_child(run_unprobed, 0);
	if (!expect(r, !status, "unprobed run ended with status %#x", status))
		return false;
	for (i = 0; i < nr_attempts; i++) {
		site = attempts[i].site;
		fault = &attempts[i].report->want.fault;
		if (kind_of(site) < SITE_REFUSE)
			expect(r, fault->signo == site->signo,
			       "%s: unprobed run raised signal %u at %#llx",
			       site_variant(site), fault->signo,
			       (unsigned long long)fault->ip);
	}
	return r->outcome == OUTCOME_PASS;
}

/* This function defines and arms the probe of one site. */
static bool arm(struct attempt *a, struct result *r)
{
	int err = define(&a->probe, a->site);

	if (!expect(r, !err, "%s: cannot define the probe: error %d",
		    site_variant(a->site), err))
		return false;
	a->err = probe_arm(&a->probe);
	return true;
}

/*
 * This function arms all sites as one event, which is quicker than one event
 * for each.  It leaves no trace if that is not possible.
 */
static bool arm_together(void)
{
	struct probe *p = &attempts[0].probe;
	unsigned int i;
	int err;

	for (i = 0; i < nr_attempts; i++) {
		if (kind_of(attempts[i].site) != SITE_RUN)
			return false;
	}
	err = define(p, attempts[0].site);
	for (i = 1; !err && i < nr_attempts; i++)
		err = probe_extend(p, site_bp(attempts[i].site));
	if (!err)
		err = probe_arm(p);
	if (err)
		probe_remove(p);
	return !err;
}

/* This function arms all sites, one by one if need be: who was refused? */
static bool arm_all(struct result *r)
{
	bool good = true;
	unsigned int i;

	if (arm_together())
		return true;
	for (i = 0; good && i < nr_attempts; i++)
		good = arm(&attempts[i], r);
	return good;
}

/*
 * This function returns whether a site may be refused.  The instruction may be
 * too young for a kernel whose uprobes have no trace events.
 */
static bool may_be_refused(const struct attempt *a)
{
	if (a->site->kind & SITE_YOUNG && client_is_there() &&
	    a->err == ENOEXEC) {
		note("%s: not known to this kernel's decoder",
		     site_variant(a->site));
		return true;
	}
	return is_refusal(a->err) && kind_of(a->site) != SITE_RUN;
}

/* This function judges a site that was refused when it was armed. */
static void judge_refusal(struct attempt *a, struct result *r)
{
	const char *variant = site_variant(a->site);

	a->outcome = OUTCOME_PASS;
	if (!may_be_refused(a)) {
		note("%s: arming failed with error %d", variant, a->err);
		a->outcome = OUTCOME_FAIL;
	}
	if (a == attempts)
		add_word(r, "refused=%d", a->err);
}

/* This function judges a site whose probed run was the end of the child. */
static void judge_death(struct attempt *a, int status)
{
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGTRAP &&
	    !a->report->hits) {
		a->outcome = OUTCOME_SIGTRAP;
		return;
	}
	note("%s: probed run ended with status %#x after %lu hits",
	     site_variant(a->site), status, a->report->hits);
	a->outcome = OUTCOME_FAIL;
}

/* This function judges a site that ran with its probe armed. */
static void judge_run(struct attempt *a)
{
	const struct report *report = a->report;

	a->outcome = OUTCOME_PASS;
	if (!site_compare(a->site, &report->want, &report->got))
		a->outcome = OUTCOME_FAIL;
	if (report->hits != a->site->hits) {
		note("%s: hits: expected %lu, saw %lu", site_variant(a->site),
		     (unsigned long)a->site->hits, report->hits);
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
		judge_run(a);
}

/*
 * This function runs all sites with their probes armed, and judges them.  A
 * site that kills the child does not keep those after it from being run.
 */
static void try_all(struct result *r)
{
	unsigned long before;
	struct attempt *a;
	unsigned int i = 0;
	int status;

	while (i < nr_attempts) {
		before = trace_hits();
		status = run_child(run_probed, i);
		for (; i < nr_attempts && attempts[i].report->ran; i++) {
			a = &attempts[i];
			judge_site(a, r);
			before += a->report->hits;
		}
		if (i == nr_attempts)
			break;
		a = &attempts[i++];
		a->report->hits = trace_hits() - before;
		judge_death(a, status);
	}
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
		r->hits += attempts[i].report->hits;
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
	good = expect(r, collect(first), "cannot collect the sites") &&
	       learn(r) && arm_all(r);
	if (good)
		try_all(r);
	for (i = 0; i < nr_attempts; i++)
		probe_remove(&attempts[i].probe);
	if (good)
		sum_up(r);
}
