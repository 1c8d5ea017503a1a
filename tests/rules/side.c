// SPDX-License-Identifier: GPL-2.0-only
/* The words of the rules and what they are in the kernel's terms. */
#include "side.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

static const char *const addresses[FAMILY_COUNT][ADDRESS_END] = {
	[FAMILY_V4] = { "0.0.0.0", "127.0.0.1", "127.0.0.2", "127.0.0.6", "127.0.0.9" },
	[FAMILY_V6ONLY] = { "::", "::1", "::2", NULL, "::9" },
	[FAMILY_DUAL] = { "::", "::1", "::2" },
	[FAMILY_MAPPED] = { "::ffff:0.0.0.0", "::ffff:127.0.0.1", "::ffff:127.0.0.2" },
};

static const char *const kind_names[] = {
	[KIND_CLIENT] = "client",
	[KIND_CLIENT_ZERO] = "client-after-bind-0",
	[KIND_CLIENT_BOUND] = "client-bound-by-number",
	[KIND_BOUND] = "bound",
	[KIND_LISTENING] = "listening",
	[KIND_ACCEPTED] = "accepted",
	[KIND_TIME_WAIT_CLIENT] = "time-wait-of-client",
	[KIND_TIME_WAIT_SERVER] = "time-wait-of-server",
	[KIND_UDP_BOUND] = "udp-bound",
	[KIND_UDP_CONNECTED] = "udp-connected",
	[KIND_UDP_SENT] = "udp-sent",
};
_Static_assert(sizeof(kind_names) / sizeof(kind_names[0]) == KIND_COUNT, "one name a kind");

uint8_t side_proto(enum kind kind)
{
	return kind >= KIND_UDP_BOUND ? PC_PROTO_UDP : PC_PROTO_TCP;
}

const char *kind_name(enum kind kind)
{
	return kind_names[kind];
}

bool side_has_address(enum family family, enum address address)
{
	return addresses[family][address];
}

/* The client's address is the one it connected to, on loopback. */
static bool kernel_chose_address(enum kind kind)
{
	return kind == KIND_CLIENT || kind == KIND_TIME_WAIT_CLIENT || kind == KIND_UDP_CONNECTED;
}

bool side_can_be(enum kind kind, enum family family, enum address address)
{
	if (!side_has_address(family, address))
		return false;
	if (kind == KIND_UDP_SENT)
		return address == ADDRESS_ANY;
	return address != ADDRESS_ANY || !kernel_chose_address(kind);
}

socklen_t side_sockaddr(enum family family, enum address address, uint16_t port,
			struct sockaddr_storage *out)
{
	struct sockaddr_in *v4 = (void *)out;
	struct sockaddr_in6 *v6 = (void *)out;

	memset(out, 0, sizeof(*out));
	v4->sin_port = htons(port); /* at the same place in both */
	if (family == FAMILY_V4) {
		out->ss_family = AF_INET;
		inet_pton(AF_INET, addresses[family][address], &v4->sin_addr);
		return sizeof(*v4);
	}
	out->ss_family = AF_INET6;
	inet_pton(AF_INET6, addresses[family][address], &v6->sin6_addr);
	return sizeof(*v6);
}

static bool stays_on_any(enum kind kind)
{
	return kind == KIND_BOUND || kind == KIND_LISTENING || kind == KIND_UDP_BOUND ||
	       kind == KIND_UDP_SENT;
}

enum address side_effective(const struct side *s)
{
	if (s->address == ADDRESS_ANY && !stays_on_any(s->kind))
		return ADDRESS_FIRST;
	return s->address;
}

/* __inet6_bind() makes a socket on a specific IPv6 address v6-only; connect() does not. An
 * accepted socket has it from its listener. */
static bool is_v6only(const struct side *s)
{
	if (s->family == FAMILY_V6ONLY)
		return true;
	return s->family == FAMILY_DUAL && s->address != ADDRESS_ANY &&
	       !kernel_chose_address(s->kind);
}

/* sk_rcv_saddr: LOOPBACK4_IPV6 for a specific IPv6 address. */
static uint32_t v4_side(enum family family, enum address address)
{
	struct in_addr v4;

	if (family == FAMILY_MAPPED)
		family = FAMILY_V4;
	else if (family != FAMILY_V4 && address != ADDRESS_ANY)
		return htonl(0x7f000006);
	inet_pton(AF_INET, addresses[FAMILY_V4][family == FAMILY_V4 ? address : ADDRESS_ANY], &v4);
	return v4.s_addr;
}

static uint8_t side_state_of(enum kind kind)
{
	switch (kind) {
	case KIND_LISTENING:
		return PC_STATE_LISTEN;
	case KIND_BOUND:
	case KIND_UDP_BOUND:
	case KIND_UDP_SENT:
		return PC_STATE_CLOSE;
	case KIND_TIME_WAIT_CLIENT:
	case KIND_TIME_WAIT_SERVER:
		return PC_STATE_TIME_WAIT;
	default:
		return PC_STATE_ESTABLISHED;
	}
}

static uint32_t index_of(enum device device)
{
	return device == DEVICE_SECOND ? if_nametoindex(SECOND_DEVICE) : device;
}

void side_socket(const struct side *s, uint16_t port, struct pc_socket *out)
{
	enum address address = side_effective(s);
	enum family family = s->family;

	/* Never bound, it is on "::" whatever it sends to. */
	if (s->kind == KIND_UDP_SENT && family == FAMILY_MAPPED)
		family = FAMILY_DUAL;
	memset(out, 0, sizeof(*out));
	out->family = family == FAMILY_V4 ? PC_FAMILY_V4 : PC_FAMILY_V6;
	inet_pton(out->family, addresses[family][address], out->local);
	out->v4_address = v4_side(family, address);
	out->proto = side_proto(s->kind);
	out->state = side_state_of(s->kind);
	out->lport = port;
	out->reuse = s->reuse;
	out->ifindex = index_of(s->device);
	out->uid = out->state == PC_STATE_TIME_WAIT ? 0 : s->uid;
	out->flags |= s->reuseport ? PC_SOCKET_REUSEPORT : 0;
	out->flags |= s->reuseport_cb ? PC_SOCKET_REUSEPORT_CB : 0;
	out->flags |= is_v6only(s) ? PC_SOCKET_V6ONLY : 0;
}

void side_refusal(const struct side *s, enum pc_op op, uint16_t port, struct pc_request *out)
{
	memset(out, 0, sizeof(*out));
	side_socket(s, port, &out->socket);
	out->op = op;
	out->proto = out->socket.proto;
	out->error = EADDRINUSE;
	out->wanted_port = port;
	out->wanted_family = out->socket.family;
	memcpy(out->wanted, out->socket.local, sizeof(out->wanted));
}

const char *side_text(const struct side *s, char *out)
{
	static const char *const devices[] = { "", " on lo", " on the second device" };

	snprintf(out, SIDE_TEXT, "%s %s%s%s%s%s uid %u%s", kind_name(s->kind),
		 addresses[s->family][s->address], s->family == FAMILY_V6ONLY ? " v6only" : "",
		 s->reuse ? " SO_REUSEADDR" : "", s->reuseport ? " SO_REUSEPORT" : "",
		 s->reuseport_cb ? " with a group program" : "", s->uid, devices[s->device]);
	return out;
}
