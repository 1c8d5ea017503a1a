// SPDX-License-Identifier: GPL-2.0-only
/* Judge one network namespace. */
#include "core/audit/audit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/audit/shared.h"
#include "core/base/address.h"
#include "core/base/array.h"
#include "core/rule/conflict.h"
#include "core/base/ports.h"

/* Listeners share few addresses: their clients are counted once for each of so many. */
#define CACHED 8

struct blockers {
	struct pc_socket of; /* proto, family, local, ifindex, v6only; the rest is 0 */
	uint64_t ports[PC_PORT_WORDS];
};

struct work {
	const struct pc_socket_list *sockets;
	struct pc_netns_audit *a;
	struct pc_offer offer;
	const uint64_t *protect;
	uint64_t tcp_servers[PC_PORT_WORDS]; /* ports that a listener has, however it got them */
	uint64_t udp_servers[PC_PORT_WORDS];
	uint64_t by_state[PC_STATE_COUNT][PC_PORT_WORDS];
	uint64_t tcp[PC_PORT_WORDS];
	uint64_t udp[PC_PORT_WORDS];
	struct blockers cache[CACHED];
	unsigned cached;
	size_t room;
	bool *shared; /* of each socket: see shared.h */
};

bool pc_audit_listens(const struct pc_listed_socket *s)
{
	if (s->socket.proto == PC_PROTO_TCP)
		return s->socket.state == PC_STATE_LISTEN;
	return !s->socket.rport && !s->kernel_chose;
}

bool pc_audit_is_exposed(const struct pc_offer *offer, const struct pc_listed_socket *s)
{
	return pc_audit_listens(s) && !s->kernel_chose && pc_port_exposed(offer, s->socket.lport);
}

static uint64_t *servers_of(struct work *w, uint8_t proto)
{
	return proto == PC_PROTO_TCP ? w->tcp_servers : w->udp_servers;
}

static void count_socket(struct work *w, const struct pc_listed_socket *s)
{
	uint16_t port = s->socket.lport;

	if (pc_audit_listens(s))
		pc_ports_add(servers_of(w, s->socket.proto), port);
	if (s->socket.proto == PC_PROTO_UDP) {
		pc_ports_add(w->udp, port);
		return;
	}
	pc_ports_add(w->tcp, port);
	if (s->socket.state < PC_STATE_COUNT)
		pc_ports_add(w->by_state[s->socket.state], port);
}

static void count_ports(struct work *w)
{
	struct pc_netns_audit *a = w->a;

	a->sockets = w->sockets->count;
	for (size_t i = 0; i < w->sockets->count; i++)
		if (w->sockets->list[i].socket.lport)
			count_socket(w, &w->sockets->list[i]);
	for (int state = 0; state < PC_STATE_COUNT; state++)
		a->tcp_ports[state] = pc_ports_count(w->by_state[state], 0, PC_PORTS - 1);
	a->udp_ports = pc_ports_count(w->udp, 0, PC_PORTS - 1);
	if (!a->settings.known)
		return;
	a->offered = pc_offer_size(&w->offer);
	a->tcp_in_range = pc_offer_held(&w->offer, w->tcp);
	a->udp_in_range = pc_offer_held(&w->offer, w->udp);
}

static void side_of(const struct pc_socket *s, struct pc_side *out)
{
	pc_side_of_holder(s, out);
	out->listening = out->time_wait = false;
}

/* The ports of clients that would be in the way of a server on the address of `of`: as if none
 * of the two had set SO_REUSEADDR or SO_REUSEPORT, which sock_diag does not tell. */
