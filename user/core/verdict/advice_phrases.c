// SPDX-License-Identifier: GPL-2.0-only
/* Several causes share these clauses of their explanations. */
#include "core/verdict/advice_phrases.h"

#include <string.h>

#include "core/base/address.h"
#include "core/process/party.h"
#include "core/verdict/blockers.h"
#include "core/verdict/decide.h"

const char *pc_advice_name(const struct pc_party *party, char out[PC_ADVICE_NAME])
{
	if (party->who)
		snprintf(out, PC_ADVICE_NAME, "%.15s[%u]",
			 party->comm[0] ? party->comm : party->who->comm, party->who->key.tgid);
	else
		snprintf(out, PC_ADVICE_NAME, "a process that is not known");
	return out;
}

const char *pc_advice_holder_word(const struct pc_holder *h)
{
	const struct pc_socket *s = &h->socket;

	if (s->proto == PC_PROTO_UDP)
		return pc_holder_is_client(h) ? "a UDP client, not a server" : "a UDP server";
	if (s->state == PC_STATE_LISTEN)
		return "a listener";
	if (s->state == PC_STATE_CLOSE)
		return "a socket that is bound but does not listen";
	if (pc_socket_state(s) == PC_STATE_TIME_WAIT)
		return "the TIME_WAIT of an ended connection, not a listener";
	return h->how == PC_HOW_ACCEPT	? "an accepted connection, not a listener" :
	       h->how == PC_HOW_UNKNOWN ? "a connection, not a listener," :
					  "an outgoing connection, not a listener";
}

void pc_advice_why_chosen(struct pc_advice *a)
{
	const struct pc_port_settings *s = &a->verdict->settings;
	uint16_t port = a->verdict->request.wanted_port;

	if (port < s->low || port > s->high)
		pc_advice_explain(
			a,
			"; the port is outside today's ephemeral range %u\u2013%u, so the range was different then or the socket has one of its own (IP_LOCAL_PORT_RANGE)",
			s->low, s->high);
	else if (s->wanted_reserved)
		pc_advice_explain(
			a,
			"; the port is in the ephemeral range %u\u2013%u of this network namespace and is reserved now, but was taken before that or by a socket with a range of its own",
			s->low, s->high);
	else
		pc_advice_explain(
			a,
			", because %u is in the ephemeral range %u\u2013%u of this network namespace and is not reserved",
			port, s->low, s->high);
}

void pc_advice_why_no_reuse(struct pc_advice *a)
{
	if (a->verdict->request.socket.reuse)
		pc_advice_explain(a,
				  "; the refused socket's SO_REUSEADDR does not help, because %s",
				  a->holder->socket.reuse ? "the kernel found another difference" :
							    "the holder did not set it too");
}

void pc_advice_holding(struct pc_advice *a)
{
	bool udp = a->verdict->request.proto == PC_PROTO_UDP;
	const struct pc_party *now = pc_holder_process(a->holder);
	char name[PC_ADVICE_NAME];

	/* The process that made the socket can have handed it on and exited. */
	if (!now || a->holder->claimer.running)
		now = &a->holder->claimer;
	if (pc_holder_is_own(a->verdict, a->holder))
		pc_advice_explain(
			a, "this very process already %s the port with another of its sockets",
			udp ? "receives on" : "listens on");
	else
		pc_advice_explain(a, "%s already %s this port", pc_advice_name(now, name),
				  udp ? "receives on" : "listens on");
}

/* UDP knows no listeners. Sockets that all set SO_REUSEADDR may receive on one port, as the members
 * of a multicast group do. A socket without it keeps the others out, and they keep it out. */
void pc_advice_udp_sharing(struct pc_advice *a)
{
	bool refused = a->verdict->request.socket.reuse, holder = a->holder->socket.reuse;

	if (a->verdict->request.proto != PC_PROTO_UDP || refused == holder)
		return;
	pc_advice_explain(
		a,
		"; %s set SO_REUSEADDR, by which the receivers of a multicast group share a port, but %s did not, and all of them must",
		holder ? "the holder" : "the refused socket",
		holder ? "the refused socket" : "the holder");
}

/* Why two processes of one executable are no two instances, as far as that is known. */
static void explain_same_file(struct pc_advice *a, const struct pc_identity *holder,
			      const struct pc_identity *refused)
{
	pc_advice_explain(a, "; both run %s", holder->exe);
	if (!holder->cmdline || !refused->cmdline || holder->cmdline_cut || refused->cmdline_cut)
		return;
	if (strcmp(holder->cmdline, refused->cmdline))
		pc_advice_explain(a, ", but with different arguments");
	else if (!holder->folder || !refused->folder)
		pc_advice_explain(
			a,
			" with the same arguments, but perhaps in different working directories");
	else if (strcmp(holder->folder, refused->folder))
		pc_advice_explain(
			a,
			" with the same arguments, but in different working directories, %s and %s",
			holder->folder, refused->folder);
}

void pc_advice_same_program(struct pc_advice *a)
{
	const struct pc_party *p = pc_holder_process(a->holder);
	const struct pc_identity *refused = a->verdict->requester.who;

	if (!p || !p->who || !refused || pc_holder_is_own(a->verdict, a->holder))
		return;
	if (a->holder->kin)
		pc_advice_explain(
			a, "; the two are processes of one running instance, not two instances");
	else if (pc_identity_same_file(p->who, refused))
		explain_same_file(a, p->who, refused);
}

static void put_blocking_processes(struct pc_advice *a, const struct pc_blockers *b)
{
	if (b->cut)
		pc_advice_explain(a, "more than %u processes", PC_OWNERS_MAX);
	else
		pc_advice_explain(a, "%u processes", b->processes_count);
}

void pc_advice_others(struct pc_advice *a)
{
	struct pc_blockers b;

	pc_blockers_find(a->verdict, &b);
	if (b.unseen) {
		pc_advice_explain(
			a,
			"; it is one of %u sockets on the port, of which %u were looked at closely",
			a->verdict->holders_total, a->verdict->holders_count);
	} else if (b.sockets > 1) {
		pc_advice_explain(a, "; it is one of %u sockets that keep the port", b.sockets);
		if (b.processes_count < 2 && !b.cut)
			return;
		pc_advice_explain(a, ", of ");
		put_blocking_processes(a, &b);
	} else if ((b.processes_count > 1 || b.cut) &&
		   a->verdict->cause != PC_CAUSE_INHERITED_LISTENER) {
		pc_advice_explain(a, "; ");
		put_blocking_processes(a, &b);
		pc_advice_explain(a, " have its socket open, which closes with the last of them");
	}
}
