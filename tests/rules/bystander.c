// SPDX-License-Identifier: GPL-2.0-only
/* Every holder with another socket on its port that is in nobody's way, and listens, so that
 * it comes first in the record: only the holder may be named. */
#include "matrix.h"

/* In the other family than who asks; whoever asks for both of them has no bystander. */
static const struct side *bystander_of(const struct side *asking)
{
	static const struct side sides[] = {
		{ .kind = KIND_LISTENING, .family = FAMILY_V4, .address = ADDRESS_ASIDE },
		{ .kind = KIND_LISTENING, .family = FAMILY_V6ONLY, .address = ADDRESS_ASIDE },
		{ .kind = KIND_UDP_BOUND, .family = FAMILY_V4, .address = ADDRESS_ASIDE },
		{ .kind = KIND_UDP_BOUND, .family = FAMILY_V6ONLY, .address = ADDRESS_ASIDE },
	};
	bool is_v4 = asking->family == FAMILY_V4 || asking->family == FAMILY_MAPPED;

	if (asking->family == FAMILY_DUAL && asking->address == ADDRESS_ANY)
		return NULL;
	return &sides[(side_proto(asking->kind) == PC_PROTO_UDP ? 2 : 0) + is_v4];
}

/* Without options, only the addresses count. */
static bool in_the_way(const struct side *bystander, const struct side *holding)
{
	struct pc_socket socket;
	struct pc_side a, h;

	side_socket(bystander, 0, &socket);
	pc_side_of_holder(&socket, &a);
	side_socket(holding, 0, &socket);
	pc_side_of_holder(&socket, &h);
	return pc_conflict(side_proto(holding->kind), &a, &h);
}

static int ask_one(struct asker *a, const struct side *asking, const struct side *holding)
{
	a->bystander = bystander_of(asking);
	if (!a->bystander || in_the_way(a->bystander, holding))
		return 0;
	return ask_pair(a, asking, holding);
}

static int bystander_ask_all_binders(struct asker *a, const struct side *holding)
{
	struct side asking = { .kind = KIND_BOUND };
	int err = 0;

	if (side_proto(holding->kind) == PC_PROTO_UDP)
		asking.kind = KIND_UDP_BOUND;
	for (int i = 0; i < FAMILY_COUNT * ADDRESS_COUNT && !err; i++) {
		asking.family = (enum family)(i / ADDRESS_COUNT);
		asking.address = (enum address)(i % ADDRESS_COUNT);
		if (side_has_address(asking.family, asking.address))
			err = ask_one(a, &asking, holding);
	}
	return err;
}

int matrix_ask_bystanders(struct asker *a)
{
	const int addresses = FAMILY_COUNT * ADDRESS_COUNT;
	int err = 0;

	for (int i = 0; i < KIND_COUNT * addresses && !err; i++) {
		struct side s = { .kind = (enum kind)(i / addresses),
				  .family = (enum family)(i % addresses / ADDRESS_COUNT),
				  .address = (enum address)(i % ADDRESS_COUNT) };

		if (side_can_be(s.kind, s.family, s.address))
			err = bystander_ask_all_binders(a, &s);
	}
	a->bystander = NULL;
	return err;
}
