// SPDX-License-Identifier: GPL-2.0-only
/* The reader takes each claim of the log once. A refusal that was recorded before its holder was closed can be read after the
 * look that left the holder out. The next look then takes what that look has left out, unless another claim is in its place
 * by now: but after a refusal, claims go to the ring. It also takes some of what earlier looks have left out: the ports that
 * a process had before it was refused one tell whether it chooses them at random. */
#include "bpf/claim_log.h"

#include <string.h>

#include "core/join/record.h"

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

static struct pc_logged_claim *claim_at(const struct pc_claim_log *l, unsigned part,
					uint64_t number)
{
	return &l->claims[(part << l->shift) + (number & ((1ULL << l->shift) - 1))];
}

static bool claim_is_ended(const struct pc_logged_claim *c)
{
	return __atomic_load_n(&c->ended, __ATOMIC_RELAXED) == (uint32_t)c->cookie;
}

/* The number of the first claim that a look for all takes. */
static uint64_t first_of_all(const struct pc_log_look *look, uint64_t end, uint64_t size)
{
	uint64_t back = look->end > PC_LOG_BACK ? look->end - PC_LOG_BACK : 0;
	uint64_t first = look->left_from > back ? look->left_from : back;

	if (!look->left_out)
		return look->end;
	if (first > look->before)
		first = look->before;
	return end - first > size ? end - size : first;
}

void pc_claim_log_look(struct pc_claim_log *l, bool all)
{
	uint64_t size = 1ULL << l->shift;

	l->all = all;
	l->some = false;
	l->claimers_noted = false;
	for (unsigned i = 0; i < parts_of(l); i++) {
		struct pc_log_look *look = &l->looks[i];
		uint64_t end = __atomic_load_n(&l->parts[i].written, __ATOMIC_ACQUIRE);

		look->next = all ? first_of_all(look, end, size) : look->end;
		if (all || !look->left_out)
			look->left_from = look->end;
		look->left_out &= !all;
		look->before = look->end;
		look->end = end;
		l->some |= look->next != look->end;
	}
}

/* The values of `taken`: handed over before its turn; or left out, and counted, because its socket is closed. */
#define TAKEN 1
#define LEFT_OUT 2

static void hand_over_as_record(const struct pc_logged_claim *c, bool ended,
				const struct pc_taker *taker)
{
	struct pc_claim_record record;

	pc_record_of_logged(c, ended ? PC_CLAIM_ENDED : 0, &record);
	taker->record(taker->to, &record, sizeof(record));
}

static void hand_over_claims(const struct pc_logged_claim *claims, size_t count,
			     const struct pc_taker *taker)
{
	if (taker->logged && count)
		taker->logged(taker->to, claims, count);
	for (size_t i = 0; !taker->logged && i < count; i++)
		hand_over_as_record(&claims[i], false, taker);
}

/* Before anything else is handed over. */
static void hand_over_gathered(struct pc_claim_log *l, const struct pc_taker *taker)
{
	hand_over_claims(l->gathered, l->gathered_count, taker);
	l->gathered_count = 0;
}

/* Processors that claim in turn make short runs, which are gathered. */
static void hand_over_open(struct pc_claim_log *l, const struct pc_logged_claim *claims,
			   size_t count, const struct pc_taker *taker)
{
	if (l->gathered_count + count > PC_LOG_GATHERED)
		hand_over_gathered(l, taker);
	if (count >= PC_LOG_GATHERED / 2) {
		hand_over_gathered(l, taker);
		hand_over_claims(claims, count, taker);
		return;
	}
	for (size_t i = 0; i < count; i++)
		l->gathered[l->gathered_count++] = claims[i];
}

/* False: it was left out. */
static inline bool hand_over_ended(struct pc_claim_log *l, struct pc_logged_claim *c,
				   const struct pc_taker *taker)
{
	if (c->how < PC_HOW_COUNT)
		l->ended[c->how]++;
	c->taken = l->all ? TAKEN : LEFT_OUT;
	if (!l->all)
		return false;
	hand_over_gathered(l, taker);
	hand_over_as_record(c, true, taker);
	return true;
}

/* Hands over a claim that the look before has left out. Its place is free, so that a program can have begun to write
 * another claim there. */
static void hand_over_left_out(struct pc_claim_log *l, unsigned part, uint64_t number,
			       const struct pc_taker *taker)
{
	struct pc_logged_claim c = *claim_at(l, part, number);

	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	if (__atomic_load_n(&l->parts[part].written, __ATOMIC_RELAXED) - number >=
		    1ULL << l->shift ||
	    c.taken != LEFT_OUT)
		return;
	hand_over_gathered(l, taker);
	hand_over_as_record(&c, true, taker);
}

