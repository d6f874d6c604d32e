// SPDX-License-Identifier: GPL-2.0-only
/*
 * The program that the clients watch: it calls two functions of the shared C
 * library, which nobody else calls, as often as it is told.  One of them begins
 * with an instruction that has to be stepped, out of line.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* The compiler must not call once what it may. */
static long (*volatile begins_plain)(const char *) = a64l;
static double (*volatile begins_stepped)(double, double) = copysign;

int main(int argc, char **argv)
{
	long i, times = argc > 1 ? atol(argv[1]) : 1;
	long sum = 0;

	for (i = 0; i < times; i++) {
		sum += begins_plain("z");
		sum += begins_stepped(2.0, -1.0);
	}
	if (sum != times * (63 - 2)) {
		fprintf(stderr, "the sum is %ld\n", sum);
		return 1;
	}
	return 0;
}
