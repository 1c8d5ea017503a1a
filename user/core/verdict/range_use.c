// SPDX-License-Identifier: GPL-2.0-only
/* The use of the ephemeral range by processes and by destinations, and the ports that are left. */
#include "core/verdict/range_use.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/address.h"
#include "core/base/ports.h"
#include "core/rule/exposure.h"

/* Kubernetes' ports begin here, and end where Linux's own ephemeral range begins. */
#define NODEPORTS_LOW 30000
#define LINUX_LOW 32768

/* A port that a process holds. */
struct held {
	uint32_t process;
	uint16_t port;
};

static int compare_held_ports(const void *a, const void *b)
{
	const struct held *x = a, *y = b;

	if (x->process != y->process)
		return x->process < y->process ? -1 : 1;
	return x->port - y->port;
}

static void insert_user(struct pc_range_use *out, uint32_t process, unsigned ports)
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

/* Several sockets of one process on one port count once. */
static void rank_users(struct held *list, size_t count, struct pc_range_use *out)
{
	size_t same;

	qsort(list, count, sizeof(list[0]), compare_held_ports);
	for (size_t i = 0; i < count; i += same) {
		unsigned ports = 1;

		for (same = 1; i + same < count; same++) {
			if (list[i + same].process != list[i].process)
				break;
			ports += list[i + same].port != list[i + same - 1].port;
		}
		insert_user(out, list[i].process, ports);
	}
}

/* connect() can use a port that a client uses for another destination (__inet_hash_connect()), but
 * no port that was bound, neither by number nor by port 0. */
static bool is_in_the_way(const struct pc_request *r, const struct pc_socket *s)
{
	bool to_somewhere = r->op == PC_OP_CONNECT && r->proto == PC_PROTO_TCP && r->wanted_port;

	if (!to_somewhere || !s->rport)
		return true;
	return s->rport == r->wanted_port &&
	       pc_address_equal(s->family, s->remote, r->wanted_family, r->wanted);
}

static void find_servers(const struct pc_socket_list *sockets, uint64_t *servers)
{
	for (size_t i = 0; i < sockets->count; i++)
		if (sockets->list[i].socket.state == PC_STATE_LISTEN)
			pc_ports_add(servers, sockets->list[i].socket.lport);
}

struct pc_span pc_offered_range(uint16_t low, uint16_t high, const struct pc_request *r)
{
	struct pc_span range = { low, high };

	if (r->own_low >= low && r->own_low <= high)
		range.low = r->own_low;
	if (r->own_high >= low && r->own_high <= high)
		range.high = r->own_high;
	return range;
}

/* A socket without a remote end stays on its port; a bound TCP socket may yet listen. */
static void find_bound(const struct pc_socket_list *sockets, uint64_t *bound)
{
	for (size_t i = 0; i < sockets->count; i++)
		if (!sockets->list[i].socket.rport)
			pc_ports_add(bound, sockets->list[i].socket.lport);
}

/* The range grows on both sides until it reaches a server's port, or Kubernetes' NodePorts, of which
 * `portclash audit` warns; and never below where Linux's own range begins. */
static struct pc_span widen(const struct pc_socket_list *sockets,
			    const struct pc_netns_settings *settings)
{
	uint64_t bound[PC_PORT_WORDS] = { 0 };
	uint16_t top = settings->high < NODEPORTS_LOW ? NODEPORTS_LOW - 1 : PC_PORTS - 1;
	struct pc_span range = { settings->low, settings->high };

	find_bound(sockets, bound);
	pc_ports_subtract(bound, settings->reserved);
	while (range.high < top && !pc_ports_has(bound, (uint16_t)(range.high + 1)))
		range.high++;
	while (range.low > LINUX_LOW && !pc_ports_has(bound, (uint16_t)(range.low - 1)))
		range.low--;
	if (range.low == settings->low && range.high == settings->high)
		range.low = range.high = 0;
	return range;
}

int pc_range_use_of(const struct pc_socket_list *sockets, const struct pc_netns_settings *settings,
		    const struct pc_request *r,
		    uint32_t (*process_of)(void *context, const struct pc_socket *s), void *context,
		    struct pc_range_use *out)
{
	struct pc_span range = pc_offered_range(settings->low, settings->high, r);
	struct pc_offer offer = { range.low, range.high, settings->reserved };
	uint64_t all[PC_PORT_WORDS] = { 0 }, taken[PC_PORT_WORDS] = { 0 };
	uint64_t servers[PC_PORT_WORDS] = { 0 };
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
	rank_users(list, count, out);
	free(list);
	out->offered = pc_offer_size(&offer);
	out->held = pc_ports_count(all, 0, PC_PORTS - 1);
	out->left = out->offered - pc_ports_count(taken, 0, PC_PORTS - 1);
	out->wider = widen(sockets, settings);
	if (r->proto != PC_PROTO_TCP)
		return 0;
	find_servers(sockets, servers);
	return pc_destinations_rank(sockets, range.low, range.high, servers, &out->destinations);
}
