/* SPDX-License-Identifier: GPL-2.0-only */
/* Median, least and greatest of a few numbers, and how sure the median is. */
#ifndef BENCH_SPREAD_H
#define BENCH_SPREAD_H

/* The narrowest interval that is given is at least this certain, if there are values enough. */
#define SPREAD_CERTAIN 0.95

struct spread {
	double median;
	double min, max;
	double low, high; /* hold the true median, see spread_certainty() */
};

/* Computes the spread of `n` > 0 values, which it sorts. */
struct spread spread_of(double *values, int n);

/* How certain it is that low..high of `n` independent values hold the true median. */
double spread_certainty(int n);

#endif
