// SPDX-License-Identifier: GPL-2.0-only
/* From the sockets on a port to what is shown of them, by the rule and the decision that explain
 * refusals. */
#include "core/who.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/address.h"
#include "core/conflict.h"
#include "core/decide.h"

_Static_assert(PC_WHO_ANSWERS <= PC_HOLDERS_MAX, "one holder for each answer fits");

enum group { GROUP_SERVER, GROUP_BOUND, GROUP_CONNECTED, GROUP_TIME_WAIT };

static enum group group_of(const struct pc_socket *s)
{
	if (s->state == PC_STATE_LISTEN || (s->proto == PC_PROTO_UDP && !s->rport))
		return GROUP_SERVER;
	if (s->state == PC_STATE_CLOSE && !s->rport)
		return GROUP_BOUND;
	return s->state == PC_STATE_TIME_WAIT ? GROUP_TIME_WAIT : GROUP_CONNECTED;
}

static int order(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

/* The last two make it the same order each time. */
static int compare(const void *a, const void *b)
{
	const struct pc_socket *x = a, *y = b;
	int by = order(x->netns, y->netns);

	if (!by)
		by = order(group_of(x), group_of(y));
	if (!by)
		by = order(!x->inode, !y->inode);
	if (!by)
		by = order(x->inode, y->inode);
	return by ? by : order(x->rport, y->rport);
}

void pc_who_sort(struct pc_socket *sockets, size_t count)
{
	if (count)
		qsort(sockets, count, sizeof(*sockets), compare);
}

size_t pc_who_same_netns(const struct pc_socket *sockets, size_t count)
{
	size_t n = 0;

	while (n < count && sockets[n].netns == sockets[0].netns)
		n++;
	return n;
}

/* The kernel's table is read without locks: see still_holds() in core/decide.c. */
static bool is_on_port(const struct pc_who_place *p, const struct pc_socket *s)
{
	return (s->family == PC_FAMILY_V4 || s->family == PC_FAMILY_V6) && s->proto == p->proto &&
	       s->lport == p->port && s->state < PC_STATE_COUNT;
}

/* The refusal that this answer is about, as if bind() had been called. */
static void ask(struct pc_who_place *p, const struct pc_who_answer *a)
{
	struct pc_refusal *r = &p->verdict.refusal;

	r->op = PC_OP_BIND;
	r->error = EADDRINUSE;
	r->proto = p->proto;
	r->netns = p->netns;
	r->uid = p->uid;
	r->wanted_port = p->port;
	r->wanted_family = a->family;
	r->unprivileged_start = p->unprivileged_start;
	r->socket = (struct pc_socket){
		.family = a->family,
		.proto = p->proto,
		.uid = p->uid,
		.reuse = a->option == PC_WHO_REUSEADDR,
		.flags = a->option == PC_WHO_REUSEPORT ? PC_SOCKET_REUSEPORT : 0,
	};
}

static bool blocks(const struct pc_who_place *p, const struct pc_socket *s)
{
	struct pc_side asking, holding;

	pc_side_of_requester(&p->verdict.refusal, &asking);
	pc_side_of_holder(s, &holding);
	return pc_conflict(p->proto, &asking, &holding);
}

/* All sockets are asked, not only those that are shown. Returns the first that blocks, or
 * `count`. */
static size_t first_blocking(const struct pc_who_place *p, const struct pc_socket *sockets,
			     size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (is_on_port(p, &sockets[i]) && blocks(p, &sockets[i]))
			return i;
	return count;
}

/* The kernel lets in what fits the address that the last SO_REUSEPORT left in the bind bucket,
 * whatever else holds the port (sk_reuseport_match()); that address is not in the sockets. */
static bool may_slip_in(const struct pc_who_answer *a, const struct pc_socket *s)
{
	return a->option == PC_WHO_REUSEPORT && s->proto == PC_PROTO_TCP && s->fastreuseport > 0 &&
	       !(s->flags & PC_SOCKET_REUSEPORT);
}

static void answer(struct pc_who_place *p, const struct pc_socket *sockets, size_t count,
		   size_t needed[PC_WHO_ANSWERS])
{
	for (unsigned i = 0; i < PC_WHO_ANSWERS; i++) {
		struct pc_who_answer *a = &p->answers[i];

		*a = (struct pc_who_answer){
			.family = i < PC_WHO_OPTIONS ? PC_FAMILY_V4 : PC_FAMILY_V6,
			.option = (enum pc_who_option)(i % PC_WHO_OPTIONS),
			.holder = -1,
		};
		a->known = !p->blind || a->option == PC_WHO_PLAIN;
		ask(p, a);
		needed[i] = a->known ? first_blocking(p, sockets, count) : count;
		if (needed[i] < count && may_slip_in(a, &sockets[needed[i]])) {
			a->known = false;
			needed[i] = count;
		}
		a->refused = needed[i] < count;
	}
}

static bool is_needed(const size_t needed[PC_WHO_ANSWERS], size_t index)
{
	for (unsigned i = 0; i < PC_WHO_ANSWERS; i++)
		if (needed[i] == index)
			return true;
	return false;
}

/* Holders that are shown for being among the first. */
static unsigned room_for_first(const size_t needed[PC_WHO_ANSWERS], size_t count)
{
	unsigned room = PC_HOLDERS_MAX;

	for (unsigned i = 0; i < PC_WHO_ANSWERS; i++) {
		bool again = needed[i] == count;

		for (unsigned j = 0; j < i; j++)
			again |= needed[j] == needed[i];
		room -= !again;
	}
	return room;
}

static void show(struct pc_who_place *p, const struct pc_socket *s)
{
	struct pc_holder *h = &p->verdict.holders[p->verdict.holders_count++];

	*h = (struct pc_holder){
		.socket = *s,
		.older = true,
		.maker = { .fd = -1 },
		.peer = { .fd = -1 },
	};
}

void pc_who_begin(struct pc_who_place *p, const struct pc_socket *sockets, size_t count)
{
	size_t needed[PC_WHO_ANSWERS];
	unsigned room;

	p->verdict.primary = -1;
	p->verdict.requester.fd = -1;
	answer(p, sockets, count, needed);
	room = room_for_first(needed, count);
	for (size_t i = 0; i < count; i++) {
		enum pc_state state = pc_socket_state(&sockets[i]);
		bool necessary = is_needed(needed, i);

		if (!is_on_port(p, &sockets[i]))
			continue;
		p->total++;
		p->states[state]++;
		if (necessary || room)
			show(p, &sockets[i]);
		else
			p->rest[state]++;
		if (!necessary && room)
			room--;
	}
	p->verdict.refusal.holders_total = (uint32_t)p->total;
}

/* NETLINK_SOCK_DIAG does not tell how a connection got its port: what was inferred from flags that
 * are not there is no evidence. */
static void forget_guesses(struct pc_who_place *p)
{
	for (unsigned i = 0; i < p->verdict.holders_count; i++) {
		struct pc_holder *h = &p->verdict.holders[i];

		if (h->socket.proto == PC_PROTO_UDP || h->socket.state == PC_STATE_LISTEN)
			continue;
		h->how = PC_HOW_UNKNOWN;
		h->how_inferred = false;
	}
}

static bool is_guess(const struct pc_who_place *p, const struct pc_who_answer *a)
{
	const struct pc_socket *s = a->holder < 0 ? NULL : &p->verdict.holders[a->holder].socket;

	return p->blind && s && s->proto == PC_PROTO_TCP && s->state != PC_STATE_LISTEN &&
	       pc_socket_state(s) != PC_STATE_TIME_WAIT && !pc_socket_is_self(s);
}

void pc_who_decide(struct pc_who_place *p)
{
	const struct pc_who_answer widest = { .family = PC_FAMILY_V6, .option = PC_WHO_PLAIN };
	struct pc_verdict *v = &p->verdict;

	for (unsigned i = 0; i < PC_WHO_ANSWERS; i++) {
		struct pc_who_answer *a = &p->answers[i];

		if (!a->refused)
			continue;
		ask(p, a);
		pc_decide(v);
		a->holder = v->primary;
		a->cause = is_guess(p, a) ? PC_CAUSE_UNKNOWN : v->cause;
	}
	ask(p, &widest);
	pc_decide(v);
	if (p->blind)
		forget_guesses(p);
}

uint64_t pc_who_oldest_owner(const struct pc_holder *h)
{
	uint64_t oldest = 0;

	for (unsigned i = 0; i < h->owners_count; i++) {
		uint64_t start = h->owners[i].who ? h->owners[i].who->key.start_ns : 0;

		if (start && (!oldest || start < oldest))
			oldest = start;
	}
	return h->owners_count < PC_OWNERS_MAX ? oldest : 0;
}

const char *pc_who_option_name(enum pc_who_option option)
{
	static const char *const names[] = { "plain", "reuseaddr", "reuseport" };

	_Static_assert(sizeof(names) / sizeof(names[0]) == PC_WHO_OPTIONS, "a name for each");
	return option < PC_WHO_OPTIONS ? names[option] : "unknown";
}
