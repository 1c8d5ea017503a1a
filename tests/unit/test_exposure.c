// SPDX-License-Identifier: GPL-2.0-only
/* The ports that the kernel may choose, and the chance that it chose a server's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "core/rule/exposure.h"
#include "core/base/ports.h"

struct sets {
	uint64_t reserved[PC_PORT_WORDS];
	uint64_t servers[PC_PORT_WORDS];
	uint64_t clients[PC_PORT_WORDS];
};

static void exposure_parse(const char *list, uint64_t *set)
{
	const char *bad;

	assert_int_equal(pc_ports_parse(list, true, set, &bad), 0);
}

static void both_ends_belong_to_the_range(void **state)
{
	uint64_t reserved[PC_PORT_WORDS];
	struct pc_offer offer = { 32768, 60999, reserved };

	(void)state;
	exposure_parse("40000-40010,60999", reserved);
	assert_true(pc_port_exposed(&offer, 32768));
	assert_true(pc_port_exposed(&offer, 60998));
	assert_false(pc_port_exposed(&offer, 60999));
	assert_false(pc_port_exposed(&offer, 32767));
	assert_false(pc_port_exposed(&offer, 61000));
	assert_false(pc_port_exposed(&offer, 40000));
	assert_false(pc_port_exposed(&offer, 40010));
	assert_true(pc_port_exposed(&offer, 40011));
	offer.reserved = NULL;
	assert_true(pc_port_exposed(&offer, 40000));
}

static void edges_of_the_numbers(void **state)
{
	struct pc_offer all = { 0, 65535, NULL }, one = { 65535, 65535, NULL };

	(void)state;
	assert_false(pc_port_exposed(&all, 0));
	assert_true(pc_port_exposed(&all, 1));
	assert_true(pc_port_exposed(&all, 65535));
	assert_int_equal(pc_offer_size(&all), 65535);
	assert_true(pc_port_exposed(&one, 65535));
	assert_false(pc_port_exposed(&one, 65534));
	assert_int_equal(pc_offer_size(&one), 1);
}

static void sets_are_cut_to_what_is_exposed(void **state)
{
	uint64_t reserved[PC_PORT_WORDS], ports[PC_PORT_WORDS];
	struct pc_offer offer = { 30000, 31000, reserved };
	static const struct {
		const char *ports, *exposed;
	} cases[] = {
		{ "", "" },
		{ "0-65535", "30000-30499,30600-31000" },
		{ "1-29999,31001-65535", "" },
		{ "29999-30000", "30000" },
		{ "31000-31001", "31000" },
		{ "30500-30599", "" },
		{ "65535", "" },
	};

	(void)state;
	exposure_parse("30500-30599", reserved);
	assert_int_equal(pc_offer_size(&offer), 901);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t want[PC_PORT_WORDS];

		exposure_parse(cases[i].ports, ports);
		exposure_parse(cases[i].exposed, want);
		pc_ports_exposed(&offer, ports, ports);
		assert_memory_equal(ports, want, sizeof(want));
	}
}

static void chance(const char *reserved, const char *servers, const char *clients, uint8_t proto,
		   uint16_t port, unsigned taken, unsigned of)
{
	struct sets s;
	struct pc_offer offer = { 100, 199, s.reserved };
	struct pc_chance have;

	exposure_parse(reserved, s.reserved);
	exposure_parse(servers, s.servers);
	exposure_parse(clients, s.clients);
	have = pc_exposure_chance(&offer, proto, port, s.servers, s.clients);
	assert_int_equal(have.taken, taken);
	assert_int_equal(have.of, of);
}

static void tcp_counts_ports_of_one_parity(void **state)
{
	(void)state;
	chance("", "150", "", PC_PROTO_TCP, 150, 0, 50);
	chance("", "150", "100,102,104", PC_PROTO_TCP, 150, 3, 50);
	chance("", "151", "100,102,104", PC_PROTO_TCP, 151, 0, 50);
	chance("", "151", "101,102,199", PC_PROTO_TCP, 151, 2, 50);
	chance("", "199", "101", PC_PROTO_TCP, 199, 1, 50);
	chance("", "100", "101", PC_PROTO_TCP, 100, 0, 50);
}

static void udp_counts_all(void **state)
{
	(void)state;
	chance("", "150", "100-109", PC_PROTO_UDP, 150, 10, 100);
	chance("", "151", "100-109", PC_PROTO_UDP, 151, 10, 100);
}

static void what_cannot_be_chosen_does_not_count(void **state)
{
	(void)state;
	/* Other servers and reserved ports are no candidates; the port itself is one. */
	chance("", "150,152,154", "100", PC_PROTO_TCP, 150, 1, 48);
	chance("110-119", "150", "100,110,112", PC_PROTO_TCP, 150, 1, 45);
	/* Clients outside the range, and on the server's own port. */
	chance("", "150", "98,200,150", PC_PROTO_TCP, 150, 0, 50);
	/* The port is not exposed at all. */
	chance("150", "150", "100", PC_PROTO_TCP, 150, 0, 0);
	chance("", "99", "100", PC_PROTO_TCP, 99, 0, 0);
	/* All but the port itself is held. */
	chance("", "150", "100-199", PC_PROTO_UDP, 150, 99, 100);
	chance("100-149,151-199", "150", "100-199", PC_PROTO_UDP, 150, 0, 1);
}

static void values(void **state)
{
	(void)state;
	assert_true(pc_chance_value((struct pc_chance){ 0, 0 }) == 0);
	assert_true(pc_chance_value((struct pc_chance){ 0, 5 }) == 0);
	assert_true(pc_chance_value((struct pc_chance){ 1, 4 }) == 0.25);
	assert_true(pc_chance_value((struct pc_chance){ 4, 4 }) == 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_ends_belong_to_the_range),
		cmocka_unit_test(edges_of_the_numbers),
		cmocka_unit_test(sets_are_cut_to_what_is_exposed),
		cmocka_unit_test(tcp_counts_ports_of_one_parity),
		cmocka_unit_test(udp_counts_all),
		cmocka_unit_test(what_cannot_be_chosen_does_not_count),
		cmocka_unit_test(values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
