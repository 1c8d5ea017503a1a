// SPDX-License-Identifier: GPL-2.0-only
/* Bins that widen. */
#include "core/history/bins.h"

#include <string.h>

#include "core/base/time.h"

static uint32_t bins_sum(uint64_t a, uint64_t b)
{
	return a + b < UINT32_MAX && a + b >= a ? (uint32_t)(a + b) : UINT32_MAX;
}

/* Each two become one: in the first half of the bins, or, when earlier times come, in the second. */
static void bins_widen(struct pc_bins *b, unsigned offset)
{
	uint32_t counts[PC_BINS] = { 0 };

	for (unsigned i = 0; i < PC_BINS; i++)
		counts[offset + i / 2] = bins_sum(counts[offset + i / 2], b->counts[i]);
	memcpy(b->counts, counts, sizeof(counts));
	b->from_ns -= offset * 2 * b->width_ns;
	b->width_ns *= 2;
}

/* Can the bins begin half their reach earlier? Near 1970 they begin there. */
static void bins_reach_back(struct pc_bins *b)
{
	if (b->from_ns >= PC_BINS * b->width_ns)
		bins_widen(b, PC_BINS / 2);
	else
		bins_widen(b, 0);
}

void pc_bins_add(struct pc_bins *b, uint64_t time_ns, uint64_t count)
{
	unsigned at;

	if (!b->width_ns) {
		b->width_ns = PC_NS_PER_SECOND;
		b->from_ns = time_ns / PC_NS_PER_SECOND * PC_NS_PER_SECOND;
	}
	while (time_ns < b->from_ns && b->width_ns < UINT64_MAX / 4 / PC_BINS)
		bins_reach_back(b);
	while (time_ns >= b->from_ns && (time_ns - b->from_ns) / b->width_ns >= PC_BINS)
		bins_widen(b, 0);
	at = time_ns < b->from_ns ? 0 : (unsigned)((time_ns - b->from_ns) / b->width_ns);
	b->counts[at] = bins_sum(b->counts[at], count);
}
