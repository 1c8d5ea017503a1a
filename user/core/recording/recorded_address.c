// SPDX-License-Identifier: GPL-2.0-only
/* The payload of an entry about an address that was refused. */
#include <errno.h>
#include <string.h>

#include "core/recording/recorded.h"

struct recorded_address {
	uint32_t state;
	uint32_t netns;
	char names[5][PC_DEVICE_NAME]; /* device, vrf, asked, v6_off, down */
	uint8_t only_private;
	uint8_t no_carrier;
	uint8_t pad[6];
};
_Static_assert(sizeof(struct recorded_address) == 96, "recorded_address");

void pc_payload_add_address(struct pc_payload *p, const struct pc_address_look *look)
{
	struct recorded_address body = {
		.state = look->state,
		.netns = look->netns,
		.only_private = look->only_private,
		.no_carrier = look->no_carrier,
	};

	memcpy(body.names[0], look->device, PC_DEVICE_NAME);
	memcpy(body.names[1], look->vrf, PC_DEVICE_NAME);
	memcpy(body.names[2], look->asked, PC_DEVICE_NAME);
	memcpy(body.names[3], look->v6_off, PC_DEVICE_NAME);
	memcpy(body.names[4], look->down, PC_DEVICE_NAME);
	pc_payload_add(p, &body, sizeof(body));
}

int pc_recorded_address(const void *data, size_t size, struct pc_address_look *out)
{
	struct recorded_address body;

	if (size < sizeof(body))
		return -EBADMSG;
	memcpy(&body, data, sizeof(body));
	if (body.state >= PC_ADDRESS_STATE_COUNT)
		return -EBADMSG;
	*out = (struct pc_address_look){
		.state = body.state,
		.netns = body.netns,
		.only_private = body.only_private,
		.no_carrier = body.no_carrier,
	};
	memcpy(out->device, body.names[0], PC_DEVICE_NAME - 1);
	memcpy(out->vrf, body.names[1], PC_DEVICE_NAME - 1);
	memcpy(out->asked, body.names[2], PC_DEVICE_NAME - 1);
	memcpy(out->v6_off, body.names[3], PC_DEVICE_NAME - 1);
	memcpy(out->down, body.names[4], PC_DEVICE_NAME - 1);
	return 0;
}

uint64_t pc_recorded_place_of_address(uint32_t netns, const struct pc_request *r)
{
	uint64_t halves[2];

	memcpy(halves, r->wanted, sizeof(halves));
	return ((uint64_t)netns << 32 | r->socket.ifindex) * 0x9e3779b97f4a7c15ULL ^
	       halves[0] * 0xc2b2ae3d27d4eb4fULL ^ halves[1] ^ (uint64_t)r->wanted_family << 48;
}
