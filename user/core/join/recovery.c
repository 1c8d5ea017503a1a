// SPDX-License-Identifier: GPL-2.0-only
/* The sockets that a loss of claims concerns. The socket of a lost claim has a cookie. After a loss the join looks at all open
 * sockets, and enters those whose claim is not known in the ledger as such. Any other socket claimed its port later: the
 * loss does not concern that socket. A claim that no program saw (PC_STAT_NOT_RUN and its like) may be of a socket
 * without a cookie, which a look does not find: such a loss concerns every socket whose claim is not known. */
#include "core/join/join_private.h"

/* The kernel side is asked for losses so often, if no refusal has it asked. */
#define ASK_NS (5 * PC_NS_PER_SECOND)

/* A claim is made as connect() begins: its socket has its port, and is found by it, this long after. */
#define SETTLE_NS PC_NS_PER_SECOND

/* A look takes milliseconds on a machine with many files. A user who makes portclash lose claims all the time has it
 * look ever more rarely. */
#define PAUSE_NS (10 * PC_NS_PER_SECOND)
#define PAUSE_MAX_NS (640 * PC_NS_PER_SECOND)

static uint64_t claims_lost_since(const struct pc_losses *now, const struct pc_losses *then,
				  struct pc_losers *losers)
{
	pc_losers_since(&now->over_share, &then->over_share, losers);
	return now->lost[PC_STAT_CLAIMS_LOST] - then->lost[PC_STAT_CLAIMS_LOST];
}

static bool any_was_lost_since(const struct pc_losses *now, const struct pc_losses *then)
{
	struct pc_losers losers;

	return claims_lost_since(now, then, &losers) || pc_losers_any(&losers);
}

static void recovery_ask(struct pc_join *j)
{
	if (pc_join_since(j, j->recovery.asked_ns) < ASK_NS)
		return;
	j->recovery.asked_ns = j->now_ns;
	pc_join_counters(j);
}

static void recovery_note(struct pc_join *j)
{
	struct pc_recovery *r = &j->recovery;
	bool again = r->looked_ns && pc_join_since(j, r->looked_ns) < 2 * r->pause_ns;

	r->pause_ns = again ? 2 * r->pause_ns : PAUSE_NS;
	if (r->pause_ns > PAUSE_MAX_NS)
		r->pause_ns = PAUSE_MAX_NS;
	r->noted = j->losses;
	r->waits = true;
	r->next_ns = j->now_ns + SETTLE_NS;
}

void pc_recovery_look(struct pc_join *j)
{
	struct pc_recovery *r = &j->recovery;

	recovery_ask(j);
	if (j->now_ns < r->next_ns)
		return;
	if (!r->waits) {
		if (any_was_lost_since(&j->losses, &r->known))
			recovery_note(j);
		return;
	}
	if (!pc_inventory_again(j))
		r->known = r->noted;
	r->waits = false;
	r->looked_ns = j->now_ns;
	r->next_ns = j->now_ns + r->pause_ns;
}

/* A program missed the claim, or there is no room for it. */
static bool claims_were_missed(const struct pc_join *j)
{
	const uint64_t *lost = j->losses.lost;

	return j->counters.ledger_refused || j->losses.states_missed ||
	       lost[PC_STAT_COOKIES_MISSING] || lost[PC_STAT_NOT_RUN] ||
	       lost[PC_STAT_CALLS_UNTRACKED];
}

/* The kernel side counts a claim for the user of the process that made it: mostly the one who made the socket, but a
 * setuid program and a process that was given the socket are others. Those have it open. A TIME_WAIT has no user. */
static bool is_of_loser(const struct pc_holder *h, const struct pc_losers *losers)
{
	if (h->socket.state == PC_STATE_TIME_WAIT)
		return pc_losers_any(losers);
	for (unsigned i = 0; i < h->owners_count; i++)
		if (h->owners[i].who && pc_losers_have(losers, h->owners[i].who->uid))
			return true;
	return pc_losers_have(losers, h->socket.uid);
}

/* A look does not find each subflow of MPTCP: the socket that is open is another one. */
bool pc_recovery_lost(const struct pc_join *j, const struct pc_holder *h)
{
	static const struct pc_losses none;
	bool is_subflow = h->file_cookie && h->file_cookie != h->socket.cookie;
	const struct pc_losses *known = is_subflow ? &none : &j->recovery.known;
	struct pc_losers losers;

	return claims_were_missed(j) || claims_lost_since(&j->losses, known, &losers) ||
	       is_of_loser(h, &losers);
}