static void find_blockers(struct work *w, const struct pc_socket *of, uint64_t *ports)
{
	const uint64_t *servers = servers_of(w, of->proto);
	struct pc_side asking, holding;

	side_of(of, &asking);
	memset(ports, 0, sizeof(w->cache[0].ports));
	for (size_t i = 0; i < w->sockets->count; i++) {
		const struct pc_socket *s = &w->sockets->list[i].socket;

		if (s->proto != of->proto || !pc_port_exposed(&w->offer, s->lport) ||
		    pc_ports_has(servers, s->lport) || pc_ports_has(ports, s->lport))
			continue;
		pc_side_of_holder(s, &holding);
		if (pc_conflict(of->proto, &asking, &holding))
			pc_ports_add(ports, s->lport);
	}
}

static const uint64_t *blockers_of(struct work *w, const struct pc_socket *s)
{
	struct pc_socket of = {
		.proto = s->proto,
		.family = s->family,
		.ifindex = s->ifindex,
		.v4_address = s->v4_address,
		.flags = s->flags & PC_SOCKET_V6ONLY,
	};
	struct blockers *entry;

	memcpy(of.local, s->local, sizeof(of.local));
	for (unsigned i = 0; i < w->cached && i < CACHED; i++)
		if (!memcmp(&w->cache[i].of, &of, sizeof(of)))
			return w->cache[i].ports;
	entry = &w->cache[w->cached++ % CACHED];
	entry->of = of;
	find_blockers(w, &of, entry->ports);
	return entry->ports;
}

/* sk_acceptq_is_full(): one more than the backlog may wait. With a backlog reached, the next
 * connection is that one. */
static bool queue_is_full(const struct pc_listed_socket *s)
{
	return s->waiting && s->waiting >= s->backlog;
}

static void audit_judge(struct work *w, const struct pc_listed_socket *s, struct pc_audit_entry *e)
{
	const struct pc_netns_settings *settings = &w->a->settings;
	const struct pc_socket *socket = &s->socket;
	bool tcp_listener = socket->proto == PC_PROTO_TCP && socket->state == PC_STATE_LISTEN;

	*e = (struct pc_audit_entry){ .s = *s, .listens = pc_audit_listens(s) };
	e->exposed = settings->known && pc_audit_is_exposed(&w->offer, s);
	e->holds_protected =
		pc_ports_has(w->protect, socket->lport) &&
		(e->listens ? s->kernel_chose :
			      !pc_ports_has(servers_of(w, socket->proto), socket->lport));
	e->queue_full = tcp_listener && queue_is_full(s);
	e->backlog_cut = tcp_listener && settings->known && s->backlog >= settings->somaxconn;
	if (e->exposed)
		e->chance =
			pc_exposure_chance(&w->offer, socket->proto, socket->lport,
					   servers_of(w, socket->proto), blockers_of(w, socket));
}

static int audit_keep(struct work *w, const struct pc_audit_entry *e)
{
	struct pc_netns_audit *a = w->a;

	if (pc_array_reserve(&a->entries, &w->room, a->entries_count + 1, sizeof(*e)))
		return -ENOMEM;
	a->entries[a->entries_count++] = *e;
	a->exposed += e->exposed;
	a->protected_held += e->holds_protected;
	if (e->exposed)
		pc_ports_add(a->reserve, e->s.socket.lport);
	return 0;
}

/* A listener on a port that the kernel chose is given another one when it is started anew: it is
 * told of, but nothing is wrong with it. */
static bool is_worth_a_line(const struct work *w, const struct pc_audit_entry *e)
{
	return e->exposed || e->holds_protected || e->queue_full || e->backlog_cut ||
	       (e->listens && w->a->settings.known &&
		pc_port_exposed(&w->offer, e->s.socket.lport));
}

