// SPDX-License-Identifier: GPL-2.0-only
/* The metrics of the guard. */
#include <inttypes.h>

#include "out/prometheus_private.h"

void pc_prometheus_guard(FILE *out, const struct pc_metrics_guard *guard)
{
	const struct pc_guard_counters *c = &guard->counters;
	const char *name;

	pc_prometheus_single(out, PC_METRIC_GUARD_ACTIVE, guard->active);
	pc_prometheus_single(out, PC_METRIC_GUARDED_PORTS, c->ports);
	pc_prometheus_single(out, PC_METRIC_GUARDED_NAMESPACES, c->namespaces);
	pc_prometheus_single(out, PC_METRIC_GUARD_ADDITIONS, c->additions);
	pc_prometheus_single(out, PC_METRIC_GUARD_REMOVALS, c->removals);
	pc_prometheus_single(out, PC_METRIC_GUARD_RESTORED, c->restored);
	name = pc_prometheus_family(out, PC_METRIC_GUARD_REFUSED);
	for (int i = PC_GUARD_OVER_SHARE; i < PC_GUARD_ANSWER_COUNT; i++)
		fprintf(out, "portclash_%s{limit=\"%s\"} %" PRIu64 "\n", name,
			pc_guard_answer_name((enum pc_guard_answer)i), c->refused[i]);
	pc_prometheus_single(out, PC_METRIC_GUARD_ERRORS, c->errors);
	pc_prometheus_single(out, PC_METRIC_GUARD_EVENTS_LOST, c->lost);
}
