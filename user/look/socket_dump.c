// SPDX-License-Identifier: GPL-2.0-only
/* The source without root: NETLINK_SOCK_DIAG's sockets, and the owners that /proc shows. */
#include <errno.h>
#include <stdlib.h>

#include "host/sockdiag.h"
#include "look/port_source.h"

#define PROC "/proc"

/* All sockets of the own network namespace. */
struct dump {
	struct pc_socket_list all;
	uint32_t netns;
};

static void close_dump(void *source)
{
	struct dump *d = source;

	pc_sockdiag_free(&d->all);
	free(d);
}

static int open_dump(const struct pc_source_options *o, void **out, char *sentence)
{
	struct dump *d = calloc(1, sizeof(*d));
	int err;

	(void)sentence;
	if (!d)
		return -ENOMEM;
	d->netns = o->own_netns;
	err = pc_sockdiag_read(PROC, true, &d->all);
	if (err)
		close_dump(d);
	else
		*out = d;
	return err;
}

/* Copies a socket of the dump. Only for servers does the dump say whether the port was asked for by
 * number (host/sockdiag.h), which is SOCK_BINDPORT_LOCK. */
static struct pc_socket as_found(const struct dump *d, const struct pc_listed_socket *listed)
{
	struct pc_socket s = listed->socket;

	s.netns = d->netns;
	if (!listed->kernel_chose && (s.proto == PC_PROTO_UDP || s.state == PC_STATE_LISTEN))
		s.userlocks |= PC_LOCK_PORT;
	return s;
}

static int sockets_of_dump(void *source, uint8_t proto, uint16_t port,
			   struct pc_source_sockets *out)
{
	const struct dump *d = source;
	struct pc_socket *list = calloc(d->all.count + 1, sizeof(*list));
	size_t count = 0;

	if (!list)
		return -ENOMEM;
	for (size_t i = 0; i < d->all.count; i++) {
		const struct pc_socket *s = &d->all.list[i].socket;

		if (s->proto == proto && s->lport == port)
			list[count++] = as_found(d, &d->all.list[i]);
	}
	*out = (struct pc_source_sockets){ list, count, (uint32_t)count, true };
	return 0;
}

static size_t count_list_holders(const struct pc_who_list *list)
{
	const struct pc_verdict *v;
	size_t count = 0;

	for (size_t i = 0; i < list->count; i++)
		for (unsigned j = 0; (v = pc_who_page_of(&list->entries[i], j)); j++)
			count += v->holders_count;
	return count;
}

static size_t seek_holders(struct pc_verdict *v, struct pc_owners_sought *sought)
{
	for (unsigned i = 0; i < v->holders_count; i++) {
		struct pc_holder *h = &v->holders[i];

		sought[i] = (struct pc_owners_sought){ &h->socket, h->owners, &h->owners_count,
						       &h->process_note };
	}
	return v->holders_count;
}

static int owners_by_proc(void *source, struct pc_who_list *list, struct pc_owners *owners)
{
	struct pc_owners_sought *sought = calloc(count_list_holders(list) + 1, sizeof(*sought));
	struct pc_verdict *v;
	size_t count = 0;
	int err;

	(void)source;
	if (!sought)
		return -ENOMEM;
	for (size_t i = 0; i < list->count; i++)
		for (unsigned j = 0; (v = pc_who_page(&list->entries[i], j)); j++)
			count += seek_holders(v, sought + count);
	err = pc_owners_find(PROC, sought, count, owners);
	free(sought);
	return err;
}

static const char *note_of_dump(const struct pc_holder *h)
{
	return h->process_note;
}

const struct pc_port_source pc_socket_dump = {
	.blind = true,
	.open = open_dump,
	.sockets = sockets_of_dump,
	.owners = owners_by_proc,
	.note = note_of_dump,
	.close = close_dump,
};
