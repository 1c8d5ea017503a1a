// SPDX-License-Identifier: GPL-2.0-only
/* The account of a session: its counters, its cost, and the errors of what it writes. */
#include <string.h>

#include "host/aside.h"
#include "host/clock.h"
#include "host/given.h"
#include "host/self.h"
#include "watch/record_file.h"
#include "watch/watch_private.h"

int pc_watch_take_error(struct pc_watch *w)
{
	int error = w->outputs.error;

	w->outputs.error = 0;
	return error;
}

const struct pc_counters *pc_watch_counters(struct pc_watch *w)
{
	struct pc_counters *c = pc_join_counters(w->join);

	c->repeats = w->repeating.counted;
	c->unwritten = w->repeating.unwritten;
	c->repeats_evicted = pc_repeating_evicted(&w->repeating);
	c->sink_errors = w->outputs.errors;
	c->looks_skipped = pc_aside_skipped() + pc_given_skipped(w->machine.given);
	return c;
}

const struct pc_outcomes_counters *pc_watch_outcomes(struct pc_watch *w)
{
	return pc_join_outcomes(w->join, pc_boot_ns());
}

void pc_watch_cost(const struct pc_watch *w, struct pc_cost *out)
{
	memset(out, 0, sizeof(*out));
	pc_monitor_cost(w->monitor, out);
	pc_self_read(PC_WATCH_PROC, out);
	out->cpu_start_ns = w->cpu_start_ns;
}

int pc_watch_take_record_error(struct pc_watch *w)
{
	return w->record ? pc_record_file_take_error(w->record) : 0;
}

bool pc_watch_record_failed(const struct pc_watch *w)
{
	return w->record && pc_record_file_failed(w->record);
}

int pc_watch_last_error(const struct pc_watch *w, unsigned outlet)
{
	return w->outputs.last[outlet];
}

void pc_watch_count_sink_error(struct pc_watch *w)
{
	w->outputs.errors++;
}
