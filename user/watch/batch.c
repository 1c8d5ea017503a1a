// SPDX-License-Identifier: GPL-2.0-only
/* From waiting refusals to verdicts: the ledger says who claimed each holder's port, one
 * pass over the processes' descriptors says who has it open now, core/ decides. */
#include <stdlib.h>
#include <string.h>

#include "core/address.h"
#include "core/advice.h"
#include "core/decide.h"
#include "core/openers.h"
#include "core/peer.h"
#include "host/procfs.h"
#include "watch/watch_private.h"

#define KEYS_MAX (PC_BATCH_MAX * PC_OPENERS_KEYS)
_Static_assert(KEYS_MAX <= PC_WANTED_MAX, "a batch's sockets fit in one pass");

static const char note_unseen[] = "the process that took the port was not seen";
static const char note_accepting[] = "the process has accepted this connection";
static const char note_older[] =
	"it had the socket open when portclash started; who made it is not known";
static const char note_lost[] =
	"it has the socket open; who made it is not known, because records of claims were lost";
static const char note_has_it[] = "it has the socket open; the claim of the port was not seen";
static const char note_passed[] = "has exited; the socket is now open elsewhere";
static const char note_exited[] = "has exited; nobody has the socket open any more";

static void resolve_requester(struct pc_watch *w, struct pc_verdict *v)
{
	const struct pc_refusal *r = &v->refusal;

	pc_resolve_party(w, &r->process, r->comm, &v->requester);
	v->requester.tid = r->tid;
}

void pc_batch_add(struct pc_watch *w, const struct pc_refusal *r)
{
	struct pc_verdict *v = &w->batch[w->batch_count++];

	pc_verdict_begin(v, r);
	/* At once: a refused server is often about to exit. */
	resolve_requester(w, v);
}

/* Who was gone by then, and whose record had come after the claims were read. */
static void resolve_late(struct pc_watch *w)
{
	for (unsigned i = 0; i < w->batch_count; i++)
		if (!w->batch[i].requester.who)
			resolve_requester(w, &w->batch[i]);
}

static bool name_opener(void *context, const struct pc_owner *o, struct pc_party *out)
{
	struct pc_party party;

	pc_resolve_party(context, &o->process, o->comm, &party);
	if (!party.who)
		return false;
	*out = party;
	return true;
}

static void on_owner(void *context, const struct pc_owner *o)
{
	struct pc_watch *w = context;

	for (unsigned i = 0; i < w->batch_count; i++)
		pc_openers_give(&w->batch[i], o, name_opener, w);
}

static void find_openers(struct pc_watch *w)
{
	uint64_t *keys = malloc(KEYS_MAX * sizeof(*keys));
	struct pc_wanted wanted = { .keys = keys };

	if (!keys)
		return;
	for (unsigned i = 0; i < w->batch_count; i++)
		wanted.count += pc_openers_keys(&w->batch[i], keys + wanted.count);
	if (wanted.count)
		pc_monitor_owners(w->monitor, &wanted, on_owner, w);
	free(keys);
}

static bool claims_were_lost(const struct pc_watch *w)
{
	return w->counters.lost[PC_STAT_CLAIMS_LOST] || w->counters.ledger_refused ||
	       w->counters.states_missed || w->counters.lost[PC_STAT_COOKIES_MISSING] ||
	       w->counters.lost[PC_STAT_NOT_RUN] || w->counters.lost[PC_STAT_CALLS_UNTRACKED];
}

/* A TIME_WAIT without a cookie is in the ledger, as older, under another key. */
uint64_t pc_ledger_key(const struct pc_socket *s)
{
	uint32_t remote[4];

	if (s->cookie || s->state != PC_STATE_TIME_WAIT)
		return s->cookie;
	memcpy(remote, s->remote, sizeof(remote));
	return pc_time_wait_key(s->netns, s->lport, s->rport, s->family == PC_FAMILY_V6, remote);
}

/* Every socket made since the start has a cookie, but for accepted connections. */
static bool may_be_unnamed(const struct pc_watch *w, const struct pc_holder *h)
{
	return w->unseen_before || (w->unnamed_before && !pc_ledger_key(&h->socket));
}

static void from_ledger(struct pc_watch *w, struct pc_holder *h)
{
	const struct pc_entry *e = pc_ledger_find(w->ledger, pc_ledger_key(&h->socket));

	/* The port of an MPTCP socket is held by a subflow, the claim made by the socket itself. */
	if (!e)
		e = pc_ledger_find(w->ledger, h->file_cookie);
	h->maker.fd = -1;
	if (!e) {
		h->older = claims_were_lost(w) || may_be_unnamed(w, h);
		return;
	}
	h->older = e->flags & PC_ENTRY_OLDER;
	if (e->process)
		pc_resolve_index(w, e->process, &h->maker);
	h->maker.tid = e->tid;
	if (h->older)
		return;
	h->how = e->how;
	h->since_ns = e->time_ns;
}

