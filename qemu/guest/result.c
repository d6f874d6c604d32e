// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a test found, and how it says so.  The runner reads these lines.
 */
#include "result.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

static const char * const outcome_words[] = {
	[OUTCOME_PASS]		= "pass",
	[OUTCOME_SIGTRAP]	= "sigtrap",
	[OUTCOME_ARMED]		= "armed",
	[OUTCOME_FAIL]		= "fail",
};

/* This function prints one line of explanation. */
void note(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	fflush(stdout);
}

/* This function adds a "key=value" word to the test's result. */
void add_word(struct result *r, const char *fmt, ...)
{
	size_t len = strlen(r->extra);
	va_list ap;

	if (len + 2 >= sizeof(r->extra))
		return;
	r->extra[len] = ' ';
	va_start(ap, fmt);
	vsnprintf(r->extra + len + 1, sizeof(r->extra) - len - 1, fmt, ap);
	va_end(ap);
}

/*
 * This function makes the test fail and says why, if something is not as
 * expected.  It returns what it was given, so that a caller can give up.
 */
bool expect(struct result *r, bool good, const char *fmt, ...)
{
	va_list ap;

	if (good)
		return true;
	r->outcome = OUTCOME_FAIL;
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	fflush(stdout);
	return false;
}

/*
 * This function judges a probed child: it ended well and hit the probe as often
 * as it should, or it died of SIGTRAP without a hit, as on the baseline.
 */
void judge(struct result *r, int status, unsigned long hits,
	   unsigned long want)
{
	r->hits = hits;
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGTRAP && !hits) {
		if (r->outcome == OUTCOME_PASS)
			r->outcome = OUTCOME_SIGTRAP;
		return;
	}
	if (WIFSIGNALED(status))
		expect(r, false, "child killed by signal %d",
		       WTERMSIG(status));
	else
		expect(r, !status, "child exited with status %d",
		       WEXITSTATUS(status));
	expect(r, hits == want, "hits: expected %lu, saw %lu", want, hits);
}

/* This function prints the line that the runner takes for the result. */
void print_result(const struct result *r)
{
	if (r->skip)
		printf("skip=%s\n", r->skip);
	else
		printf("outcome=%s hits=%lu%s\n", outcome_words[r->outcome],
		       r->hits, r->extra);
	fflush(stdout);
}
