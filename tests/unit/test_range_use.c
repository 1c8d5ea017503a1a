// SPDX-License-Identifier: GPL-2.0-only
/* The users of a range that is used up, and what is left of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "core/base/ports.h"
#include "core/verdict/range_use.h"

#define ROOM 32

static struct pc_listed_socket list[ROOM];
static struct pc_socket_list sockets = { .list = list, .room = ROOM };
static struct pc_netns_settings settings;
static struct pc_request refusal;

/* Eight ports, one of them reserved; a connect() to 127.0.0.1:443 is refused. */
static int range_use_set_up(void **state)
{
	static const uint8_t loopback[4] = { 127, 0, 0, 1 };

	(void)state;
	sockets.count = 0;
	memset(&settings, 0, sizeof(settings));
	settings = (struct pc_netns_settings){ .known = true, .low = 100, .high = 107 };
	pc_ports_add(settings.reserved, 107);
	memset(&refusal, 0, sizeof(refusal));
	refusal.op = PC_OP_CONNECT;
	refusal.proto = PC_PROTO_TCP;
	refusal.wanted_family = PC_FAMILY_V4;
	refusal.wanted_port = 443;
	memcpy(refusal.wanted, loopback, sizeof(loopback));
	return 0;
}

/* The cookie is the process. */
static struct pc_socket *range_use_add(uint64_t process, uint16_t port, uint16_t rport)
{
	struct pc_socket *s = &list[sockets.count++].socket;

	memset(s, 0, sizeof(*s));
	s->cookie = process;
	s->family = PC_FAMILY_V4;
	s->proto = PC_PROTO_TCP;
	s->state = rport ? PC_STATE_ESTABLISHED : PC_STATE_CLOSE;
	s->lport = port;
	s->rport = rport;
	if (rport)
		memcpy(s->remote, refusal.wanted, sizeof(s->remote));
	return s;
}

static uint32_t process_of(void *context, const struct pc_socket *s)
{
	assert_ptr_equal(context, &settings);
	return (uint32_t)s->cookie;
}

static struct pc_range_use use_of(void)
{
	struct pc_range_use use;

	assert_int_equal(
		pc_range_use_of(&sockets, &settings, &refusal, process_of, &settings, &use), 0);
	return use;
}

static void range_use_test_nothing(void **state)
{
	struct pc_range_use use = use_of();

	(void)state;
	assert_int_equal(use.offered, 7);
	assert_int_equal(use.held, 0);
	assert_int_equal(use.left, 7);
	assert_int_equal(use.users_count, 0);
	assert_int_equal(use.destinations.count, 0);
}

/* A port that serves another destination can serve this one, too; a bound one cannot. */
static void test_left_for_a_destination(void **state)
{
	struct pc_range_use use;

	(void)state;
	range_use_add(1, 100, 443);
	range_use_add(1, 101, 444);
	range_use_add(1, 102, 443)->remote[3] = 2;
	range_use_add(1, 103, 0);
	use = use_of();
	assert_int_equal(use.held, 4);
	assert_int_equal(use.left, 5);
	refusal.op = PC_OP_BIND;
	refusal.wanted_port = 0;
	assert_int_equal(use_of().left, 3);
}

static void test_what_does_not_count(void **state)
{
	struct pc_range_use use;

	(void)state;
	range_use_add(1, 99, 443);
	range_use_add(1, 107, 443);
	range_use_add(1, 108, 443);
	range_use_add(1, 100, 443)->proto = PC_PROTO_UDP;
	use = use_of();
	assert_int_equal(use.held, 0);
	assert_int_equal(use.left, 7);
	assert_int_equal(use.users_count, 0);
	range_use_add(2, 101, 444);
	refusal.proto = PC_PROTO_UDP;
	use = use_of();
	assert_int_equal(use.held, 1);
	assert_int_equal(use.left, 6);
	assert_int_equal(use.destinations.count, 0); /* those are of TCP */
}

/* A range of the socket's own, cut to the namespace's, is what counts. */
static void test_own_range(void **state)
{
	struct pc_range_use use;

	(void)state;
	refusal.own_low = 102;
	refusal.own_high = 103;
	range_use_add(1, 101, 443);
	range_use_add(1, 102, 443);
	use = use_of();
	assert_int_equal(use.offered, 2);
	assert_int_equal(use.held, 1);
	assert_int_equal(use.left, 1);
	assert_int_equal(use.destinations.list[0].ports, 1);
	refusal.own_low = 50;
	use = use_of();
	assert_int_equal(use.offered, 4);
	assert_int_equal(use.left, 2);
}

/* A wider range ends before a server's port, and never reaches Kubernetes' ports from outside. */
static void test_wider_range(void **state)
{
	(void)state;
	assert_int_equal(use_of().wider.low, 100);
	assert_int_equal(use_of().wider.high, 29999);
	range_use_add(1, 120, 0)->proto = PC_PROTO_UDP;
	assert_int_equal(use_of().wider.high, 119);
	pc_ports_add(settings.reserved, 120);
	assert_int_equal(use_of().wider.high, 29999);
	settings.low = 33000;
	settings.high = 60999;
	range_use_add(1, 32900, 0);
	range_use_add(1, 61001, 0);
	assert_int_equal(use_of().wider.low, 32901);
	assert_int_equal(use_of().wider.high, 61000);
	settings.low = 32768;
	settings.high = 65535;
	assert_int_equal(use_of().wider.low, 0);
}

static void range_use_test_users(void **state)
{
	struct pc_range_use use;

	(void)state;
	for (uint16_t port = 100; port < 107; port++)
		range_use_add(port < 104 ? 3 : port < 106 ? 2 : 1, port, 443);
	/* Two sockets of one process on one port count once. */
	range_use_add(2, 104, 444);
	range_use_add(2, 104, 445);
	use = use_of();
	assert_int_equal(use.held, 7);
	assert_int_equal(use.left, 0);
	assert_int_equal(use.users_count, 3);
	assert_int_equal(use.users[0].process, 3);
	assert_int_equal(use.users[0].ports, 4);
	assert_int_equal(use.users[1].process, 2);
	assert_int_equal(use.users[1].ports, 2);
	assert_int_equal(use.users[2].process, 1);
	assert_int_equal(use.users[2].ports, 1);
	assert_int_equal(use.destinations.list[0].socket.rport, 443);
	assert_int_equal(use.destinations.list[0].ports, 7);
}

static void test_users_are_bounded(void **state)
{
	struct pc_range_use use;

	(void)state;
	for (uint16_t i = 0; i < 7; i++)
		range_use_add(i + 1U, 100 + i, 443);
	range_use_add(7, 100, 443);
	use = use_of();
	assert_int_equal(use.users_count, PC_RANGE_USERS_MAX);
	assert_int_equal(use.users[0].process, 7);
	assert_int_equal(use.users[0].ports, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(range_use_test_nothing, range_use_set_up),
		cmocka_unit_test_setup(test_left_for_a_destination, range_use_set_up),
		cmocka_unit_test_setup(test_what_does_not_count, range_use_set_up),
		cmocka_unit_test_setup(range_use_test_users, range_use_set_up),
		cmocka_unit_test_setup(test_own_range, range_use_set_up),
		cmocka_unit_test_setup(test_wider_range, range_use_set_up),
		cmocka_unit_test_setup(test_users_are_bounded, range_use_set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
