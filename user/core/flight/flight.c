// SPDX-License-Identifier: GPL-2.0-only
/* Record claims in the slots of a map, and share the slots among users. */
#include "core/flight/flight.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/subuid.h"
#include "core/flight/shares.h"
#include "core/flight/slot.h"

struct pc_flight {
	uint8_t *map;
	struct pc_flight_slot *slots;
	struct pc_flight_shares *shares;
	uint32_t *order;	      /* while the file is taken up */
	struct pc_flight_state state; /* as it is written next */
	uint64_t sequence;	      /* of the newest slot */
	uint64_t keep_ns;
	struct pc_flight_losses lost; /* of this run */
	uint64_t written_ns;	      /* the state, last */
};

/* The check is last, and the sequence again after it: a slot that was being written when the agent was killed has
 * none, or a check that does not fit. */
static void slot_write(struct pc_flight_slot *to, struct pc_flight_slot *from)
{
	from->check = pc_flight_sum(from, offsetof(struct pc_flight_slot, check));
	__atomic_store_n(&to->sequence, 0, __ATOMIC_RELEASE);
	memcpy((uint8_t *)to + sizeof(to->sequence), (uint8_t *)from + sizeof(from->sequence),
	       sizeof(*to) - sizeof(to->sequence));
	__atomic_store_n(&to->sequence, from->sequence, __ATOMIC_RELEASE);
}

static void state_write(struct pc_flight *f)
{
	struct pc_flight_state *s = &f->state;

	s->sequence++;
	s->check = pc_flight_sum(s, offsetof(struct pc_flight_state, check));
	memcpy(f->map + PC_FLIGHT_STATE_AT + (s->sequence & 1) * PC_FLIGHT_STATE_STEP, s,
	       sizeof(*s));
}

/* Unknown processes have a share together, apart from all users. */
static struct pc_flight_user slot_user(const struct pc_flight_slot *s)
{
	return (struct pc_flight_user){
		s->uid == PC_FLIGHT_NOBODY ? PC_FLIGHT_NOBODY : pc_subuid_first(s->uid),
		s->container_hash,
	};
}

void pc_flight_begin(struct pc_flight *f, uint64_t now_ns)
{
	struct pc_flight_state *s = &f->state;

	if (s->runs_count == PC_FLIGHT_RUNS)
		memmove(s->runs, s->runs + 1, (PC_FLIGHT_RUNS - 1) * sizeof(s->runs[0]));
	else
		s->runs_count++;
	s->runs[s->runs_count - 1] = (struct pc_flight_run){ now_ns, now_ns, 0 };
	s->keep_ns = f->keep_ns;
	f->written_ns = now_ns;
	state_write(f);
}

static void note_life(struct pc_flight *f, uint64_t now_ns)
{
	if (f->state.runs_count)
		f->state.runs[f->state.runs_count - 1].last_ns = now_ns;
	f->written_ns = now_ns;
}

static int by_age(const void *a, const void *b, void *slots)
{
	const struct pc_flight_slot *x = (struct pc_flight_slot *)slots + *(const uint32_t *)a;
	const struct pc_flight_slot *y = (struct pc_flight_slot *)slots + *(const uint32_t *)b;

	return x->sequence < y->sequence ? -1 : x->sequence > y->sequence;
}

/* The claims of slots that are damaged are of a time that nobody knows: of any until the last sign of life. */
static void note_damage(struct pc_flight_state *s, uint64_t damaged, uint64_t now_ns)
{
	uint64_t until_ns =
		s->runs_count ? s->runs[s->runs_count - 1].last_ns + PC_FLIGHT_ALIVE_NS : now_ns;

	if (!damaged)
		return;
	s->damaged += damaged;
	until_ns = until_ns < now_ns ? until_ns : now_ns;
	if (until_ns > s->gone_ns)
		s->gone_ns = until_ns;
}

/* Takes up what a former agent recorded. Its claims never end: their sockets can have been closed when nobody
 * watched. */
