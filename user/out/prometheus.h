/* SPDX-License-Identifier: GPL-2.0-only */
/* The Prometheus textfile, which node_exporter reads. Its metrics: out/families.c, docs/metrics.md. */
#ifndef PORTCLASH_PROMETHEUS_H
#define PORTCLASH_PROMETHEUS_H

#include <stddef.h>

#include "out/metrics.h"

/* The text, ended by a NUL that `len` does not count; free() it. NULL: no memory. */
char *pc_prometheus_format(const struct pc_metrics *metrics, size_t *len);

/* Writes by pc_write_atomic(), whose errors it returns, or -ENOMEM. node_exporter reads only names
 * in *.prom. */
int pc_prometheus_write(const char *path, const struct pc_metrics *metrics);

#endif
