// SPDX-License-Identifier: GPL-2.0-only
/* Lines to the sinks. Each has its own errors: one that fails keeps no other from its lines. */
#include <errno.h>

#include "watch/watch_private.h"

static int result(struct pc_watch *w, unsigned outlet, int err)
{
	w->outlets[outlet].last = -err;
	if (!err)
		return 0;
	w->counters.sink_errors++;
	w->sink_error = -err;
	w->outlets[outlet].gone |= err == -EPIPE;
	return err;
}

#define EMIT(w, what, argument)                                                                  \
	({                                                                                       \
		struct pc_clock clock_;                                                          \
		int last_ = 0;                                                                   \
                                                                                                 \
		pc_clock_now(&clock_);                                                           \
		for (unsigned i_ = 0; i_ < (w)->options.outlets_count; i_++) {                   \
			const struct pc_outlet *o_ = &(w)->options.outlets[i_];                  \
			int err_ = 0;                                                            \
                                                                                                 \
			if (o_->sink->what && !(w)->outlets[i_].gone)                            \
				err_ = result(w, i_, o_->sink->what(o_->to, &clock_, argument)); \
			last_ = err_ ? err_ : last_;                                             \
		}                                                                                \
		last_;                                                                           \
	})

int pc_emit_ready(struct pc_watch *w, const struct pc_ready *r)
{
	return EMIT(w, ready, r);
}

int pc_emit_verdict(struct pc_watch *w, const struct pc_verdict *v)
{
	return EMIT(w, verdict, v);
}

int pc_emit_repeat(struct pc_watch *w, const struct pc_repeat *r)
{
	return EMIT(w, repeat, r);
}

int pc_emit_claim(struct pc_watch *w, const struct pc_claim_event *c)
{
	return EMIT(w, claim, c);
}

int pc_emit_warning(struct pc_watch *w, const struct pc_warning *warning)
{
	return EMIT(w, warning, warning);
}

int pc_emit_summary(struct pc_watch *w, const struct pc_summary *s)
{
	return EMIT(w, summary, s);
}

bool pc_emit_in_vain(const struct pc_watch *w)
{
	for (unsigned i = 0; i < w->options.outlets_count; i++)
		if (!w->outlets[i].gone)
			return false;
	return true;
}
