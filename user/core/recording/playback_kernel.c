// SPDX-License-Identifier: GPL-2.0-only
/* The kernel side's operations, answered by a recording. */
#include <errno.h>
#include <string.h>

#include "core/recording/playback_private.h"

static int play_read(void *context, enum pc_ring ring, const struct pc_taker *taker)
{
	const struct pc_recorded *e = pc_playback_answer(context, PC_RECORDED_READ, ring, 0, true);

	if (!e)
		return 0;
	pc_recorded_each(e, taker->record, taker->to);
	return e->result;
}

struct owner_relay {
	pc_owner_fn found;
	void *to;
};

static void play_owner(void *context, const void *data, size_t size)
{
	struct owner_relay *relay = context;

	(void)size;
	relay->found(relay->to, data);
}

/* The sockets that were found are those that the recorded join wanted; what the join of today does not
 * want it leaves aside. */
static int play_owners(void *context, const struct pc_wanted *wanted, pc_owner_fn found, void *to)
{
	const struct pc_recorded *e = pc_playback_answer(context, PC_RECORDED_OWNERS, 0, 0, true);
	struct owner_relay relay = { found, to };

	(void)wanted;
	if (!e)
		return -ENODATA;
	pc_recorded_each(e, play_owner, &relay);
	return e->result;
}

static int play_cookies(struct pc_playback *p, enum pc_recorded_kind kind, pc_cookie_fn alive,
			void *to)
{
	const struct pc_recorded *e = pc_playback_answer(p, kind, 0, 0, true);
	uint64_t cookie;

	if (!e)
		return -ENODATA;
	for (size_t at = 0; at < e->size; at += sizeof(cookie)) {
		memcpy(&cookie, pc_recorded_payload(e) + at, sizeof(cookie));
		alive(to, cookie);
	}
	return e->result;
}

static int play_sweep(void *context, pc_cookie_fn alive, void *to)
{
	return play_cookies(context, PC_RECORDED_SWEEP, alive, to);
}

static int play_sweep_files(void *context, pc_cookie_fn alive, void *to)
{
	return play_cookies(context, PC_RECORDED_SWEEP_FILES, alive, to);
}

static int play_reserved(void *context, uint64_t netns_key, uint64_t *words)
{
	const struct pc_recorded *e = pc_playback_answer(context, PC_RECORDED_RESERVED, 0, netns_key, false);

	if (!e)
		return -ENOENT;
	memset(words, 0, PC_PORT_WORDS * sizeof(*words));
	memcpy(words, pc_recorded_payload(e), e->size);
	return e->result;
}

/* The answer that the recorded driver got last, behind the last step too. */
static const struct pc_recorded *last_losses(const struct pc_playback *p)
{
	for (size_t i = p->count; i-- > 0;)
		if (p->entries[i]->kind == PC_RECORDED_LOSSES)
			return p->entries[i];
	return NULL;
}

/* In a step that tidies up, the losses may be what they were: older recordings lack them there. */
static const struct pc_recorded *losses_of_step(struct pc_playback *p)
{
	if (p->entries[p->step]->code == PC_STEP_TIDY)
		return pc_playback_find(p, PC_RECORDED_LOSSES, 0, 0, false);
	return pc_playback_answer(p, PC_RECORDED_LOSSES, 0, 0, false);
}

static void play_losses(void *context, struct pc_losses *out)
{
	struct pc_playback *p = context;
	const struct pc_recorded *e = p->step < p->count ? losses_of_step(p) : last_losses(p);

	if (e)
		pc_recorded_losses(pc_recorded_payload(e), e->size, out);
}

static void ignore_forget_processes(void *context)
{
	(void)context;
}

static void ignore_protect(void *context, uint16_t port, bool on)
{
	(void)context, (void)port, (void)on;
}

struct pc_join_kernel pc_playback_kernel(struct pc_playback *p)
{
	return (struct pc_join_kernel){
		.context = p,
		.read = play_read,
		.owners = play_owners,
		.sweep = play_sweep,
		.sweep_files = play_sweep_files,
		.reserved = play_reserved,
		.losses = play_losses,
		.forget_processes = ignore_forget_processes,
		.protect = ignore_protect,
	};
}
