// SPDX-License-Identifier: GPL-2.0-only
/* Verdicts, claims and warnings that a join on a fake side has made, kept for the test. */
#include <stdlib.h>
#include <string.h>

#include "core/verdict/advice.h"
#include "core/verdict/range_use.h"
#include "fake_side.h"

static void *copy_of(const void *data, size_t size)
{
	return data ? memcpy(malloc(size), data, size) : NULL;
}

static char *copy_text(const char *text)
{
	return text ? strdup(text) : NULL;
}

static void copy_fixes(struct pc_fix *fixes, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		fixes[i].what = copy_text(fixes[i].what);
		fixes[i].command = copy_text(fixes[i].command);
	}
}

static void free_fixes(struct pc_fix *fixes, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		free(fixes[i].what);
		free(fixes[i].command);
	}
}

static void keep_verdict(void *context, struct pc_verdict *v)
{
	struct fake *f = context;
	struct pc_verdict *kept;

	if (f->output.verdict) {
		f->output.verdict(f->output.context, v);
		return;
	}
	if (f->verdicts_count == FAKE_MAX)
		return;
	pc_advise(v);
	kept = &f->verdicts[f->verdicts_count++];
	*kept = *v;
	kept->explanation = copy_text(v->explanation);
	copy_fixes(kept->fixes, kept->fixes_count);
	kept->range_use = copy_of(v->range_use, sizeof(*v->range_use));
	kept->settings.reserved = copy_of(v->settings.reserved, PC_PORT_WORDS * sizeof(uint64_t));
}

/* Identities stay those of the table of searches, which keeps them until its next outcome. */
static void keep_outcome(void *context, const struct pc_outcome *o)
{
	struct fake *f = context;

	if (f->output.outcome)
		f->output.outcome(f->output.context, o);
	else if (f->outcomes_count < FAKE_MAX)
		f->outcomes[f->outcomes_count++] = *o;
}

static void keep_recorded(void *context, const struct pc_claim *c)
{
	struct fake *f = context;

	if (f->recorded_count < FAKE_MAX)
		f->recorded[f->recorded_count++] = *c;
}

static void keep_recorded_change(void *context, uint64_t cookie, uint8_t state, uint8_t change)
{
	struct fake *f = context;

	f->change = change;
	f->changed_cookie = cookie;
	f->changed_state = state;
}

static void keep_claim(void *context, const struct pc_claim *c)
{
	struct fake *f = context;

	if (f->output.claim) {
		f->output.claim(f->output.context, c);
		return;
	}
	f->claims_counted++;
	if (f->claims_count < FAKE_MAX)
		f->claims[f->claims_count++] = *c;
}

static void keep_warning(void *context, struct pc_warning *w)
{
	struct fake *f = context;
	struct pc_warning *kept;

	if (f->output.warning) {
		f->output.warning(f->output.context, w);
		return;
	}
	if (f->warnings_count == FAKE_MAX)
		return;
	kept = &f->warnings[f->warnings_count++];
	*kept = *w;
	kept->explanation = copy_text(w->explanation);
	copy_fixes(kept->fixes, kept->fixes_count);
	kept->settings = copy_of(w->settings, sizeof(*w->settings));
	kept->listener = copy_of(w->listener, sizeof(*w->listener));
}

static void keep_merged(void *context, const struct pc_merged *m)
{
	struct fake *f = context;

	if (f->merged_count < FAKE_MAX)
		f->merged[f->merged_count++] = *m;
}

struct pc_join_output fake_output(struct fake *f)
{
	return (struct pc_join_output){
		.context = f,
		.verdict = keep_verdict,
		.outcome = keep_outcome,
		.claim = keep_claim,
		.recorded_claim = keep_recorded,
		.recorded_change = keep_recorded_change,
		.merged = keep_merged,
		.warning = keep_warning,
	};
}

void fake_forget(struct fake *f)
{
	for (unsigned i = 0; i < f->verdicts_count; i++) {
		free(f->verdicts[i].explanation);
		free_fixes(f->verdicts[i].fixes, f->verdicts[i].fixes_count);
		free((void *)f->verdicts[i].range_use);
		free((void *)f->verdicts[i].settings.reserved);
	}
	for (unsigned i = 0; i < f->warnings_count; i++) {
		free(f->warnings[i].explanation);
		free_fixes(f->warnings[i].fixes, f->warnings[i].fixes_count);
		free((void *)f->warnings[i].settings);
		free((void *)f->warnings[i].listener);
	}
	f->outcomes_count = 0;
	f->verdicts_count = f->claims_count = f->claims_counted = f->warnings_count = 0;
}
