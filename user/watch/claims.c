// SPDX-License-Identifier: GPL-2.0-only
/* Printing claims (--claims): each waits until both its ends are known. For TCP they come by
 * themselves in a record of their own, but not of a connect() that ended before it had a port, or
 * that hangs: those are looked up after a second. UDP sockets are looked up once a tick. */
#include <stdlib.h>
#include <string.h>

#include "core/ports.h"
#include "watch/watch_private.h"

/* By then a connect() has changed its socket's state, or has been refused. */
#define LATE_NS 1000000000ULL

static bool wanted(const struct pc_watch *w, const struct pc_claim_event *c)
{
	const struct pc_filter *f = &w->options.filter;
	uint16_t port = c->endpoints.header.type ? c->endpoints.lport : c->claim.port;

	return (!f->has_ports || pc_ports_has(f->ports, port)) &&
	       (!f->proto || f->proto == c->claim.proto) &&
	       (!f->pid || f->pid == c->claim.process.tgid) &&
	       (!f->tree || (c->party.who && c->party.who->descendant));
}

static void print_claim(struct pc_watch *w, struct pc_claim_event *c)
{
	pc_resolve_party(w, &c->claim.process, c->claim.comm, &c->party);
	c->party.tid = c->claim.tid;
	if (!wanted(w, c))
		return;
	pc_emit_claim(w, c);
}

static struct pc_claim_event *pending_at(struct pc_watch *w, unsigned i)
{
	return &w->pending[(w->pending_first + i) % PC_CLAIMS_PENDING_MAX];
}

/* Drops printed claims (cookie 0) from the front. */
static void pending_trim(struct pc_watch *w)
{
	while (w->pending_count && !pending_at(w, 0)->claim.cookie) {
		w->pending_first = (w->pending_first + 1) % PC_CLAIMS_PENDING_MAX;
		w->pending_count--;
	}
}

/* Leaves a gap, which pending_trim() takes away once it is at the front. */
static void print_now(struct pc_watch *w, struct pc_claim_event *c)
{
	print_claim(w, c);
	c->claim.cookie = 0;
}

static void print_pending(struct pc_watch *w, struct pc_claim_event *c)
{
	print_now(w, c);
	pending_trim(w);
}

/* Closes the gaps that printed claims leave behind one that still waits. */
static void pending_compact(struct pc_watch *w)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < w->pending_count; i++)
		if (pending_at(w, i)->claim.cookie)
			*pending_at(w, kept++) = *pending_at(w, i);
	w->pending_count = kept;
}

static void pending_make_room(struct pc_watch *w)
{
	pc_claims_ask(w);
	pending_compact(w);
	/* Many at a time: this is too dear for each. */
	while (w->pending_count > PC_CLAIMS_PENDING_MAX / 4 * 3)
		print_pending(w, pending_at(w, 0));
}

void pc_claims_add(struct pc_watch *w, const struct pc_claim *record)
{
	struct pc_claim_event *c;

	if (w->pending_count == PC_CLAIMS_PENDING_MAX)
		pending_make_room(w);
	c = pending_at(w, w->pending_count++);
	memset(c, 0, sizeof(*c));
	c->claim = *record;
}

void pc_claims_flush(struct pc_watch *w)
{
	while (w->pending_count)
		print_pending(w, pending_at(w, 0));
}

/* The newest waiting claim of this socket: a socket that connects again claims again. */
void pc_claims_endpoints(struct pc_watch *w, const struct pc_endpoints *e)
{
	for (unsigned i = w->pending_count; i-- > 0;) {
		struct pc_claim_event *c = pending_at(w, i);

		if (c->claim.cookie != e->cookie)
			continue;
		c->endpoints = *e;
		print_pending(w, c);
		return;
	}
}

static bool is_udp_autobind(const struct pc_claim_event *c)
{
	return c->claim.cookie && c->claim.proto == PC_PROTO_UDP && c->claim.how == PC_HOW_AUTOBIND;
}

/* One that was made before this time, 0: none. */
static bool is_late_connect(const struct pc_claim_event *c, uint64_t before_ns)
{
	return c->claim.cookie && c->claim.proto == PC_PROTO_TCP &&
	       c->claim.flags & PC_CLAIM_PORT_LATER && c->claim.time_ns < before_ns;
}

static void on_owner(void *context, const struct pc_owner *o)
{
	struct pc_endpoints e = {
		.header = { .type = PC_RECORD_ENDPOINTS, .size = sizeof(e) },
		.cookie = o->socket.cookie,
		.lport = o->socket.lport,
		.rport = o->socket.rport,
		.family = (__u8)o->socket.family,
		.state = o->socket.state,
	};

	memcpy(e.local, o->socket.local, sizeof(e.local));
	memcpy(e.remote, o->socket.remote, sizeof(e.remote));
	if (e.lport)
		pc_claims_endpoints(context, &e);
}

/* Of which connect()s it is asked now: once a second. */
static uint64_t late_before(struct pc_watch *w)
{
	uint64_t now = pc_boot_ns();

	if (now - w->connects_asked_ns < LATE_NS)
		return 0;
	w->connects_asked_ns = now;
	return now - LATE_NS;
}

void pc_claims_ask(struct pc_watch *w)
{
	uint64_t *keys = calloc(PC_CLAIMS_PENDING_MAX, sizeof(*keys));
	struct pc_wanted wanted_sockets = { .keys = keys };
	uint64_t late = late_before(w);
	bool asked;

	for (unsigned i = 0; keys && i < w->pending_count; i++)
		if (is_udp_autobind(pending_at(w, i)) || is_late_connect(pending_at(w, i), late))
			keys[wanted_sockets.count++] = pending_at(w, i)->claim.cookie;
	asked = wanted_sockets.count &&
		!pc_monitor_owners(w->monitor, &wanted_sockets, on_owner, w);
	free(keys);
	for (unsigned i = 0; asked && i < w->pending_count; i++) {
		struct pc_claim_event *c = pending_at(w, i);

		/* Closed before it could be looked up: printed with what the claim itself says. */
		if (is_udp_autobind(c))
			print_now(w, c);
		else if (is_late_connect(c, late))
			c->claim.cookie = 0; /* it never had a port */
	}
	pending_trim(w);
}
