// SPDX-License-Identifier: GPL-2.0-only
/* The reader takes each claim of the log once. A refusal that was recorded before its holder was closed can be read after the
 * look that left the holder out. The next look then takes what that look has left out, unless another claim is in its place
 * by now: but after a refusal, claims go to the ring. */
#include "bpf/claim_log.h"

#include <string.h>

unsigned pc_claim_log_shift(int cpus)
{
	unsigned shift = 0;
	int parts = 1;

	while (parts < cpus && parts < PC_LOG_PARTS)
		parts *= 2;
	while ((PC_LOG_CLAIMS / parts) >> (shift + 1))
		shift++;
	return shift;
}

void pc_claim_log_open(struct pc_claim_log *l, struct pc_log_part *parts,
		       struct pc_logged_claim *claims, unsigned shift)
{
	*l = (struct pc_claim_log){ .parts = parts, .claims = claims, .shift = shift };
}

static unsigned parts_of(const struct pc_claim_log *l)
{
	return l->parts ? PC_LOG_CLAIMS >> l->shift : 0;
}

static struct pc_logged_claim *claim_at(const struct pc_claim_log *l, unsigned part, uint64_t number)
{
	return &l->claims[(part << l->shift) + (number & ((1ULL << l->shift) - 1))];
}

static bool claim_is_ended(const struct pc_logged_claim *c)
{
	return __atomic_load_n(&c->ended, __ATOMIC_RELAXED) == (uint32_t)c->cookie;
}

void pc_claim_log_look(struct pc_claim_log *l, bool all)
{
	uint64_t size = 1ULL << l->shift;

	l->all = all;
	l->some = false;
	l->claimers_noted = false;
	for (unsigned i = 0; i < parts_of(l); i++) {
		struct pc_log_look *look = &l->looks[i];
		uint64_t kept = look->left_out ? look->before : look->end;

		look->before = look->end;
		look->end = __atomic_load_n(&l->parts[i].written, __ATOMIC_ACQUIRE);
		look->left_out = false;
		if (look->end - kept > size)
			kept = look->end - size;
		look->next = all && kept < look->before ? kept : look->before;
		l->some |= look->next != look->end;
	}
}

static void record_of(const struct pc_logged_claim *c, bool ended, struct pc_claim_record *out)
{
	*out = (struct pc_claim_record){
		.header = { PC_RECORD_CLAIM, sizeof(*out) },
		.time_ns = c->time_ns,
		.cookie = c->cookie,
		.process = c->process,
		.tid = c->tid,
		.netns = c->netns,
		.port = c->port,
		.how = c->how,
		.proto = c->proto,
		.family = c->family,
		.flags = (uint8_t)(c->flags | (ended ? PC_CLAIM_ENDED : 0)),
	};
}

/* The values of `taken`: handed over; or left out, and counted, because its socket is closed. */
#define TAKEN 1
#define LEFT_OUT 2

/* False: it was left out. */
static bool hand_over_one(struct pc_claim_log *l, struct pc_logged_claim *c, pc_record_fn take,
			  void *to)
{
	struct pc_claim_record record;
	bool ended = claim_is_ended(c);

	if (c->taken)
		return true;
	if (ended && c->how < PC_HOW_COUNT)
		l->ended[c->how]++;
	c->taken = ended && !l->all ? LEFT_OUT : TAKEN;
	if (c->taken == LEFT_OUT)
		return false;
	record_of(c, ended, &record);
	take(to, &record, sizeof(record));
	return true;
}

/* Hands over a claim that the look before has left out. Its place is free, so that a program can have begun to write
 * another claim there. */
static void hand_over_left_out(const struct pc_claim_log *l, unsigned part, uint64_t number,
			       pc_record_fn take, void *to)
{
	struct pc_logged_claim c = *claim_at(l, part, number);
	struct pc_claim_record record;

	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	if (__atomic_load_n(&l->parts[part].written, __ATOMIC_RELAXED) - number >=
		    1ULL << l->shift ||
	    c.taken != LEFT_OUT)
		return;
	record_of(&c, true, &record);
	take(to, &record, sizeof(record));
}

static uint64_t *process_word(struct pc_claim_log *l, uint32_t tgid)
{
	return &l->processes[tgid / 64 % 64];
}

/* Notes which processes have claims to hand over. Only the end of a process asks. */
static void note_claimers(struct pc_claim_log *l)
{
	memset(l->processes, 0, sizeof(l->processes));
	for (unsigned i = 0; i < parts_of(l); i++)
		for (uint64_t n = l->looks[i].before; n != l->looks[i].end; n++) {
			uint32_t tgid = claim_at(l, i, n)->process.tgid;

			*process_word(l, tgid) |= 1ULL << tgid % 64;
		}
	l->claimers_noted = true;
}

static bool process_has_claims(struct pc_claim_log *l, uint32_t tgid)
{
	if (!l->claimers_noted)
		note_claimers(l);
	return *process_word(l, tgid) >> tgid % 64 & 1;
}

/* Chooses the part whose next claim is the oldest, and tells until when no other part has one. False: no part has a
 * claim. */
static bool oldest_part(const struct pc_claim_log *l, const uint64_t next[PC_LOG_PARTS],
			unsigned *part, uint64_t *until_ns)
{
	uint64_t oldest_ns = UINT64_MAX;

	*until_ns = UINT64_MAX;
	for (unsigned i = 0; i < parts_of(l); i++) {
		uint64_t time_ns;

		if (next[i] == l->looks[i].end)
			continue;
		time_ns = claim_at(l, i, next[i])->time_ns;
		if (time_ns < oldest_ns) {
			*until_ns = oldest_ns;
			oldest_ns = time_ns;
			*part = i;
		} else if (time_ns < *until_ns) {
			*until_ns = time_ns;
		}
	}
	return oldest_ns != UINT64_MAX;
}

/* Hands over the claims of one process, or all. */
static void hand_over_of(struct pc_claim_log *l, const struct pc_process_key *of, pc_record_fn take,
			 void *to)
{
	uint64_t next[PC_LOG_PARTS], until_ns;
	unsigned part = 0;

	for (unsigned i = 0; i < parts_of(l); i++)
		next[i] = of ? l->looks[i].before : l->looks[i].next;
	while (oldest_part(l, next, &part, &until_ns)) {
		struct pc_log_look *look = &l->looks[part];
		struct pc_logged_claim *c = claim_at(l, part, next[part]);

		do {
			if (next[part] < look->before)
				hand_over_left_out(l, part, next[part], take, to);
			else if ((!of || !memcmp(of, &c->process, sizeof(*of))) &&
				 !hand_over_one(l, c, take, to))
				look->left_out = true;
			c = claim_at(l, part, ++next[part]);
		} while (next[part] != look->end && c->time_ns <= until_ns);
	}
}

void pc_claim_log_before(struct pc_claim_log *l, const void *record, pc_record_fn take, void *to)
{
	const struct pc_end_record *e = record;

	if (!l->some || e->header.type != PC_RECORD_END ||
	    !process_has_claims(l, e->process.tgid))
		return;
	*process_word(l, e->process.tgid) &= ~(1ULL << e->process.tgid % 64);
	hand_over_of(l, &e->process, take, to);
}

void pc_claim_log_hand_over(struct pc_claim_log *l, pc_record_fn take, void *to)
{
	if (l->some)
		hand_over_of(l, NULL, take, to);
	l->some = false;
	for (unsigned i = 0; i < parts_of(l); i++)
		__atomic_store_n(&l->parts[i].read, l->looks[i].end, __ATOMIC_RELEASE);
}
