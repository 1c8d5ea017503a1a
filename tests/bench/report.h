/* SPDX-License-Identifier: GPL-2.0-only */
/* Prints what the bench measured, how sure that is, and whether the aims hold. */
#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

#include <stdbool.h>

#include "trial.h"

const char *variant_name(enum variant variant);

/* One line as soon as a trial is over. */
void report_trial(int round, enum variant variant, const struct trial *trial);

/* The tables and the aims. True when nothing was lost. */
bool report(const struct bench *bench);

#endif
