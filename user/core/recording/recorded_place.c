// SPDX-License-Identifier: GPL-2.0-only
/* The payload of an entry about the place of a process. */
#include <errno.h>
#include <string.h>

#include "core/recording/recorded.h"

struct recorded_place {
	uint8_t role;
	uint8_t leads_session;
	uint8_t first;
	uint8_t hosts_file;
	uint8_t unseen;
	uint8_t roots_file;
	uint8_t deaf; /* 0 in recordings of before: not known */
	uint8_t users_word; /* the same */
};
_Static_assert(sizeof(struct recorded_place) == 8, "recorded_place");

void pc_payload_add_place(struct pc_payload *p, const struct pc_place *place)
{
	struct recorded_place body = {
		.role = (uint8_t)place->role,
		.leads_session = place->leads_session,
		.first = place->first,
		.hosts_file = place->hosts_file,
		.unseen = place->unseen,
		.roots_file = place->roots_file,
		.deaf = (uint8_t)place->deaf,
		.users_word = place->users_word,
	};

	pc_payload_add(p, &body, sizeof(body));
}

int pc_recorded_place(const void *data, size_t size, struct pc_place *out)
{
	struct recorded_place body;

	if (size < sizeof(body))
		return -EBADMSG;
	memcpy(&body, data, sizeof(body));
	if (body.role >= PC_ROLE_COUNT || body.deaf >= PC_DEAF_COUNT)
		return -EBADMSG;
	*out = (struct pc_place){
		.role = body.role,
		.leads_session = body.leads_session,
		.first = body.first,
		.hosts_file = body.hosts_file,
		.unseen = body.unseen,
		.roots_file = body.roots_file,
		.deaf = body.deaf,
		.users_word = body.users_word,
	};
	return 0;
}