static void take_up(struct pc_flight *f, uint32_t count, uint64_t now_ns)
{
	uint32_t *whole = f->order, found = 0, damaged = 0;

	for (uint32_t i = 0; i < count; i++) {
		enum pc_flight_fill fill = pc_flight_fill(&f->slots[i]);

		damaged += fill == PC_FLIGHT_TORN;
		if (fill == PC_FLIGHT_WHOLE)
			whole[found++] = i;
		else
			memset(&f->slots[i], 0, sizeof(f->slots[i]));
	}
	note_damage(&f->state, damaged, now_ns);
	qsort_r(whole, found, sizeof(*whole), by_age, f->slots);
	for (uint32_t i = 0; i < found; i++) {
		const struct pc_flight_slot *s = &f->slots[whole[i]];
		struct pc_flight_user user = slot_user(s);

		pc_flight_shares_take(f->shares, whole[i], &user, 0);
		f->sequence = s->sequence;
	}
	pc_flight_shares_ready(f->shares);
	free(whole);
	f->order = NULL;
}

static void make_empty(struct pc_flight *f, size_t size, uint64_t now_ns)
{
	struct pc_flight_head head = {
		.version = PC_FLIGHT_VERSION,
		.slot_size = PC_FLIGHT_SLOT,
		.slots = pc_flight_slots(size),
		.created_ns = now_ns,
	};

	memset(f->map, 0, size);
	memcpy(head.magic, PC_FLIGHT_MAGIC, sizeof(head.magic));
	head.check = pc_flight_sum(&head, offsetof(struct pc_flight_head, check));
	memcpy(f->map, &head, sizeof(head));
}

struct pc_flight *pc_flight_new(void *map, size_t size, uint64_t keep_ns, uint64_t now_ns)
{
	uint64_t count = pc_flight_slots(size);
	struct pc_flight *f = count && count < UINT32_MAX / 2 ? calloc(1, sizeof(*f)) : NULL;
	const struct pc_flight_state *before;

	if (!f)
		return NULL;
	f->map = map;
	f->slots = (void *)(f->map + PC_FLIGHT_SLOTS_AT);
	f->keep_ns = keep_ns;
	f->shares = pc_flight_shares_new((uint32_t)count);
	f->order = calloc(count, sizeof(*f->order));
	if (!f->shares || !f->order) {
		pc_flight_free(f);
		return NULL;
	}
	if (pc_flight_look(map, size) != PC_FLIGHT_OURS)
		make_empty(f, size, now_ns);
	before = pc_flight_newest(map);
	if (before)
		f->state = *before;
	take_up(f, (uint32_t)count, now_ns);
	state_write(f);
	return f;
}

void pc_flight_free(struct pc_flight *f)
{
	if (!f)
		return;
	pc_flight_shares_free(f->shares);
	free(f->order);
	free(f);
}

static void count_loser(struct pc_flight_state *s, uint64_t uid)
{
	struct pc_flight_loser *least = &s->losers[0];

	for (unsigned i = 0; i < PC_FLIGHT_LOSERS; i++) {
		struct pc_flight_loser *l = &s->losers[i];

		if (l->overwritten && l->uid == uid) {
			l->overwritten++;
			return;
		}
		if (l->overwritten < least->overwritten)
			least = l;
	}
	/* The one with least gives way, and its count goes on: a count is never too low (space saving). */
	least->uid = uid;
	least->overwritten++;
}

/* A clock that was set back leaves claims of the future. */
static void slot_gone(struct pc_flight *f, uint32_t slot, uint64_t now_ns)
{
	uint64_t time_ns = f->slots[slot].time_ns < now_ns ? f->slots[slot].time_ns : now_ns;

	if (time_ns > f->state.gone_ns)
		f->state.gone_ns = time_ns;
}

/* A free slot, or the oldest one of the user with most, for the claim `s`. */
static uint32_t take_slot(struct pc_flight *f, const struct pc_flight_slot *s)
{
	struct pc_flight_user user = slot_user(s);
	uint32_t slot = pc_flight_shares_free_slot(f->shares);

	if (slot == PC_FLIGHT_NONE) {
		slot = pc_flight_shares_victim(f->shares);
		f->state.overwritten++;
		count_loser(&f->state, slot_user(&f->slots[slot]).block);
		slot_gone(f, slot, s->time_ns);
		pc_flight_shares_drop(f->shares, slot);
		slot = pc_flight_shares_free_slot(f->shares);
	}
	pc_flight_shares_take(f->shares, slot, &user, s->cookie);
	return slot;
}

