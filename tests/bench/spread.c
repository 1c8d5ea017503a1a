// SPDX-License-Identifier: GPL-2.0-only
/* Median, least and greatest of a few numbers, and how sure the median is. */
#include "spread.h"

#include <math.h>
#include <stdlib.h>

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* How many values can be left out at each end. Whatever the distribution, a value lies below
 * the true median with chance 1/2; what remains misses it when at most that many do. */
static int trim(int n, double *ret_certainty)
{
	double chance = ldexp(1, -n), at_most = chance;
	int left_out = 0;

	for (;;) {
		chance *= (double)(n - left_out) / (left_out + 1);
		if (1 - 2 * (at_most + chance) < SPREAD_CERTAIN)
			break;
		at_most += chance;
		left_out++;
	}
	*ret_certainty = 1 - 2 * at_most;
	return left_out;
}

double spread_certainty(int n)
{
	double certainty;

	trim(n, &certainty);
	return certainty;
}

struct spread spread_of(double *values, int n)
{
	double certainty;
	int left_out = trim(n, &certainty);

	qsort(values, (size_t)n, sizeof(*values), ascending);
	return (struct spread){
		.median = (values[(n - 1) / 2] + values[n / 2]) / 2,
		.min = values[0],
		.max = values[n - 1],
		.low = values[left_out],
		.high = values[n - 1 - left_out],
	};
}