static uint64_t *process_word(struct pc_claim_log *l, uint32_t tgid)
{
	return &l->processes[tgid / 64 % 64];
}

/* Notes which processes have claims to hand over. Only the end of a process asks. The bit stays after it: it may be another
 * process', too. */
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

/* How far each part is handed over, and the time of its next claim; UINT64_MAX: it has none. */
struct handing_over {
	uint64_t next[PC_LOG_PARTS];
	uint64_t time_ns[PC_LOG_PARTS];
};

static void note_next(const struct pc_claim_log *l, struct handing_over *h, unsigned part)
{
	h->time_ns[part] = h->next[part] == l->looks[part].end ?
				   UINT64_MAX :
				   claim_at(l, part, h->next[part])->time_ns;
}

/* Chooses the part whose next claim is the oldest, and tells until when no other part has one. False: no part has a
 * claim. */
static bool oldest_part(const struct handing_over *h, unsigned parts, unsigned *part,
			uint64_t *until_ns)
{
	uint64_t oldest_ns = UINT64_MAX;

	*until_ns = UINT64_MAX;
	for (unsigned i = 0; i < parts; i++) {
		if (h->time_ns[i] < oldest_ns) {
			*until_ns = oldest_ns;
			oldest_ns = h->time_ns[i];
			*part = i;
		} else if (h->time_ns[i] < *until_ns) {
			*until_ns = h->time_ns[i];
		}
	}
	return oldest_ns != UINT64_MAX;
}

/* Hands over the claims of a part that come behind each other in the log, and gives the number behind them. */
static uint64_t hand_over_run(struct pc_claim_log *l, unsigned part, uint64_t number,
			      uint64_t until_ns, const struct pc_taker *taker)
{
	struct pc_log_look *look = &l->looks[part];
	struct pc_logged_claim *first = claim_at(l, part, number), *c = first;
	uint64_t wraps = (number | ((1ULL << l->shift) - 1)) + 1;
	uint64_t end = look->end < wraps ? look->end : wraps;

	do {
		if (c->taken || claim_is_ended(c)) {
			if (first != c)
				hand_over_open(l, first, (size_t)(c - first), taker);
			first = c + 1;
			if (!c->taken && !hand_over_ended(l, c, taker))
				look->left_out = true;
		}
		c++;
	} while (++number != end && c->time_ns <= until_ns);
	if (first != c)
		hand_over_open(l, first, (size_t)(c - first), taker);
	return number;
}

/* Hands over the claims of one process before their turn. */
static uint64_t hand_over_early(struct pc_claim_log *l, const struct pc_process_key *of,
				unsigned part, uint64_t number, const struct pc_taker *taker)
{
	struct pc_logged_claim *c = claim_at(l, part, number);

	if (c->taken || memcmp(of, &c->process, sizeof(*of)))
		return number + 1;
	if (!claim_is_ended(c)) {
		c->taken = TAKEN;
		hand_over_as_record(c, false, taker);
	} else if (!hand_over_ended(l, c, taker)) {
		l->looks[part].left_out = true;
	}
	return number + 1;
}

/* Hands over the claims of one process, or all, in the order of time. */
static void hand_over_of(struct pc_claim_log *l, const struct pc_process_key *of,
			 const struct pc_taker *taker)
{
	struct handing_over h;
	unsigned parts = parts_of(l), part = 0;
	uint64_t until_ns;

	for (unsigned i = 0; i < parts; i++) {
		h.next[i] = of ? l->looks[i].before : l->looks[i].next;
		note_next(l, &h, i);
	}
	while (oldest_part(&h, parts, &part, &until_ns)) {
		if (h.next[part] < l->looks[part].before)
			hand_over_left_out(l, part, h.next[part]++, taker);
		else if (of)
			h.next[part] = hand_over_early(l, of, part, h.next[part], taker);
		else
			h.next[part] = hand_over_run(l, part, h.next[part], until_ns, taker);
		note_next(l, &h, part);
	}
	hand_over_gathered(l, taker);
}

void pc_claim_log_before(struct pc_claim_log *l, const void *record, const struct pc_taker *taker)
{
	const struct pc_end_record *e = record;

	if (!l->some || e->header.type != PC_RECORD_END || !process_has_claims(l, e->process.tgid))
		return;
	hand_over_of(l, &e->process, taker);
}

void pc_claim_log_hand_over(struct pc_claim_log *l, const struct pc_taker *taker)
{
	if (l->some)
		hand_over_of(l, NULL, taker);
	l->some = false;
	for (unsigned i = 0; i < parts_of(l); i++)
		__atomic_store_n(&l->parts[i].read, l->looks[i].end, __ATOMIC_RELEASE);
}
