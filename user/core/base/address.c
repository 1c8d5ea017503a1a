// SPDX-License-Identifier: GPL-2.0-only
/* Addresses as text and their kinds. */
#include "core/base/address.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

static const uint8_t mapped_prefix[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

static size_t address_len(uint16_t family)
{
	return family == PC_FAMILY_V6 ? 16 : 4;
}

const char *pc_address_text(uint16_t family, const uint8_t *address, char *out)
{
	int af = family == PC_FAMILY_V6 ? AF_INET6 : AF_INET;

	if (!inet_ntop(af, address, out, PC_ADDRESS_TEXT))
		snprintf(out, PC_ADDRESS_TEXT, "?");
	return out;
}

const char *pc_endpoint_text(uint16_t family, const uint8_t *address, uint16_t port, char *out)
{
	char text[PC_ADDRESS_TEXT];

	pc_address_text(family, address, text);
	snprintf(out, PC_ENDPOINT_TEXT, family == PC_FAMILY_V6 ? "[%s]:%u" : "%s:%u", text, port);
	return out;
}

bool pc_address_is_any(uint16_t family, const uint8_t *address)
{
	static const uint8_t zeros[16];

	return memcmp(address, zeros, address_len(family)) == 0;
}

bool pc_address_is_mapped(uint16_t family, const uint8_t *address)
{
	return family == PC_FAMILY_V6 && !memcmp(address, mapped_prefix, sizeof(mapped_prefix));
}

bool pc_address_is_link_local(uint16_t family, const uint8_t *address)
{
	return family == PC_FAMILY_V6 && address[0] == 0xfe && (address[1] & 0xc0) == 0x80;
}

bool pc_address_is_loopback(uint16_t family, const uint8_t *address)
{
	static const uint8_t v6_loopback[16] = { [15] = 1 };

	if (pc_address_is_mapped(family, address))
		return address[12] == 127;
	if (family == PC_FAMILY_V6)
		return memcmp(address, v6_loopback, 16) == 0;
	return address[0] == 127;
}

static void canonical(uint16_t family, const uint8_t *address, uint8_t *out)
{
	if (family == PC_FAMILY_V6) {
		memcpy(out, address, 16);
		return;
	}
	memcpy(out, mapped_prefix, sizeof(mapped_prefix));
	memcpy(out + sizeof(mapped_prefix), address, 4);
}

bool pc_address_equal(uint16_t family_a, const uint8_t *a, uint16_t family_b, const uint8_t *b)
{
	uint8_t x[16], y[16];

	canonical(family_a, a, x);
	canonical(family_b, b, y);
	return memcmp(x, y, sizeof(x)) == 0;
}

enum pc_state pc_socket_state(const struct pc_socket *s)
{
	if (s->state == PC_STATE_TIME_WAIT && s->substate == PC_STATE_FIN_WAIT2)
		return PC_STATE_FIN_WAIT2;
	return s->state;
}

bool pc_socket_is_self(const struct pc_socket *s)
{
	return s->rport && s->rport == s->lport &&
	       memcmp(s->local, s->remote, address_len(s->family)) == 0;
}
