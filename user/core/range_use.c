// SPDX-License-Identifier: GPL-2.0-only
/* Who uses the ephemeral range: by process, by destination, and what is left. */
#include "core/range_use.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/address.h"
#include "core/ports.h"

/* A port that a process holds. */
struct held {
	uint32_t process;
	uint16_t port;
};

static int compare(const void *a, const void *b)
{
	const struct held *x = a, *y = b;

	if (x->process != y->process)
		return x->process < y->process ? -1 : 1;
	return x->port - y->port;
}

static void keep(struct pc_range_use *out, uint32_t process, unsigned ports)
{
	unsigned at = out->users_count;

	while (at && out->users[at - 1].ports < ports)
		at--;
	if (at == PC_RANGE_USERS_MAX)
		return;
	if (out->users_count < PC_RANGE_USERS_MAX)
		out->users_count++;
	memmove(&out->users[at + 1], &out->users[at],
		(out->users_count - at - 1) * sizeof(out->users[0]));
	out->users[at] = (struct pc_range_user){ .process = process, .ports = ports };
}

/* Sockets of one process on one port count once. */
static void rank(struct held *list, size_t count, struct pc_range_use *out)
{
	size_t same;

	qsort(list, count, sizeof(list[0]), compare);
	for (size_t i = 0; i < count; i += same) {
		unsigned ports = 1;

		for (same = 1; i + same < count; same++) {
			if (list[i + same].process != list[i].process)
				break;
			ports += list[i + same].port != list[i + same - 1].port;
		}
		keep(out, list[i].process, ports);
	}
}

/* connect() gives a port that a client has for another destination (__inet_hash_connect()), but
 * none that was bound, by number or to port 0. */
static bool is_in_the_way(const struct pc_refusal *r, const struct pc_socket *s)
{
	bool to_somewhere = r->op == PC_OP_CONNECT && r->proto == PC_PROTO_TCP && r->wanted_port;

	if (!to_somewhere || !s->rport)
		return true;
	return s->rport == r->wanted_port &&
	       pc_address_equal(s->family, s->remote, r->wanted_family, r->wanted);
}

static int destinations(const struct pc_audit_sockets *sockets,
			const struct pc_netns_settings *settings, struct pc_range_use *out)
{
	struct pc_netns_audit *a = calloc(1, sizeof(*a));
	uint64_t servers[PC_PORT_WORDS] = { 0 };
	int err;

	if (!a)
		return -ENOMEM;
	for (size_t i = 0; i < sockets->count; i++)
		if (sockets->list[i].socket.state == PC_STATE_LISTEN)
			pc_ports_add(servers, sockets->list[i].socket.lport);
	a->settings = *settings;
	err = pc_audit_destinations(sockets, servers, a);
	memcpy(out->destinations, a->destinations, sizeof(out->destinations));
	out->destinations_count = a->destinations_count;
	free(a);
	return err;
}

int pc_range_use_of(const struct pc_audit_sockets *sockets,
		    const struct pc_netns_settings *settings, const struct pc_refusal *r,
		    uint32_t (*process_of)(void *context, const struct pc_socket *s), void *context,
		    struct pc_range_use *out)
{
	struct pc_offer offer = { settings->low, settings->high, settings->reserved };
	uint64_t all[PC_PORT_WORDS] = { 0 }, taken[PC_PORT_WORDS] = { 0 };
	struct held *list = malloc((sockets->count + 1) * sizeof(*list));
	size_t count = 0;

	if (!list)
		return -ENOMEM;
	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < sockets->count; i++) {
		const struct pc_socket *s = &sockets->list[i].socket;

		if (s->proto != r->proto || !pc_port_exposed(&offer, s->lport))
			continue;
		list[count++] = (struct held){ process_of(context, s), s->lport };
		pc_ports_add(all, s->lport);
		if (is_in_the_way(r, s))
			pc_ports_add(taken, s->lport);
	}
	rank(list, count, out);
	free(list);
	out->offered = pc_offer_size(&offer);
	out->held = pc_ports_count(all, 0, PC_PORTS - 1);
	out->left = out->offered - pc_ports_count(taken, 0, PC_PORTS - 1);
	return destinations(sockets, settings, out);
}