static void set_end(struct pc_flight *f, uint32_t slot, uint8_t state, uint64_t now_ns)
{
	struct pc_flight_slot s = f->slots[slot];

	s.end_ns = now_ns > s.time_ns ? now_ns : s.time_ns;
	s.end_state = state < PC_STATE_COUNT ? state : 0;
	slot_write(&f->slots[slot], &s);
	pc_flight_shares_forget(f->shares, slot);
}

void pc_flight_listens(struct pc_flight *f, uint64_t cookie, bool listens)
{
	uint32_t slot = pc_flight_shares_find(f->shares, cookie);
	struct pc_flight_slot s;

	if (slot == PC_FLIGHT_NONE)
		return;
	s = f->slots[slot];
	s.listens = listens;
	slot_write(&f->slots[slot], &s);
}

void pc_flight_end(struct pc_flight *f, uint64_t cookie, uint8_t state, uint64_t now_ns)
{
	uint32_t slot = pc_flight_shares_find(f->shares, cookie);

	if (slot != PC_FLIGHT_NONE)
		set_end(f, slot, state, now_ns);
}

void pc_flight_claim(struct pc_flight *f, const struct pc_claim *c, uint64_t wall_minus_boot_ns)
{
	struct pc_flight_slot s = {
		.time_ns = c->time_ns + wall_minus_boot_ns,
		.cookie = c->cookie,
		.netns = c->netns,
		.port = c->port,
		.proto = c->proto,
		.family = c->family,
		.how = (uint8_t)c->how,
		/* listen() chose the port: the claim follows the change of state. */
		.listens = c->how == PC_HOW_AUTOBIND && c->proto == PC_PROTO_TCP,
	};
	uint32_t slot;

	pc_flight_put_ends(&s, pc_claim_ends(c));
	if (!s.port) {
		f->state.portless++;
		return;
	}
	pc_flight_put_process(&s, &c->claimer);
	/* The socket connects anew: its former claim has ended. */
	pc_flight_end(f, s.cookie, 0, s.time_ns);
	slot = take_slot(f, &s);
	s.sequence = ++f->sequence;
	f->state.claims++;
	slot_write(&f->slots[slot], &s);
}

/* A claim of a far future was recorded before the clock was set back: it would keep all later claims of its user. */
static bool is_expired(const struct pc_flight *f, uint32_t slot, uint64_t now_ns)
{
	uint64_t time_ns = f->slots[slot].time_ns;

	return time_ns < now_ns ? now_ns - time_ns > f->keep_ns : time_ns - now_ns > f->keep_ns;
}

static void note_losses(struct pc_flight *f, const struct pc_flight_losses *lost, uint64_t now_ns)
{
	if (lost->records > f->lost.records)
		f->state.lost += lost->records - f->lost.records;
	if (lost->ends > f->lost.ends)
		f->state.lost_ns = now_ns;
	f->lost = *lost;
}

void pc_flight_round(struct pc_flight *f, const struct pc_flight_losses *lost, uint64_t now_ns)
{
	uint32_t slot;

	for (unsigned share = 0; share < PC_FLIGHT_SHARES; share++) {
		while ((slot = pc_flight_shares_oldest(f->shares, share)) != PC_FLIGHT_NONE &&
		       is_expired(f, slot, now_ns)) {
			f->state.expired++;
			slot_gone(f, slot, now_ns);
			pc_flight_shares_drop(f->shares, slot);
			memset(&f->slots[slot], 0, sizeof(f->slots[slot]));
		}
	}
	note_losses(f, lost, now_ns);
	if (now_ns - f->written_ns < PC_FLIGHT_ALIVE_NS)
		return;
	note_life(f, now_ns);
	state_write(f);
}

void pc_flight_count(const struct pc_flight *f, struct pc_flight_account *out)
{
	*out = (struct pc_flight_account){ f->state.claims, f->state.overwritten,
					   pc_flight_since(&f->state) };
}

void pc_flight_close(struct pc_flight *f, uint64_t now_ns)
{
	note_life(f, now_ns);
	if (f->state.runs_count)
		f->state.runs[f->state.runs_count - 1].closed = 1;
	state_write(f);
}
