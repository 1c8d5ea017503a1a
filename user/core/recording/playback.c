// SPDX-License-Identifier: GPL-2.0-only
/* Play a recording back: the join runs again, and each of its questions is answered by what the
 * recording has for that question in the same step. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/recording/playback_private.h"

const struct pc_recorded *pc_playback_find(struct pc_playback *p, enum pc_recorded_kind kind,
					     uint32_t code, uint64_t key, bool once)
{
	const struct pc_recorded *last = NULL;

	for (size_t i = p->step; i < p->end; i++) {
		const struct pc_recorded *e = p->entries[i];

		if (e->kind != kind || e->code != code || e->key != key)
			continue;
		last = e;
		if (p->used[i])
			continue;
		p->used[i] = true;
		return e;
	}
	return once ? NULL : last;
}

const struct pc_recorded *pc_playback_answer(struct pc_playback *p, enum pc_recorded_kind kind,
					   uint32_t code, uint64_t key, bool once)
{
	const struct pc_recorded *e = pc_playback_find(p, kind, code, key, once);

	p->unanswered += !e;
	return e;
}

static struct pc_join *join_of(struct pc_playback *p, const struct pc_playback_view *view,
			       const struct pc_join_output *output)
{
	static const uint64_t none[PC_PORT_WORDS];
	const struct pc_join_options options = {
		.filter = view->filter,
		.observer = view->observer,
		.each = view->each,
		.netns = p->header->netns,
		.boots = p->header->boots,
		.with_claims = p->header->with_claims,
		.own_netns_only = p->header->own_netns_only,
		.protect = p->header->protects ? none : NULL,
	};
	const struct pc_join_kernel kernel = pc_playback_kernel(p);
	const struct pc_join_host host = pc_playback_host(p);

	return pc_join_new(&options, &kernel, &host, output);
}

static void play_protect(struct pc_join *j, const struct pc_recorded *e)
{
	uint64_t ports[PC_PORT_WORDS];

	if (!e->size)
		return;
	memcpy(ports, pc_recorded_payload(e), sizeof(ports));
	pc_join_protect(j, e->key, ports);
}

static void play_step(struct pc_join *j, const struct pc_recorded *e)
{
	switch (e->code) {
	case PC_STEP_INVENTORY:
	case PC_STEP_INVENTORY_LATE:
		pc_join_inventory(j, e->key, e->code == PC_STEP_INVENTORY_LATE);
		break;
	case PC_STEP_PROTECT_START:
	case PC_STEP_PROTECT:
		play_protect(j, e);
		break;
	case PC_STEP_READ:
		pc_join_read(j, e->key);
		break;
	case PC_STEP_FINISH:
		pc_join_finish(j, e->key);
		break;
	case PC_STEP_TIDY:
		pc_join_tidy(j, e->key);
		break;
	case PC_STEP_STOP:
		pc_join_stop(j, e->key);
		break;
	}
}

static size_t next_step(const struct pc_playback *p, size_t from)
{
	while (from < p->count && p->entries[from]->kind != PC_RECORDED_STEP)
		from++;
	return from;
}

/* The step that ends here may be followed by a new clock. */
static void play_clock(struct pc_playback *p)
{
	for (size_t i = p->step; i < p->end; i++)
		if (p->entries[i]->kind == PC_RECORDED_CLOCK)
			p->wall_minus_boot_ns = p->entries[i]->key;
}

int pc_playback_run(struct pc_playback *p, const struct pc_playback_view *view,
		    const struct pc_join_output *output, struct pc_playback_counts *counts)
{
	struct pc_join *j = join_of(p, view, output);
	uint64_t now_ns = 0;

	if (!j)
		return -ENOMEM;
	memset(p->used, 0, p->count * sizeof(*p->used));
	p->unanswered = 0;
	p->wall_minus_boot_ns = p->header->wall_minus_boot_ns;
	p->step = next_step(p, 0);
	while (p->step < p->count) {
		p->end = next_step(p, p->step + 1);
		now_ns = p->entries[p->step]->key;
		play_step(j, p->entries[p->step]);
		play_clock(p);
		p->step = p->end;
	}
	if (counts) {
		counts->counters = *pc_join_counters(j);
		counts->outcomes = *pc_join_outcomes(j, now_ns);
	}
	pc_join_free(j);
	return 0;
}
