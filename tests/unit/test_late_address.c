// SPDX-License-Identifier: GPL-2.0-only
/* A bind() whose refusal no program saw. The kernel side found nothing but the address to be the reason, and guesses
 * EADDRNOTAVAIL. The verdict says so only if a look at the devices confirms it, and if nothing else can be the reason. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "cases.h"
#include "core/base/ports.h"
#include "core/verdict/advice.h"
#include "core/verdict/decide.h"

static void expect_confirmed(struct pc_verdict v)
{
	pc_decide(&v);
	assert_int_equal(v.cause, PC_CAUSE_ADDRESS_NOT_LOCAL);
	assert_int_equal(v.request.error, EADDRNOTAVAIL);
}

static void expect_not_seen(struct pc_verdict v)
{
	pc_decide(&v);
	assert_int_equal(v.cause, PC_CAUSE_NOT_SEEN);
	assert_int_equal(v.request.error, 0);
	assert_int_equal(v.address.state, PC_ADDRESS_UNKNOWN);
}

static void by_the_look(void **state)
{
	struct pc_verdict v;

	(void)state;
	case_late_address(&v);
	for (unsigned s = 0; s < PC_ADDRESS_STATE_COUNT; s++) {
		v.address.state = (enum pc_address_state)s;
		if (s == PC_ADDRESS_UNKNOWN || s == PC_ADDRESS_USABLE)
			expect_not_seen(v);
		else
			expect_confirmed(v);
	}
}

/* The kernel allows foreign addresses to such a socket. One that is bound to a device may ask for a device that is gone. */
static void by_the_socket(void **state)
{
	struct pc_verdict v;

	(void)state;
	case_late_address(&v);
	v.request.socket.flags = PC_SOCKET_FREEBIND;
	expect_not_seen(v);
	v.request.socket.flags = PC_SOCKET_TRANSPARENT;
	expect_not_seen(v);
	v.request.socket.flags = 0;
	v.request.socket.ifindex = 2;
	expect_not_seen(v);
}

/* A privilege may have been wanting. */
static void by_the_port(void **state)
{
	struct pc_verdict v;

	(void)state;
	case_late_address(&v);
	v.request.wanted_port = v.settings.unprivileged_start;
	expect_confirmed(v);
	v.request.wanted_port--;
	expect_not_seen(v);
	case_late_address(&v);
	v.settings.known = false;
	expect_not_seen(v);
}

/* The kernel was to choose the port. All ports of the range may be reserved. */
static void by_the_range(void **state)
{
	static uint64_t reserved[PC_PORT_WORDS];
	struct pc_verdict v;

	(void)state;
	case_late_address(&v);
	v.request.wanted_port = 0;
	v.settings.reserved = reserved;
	expect_confirmed(v);
	v.request.own_low = v.request.own_high = 40000;
	expect_not_seen(v);
	v.request.own_low = v.request.own_high = 0;
	v.settings.reserved = NULL;
	expect_not_seen(v);
	v.settings.reserved = reserved;
	memset(reserved, 0xff, sizeof(reserved));
	expect_not_seen(v);
}

static void by_the_address(void **state)
{
	static const struct {
		uint16_t family;
		bool plain;
		uint8_t address[PC_ADDR_LEN];
	} examples[] = {
		{ PC_FAMILY_V4, true, { 223, 255, 255, 1 } },
		{ PC_FAMILY_V4, false, { 224, 0, 0, 1 } },
		{ PC_FAMILY_V4, false, { 255, 255, 255, 255 } },
		{ PC_FAMILY_V4, false, { 127, 0, 0, 9 } },
		{ PC_FAMILY_V4, false, { 0 } },
		{ PC_FAMILY_V6, true, { 0x20, 1, 0xd, 0xb8, [15] = 1 } },
		{ PC_FAMILY_V6, true, { 0xfd, [15] = 1 } },
		{ PC_FAMILY_V6, false, { 0xff, 2, [15] = 1 } },
		{ PC_FAMILY_V6, false, { 0xfe, 0x80, [15] = 1 } },
		{ PC_FAMILY_V6, false, { [10] = 0xff, 0xff, 203, 0, 113, 9 } },
		{ PC_FAMILY_V6, false, { 0 } },
		{ 0, false, { 0x20, 1 } },
	};
	struct pc_verdict v;

	(void)state;
	for (unsigned i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
		case_late_address(&v);
		v.request.wanted_family = examples[i].family;
		memcpy(v.request.wanted, examples[i].address, PC_ADDR_LEN);
		if (examples[i].plain)
			expect_confirmed(v);
		else
			expect_not_seen(v);
	}
}

static void explained(void **state)
{
	struct pc_verdict v;

	(void)state;
	case_late_address(&v);
	pc_decide(&v);
	pc_advise(&v);
	assert_non_null(strstr(v.explanation, "203.0.113.9 is not an address of any interface"));
	assert_non_null(strstr(v.explanation, "did not see the kernel's answer"));
	pc_verdict_clear(&v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_the_look),	  cmocka_unit_test(by_the_socket),
		cmocka_unit_test(by_the_port),	  cmocka_unit_test(by_the_range),
		cmocka_unit_test(by_the_address), cmocka_unit_test(explained),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
