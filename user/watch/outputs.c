// SPDX-License-Identifier: GPL-2.0-only
/* Write lines to the sinks. Each sink has its own errors: one that fails keeps no other from its
 * lines. */
#include <errno.h>

#include "host/clock.h"
#include "watch/watch_private.h"

static int take_result(struct pc_outputs *o, unsigned outlet, int err)
{
	o->last[outlet] = -err;
	if (!err)
		return 0;
	o->errors++;
	o->error = -err;
	o->gone[outlet] |= err == -EPIPE;
	return err;
}

/* A statement expression, because each kind of line has an operation of its own type. */
#define WRITE_TO_ALL(o, what, argument)                                                          \
	({                                                                                       \
		struct pc_clock clock_;                                                          \
		int last_ = 0;                                                                   \
                                                                                                 \
		pc_outputs_clock(o, &clock_);                                                    \
		for (unsigned i_ = 0; i_ < (o)->count; i_++) {                                   \
			const struct pc_outlet *to_ = &(o)->list[i_];                            \
			int err_ = 0;                                                            \
                                                                                                 \
			if (to_->sink->what && !(o)->gone[i_])                                   \
				err_ = take_result(o, i_,                                        \
						   to_->sink->what(to_->to, &clock_, argument)); \
			last_ = err_ ? err_ : last_;                                             \
		}                                                                                \
		last_;                                                                           \
	})

bool pc_outputs_tick(struct pc_outputs *o)
{
	struct pc_clock clock;
	uint64_t ahead, behind;

	pc_clock_now(&clock);
	ahead = clock.wall_minus_boot_ns - o->wall_minus_boot_ns;
	behind = o->wall_minus_boot_ns - clock.wall_minus_boot_ns;
	if (ahead <= PC_CLOCK_DRIFT_NS || behind <= PC_CLOCK_DRIFT_NS)
		return false;
	o->wall_minus_boot_ns = clock.wall_minus_boot_ns;
	return true;
}

void pc_outputs_clock(const struct pc_outputs *o, struct pc_clock *out)
{
	*out = (struct pc_clock){ o->wall_minus_boot_ns, o->now_ns };
}

int pc_outputs_ready(struct pc_outputs *o, const struct pc_ready *r)
{
	return WRITE_TO_ALL(o, ready, r);
}

int pc_outputs_verdict(struct pc_outputs *o, const struct pc_verdict *v)
{
	return WRITE_TO_ALL(o, verdict, v);
}

int pc_outputs_merged(struct pc_outputs *o, const struct pc_merged *m)
{
	return WRITE_TO_ALL(o, merged, m);
}

int pc_outputs_outcome(struct pc_outputs *o, const struct pc_outcome *outcome)
{
	return WRITE_TO_ALL(o, outcome, outcome);
}

int pc_outputs_repeat(struct pc_outputs *o, const struct pc_repeat *r)
{
	return WRITE_TO_ALL(o, repeat, r);
}

int pc_outputs_claim(struct pc_outputs *o, const struct pc_claim *c)
{
	return WRITE_TO_ALL(o, claim, c);
}

int pc_outputs_warning(struct pc_outputs *o, const struct pc_warning *w)
{
	return WRITE_TO_ALL(o, warning, w);
}

int pc_outputs_summary(struct pc_outputs *o, const struct pc_summary *s)
{
	return WRITE_TO_ALL(o, summary, s);
}

bool pc_outputs_in_vain(const struct pc_outputs *o)
{
	for (unsigned i = 0; i < o->count; i++)
		if (!o->gone[i])
			return false;
	return true;
}
