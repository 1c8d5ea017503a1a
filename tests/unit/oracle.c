// SPDX-License-Identifier: GPL-2.0-only
/* The second opinion: an address is the set of IPv4 and IPv6 addresses that it covers, two
 * sockets overlap when the sets do; then the exceptions, one sentence each. */
#include "oracle.h"

#include <arpa/inet.h>
#include <string.h>

#define QUIRK_V4 "127.0.0.6"

/* Gives the addresses that a socket covers: "*" all, NULL none, or one address. */
struct coverage {
	const char *name;
	const char *text; /* as given to bind() */
	const char *v4;
	const char *v6;
	const char *kernel_v4; /* sk_rcv_saddr */
	uint16_t family;
	bool v6only;
};

static const struct coverage coverage[] = {
	[V4_ANY] = { "0.0.0.0", "0.0.0.0", "*", NULL, "0.0.0.0", PC_FAMILY_V4, false },
	[V4_LOOPBACK] = { "127.0.0.1", "127.0.0.1", "127.0.0.1", NULL, "127.0.0.1", PC_FAMILY_V4,
			  false },
	[V4_QUIRK] = { QUIRK_V4, QUIRK_V4, QUIRK_V4, NULL, QUIRK_V4, PC_FAMILY_V4, false },
	[V6_ANY] = { "::", "::", "*", "*", "0.0.0.0", PC_FAMILY_V6, false },
	[V6_ANY_ONLY] = { ":: v6only", "::", NULL, "*", "0.0.0.0", PC_FAMILY_V6, true },
	[V6_LOOPBACK] = { "::1", "::1", NULL, "::1", QUIRK_V4, PC_FAMILY_V6, true },
	[MAPPED_ANY] = { "::ffff:0.0.0.0", "::ffff:0.0.0.0", "*", NULL, "0.0.0.0", PC_FAMILY_V6,
			 false },
	[MAPPED_LOOPBACK] = { "::ffff:127.0.0.1", "::ffff:127.0.0.1", "127.0.0.1", NULL,
			      "127.0.0.1", PC_FAMILY_V6, false },
	[V6_CLIENT] = { "client on ::1", "::1", NULL, "::1", QUIRK_V4, PC_FAMILY_V6, false },
	[V4_OTHER] = { "127.0.0.2", "127.0.0.2", "127.0.0.2", NULL, "127.0.0.2", PC_FAMILY_V4,
		       false },
	[V6_OTHER] = { "::2", "::2", NULL, "::2", QUIRK_V4, PC_FAMILY_V6, true },
	[MAPPED_OTHER] = { "::ffff:127.0.0.2", "::ffff:127.0.0.2", "127.0.0.2", NULL, "127.0.0.2",
			   PC_FAMILY_V6, false },
};
_Static_assert(sizeof(coverage) / sizeof(coverage[0]) == ADDRESS_KINDS, "one row a kind");

const char *address_kind_name(enum address_kind kind)
{
	return coverage[kind].name;
}

static bool sets_meet(const char *a, const char *b)
{
	if (!a || !b)
		return false;
	return *a == '*' || *b == '*' || !strcmp(a, b);
}

bool oracle_is_version_dependent(enum address_kind asking, enum address_kind holding)
{
	return asking == V4_QUIRK && holding == V6_CLIENT;
}

bool oracle_overlap(enum address_kind asking, enum address_kind holding)
{
	/* An IPv6 client keeps the IPv4 wildcard out, though it has no IPv4 address. */
	if (asking == V4_ANY && holding == V6_CLIENT)
		return true;
	return sets_meet(coverage[asking].v4, coverage[holding].v4) ||
	       sets_meet(coverage[asking].v6, coverage[holding].v6);
}

static bool same_device_possible(uint32_t a, uint32_t b)
{
	return !a || !b || a == b;
}

static bool oracle_conflict_tcp(const struct oracle_side *asking, const struct oracle_side *holding)
{
	if (asking->reuse == 2)
		return false; /* forced: nothing is compared */
	if (asking->reuse && holding->reuse && holding->state != SOCKET_LISTENING)
		return false;
	if (asking->reuseport && holding->reuseport && !asking->reuseport_cb)
		return holding->state != SOCKET_TIME_WAIT && asking->uid != holding->uid;
	return true;
}

static bool oracle_conflict_udp(const struct oracle_side *asking, const struct oracle_side *holding)
{
	if (asking->reuse && holding->reuse)
		return false;
	if (asking->reuseport && holding->reuseport && !asking->reuseport_cb)
		return asking->uid != holding->uid;
	return true;
}

bool oracle_conflict(uint8_t proto, const struct oracle_side *asking,
		     const struct oracle_side *holding)
{
	if (!same_device_possible(asking->device, holding->device))
		return false;
	if (!oracle_overlap(asking->address, holding->address))
		return false;
	if (proto == PC_PROTO_UDP)
		return oracle_conflict_udp(asking, holding);
	return oracle_conflict_tcp(asking, holding);
}

struct pc_side oracle_side(const struct oracle_side *s)
{
	const struct coverage *c = &coverage[s->address];
	struct pc_side side = {
		.family = c->family,
		.uid = s->uid,
		.ifindex = s->device,
		.v6only = c->v6only,
		.reuse = s->reuse,
		.reuseport = s->reuseport,
		.reuseport_cb = s->reuseport_cb,
		.listening = s->state == SOCKET_LISTENING,
		.time_wait = s->state == SOCKET_TIME_WAIT,
	};

	inet_pton(AF_INET, c->kernel_v4, &side.v4);
	if (c->family == PC_FAMILY_V6)
		inet_pton(AF_INET6, c->text, side.v6);
	return side;
}
