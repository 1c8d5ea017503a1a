// SPDX-License-Identifier: GPL-2.0-only
/* The holders of a verdict in text for people: which process, since when, how, and who else has the
 * socket open. */
#include "out/text_holders.h"

#include "core/process/party.h"
#include "out/layout.h"
#include "out/text_parts.h"
#include "out/text_process.h"

/* A few for context; the JSON has them all. */
#define SHOWN_MAX 4

static void holders_put_process(FILE *out, const struct pc_verdict *v, const struct pc_party *p)
{
	if (!p->who || pc_party_same(p, &v->requester))
		return;
	fprintf(out, PC_TEXT_FIELD, "");
	pc_put_process(out, p->who);
}

static void holders_put_owners(FILE *out, const struct pc_verdict *v, const struct pc_holder *h)
{
	for (unsigned i = 0; i < h->owners_count; i++) {
		const struct pc_party *p = &h->owners[i];

		if (pc_owner_is_repeated(h->owners, i))
			continue;
		if (p->who != h->claimer.who) {
			fprintf(out, PC_TEXT_FIELD "open in ", "");
			pc_put_party(out, p);
			fprintf(out, " as descriptor %d", p->fd);
			holders_put_process(out, v, p);
		}
		pc_put_alike_owners(out, PC_TEXT_FIELD_BELOW "open in ", h->owners, h->owners_count,
				    i);
	}
	if (h->peer.who) {
		fprintf(out, PC_TEXT_FIELD "the other end is ", "");
		pc_put_party(out, &h->peer);
		if (h->peer_listens)
			fputs(", which has not accepted it yet", out);
	}
}

static void holders_put_age(FILE *out, const struct pc_clock *clock, const struct pc_holder *h)
{
	const struct pc_identity *who = h->claimer.who;

	if (h->since_ns) {
		fputs(", ", out);
		pc_put_since(out, clock, h->since_ns);
	} else if (h->older && !h->claim_lost) {
		fputs(", before portclash started", out);
		if (who && who->key.start_ns && who->key.start_ns < clock->now_ns) {
			fputs("; its process started ", out);
			pc_put_since(out, clock, who->key.start_ns);
		}
	}
}

static void put_holder(FILE *out, const struct pc_clock *clock, const struct pc_verdict *v,
		       const struct pc_holder *h)
{
	fprintf(out, PC_TEXT_FIELD "%s", h->blocking ? "held by" : "also there",
		h->blocking ? PC_MARK_CULPRIT : "");
	if (h->claimer.who)
		pc_put_party(out, &h->claimer);
	else
		fputs("no process", out);
	fputs(h->blocking ? PC_MARK_END : "", out);
	if (h->claimer.who && !h->claimer.running)
		fputs(" (has exited)", out);
	else if (pc_party_same(&h->claimer, &v->requester))
		fputs(" (the refused process itself)", out);
	fputs("   ", out);
	pc_put_connection(out, &h->socket);
	holders_put_process(out, v, &h->claimer);
	if (h->socket.family != PC_FAMILY_UNIX)
		fprintf(out, PC_TEXT_FIELD "%s", "", pc_how_words(h));
	holders_put_age(out, clock, h);
	if (h->process_note)
		fprintf(out, PC_TEXT_FIELD "%s", "", h->process_note);
	holders_put_owners(out, v, h);
}

/* Would its entry say the same but for the other end? */
static bool is_alike(const struct pc_holder *a, const struct pc_holder *b)
{
	return pc_party_same(&a->claimer, &b->claimer) && a->blocking == b->blocking &&
	       a->how == b->how && a->socket.state == b->socket.state;
}

/* The holders that the one at `first` stands for, itself among them; marks them in `done`. */
static unsigned fold_alike(const struct pc_verdict *v, unsigned first, bool *done)
{
	unsigned count = 0;

	for (unsigned i = 0; i < v->holders_count; i++) {
		if (done[i] || (i != first && !is_alike(&v->holders[first], &v->holders[i])))
			continue;
		done[i] = true;
		count++;
	}
	return count;
}

static unsigned put_group(FILE *out, const struct pc_clock *clock, const struct pc_verdict *v,
			  unsigned first, bool *done)
{
	unsigned count = fold_alike(v, first, done);

	put_holder(out, clock, v, &v->holders[first]);
	if (count > 1)
		fprintf(out, PC_TEXT_FIELD "and %u more socket%s like it in this process", "",
			count - 1, count == 2 ? "" : "s");
	return count;
}

void pc_put_holders(FILE *out, const struct pc_clock *clock, const struct pc_verdict *v)
{
	bool done[PC_HOLDERS_MAX] = { false };
	unsigned told = 0, shown = 0;

	if (v->primary >= 0) {
		told = put_group(out, clock, v, (unsigned)v->primary, done);
		shown++;
	}
	for (unsigned i = 0; i < v->holders_count && shown < SHOWN_MAX; i++) {
		if (done[i])
			continue;
		told += put_group(out, clock, v, i, done);
		shown++;
	}
	if (v->holders_total > told)
		fprintf(out, PC_TEXT_FIELD "%s%u more sockets on this port", "",
			v->walk & (PC_WALK_TRUNCATED | PC_WALK_BY_ADDRESS) ? "at least " : "",
			v->holders_total - told);
}
