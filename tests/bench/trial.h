/* SPDX-License-Identifier: GPL-2.0-only */
/* A trial measures the load under one variant. run.c fills the trials of a whole bench, report.c
 * reads them. */
#ifndef BENCH_TRIAL_H
#define BENCH_TRIAL_H

#include <stdbool.h>

#include "child.h"
#include "summary.h"

enum variant {
	VARIANT_NONE,	   /* nobody watches */
	VARIANT_FLOOR,	   /* empty programs on the same hooks */
	VARIANT_PORTCLASH, /* the monitor */
	VARIANT_COUNT,
};

struct trial {
	double rate;	    /* connections per second */
	double seconds;	    /* the load ran for */
	unsigned long made; /* connections */
	/* The cost of the monitor; zero for VARIANT_NONE. */
	double cpu; /* seconds its process ran, the drain after the load included */
	struct memory memory;
	struct summary summary; /* VARIANT_PORTCLASH only */
};

/* More rounds than this tell nothing that fewer longer ones do not. */
#define ROUNDS_MAX 100

struct bench {
	int rounds;
	double seconds; /* asked for, of each trial */
	struct trial trial[VARIANT_COUNT][ROUNDS_MAX];
};

#endif
