// SPDX-License-Identifier: GPL-2.0-only
/*
 * The cost of a probe hit in instructions.
 *
 * For QEMU with -icount shift=0: there the time stamp counter counts the
 * instructions that were executed, in user space and in the kernel, and every
 * run gives the same figures.  Hits are counted and nothing is recorded: what a
 * client does about a hit is not what is measured.  What the timer's interrupts
 * cost is in some of the hits; the median has none of it.  Prints KTAP, see qemu/README.md.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <x86intrin.h>

#include "tracefs.h"

/* The first hits pay for pages and slots. */
#define WARM_UP		16
#define HITS		201

struct site {
	const char	*name;
	void		(*call)(void);
	const uint8_t	*at;
	const uint8_t	*end;
};

extern const struct site cost_sites[];

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* This function returns the instructions that calling a site takes. */
static uint64_t measure(const struct site *site)
{
	static uint64_t taken[HITS];
	uint64_t begin;
	int i;

	for (i = 0; i < WARM_UP; i++)
		site->call();
	for (i = 0; i < HITS; i++) {
		begin = __rdtsc();
		site->call();
		taken[i] = __rdtsc() - begin;
	}
	qsort(taken, HITS, sizeof(taken[0]), by_value);
	return taken[HITS / 2];
}

static void print_bytes(const struct site *site)
{
	const uint8_t *byte;

	printf(" bytes=");
	for (byte = site->at; byte < site->end; byte++)
		printf("%02x", *byte);
	printf("\n");
}

/* This function measures one site and returns whether every hit was counted. */
static int report(const struct site *site)
{
	unsigned long without, with, hits;
	struct probe p;
	int err;

	without = measure(site);
	err = probe_define(&p, site->at);
	if (!err)
		err = probe_arm(&p);
	if (err) {
		probe_remove(&p);
		printf("# %s: outcome=%s errno=%d", site->name,
		       is_refusal(err) ? "refused" : "error", err);
		print_bytes(site);
		return 0;
	}

	with = measure(site);
	hits = probe_hits(&p);
	probe_remove(&p);
	printf("# %s: outcome=%s hits=%lu instructions=%lu", site->name,
	       hits == WARM_UP + HITS ? "pass" : "miscounted", hits,
	       with - without);
	print_bytes(site);
	return hits == WARM_UP + HITS;
}

int main(void)
{
	const struct site *site;
	int count = 0, bad = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (trace_record(false)) {
		printf("Bail out! there is no tracefs\n");
		return 1;
	}
	for (site = cost_sites; site->name; site++)
		count++;
	printf("KTAP version 1\n1..%d\n", count);
	for (site = cost_sites; site->name; site++) {
		int good;

		/* printing takes its time: not while measuring */
		good = report(site);
		bad += !good;
		printf("%sok %d %s\n", good ? "" : "not ",
		       (int)(site - cost_sites) + 1, site->name);
	}
	printf("# uprobekit: %d tests, %d failed\n# uprobekit: done\n", count,
	       bad);
	return bad != 0;
}