static void note_known(struct pc_holder *h)
{
	if (h->older)
		h->process_note = note_older;
	else if (h->socket.flags & PC_SOCKET_NO_FILE && !h->owners_count)
		h->process_note = pc_holder_note(h);
	else if (!h->maker.running)
		h->process_note = h->owners_count ? note_passed : note_exited;
}

static void note_not_known(const struct pc_watch *w, struct pc_holder *h)
{
	const char *note = pc_holder_note(h);

	if (h->owners_count) {
		h->maker = h->owners[0];
		h->process_note = h->how == PC_HOW_ACCEPT ? note_accepting :
				  h->older ? claims_were_lost(w) ? note_lost : note_older :
					     note_has_it;
	} else {
		h->process_note = note ? note : note_unseen;
	}
}

static const char *what_is_missing(const struct pc_watch *w, const struct pc_verdict *v)
{
	const struct pc_holder *h = v->primary < 0 ? NULL : &v->holders[v->primary];

	if (v->refusal.walk & PC_WALK_NO_TABLE)
		return "the kernel's port table was not found";
	if (v->refusal.walk & PC_WALK_TRUNCATED)
		return "more sockets are on this port than could be looked at";
	if (!h && v->holders_changed)
		return "a socket on this port was closed while it was looked at";
	/* The kernel's own sockets make no claims. */
	if (v->cause == PC_CAUSE_KERNEL_SOCKET)
		return NULL;
	if (h && h->older && claims_were_lost(w))
		return "records of claims were lost, and the holder's may be among them";
	if (h && h->older)
		return "the holder is older than portclash: how it got the port, and since when, "
		       "was "
		       "not seen";
	if (h && h->how != PC_HOW_ACCEPT && !h->since_ns)
		return "the claim of the holder's port was not seen";
	/* One may be left: the kernel does not try the last of a range of odd size. */
	if (v->range_use && v->range_use->left > 1)
		return "more of the range is left than the kernel found: ports were given back "
		       "since, or "
		       "are held by sockets that kernels before 6.8 do not list (TCP, bound and "
		       "neither "
		       "listening nor connected)";
	return NULL;
}

static void complete_holders(struct pc_watch *w, struct pc_verdict *v)
{
	for (unsigned i = 0; i < v->holders_count; i++)
		from_ledger(w, &v->holders[i]);
	pc_relations(v);
	pc_decide(v);
	for (unsigned i = 0; i < v->holders_count; i++) {
		struct pc_holder *h = &v->holders[i];

		if (h->how == PC_HOW_ACCEPT && may_be_unnamed(w, h))
			h->older = claims_were_lost(w);
		if (h->maker.who)
			note_known(h);
		else
			note_not_known(w, h);
	}
}

static void count(struct pc_watch *w, const struct pc_verdict *v)
{
	const struct pc_refusal *r = &v->refusal;

	w->counters.verdicts++;
	w->counters.refusals[v->cause]++;
	if (!w->options.metrics)
		return;
	pc_metrics_refusal(w->options.metrics, v->cause, r->op, r->proto, r->error);
	pc_metrics_refused_port(w->options.metrics, r->wanted_port, r->proto);
}

/* Looks at every process: once for a batch, which is often one server that tries again. */
static uint32_t netns_pid(struct pc_watch *w, uint32_t netns)
{
	if (netns == w->netns)
		return 0;
	if (netns != w->batch_netns) {
		w->batch_netns = netns;
		w->batch_netns_pid = 0;
		pc_procfs_netns_pid("/proc", netns, &w->batch_netns_pid);
	}
	return w->batch_netns_pid;
}

static void finish_one(struct pc_watch *w, struct pc_verdict *v)
{
	uint64_t reserved[PC_PORT_WORDS];

	if (v->refusal.walk & PC_WALK_NETNS &&
	    pc_monitor_reserved(w->monitor, v->refusal.netns_key, reserved) == 0)
		v->reserved = reserved;
	v->monitor_netns = w->netns;
	v->netns_pid = netns_pid(w, v->refusal.netns);
	complete_holders(w, v);
	v->range_use = pc_range_look(w, v);
	v->incomplete = what_is_missing(w, v);
	pc_advise(v);
	count(w, v);
	pc_repeat_verdict(w, v);
	pc_verdict_clear(v);
}

void pc_batch_finish(struct pc_watch *w)
{
	if (!w->batch_count)
		return;
	/* The claims that explain these refusals can have come after the last reading. */
	pc_monitor_read_claims(w->monitor);
	pc_resolve_begin(w);
	resolve_late(w);
	pc_watch_counters(w);
	find_openers(w);
	for (unsigned i = 0; i < w->batch_count; i++)
		finish_one(w, &w->batch[i]);
	w->batch_count = 0;
	w->batch_netns = 0;
}
