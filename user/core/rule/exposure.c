// SPDX-License-Identifier: GPL-2.0-only
/* Exposure of ports, and the chance that it hurts. */
#include "core/rule/exposure.h"

#include "core/base/ports.h"

bool pc_port_exposed(const struct pc_offer *offer, uint16_t port)
{
	/* Port 0 is never chosen: a range can begin with it only where the floor of privileged
	 * ports was taken away. */
	return port && port >= offer->low && port <= offer->high &&
	       !(offer->reserved && pc_ports_has(offer->reserved, port));
}

void pc_ports_exposed(const struct pc_offer *offer, const uint64_t *ports, uint64_t *out)
{
	for (unsigned word = 0; word < PC_PORT_WORDS; word++) {
		uint64_t left = 0;

		for (unsigned bit = 0; bit < 64 && ports[word] >> bit; bit++)
			if (ports[word] >> bit & 1 &&
			    pc_port_exposed(offer, (uint16_t)(word * 64 + bit)))
				left |= 1ULL << bit;
		out[word] = left;
	}
}

unsigned pc_offer_size(const struct pc_offer *offer)
{
	unsigned size = 0;

	for (unsigned port = offer->low; port <= offer->high; port++)
		size += pc_port_exposed(offer, (uint16_t)port);
	return size;
}

unsigned pc_offer_held(const struct pc_offer *offer, const uint64_t *ports)
{
	unsigned count = 0;

	for (unsigned port = offer->low; port <= offer->high; port++)
		count += pc_port_exposed(offer, (uint16_t)port) &&
			 pc_ports_has(ports, (uint16_t)port);
	return count;
}

struct pc_chance pc_exposure_chance(const struct pc_offer *offer, uint8_t proto, uint16_t port,
				    const uint64_t *servers, const uint64_t *clients)
{
	struct pc_chance chance = { 0 };
	unsigned step = proto == PC_PROTO_TCP ? 2 : 1;
	unsigned first = offer->low + (step == 2 ? (offer->low ^ port) & 1U : 0);

	if (!pc_port_exposed(offer, port))
		return chance;
	for (unsigned at = first; at <= offer->high; at += step) {
		if (!pc_port_exposed(offer, (uint16_t)at))
			continue;
		if (at != port && pc_ports_has(servers, (uint16_t)at))
			continue;
		chance.of++;
		chance.taken += at != port && pc_ports_has(clients, (uint16_t)at);
	}
	return chance;
}

double pc_chance_value(struct pc_chance chance)
{
	return chance.of ? (double)chance.taken / chance.of : 0;
}
