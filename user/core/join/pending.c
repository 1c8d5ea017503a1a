// SPDX-License-Identifier: GPL-2.0-only
/* Claims that the output wants (--claims) wait until both their ends are known. For TCP the kernel
 * side sends the ends in a record of their own, but not for a connect() that ended before it had a
 * port, or that hangs: the join looks those up after a second. It looks up UDP sockets after each
 * round. */
#include <stdlib.h>
#include <string.h>

#include "core/base/ports.h"
#include "core/join/decode.h"
#include "core/join/join_private.h"

/* A connect() that hangs for minutes keeps its place; at the limit the oldest claims are handed over
 * without their ends. */
#define PENDING_MAX 4096

/* A connect() has changed its socket's state, or was refused, after so long. */
#define LATE_NS PC_NS_PER_SECOND

/* The recorder alone has the sockets looked up so often: each time costs a pass over all open files, and any user can
 * make claims that want one. */
#define RECORDED_LATE_NS (10 * PC_NS_PER_SECOND)

struct pending_claim {
	struct pc_claim claim; /* cookie 0: handed over */
	bool port_later;       /* connect(): the kernel chose the port after the claim */
};

struct pc_pending {
	struct pending_claim *ring; /* PENDING_MAX */
	unsigned first;
	unsigned count;
	uint64_t asked_ns; /* when late connect()s among them were last looked up */
};

struct pc_pending *pc_pending_new(void)
{
	struct pc_pending *p = calloc(1, sizeof(*p));

	if (p)
		p->ring = calloc(PENDING_MAX, sizeof(*p->ring));
	if (p && p->ring)
		return p;
	free(p);
	return NULL;
}

void pc_pending_free(struct pc_pending *p)
{
	if (p)
		free(p->ring);
	free(p);
}

static bool passes_claim_filter(const struct pc_join *j, const struct pc_claim *c)
{
	const struct pc_filter *f = &j->options.filter;
	uint16_t port = c->ends_known ? c->ends.lport : c->port;

	return (!f->has_ports || pc_ports_has(f->ports, port)) &&
	       (!f->proto || f->proto == c->proto) && (!f->pid || f->pid == c->claimer.key.tgid) &&
	       (!f->tree || (c->claimer.who && c->claimer.who->descendant)) &&
	       (!c->claimer.who ||
		pc_whose_passes(&f->whose, c->claimer.who, c->claimer.who->uid,
				 &(struct pc_whose_netns){ .inode = c->netns }));
}

static struct pending_claim *pending_at(struct pc_pending *p, unsigned i)
{
	return &p->ring[(p->first + i) % PENDING_MAX];
}

/* Drops what was handed over from the front. */
static void trim_pending(struct pc_pending *p)
{
	while (p->count && !pending_at(p, 0)->claim.cookie) {
		p->first = (p->first + 1) % PENDING_MAX;
		p->count--;
	}
}

static bool is_udp_autobind(const struct pending_claim *p)
{
	const struct pc_claim *c = &p->claim;

	return c->cookie && c->proto == PC_PROTO_UDP && c->how == PC_HOW_AUTOBIND;
}

/* The recorder asks the host nothing: a claim must stay cheap. */
static void hand_to_recorder(struct pc_join *j, const struct pc_claim *c)
{
	struct pc_claim claim = *c;

	if (!j->output.recorded_claim)
		return;
	claim.claimer.who = pc_processes_get(
		j->processes, pc_processes_find(j->processes, &c->claimer.key));
	j->output.recorded_claim(j->output.context, &claim);
}

/* Leaves a gap, which trim_pending() takes away once it is at the front. */
static void hand_over(struct pc_join *j, struct pending_claim *p)
{
	hand_to_recorder(j, &p->claim);
	if (j->options.with_claims) {
		pc_identify_party(j, &p->claim.claimer);
		if (j->output.claim && passes_claim_filter(j, &p->claim))
			j->output.claim(j->output.context, &p->claim);
	}
	p->claim.cookie = 0;
}

static void hand_over_first(struct pc_join *j)
{
	hand_over(j, pending_at(j->pending, 0));
	trim_pending(j->pending);
}

/* Closes the gaps behind a claim that still waits. */
static void compact_pending(struct pc_pending *p)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < p->count; i++)
		if (pending_at(p, i)->claim.cookie)
			*pending_at(p, kept++) = *pending_at(p, i);
	p->count = kept;
}

