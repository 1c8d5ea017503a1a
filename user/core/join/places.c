// SPDX-License-Identifier: GPL-2.0-only
/* The places of the processes of a verdict, which the host is asked for once each. */
#include <string.h>

#include "core/base/time.h"
#include "core/join/join_private.h"
#include "core/process/party.h"

/* Processes of one verdict whose place is asked for; an answer takes a fraction of a millisecond. */
#define PLACES_MAX 32

struct places {
	const struct pc_party *known[PLACES_MAX];
	unsigned count;
};

/* A place that was found is kept so long: a server that is refused again and again asks for the same holders. */
#define KEPT_NS PC_NS_PER_SECOND

static void look_for_place(struct pc_join *j, const struct pc_identity *who, struct pc_place *out)
{
	*out = (struct pc_place){ .unseen = true };
	if (!pc_look_begin(j, PC_LOOK_PLACE))
		return;
	pc_look_end(j, PC_LOOK_PLACE, j->host.place(j->host.context, who, out));
	/* The answer may be about a later process with the same pid. */
	if (!j->host.is_same(j->host.context, &who->key))
		*out = (struct pc_place){ .unseen = true };
}

void pc_places_find_one(struct pc_join *j, struct pc_party *party)
{
	struct pc_kept_place *kept;

	if (!party->who || !party->running)
		return;
	kept = &j->kept_places[party->who->key.tgid % PC_PLACES_KEPT];
	if (!kept->time_ns || pc_join_since(j, kept->time_ns) >= KEPT_NS ||
	    memcmp(&kept->key, &party->who->key, sizeof(kept->key)) != 0) {
		kept->key = party->who->key;
		look_for_place(j, party->who, &kept->place);
		kept->time_ns = kept->place.unseen ? 0 : j->now_ns;
	}
	party->place = kept->place;
}

static void find_place(struct pc_join *j, struct places *places, struct pc_party *party)
{
	if (!party->who)
		return;
	for (unsigned i = 0; i < places->count; i++) {
		if (places->known[i]->who == party->who) {
			party->place = places->known[i]->place;
			return;
		}
	}
	if (places->count == PLACES_MAX) {
		party->place.unseen = party->running;
		return;
	}
	pc_places_find_one(j, party);
	places->known[places->count++] = party;
}

/* The manager is in the namespace of its sockets, as a rule; units can be given another one. */
static void find_socket_unit(struct pc_join *j, const struct pc_verdict *v, struct pc_holder *h)
{
	for (unsigned i = 0; i < h->owners_count; i++) {
		const struct pc_identity *who = h->owners[i].who;
		struct pc_netns_ref netns = { v->request.netns, v->netns_pid };

		if (!pc_party_is_manager(&h->owners[i]))
			continue;
		if (who->netns == netns.inode)
			netns.pid = who->key.tgid;
		j->host.socket_unit(j->host.context, &netns, who, &h->socket, h->socket_unit);
		return;
	}
}

void pc_places_find(struct pc_join *j, struct pc_verdict *v)
{
	struct places places = { .count = 0 };

	for (unsigned i = 0; i < v->holders_count; i++) {
		struct pc_holder *h = &v->holders[i];

		if (!h->blocking && (int)i != v->primary)
			continue;
		find_place(j, &places, &h->claimer);
		for (unsigned k = 0; k < h->owners_count; k++)
			find_place(j, &places, &h->owners[k]);
		find_socket_unit(j, v, h);
	}
}
