// SPDX-License-Identifier: GPL-2.0-only
/* The counters in one line. */
#include "out/status.h"

#include <inttypes.h>
#include <stdio.h>

static uint64_t status_sum(const uint64_t *counts, size_t count)
{
	uint64_t total = 0;

	while (count--)
		total += counts[count];
	return total;
}

void pc_status_text(const char *backend, const struct pc_counters *counters,
		    char text[PC_STATUS_MAX])
{
	uint64_t refusals = status_sum(counters->refusals, PC_CAUSE_COUNT);
	uint64_t collisions = counters->refusals[PC_CAUSE_EPHEMERAL_CLIENT];
	uint64_t claims = status_sum(counters->claims, PC_HOW_COUNT);

	snprintf(text, PC_STATUS_MAX,
		 "%s: %" PRIu64 " refusal%s, %" PRIu64 " collision%s by ephemeral clients, %" PRIu64
		 " claim%s; %" PRIu64 " lost",
		 backend, refusals, refusals == 1 ? "" : "s", collisions,
		 collisions == 1 ? "" : "s", claims, claims == 1 ? "" : "s",
		 pc_lost_total(counters));
}
