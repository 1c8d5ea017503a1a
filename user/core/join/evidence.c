// SPDX-License-Identifier: GPL-2.0-only
/* The evidence for a verdict: each holder's claim from the ledger, what to say of its process, and
 * what to say when evidence is missing. */
#include <string.h>

#include "core/join/join_private.h"
#include "core/process/party.h"
#include "core/rule/peer.h"
#include "core/verdict/decide.h"
#include "core/verdict/foreign.h"

static const char note_unseen[] = "the process that took the port was not seen";
static const char note_accepting[] = "the process has accepted this connection";
static const char note_older[] =
	"it had the socket open when portclash started; who made it is not known";
static const char note_lost[] =
	"it has the socket open; who made it is not known, because records were lost or could not be read";
static const char note_has_it[] = "it has the socket open; the claim of the port was not seen";
static const char note_passed[] = "has exited; the socket is now open elsewhere";
static const char note_exited[] = "has exited; nobody has the socket open any more";

/* A TIME_WAIT without a cookie is in the ledger, as older, under a key of its own. */
uint64_t pc_evidence_key(const struct pc_socket *s)
{
	uint32_t remote[4];

	if (s->cookie || s->state != PC_STATE_TIME_WAIT)
		return s->cookie;
	memcpy(remote, s->remote, sizeof(remote));
	return pc_time_wait_key(s->netns, s->lport, s->rport, s->family == PC_FAMILY_V6, remote);
}

/* Every socket made since the start has a cookie, but for accepted connections. */
static bool may_be_unnamed(const struct pc_join *j, const struct pc_holder *h)
{
	return j->before.unnamed && !pc_evidence_key(&h->socket);
}

static void take_claim(struct pc_join *j, struct pc_holder *h)
{
	const struct pc_entry *e = pc_ledger_find(j->ledger, pc_evidence_key(&h->socket));

	/* A subflow holds the port of an MPTCP socket; the socket itself made the claim. */
	if (!e)
		e = pc_ledger_find(j->ledger, h->file_cookie);
	h->claimer.fd = -1;
	if (!e) {
		h->claim_lost = pc_recovery_lost(j, h) || j->before.unseen;
		h->older = h->claim_lost || may_be_unnamed(j, h);
		return;
	}
	h->older = e->flags & PC_ENTRY_OLDER;
	h->claim_lost = e->lost;
	if (e->process)
		pc_identify_index(j, e->process, &h->claimer);
	h->claimer.tid = e->tid;
	if (h->older)
		return;
	h->how = e->how;
	h->since_ns = e->time_ns;
	for (unsigned i = 0; i < h->owners_count; i++)
		h->owners[i].given &= !pc_party_same(&h->owners[i], &h->claimer);
}

static void note_known(struct pc_holder *h)
{
	if (h->older)
		h->process_note = h->claim_lost ? note_lost : note_older;
	else if (h->socket.flags & PC_SOCKET_NO_FILE && !h->owners_count)
		h->process_note = pc_holder_note(h);
	else if (!h->claimer.running)
		h->process_note = h->owners_count ? note_passed : note_exited;
}

static void note_not_known(struct pc_holder *h)
{
	const char *note = pc_holder_note(h);

	if (h->owners_count) {
		h->claimer = h->owners[0];
		h->process_note = h->how == PC_HOW_ACCEPT ? note_accepting :
				  h->claim_lost		  ? note_lost :
				  h->older		  ? note_older :
							    note_has_it;
	} else {
		h->process_note = note ? note : note_unseen;
	}
}

void pc_evidence_complete(struct pc_join *j, struct pc_verdict *v)
{
	if (pc_request_is_foreign(&v->request)) {
		pc_foreign_complete(j, v);
		return;
	}
	for (unsigned i = 0; i < v->holders_count; i++)
		take_claim(j, &v->holders[i]);
	pc_relations_find(j, v);
	pc_decide(v);
	for (unsigned i = 0; i < v->holders_count; i++) {
		struct pc_holder *h = &v->holders[i];

		if (h->how == PC_HOW_ACCEPT && may_be_unnamed(j, h))
			h->older = h->claim_lost;
		if (h->claimer.who)
			note_known(h);
		else
			note_not_known(h);
	}
	pc_places_find(j, v);
}

static const char *missing_claim(const struct pc_verdict *v)
{
	const struct pc_holder *h = v->primary < 0 ? NULL : &v->holders[v->primary];

	/* The kernel's own sockets make no claims. */
	if (!h || v->cause == PC_CAUSE_KERNEL_SOCKET)
		return NULL;
	if (h->claim_lost)
		return "records were lost or could not be read, and the holder's claim may be among them";
	if (h->older)
		return NULL;
	if (h->how != PC_HOW_ACCEPT && !h->since_ns)
		return "the claim of the holder's port was not seen";
	return NULL;
}

const char *pc_evidence_missing(const struct pc_verdict *v)
{
	const char *look = pc_look_missing(v);

	if (pc_request_is_foreign(&v->request))
		return look ? look : pc_foreign_missing(v);
	if (v->walk & PC_WALK_NO_TABLE)
		return "the kernel's port table was not found";
	if (v->walk & PC_WALK_TRUNCATED)
		return "more sockets are on this port than could be looked at";
	if (v->walk & PC_WALK_BY_ADDRESS)
		return "more than 4,096 UDP sockets are in the kernel's list for this port: only those on the wanted address and on all addresses were looked at";
	if (v->primary < 0 && v->holders_changed)
		return "a socket on this port was closed while it was looked at";
	/* The kernel does not try the last port of a range of odd size, so one may be left. */
	if (v->range_use && v->range_use->left > 1)
		return "more of the range is left than the kernel found: ports were given back since, or are held by sockets that kernels before 6.8 do not list (TCP, bound and neither listening nor connected)";
	return missing_claim(v) ? missing_claim(v) : look;
}
