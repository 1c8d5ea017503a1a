// SPDX-License-Identifier: GPL-2.0-only
/* The metrics of outcomes. Each cause has all its series from the start, so that increase() sees the
 * first outcome. */
#include <inttypes.h>

#include "core/verdict/causes.h"
#include "out/prometheus_private.h"

static void outcomes_put_single(FILE *out, enum pc_metric family, uint64_t value)
{
	fprintf(out, "portclash_%s %" PRIu64 "\n", pc_prometheus_family(out, family), value);
}

void pc_prometheus_outcomes(FILE *out, const struct pc_outcomes_counters *c)
{
	const char *name = pc_prometheus_family(out, PC_METRIC_OUTCOMES);

	for (unsigned cause = PC_CAUSE_INVALID + 1; cause < PC_CAUSE_COUNT; cause++)
		for (unsigned kind = PC_OUTCOME_INVALID + 1; kind < PC_OUTCOME_COUNT; kind++)
			fprintf(out, "portclash_%s{cause=\"%s\",outcome=\"%s\"} %" PRIu64 "\n",
				name, pc_cause_name(cause), pc_outcome_name(kind),
				c->outcomes[cause][kind]);
	name = pc_prometheus_family(out, PC_METRIC_UNSERVED);
	for (unsigned cause = PC_CAUSE_INVALID + 1; cause < PC_CAUSE_COUNT; cause++)
		fprintf(out, "portclash_%s{cause=\"%s\"} %" PRIu64 "\n", name, pc_cause_name(cause),
			c->unserved[cause]);
	outcomes_put_single(out, PC_METRIC_HUNTING, c->folded);
	outcomes_put_single(out, PC_METRIC_OUTCOMES_EVICTED, c->evicted);
}
