// SPDX-License-Identifier: GPL-2.0-only
/* These fixes end what keeps the port now: all of it, in the order in which to type them. */
#include <string.h>

#include "core/base/address.h"
#include "core/process/party.h"
#include "core/verdict/advice_fixes.h"
#include "core/verdict/advice_stop.h"
#include "core/verdict/blockers.h"
#include "core/verdict/decide.h"
#include "core/verdict/stopping.h"

static bool is_refused_itself(const struct pc_advice *a, const struct pc_party *p)
{
	return a->verdict->requester.who == p->who;
}

/* Leaves out the refused process, and says to close its own socket. */
static unsigned other_parties(struct pc_advice *a, const struct pc_blockers *b,
			      const struct pc_party **out)
{
	unsigned count = 0;

	for (unsigned i = 0; i < b->processes_count; i++) {
		if (is_refused_itself(a, b->processes[i]))
			pc_advice_fix(a, PC_NOW,
				      "close that socket first: it is the refused process's own");
		else
			out[count++] = b->processes[i];
	}
	return count;
}

static const char *staying_text(const struct pc_blockers *b)
{
	return b->staying ? "; TIME_WAIT can keep the port for up to 60 s more" : "";
}

/* `portclash free` looks again, at all of them, and asks. It ends no connection that this kernel would then keep
 * for ever, which `ss -K` does. */
static void put_free_command(struct pc_advice *a, const char *more)
{
	const struct pc_request *r = &a->verdict->request;
	char text[PC_ADDRESS_TEXT];

	if (pc_request_is_client(r))
		return; /* the port that it wants is its destination's */
	pc_advice_command(a, "portclash free %u%s%s", r->wanted_port,
			  r->proto == PC_PROTO_UDP ? "/udp" : "", more);
	if (!pc_address_is_any(r->wanted_family, r->wanted))
		pc_advice_command(a, " --address %s",
				  pc_address_text(r->wanted_family, r->wanted, text));
	if (r->netns != a->verdict->monitor_netns)
		pc_advice_command(a, " --netns %u", r->netns);
}

/* Ending a connection that no process has open any more does no harm. */
static void fix_cut(struct pc_advice *a, const struct pc_blockers *b)
{
	if (b->dead_count == 1)
		pc_advice_fix(
			a, PC_NOW,
			"wait: the kernel ends this connection by itself; or end it now (the command asks first)");
	else if (!b->time_waits)
		pc_advice_fix(
			a, PC_NOW,
			"wait: the kernel ends these %u connections by itself; or end them now (the command asks first)",
			b->dead_count);
	else
		pc_advice_fix(
			a, PC_NOW,
			"wait: the kernel ends these %u connections by itself; or end them now (the command asks first; those in TIME_WAIT stay for up to %u s where Linux is older than 6.1)",
			b->dead_count, b->seconds ? b->seconds : 60);
	put_free_command(a, "");
}

/* A TIME_WAIT is over within seconds, and is cut only together with others. */
static void fix_dead(struct pc_advice *a, const struct pc_blockers *b)
{
	if (b->dead_count > b->time_waits)
		fix_cut(a, b);
	else if (b->dead_count)
		pc_advice_fix(a, PC_NOW, "then wait for the last TIME_WAIT to end, within %u s",
			      b->seconds);
}

static void fix_more_owners(struct pc_advice *a, const struct pc_blockers *b)
{
	if (b->cut)
		pc_advice_fix(
			a, PC_NOW,
			"then try again: more than %u processes have one socket open, and the next refusal names those that are left",
			PC_OWNERS_MAX);
}

static void fix_unseen(struct pc_advice *a, const struct pc_blockers *b)
{
	if (!b->unseen)
		return;
	pc_advice_fix(
		a, PC_NOW,
		"then see which of the %u other sockets on the port are left, and end them (the command asks first)",
		b->unseen);
	put_free_command(a, " --stop");
}

static void fix_rest(struct pc_advice *a, const struct pc_blockers *b)
{
	fix_dead(a, b);
	fix_more_owners(a, b);
	fix_unseen(a, b);
}

void pc_advice_fix_stop(struct pc_advice *a, const char *or_wait)
{
	const struct pc_party *parties[PC_BLOCKERS_MAX];
	struct pc_blockers b;
	char text[256];

	pc_blockers_find(a->verdict, &b);
	snprintf(text, sizeof(text), "%s%s", or_wait, staying_text(&b));
	pc_advice_fix_stop_all(a, parties, other_parties(a, &b, parties), text);
	fix_rest(a, &b);
}

void pc_advice_fix_end(struct pc_advice *a)
{
	pc_advice_fix_stop(a, ", or wait for its connection to end");
}

/* One open connection of one process keeps the port, and nothing else does. */
static bool is_one_connection(const struct pc_advice *a, const struct pc_blockers *b)
{
	const struct pc_socket *s = a->holder ? &a->holder->socket : NULL;
	struct pc_stopping how;

	if (!s || s->proto != PC_PROTO_TCP || !s->rport || b->sockets != 1 || b->live != 1 ||
	    b->unseen || b->cut || b->processes_count != 1 ||
	    is_refused_itself(a, b->processes[0]) || pc_request_is_client(&a->verdict->request))
		return false;
	pc_stopping_of(b->processes[0], a->verdict->requester.who, &how);
	return how.means != PC_MEANS_NEVER;
}

/* tcp_abort() sends a reset, so no TIME_WAIT follows. tcp_set_state() then gives back a port that the kernel chose;
 * one that the client asked for by bind() stays until its process closes the socket. */
void pc_advice_fix_cut_or_end(struct pc_advice *a)
{
	struct pc_blockers b;

	pc_blockers_find(a->verdict, &b);
	if (is_one_connection(a, &b)) {
		pc_advice_fix(
			a, PC_NOW,
			"end this connection alone; its process goes on and can connect again (the command asks first)");
		put_free_command(a, "");
		pc_advice_fix_or(a);
	}
	pc_advice_fix_end(a);
}

/* The socket closes with the last of its owners: "kill 12 13". */
static void fix_end_heirs(struct pc_advice *a, const struct pc_party *const *parties,
			  unsigned count)
{
	if (!count)
		return;
	pc_advice_fix(a, PC_NOW, "end %s that still %s it open",
		      count > 1 ? "the processes" : "the process", count > 1 ? "have" : "has");
	pc_advice_command(a, "kill");
	for (unsigned i = 0; i < count; i++)
		pc_advice_command(a, " %u", parties[i]->who->key.tgid);
}

void pc_advice_fix_heirs(struct pc_advice *a)
{
	const struct pc_party *parties[PC_BLOCKERS_MAX];
	struct pc_blockers b;

	pc_blockers_find(a->verdict, &b);
	if (b.sockets > 1 || !pc_advice_all_plain(a, b.processes, b.processes_count)) {
		pc_advice_fix_stop(a, "");
		return;
	}
	fix_end_heirs(a, parties, other_parties(a, &b, parties));
	fix_rest(a, &b);
}

void pc_advice_fix_time_wait(struct pc_advice *a)
{
	struct pc_blockers b;

	pc_blockers_find(a->verdict, &b);
	pc_advice_fix(a, PC_NOW, "try again, %s within %u s",
		      b.sockets + b.unseen > 1 ? "they end by themselves" : "it ends by itself",
		      b.unseen ? 60 : b.seconds);
	if (pc_request_is_client(&a->verdict->request))
		return;
	pc_advice_fix(a, PC_NOW, "or end %s now, on Linux 6.1 or newer (the command asks first)",
		      b.sockets + b.unseen > 1 ? "them" : "it");
	put_free_command(a, "");
}