static void pending_make_room(struct pc_join *j)
{
	pc_pending_ask(j);
	compact_pending(j->pending);
	/* Many at a time: this costs too much for each. */
	while (j->pending->count > PENDING_MAX / 4 * 3)
		hand_over_first(j);
}

void pc_pending_add(struct pc_join *j, const struct pc_claim_record *record)
{
	struct pending_claim *p;

	if (!j->pending)
		return;
	if (j->pending->count == PENDING_MAX)
		pending_make_room(j);
	p = pending_at(j->pending, j->pending->count++);
	pc_claim_decode(record, &p->claim);
	p->port_later = record->flags & PC_CLAIM_PORT_LATER;
	/* The recorder alone does not wait for the address of a UDP socket whose port is known. */
	if (!j->options.with_claims && p->claim.port && is_udp_autobind(p))
		hand_over(j, p);
}

void pc_pending_flush(struct pc_join *j)
{
	while (j->pending && j->pending->count)
		hand_over_first(j);
}

/* The newest waiting claim of this socket: a socket that connects again claims again. A cookie of 0
 * would find a gap. */
void pc_pending_ends(struct pc_join *j, const struct pc_endpoints *ends)
{
	struct pc_pending *p = j->pending;

	for (unsigned i = p && ends->cookie ? p->count : 0; i-- > 0;) {
		struct pending_claim *c = pending_at(p, i);

		if (c->claim.cookie != ends->cookie)
			continue;
		c->claim.ends = *ends;
		c->claim.ends_known = true;
		hand_over(j, c);
		trim_pending(p);
		return;
	}
}

/* A connect() that claimed before this time; 0: none. */
static bool is_late_connect(const struct pending_claim *p, uint64_t before_ns)
{
	const struct pc_claim *c = &p->claim;

	return c->cookie && c->proto == PC_PROTO_TCP && p->port_later && c->time_ns < before_ns;
}

static void take_pending_owner(void *context, const struct pc_owner_record *o)
{
	struct pc_endpoints ends = {
		.cookie = o->socket.cookie,
		.lport = o->socket.lport,
		.rport = o->socket.rport,
		.family = (uint8_t)o->socket.family,
		.state = o->socket.state,
	};

	memcpy(ends.local, o->socket.local, sizeof(ends.local));
	memcpy(ends.remote, o->socket.remote, sizeof(ends.remote));
	if (ends.lport)
		pc_pending_ends(context, &ends);
}

/* The time before which a waiting connect() is late; once a second, else 0. */
static uint64_t late_before(struct pc_join *j)
{
	uint64_t every_ns = j->options.with_claims ? LATE_NS : RECORDED_LATE_NS;

	if (pc_join_since(j, j->pending->asked_ns) < every_ns)
		return 0;
	j->pending->asked_ns = j->now_ns;
	return j->now_ns > LATE_NS ? j->now_ns - LATE_NS : 0;
}

/* Looks up the sockets of the claims that are due. False: nothing was asked, or nothing answered. */
static bool look_up(struct pc_join *j, uint64_t late)
{
	struct pc_pending *p = j->pending;
	uint64_t *keys = calloc(PENDING_MAX, sizeof(*keys));
	struct pc_wanted wanted = { .keys = keys };
	bool asked;

	for (unsigned i = 0; keys && i < p->count; i++)
		if (is_udp_autobind(pending_at(p, i)) || is_late_connect(pending_at(p, i), late))
			keys[wanted.count++] = pending_at(p, i)->claim.cookie;
	asked = wanted.count &&
		!j->kernel.owners(j->kernel.context, &wanted, take_pending_owner, j);
	free(keys);
	return asked;
}

void pc_pending_ask(struct pc_join *j)
{
	struct pc_pending *p = j->pending;
	uint64_t late;
	bool asked;

	if (!p || !p->count)
		return;
	late = late_before(j);
	if (!late && !j->options.with_claims)
		return;
	asked = look_up(j, late);
	for (unsigned i = 0; asked && i < p->count; i++) {
		struct pending_claim *c = pending_at(p, i);

		/* Closed before it could be looked up: handed over with what the claim itself says. */
		if (is_udp_autobind(c))
			hand_over(j, c);
		else if (is_late_connect(c, late))
			c->claim.cookie = 0; /* it never had a port */
	}
	trim_pending(p);
}
