// SPDX-License-Identifier: GPL-2.0-only
/* A claim goes into the ledger, and to those who wait for claims. Most claims come from the kernel side's log, and nobody
 * waits for them: these take the short way. */
#include <string.h>

#include "core/join/join_private.h"
#include "core/join/record.h"

#define SAME_PLACE(in_log, kept)                                     \
	_Static_assert(offsetof(struct pc_logged_claim, in_log) ==   \
			       offsetof(struct pc_kept_event, kept), \
		       #kept)
SAME_PLACE(time_ns, time_ns);
SAME_PLACE(cookie, cookie);
SAME_PLACE(process, process);
SAME_PLACE(tid, tid);
SAME_PLACE(netns, netns);
SAME_PLACE(port, port);
SAME_PLACE(how, how);
SAME_PLACE(proto, proto);
SAME_PLACE(family, family);
_Static_assert(sizeof(struct pc_logged_claim) == sizeof(struct pc_kept_event), "one copy");

/* Entries that are made at once. */
#define ENTRIES 64

/* A claim whose process record was lost still has a pid and comm, which are better than nothing. */
static uint32_t add_claimer(struct pc_join *j, const struct pc_process_key *process, uint32_t netns,
			    const char *comm)
{
	struct pc_identity who = { .key = *process, .netns = netns };
	long added;

	memcpy(who.comm, comm, sizeof(who.comm));
	added = pc_processes_put(j->processes, &who);
	return added < 0 ? 0 : (uint32_t)added;
}

/* A claim seen at a send or listen() can be of a socket that has long had its port: what is known of
 * it already, be it a claim or that it is older than portclash, stands. But a socket on another port has given
 * the first one back, and a socket that listens has not got its port by the connect() that failed before. */
static bool adds_nothing(const struct pc_join *j, const struct pc_claim_record *c)
{
	const struct pc_entry *e;

	if (!(c->flags & (PC_CLAIM_MAYBE_OLD | PC_CLAIM_IF_NEW)))
		return false;
	e = pc_ledger_find(j->ledger, c->cookie);
	if (!e || (e->port && c->port && e->port != c->port))
		return false;
	if (c->flags & PC_CLAIM_IF_NEW)
		return e->how != PC_HOW_CONNECT || e->flags & PC_ENTRY_OLDER;
	return !(e->flags & PC_ENTRY_LATE);
}

/* Without its process, the claim would say that nobody made it. A claim that waited in the kernel side's log
 * (bpf/claim_log.bpf.h) comes after those of the ring, of which one may be the same socket's next claim. */
static void to_ledger(struct pc_join *j, const struct pc_claim_record *c)
{
	uint32_t process = pc_processes_find(j->processes, &c->process) ?:
				   add_claimer(j, &c->process, c->netns, c->comm);
	const struct pc_entry e =
		pc_entry_of(c->cookie, c->time_ns, process, c->tid, c->how, c->port);

	if (!process || pc_ledger_put_newer(j->ledger, &e))
		j->counters.ledger_refused++;
}

void pc_claims_take(struct pc_join *j, const struct pc_claim_record *c)
{
	/* The socket may have been the holder of a refusal that is read next. */
	if (c->flags & PC_CLAIM_ENDED) {
		if (!adds_nothing(j, c))
			to_ledger(j, c);
		pc_outcome_claim(j, c);
		return;
	}
	if (adds_nothing(j, c)) {
		pc_ledger_learn_port(j->ledger, c->cookie, c->port);
		return;
	}
	j->counters.claims[c->how]++;
	to_ledger(j, c);
	pc_protection_claim(j, c);
	pc_pending_add(j, c);
	pc_outcome_claim(j, c);
}

static void take_as_record(struct pc_join *j, const struct pc_logged_claim *c)
{
	struct pc_claim_record record;

	pc_record_of_logged(c, 0, &record);
	pc_claims_take(j, &record);
}

/* The four bytes that say what kind of claim it is. */
static uint32_t claim_kind(const struct pc_logged_claim *c)
{
	uint32_t kind;

	memcpy(&kind, &c->how, sizeof(kind));
	return kind;
}

static bool claim_is_plain(const struct pc_logged_claim *c)
{
	return pc_record_logged_ok(c) &&
	       !(c->flags & (PC_CLAIM_MAYBE_OLD | PC_CLAIM_IF_NEW | PC_CLAIM_ENDED));
}

/* How many claims from the first one on are plain, and of one kind. */
static size_t count_plain(const struct pc_logged_claim *claims, size_t count)
{
	uint32_t kind = claim_kind(claims);
	size_t plain = 0;

	if (claim_is_plain(claims))
		while (plain < count && claim_kind(&claims[plain]) == kind && claims[plain].cookie)
			plain++;
	return plain;
}

static void plain_to_ledger(struct pc_join *j, const struct pc_logged_claim *claims, size_t count)
{
	static const char no_comm[PC_COMM_LEN];
	struct pc_entry entries[ENTRIES];
	uint32_t process = 0;
	size_t known = 0;

	for (size_t i = 0; i < count; i++) {
		const struct pc_logged_claim *c = &claims[i];

		if (!process || memcmp(&c->process, &c[-1].process, sizeof(c->process)))
			process = pc_processes_find(j->processes, &c->process) ?:
					  add_claimer(j, &c->process, c->netns, no_comm);
		entries[known] =
			pc_entry_of(c->cookie, c->time_ns, process, c->tid, c->how, c->port);
		known += process != 0;
	}
	j->counters.ledger_refused +=
		count - known + pc_ledger_put_claims(j->ledger, entries, known);
}

/* A claim that nobody waits for, of whose socket it need not be asked what is known already. */
static void take_plain(struct pc_join *j, const struct pc_logged_claim *claims, size_t count)
{
	j->counters.claims[claims->how] += count;
	for (size_t done = 0; done < count; done += ENTRIES)
		plain_to_ledger(j, claims + done, count - done < ENTRIES ? count - done : ENTRIES);
	pc_outcomes_claims(j->outcomes, claims, count);
}

void pc_claims_take_logged(struct pc_join *j, const struct pc_logged_claim *claims, size_t count)
{
	bool wanted = j->pending || j->protection;

	while (count) {
		size_t plain = wanted ? 0 : count_plain(claims, count);

		if (plain)
			take_plain(j, claims, plain);
		else if (pc_record_logged_ok(claims))
			take_as_record(j, claims);
		else
			j->records_bad++;
		claims += plain ?: 1;
		count -= plain ?: 1;
	}
}
