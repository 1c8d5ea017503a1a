// SPDX-License-Identifier: GPL-2.0-only
/* The busiest destinations: a port can serve several destinations, but each only once from one
 * local address. So that is where a range runs out. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/audit.h"
#include "core/ports.h"

static int compare(const void *a, const void *b)
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

static void keep(struct pc_netns_audit *a, const struct pc_socket *s, unsigned ports)
{
	unsigned at = a->destinations_count;

	while (at && a->destinations[at - 1].ports < ports)
		at--;
	if (at == PC_DESTINATIONS_MAX)
		return;
	if (a->destinations_count < PC_DESTINATIONS_MAX)
		a->destinations_count++;
	memmove(&a->destinations[at + 1], &a->destinations[at],
		(a->destinations_count - at - 1) * sizeof(a->destinations[0]));
	a->destinations[at] = (struct pc_destination){ .socket = *s, .ports = ports };
}

static bool is_client(const struct pc_netns_audit *a, const uint64_t *servers,
		      const struct pc_socket *s)
{
	return s->proto == PC_PROTO_TCP && s->rport && s->lport >= a->settings.low &&
	       s->lport <= a->settings.high && !pc_ports_has(servers, s->lport);
}

int pc_audit_destinations(const struct pc_audit_sockets *sockets, const uint64_t *servers,
			  struct pc_netns_audit *a)
{
	const struct pc_socket **clients;
	size_t count = 0, same;

	a->destinations_count = 0;
	if (!sockets->count)
		return 0;
	clients = malloc(sockets->count * sizeof(const struct pc_socket *));
	if (!clients)
		return -ENOMEM;
	for (size_t i = 0; i < sockets->count; i++)
		if (is_client(a, servers, &sockets->list[i].socket))
			clients[count++] = &sockets->list[i].socket;
	qsort(clients, count, sizeof(clients[0]), compare);
	for (size_t i = 0; i < count; i += same) {
		for (same = 1; i + same < count; same++)
			if (compare(&clients[i], &clients[i + same]))
				break;
		keep(a, clients[i], (unsigned)same);
	}
	free(clients);
	return 0;
}