/* Orders by damage: held protected ports, then exposed listeners by chance, then full queues. */
static int audit_compare(const void *left, const void *right)
{
	const struct pc_audit_entry *a = left, *b = right;
	double x = pc_chance_value(a->chance), y = pc_chance_value(b->chance);

	if (a->holds_protected != b->holds_protected)
		return b->holds_protected - a->holds_protected;
	if (a->exposed != b->exposed)
		return b->exposed - a->exposed;
	if (x != y)
		return x < y ? 1 : -1;
	if (a->queue_full != b->queue_full)
		return b->queue_full - a->queue_full;
	if (a->s.socket.lport != b->s.socket.lport)
		return a->s.socket.lport - b->s.socket.lport;
	if (a->s.socket.proto != b->s.socket.proto)
		return a->s.socket.proto - b->s.socket.proto;
	return a->s.socket.family - b->s.socket.family;
}

static int find_entries(struct work *w)
{
	struct pc_audit_entry e;
	int err = 0;

	for (size_t i = 0; !err && i < w->sockets->count; i++) {
		if (!w->sockets->list[i].socket.lport)
			continue;
		audit_judge(w, &w->sockets->list[i], &e);
		e.shared = w->shared[i];
		e.only_shared = !is_worth_a_line(w, &e);
		if (e.shared || !e.only_shared)
			err = audit_keep(w, &e);
	}
	if (!err && w->a->entries_count)
		qsort(w->a->entries, w->a->entries_count, sizeof(*w->a->entries), audit_compare);
	return err;
}

/* Any user can listen on as many ports as he likes, and without ports every connect() fails. */
static void see_what_is_left(struct pc_netns_audit *a)
{
	uint64_t more[PC_PORT_WORDS];

	memcpy(more, a->reserve, sizeof(more));
	pc_ports_subtract(more, a->settings.reserved);
	a->too_many = a->exposed &&
		      pc_ports_count(more, a->settings.low, a->settings.high) * 2 > a->offered;
}

static void find_protected(struct work *w)
{
	struct pc_netns_audit *a = w->a;

	if (!a->settings.known)
		return;
	pc_ports_exposed(&w->offer, w->protect, a->protect);
	a->protect_count = pc_ports_count(a->protect, 0, PC_PORTS - 1);
	for (unsigned i = 0; i < PC_PORT_WORDS; i++)
		a->reserve[i] |= a->protect[i];
}

int pc_audit_netns(const struct pc_socket_list *sockets, const uint64_t *protect,
		   struct pc_netns_audit *a)
{
	struct work *w = calloc(1, sizeof(*w));
	int err;

	if (!w)
		return -ENOMEM;
	w->sockets = sockets;
	w->a = a;
	w->protect = protect;
	w->offer = (struct pc_offer){ a->settings.low, a->settings.high, a->settings.reserved };
	memcpy(a->reserve, a->settings.reserved, sizeof(a->reserve));
	count_ports(w);
	w->shared = calloc(sockets->count + 1, sizeof(*w->shared));
	err = w->shared ? pc_audit_find_shared(sockets, w->shared) : -ENOMEM;
	if (!err)
		err = find_entries(w);
	if (!err && a->settings.known)
		err = pc_destinations_rank(sockets, a->settings.low, a->settings.high,
					   w->tcp_servers, &a->destinations);
	if (!err) {
		see_what_is_left(a);
		find_protected(w);
	}
	free(w->shared);
	free(w);
	if (err)
		pc_audit_free(a);
	return err;
}

void pc_audit_free(struct pc_netns_audit *a)
{
	free(a->entries);
	a->entries = NULL;
	a->entries_count = 0;
}

bool pc_audit_exposed(const struct pc_netns_audit *a)
{
	return a->exposed || a->protect_count;
}

char *pc_audit_dropin(const struct pc_netns_audit *a)
{
	static const char format[] =
		"# Made by `portclash audit`: the kernel gives these ports to no client.\n"
		"# It is a setting of one network namespace, and it replaces the whole list: what was\n"
		"# reserved before is in here, too.\n"
		"net.ipv4.ip_local_reserved_ports = %s\n";
	char *list = pc_ports_format(a->reserve), *text = NULL;

	if (!list || asprintf(&text, format, list) < 0)
		text = NULL;
	free(list);
	return text;
}
