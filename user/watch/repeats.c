// SPDX-License-Identifier: GPL-2.0-only
/* A server that crashes in a loop is refused the same port again and again. The first refusal is told
 * at once, the others are counted, by the rule of core/memory/repeat.h. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/verdict/advice.h"
#include "host/clock.h"
#include "watch/watch_private.h"

/* No thread is refused twice in a nanosecond; the wall clock tells one boot from another. */
static void give_id(const struct pc_clock *clock, struct pc_verdict *v)
{
	snprintf(v->id, sizeof(v->id), "%lu-%u",
		 (unsigned long)(v->time_ns + clock->wall_minus_boot_ns), v->requester.tid);
	memcpy(v->told, v->id, sizeof(v->told));
}

void pc_repeating_tell(struct pc_repeating *r, struct pc_outputs *o, bool stop)
{
	const struct pc_merged *unwritten;
	const struct pc_repeat *repeat;
	struct pc_clock clock;

	pc_outputs_clock(o, &clock);
	while (r->table && (repeat = pc_repeats_next(r->table, clock.now_ns, stop)))
		pc_outputs_repeat(o, repeat);
	while (r->quota && (unwritten = pc_told_quota_next(r->quota, clock.now_ns, stop)))
		pc_outputs_merged(o, unwritten);
}

/* A table that is not used any more stays, empty, and keeps what it has counted. */
int pc_repeating_set(struct pc_repeating *r, struct pc_outputs *o, uint64_t interval_ns)
{
	if (!r->table && interval_ns) {
		r->quota = pc_told_quota_new();
		r->table = r->quota ? pc_repeats_new(interval_ns) : NULL;
		if (!r->table) {
			pc_told_quota_free(r->quota);
			r->quota = NULL;
			return -ENOMEM;
		}
	}
	if (interval_ns)
		pc_repeats_set(r->table, interval_ns);
	else
		pc_repeating_tell(r, o, true);
	r->interval_ns = interval_ns;
	return 0;
}

/* Summaries refer to a verdict only if every sink has it. */
static void repeating_write(struct pc_repeating *r, struct pc_outputs *o, struct pc_verdict *v,
			    const struct pc_clock *clock)
{
	v->written = true;
	give_id(clock, v);
	pc_advise(v);
	if (r->without_ids)
		pc_advice_drop_ids(v->fixes, &v->fixes_count);
	if (pc_outputs_verdict(o, v) || !r->interval_ns)
		return;
	pc_repeats_add(r->table, v, clock->now_ns);
	pc_repeating_tell(r, o, false);
}

/* Advice takes a third of a verdict's time: a verdict that is only counted has none, and no id. */
void pc_repeating_verdict(struct pc_repeating *r, struct pc_outputs *o, struct pc_verdict *v)
{
	struct pc_clock clock;

	pc_outputs_clock(o, &clock);
	v->written = false;
	if (v->hunt)
		return;
	if (r->interval_ns && pc_repeats_count(r->table, v, clock.now_ns)) {
		r->counted++;
		return;
	}
	if (r->interval_ns && !pc_told_quota_may(r->quota, v, clock.now_ns)) {
		r->unwritten++;
		return;
	}
	repeating_write(r, o, v, &clock);
}

uint64_t pc_repeating_evicted(const struct pc_repeating *r)
{
	return r->table ? pc_repeats_evicted(r->table) : 0;
}
