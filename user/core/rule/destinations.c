// SPDX-License-Identifier: GPL-2.0-only
/* Rank destinations by the ports that their clients hold. */
#include "core/rule/destinations.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/ports.h"

static int compare_destination(const void *a, const void *b)
{
	const struct pc_socket *x = *(const struct pc_socket *const *)a;
	const struct pc_socket *y = *(const struct pc_socket *const *)b;
	int order = memcmp(x->remote, y->remote, sizeof(x->remote));

	if (!order)
		order = x->rport - y->rport;
	if (!order)
		order = x->family - y->family;
	return order ? order : memcmp(x->local, y->local, sizeof(x->local));
}

static void keep_busiest(struct pc_destinations *out, const struct pc_socket *s, unsigned ports)
{
	unsigned at = out->count;

	while (at && out->list[at - 1].ports < ports)
		at--;
	if (at == PC_DESTINATIONS_MAX)
		return;
	if (out->count < PC_DESTINATIONS_MAX)
		out->count++;
	memmove(&out->list[at + 1], &out->list[at], (out->count - at - 1) * sizeof(out->list[0]));
	out->list[at] = (struct pc_destination){ .socket = *s, .ports = ports };
}

static bool is_range_client(const struct pc_socket *s, uint16_t low, uint16_t high,
			    const uint64_t *servers)
{
	return s->proto == PC_PROTO_TCP && s->rport && s->lport >= low && s->lport <= high &&
	       !pc_ports_has(servers, s->lport);
}

int pc_destinations_rank(const struct pc_socket_list *sockets, uint16_t low, uint16_t high,
			 const uint64_t *servers, struct pc_destinations *out)
{
	const struct pc_socket **clients;
	size_t count = 0, same;

	out->count = 0;
	if (!sockets->count)
		return 0;
	clients = malloc(sockets->count * sizeof(const struct pc_socket *));
	if (!clients)
		return -ENOMEM;
	for (size_t i = 0; i < sockets->count; i++)
		if (is_range_client(&sockets->list[i].socket, low, high, servers))
			clients[count++] = &sockets->list[i].socket;
	qsort(clients, count, sizeof(clients[0]), compare_destination);
	for (size_t i = 0; i < count; i += same) {
		for (same = 1; i + same < count; same++)
			if (compare_destination(&clients[i], &clients[i + same]))
				break;
		keep_busiest(out, clients[i], (unsigned)same);
	}
	free(clients);
	return 0;
}
