/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by the files that write the textfile. */
#ifndef PORTCLASH_PROMETHEUS_PRIVATE_H
#define PORTCLASH_PROMETHEUS_PRIVATE_H

#include <stdio.h>

#include "out/metric_table.h"
#include "out/metrics.h"

/* Writes HELP and TYPE; returns the family's name, for the samples that follow. */
const char *pc_prometheus_family(FILE *out, enum pc_metric family);

/* A family of one sample without labels. */
void pc_prometheus_single(FILE *out, enum pc_metric family, uint64_t value);

/* The range that the kernel chooses ports from, and the ports in use; what is not known is left out. */
void pc_prometheus_usage(FILE *out, const struct pc_port_usage *usage);

/* The counts of outcomes. */
void pc_prometheus_outcomes(FILE *out, const struct pc_outcomes_counters *c);

/* The counters of the guard; all 0 where the agent is no guard. */
void pc_prometheus_guard(FILE *out, const struct pc_metrics_guard *guard);

#endif
