// SPDX-License-Identifier: GPL-2.0-only
/* A server that crashes in a loop is refused the same port again and again: told at once, then
 * counted, by the rule of core/repeat.h. */
#include <errno.h>
#include <stdio.h>

#include "watch/watch_private.h"

/* No thread is refused twice in a nanosecond; the wall clock tells one boot from another. */
static void give_id(struct pc_verdict *v)
{
	struct pc_clock clock;

	pc_clock_now(&clock);
	snprintf(v->id, sizeof(v->id), "%lu-%u",
		 (unsigned long)(v->refusal.time_ns + clock.wall_minus_boot_ns), v->refusal.tid);
}

static void tell(struct pc_watch *w, bool stop)
{
	const struct pc_repeat *r;

	if (!w->repeats)
		return;
	while ((r = pc_repeats_next(w->repeats, pc_boot_ns(), stop)))
		pc_emit_repeat(w, r);
	w->counters.repeats_evicted = pc_repeats_evicted(w->repeats);
}

/* A table that is not used stays, empty, and with it what it has counted. */
int pc_watch_repeat(struct pc_watch *w, uint64_t interval_ns)
{
	if (!w->repeats && interval_ns) {
		w->repeats = pc_repeats_new(interval_ns);
		if (!w->repeats)
			return -ENOMEM;
	}
	if (interval_ns)
		pc_repeats_set(w->repeats, interval_ns);
	else
		tell(w, true);
	w->options.repeat_ns = interval_ns;
	return 0;
}

/* A verdict that was not written everywhere is not one that summaries could refer to. */
void pc_repeat_verdict(struct pc_watch *w, struct pc_verdict *v)
{
	bool summarised = w->options.repeat_ns;

	give_id(v);
	if (summarised && pc_repeats_count(w->repeats, v, pc_boot_ns())) {
		w->counters.repeats++;
		return;
	}
	if (pc_emit_verdict(w, v) || !summarised)
		return;
	pc_repeats_add(w->repeats, v, pc_boot_ns());
	tell(w, false);
}

void pc_repeat_tick(struct pc_watch *w)
{
	tell(w, false);
}

void pc_repeat_stop(struct pc_watch *w)
{
	tell(w, true);
}
