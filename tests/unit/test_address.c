// SPDX-License-Identifier: GPL-2.0-only
/* Addresses as text, their kinds, and sockets that are connected to themselves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <arpa/inet.h>
#include <string.h>

#include "core/base/address.h"

static const struct example {
	uint16_t family;
	const char *text;
	const char *endpoint; /* with port 443 */
	bool any, mapped, loopback;
} examples[] = {
	{ PC_FAMILY_V4, "0.0.0.0", "0.0.0.0:443", true, false, false },
	{ PC_FAMILY_V4, "127.0.0.1", "127.0.0.1:443", false, false, true },
	{ PC_FAMILY_V4, "127.255.255.254", "127.255.255.254:443", false, false, true },
	{ PC_FAMILY_V4, "192.0.2.7", "192.0.2.7:443", false, false, false },
	{ PC_FAMILY_V4, "255.255.255.255", "255.255.255.255:443", false, false, false },
	{ PC_FAMILY_V6, "::", "[::]:443", true, false, false },
	{ PC_FAMILY_V6, "::1", "[::1]:443", false, false, true },
	{ PC_FAMILY_V6, "2001:db8::7", "[2001:db8::7]:443", false, false, false },
	{ PC_FAMILY_V6, "::ffff:127.0.0.1", "[::ffff:127.0.0.1]:443", false, true, true },
	{ PC_FAMILY_V6, "::ffff:0.0.0.0", "[::ffff:0.0.0.0]:443", false, true, false },
	{ PC_FAMILY_V6, "::ffff:192.0.2.7", "[::ffff:192.0.2.7]:443", false, true, false },
	{ PC_FAMILY_V6, "::2", "[::2]:443", false, false, false },
	{ PC_FAMILY_V6, "fe80::1", "[fe80::1]:443", false, false, false },
	{ PC_FAMILY_V6, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
	  "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:443", false, false, false },
};

static void kinds(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
		const struct example *e = &examples[i];
		uint8_t address[PC_ADDR_LEN] = { 0 };
		char text[PC_ADDRESS_TEXT], endpoint[PC_ENDPOINT_TEXT];

		assert_int_equal(inet_pton(e->family, e->text, address), 1);
		assert_string_equal(pc_address_text(e->family, address, text), e->text);
		assert_string_equal(pc_endpoint_text(e->family, address, 443, endpoint),
				    e->endpoint);
		assert_int_equal(pc_address_is_any(e->family, address), e->any);
		assert_int_equal(pc_address_is_mapped(e->family, address), e->mapped);
		assert_int_equal(pc_address_is_loopback(e->family, address), e->loopback);
	}
}

/* An IPv4 address has four bytes, whatever stands behind them. */
static void four_bytes(void **state)
{
	uint8_t address[PC_ADDR_LEN];
	char text[PC_ADDRESS_TEXT];

	(void)state;
	memset(address, 0xee, sizeof(address));
	memset(address, 0, 4);
	assert_true(pc_address_is_any(PC_FAMILY_V4, address));
	assert_false(pc_address_is_any(PC_FAMILY_V6, address));
	assert_string_equal(pc_address_text(PC_FAMILY_V4, address, text), "0.0.0.0");
}

static void longest(void **state)
{
	uint8_t address[PC_ADDR_LEN];
	char endpoint[PC_ENDPOINT_TEXT];

	(void)state;
	memset(address, 0xff, sizeof(address));
	pc_endpoint_text(PC_FAMILY_V6, address, 65535, endpoint);
	assert_string_equal(endpoint, "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535");
}

static void address_self(void **state)
{
	struct pc_socket s = { .family = PC_FAMILY_V4, .lport = 35000, .rport = 35000 };

	(void)state;
	memset(s.local, 7, 4);
	memset(s.remote, 7, 4);
	memset(s.local + 4, 1, 12); /* behind the IPv4 address: no matter */
	assert_true(pc_socket_is_self(&s));
	s.rport = 35001;
	assert_false(pc_socket_is_self(&s));
	s.rport = 35000;
	s.remote[3]++;
	assert_false(pc_socket_is_self(&s));
	s.remote[3]--;
	s.family = PC_FAMILY_V6;
	assert_false(pc_socket_is_self(&s));
	memcpy(s.remote, s.local, sizeof(s.remote));
	assert_true(pc_socket_is_self(&s));
	s.lport = s.rport = 0; /* not connected, nor bound */
	assert_false(pc_socket_is_self(&s));
}

/* The same address, whichever family says it. */
static void equal(void **state)
{
	uint8_t v4[PC_ADDR_LEN] = { 127, 0, 0, 1, 9, 9 }; /* bytes behind the four: no matter */
	uint8_t other[PC_ADDR_LEN] = { 127, 0, 0, 2 };
	uint8_t mapped[PC_ADDR_LEN], v6[PC_ADDR_LEN] = { 127, 0, 0, 1 };

	(void)state;
	inet_pton(AF_INET6, "::ffff:127.0.0.1", mapped);
	assert_true(pc_address_equal(PC_FAMILY_V4, v4, PC_FAMILY_V6, mapped));
	assert_true(pc_address_equal(PC_FAMILY_V6, mapped, PC_FAMILY_V4, v4));
	assert_true(pc_address_equal(PC_FAMILY_V4, v4, PC_FAMILY_V4, v4));
	assert_true(pc_address_equal(PC_FAMILY_V6, v6, PC_FAMILY_V6, v6));
	assert_false(pc_address_equal(PC_FAMILY_V4, v4, PC_FAMILY_V4, other));
	assert_false(pc_address_equal(PC_FAMILY_V4, other, PC_FAMILY_V6, mapped));
	assert_false(pc_address_equal(PC_FAMILY_V4, v4, PC_FAMILY_V6, v6));
}

static void states(void **state)
{
	struct pc_socket s = { .state = PC_STATE_TIME_WAIT, .substate = PC_STATE_TIME_WAIT };

	(void)state;
	assert_int_equal(pc_socket_state(&s), PC_STATE_TIME_WAIT);
	s.substate = PC_STATE_FIN_WAIT2;
	assert_int_equal(pc_socket_state(&s), PC_STATE_FIN_WAIT2);
	s.state = PC_STATE_LISTEN; /* of other states it means nothing */
	assert_int_equal(pc_socket_state(&s), PC_STATE_LISTEN);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(kinds),   cmocka_unit_test(four_bytes),
		cmocka_unit_test(longest), cmocka_unit_test(address_self),
		cmocka_unit_test(equal),   cmocka_unit_test(states),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
