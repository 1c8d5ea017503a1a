// SPDX-License-Identifier: GPL-2.0-only
/* An address is looked for among the devices of a namespace, and the advice says what was found. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "cases.h"
#include "core/rule/local_address.h"
#include "core/verdict/advice.h"
#include "core/verdict/decide.h"
#include "fake_side.h"

enum { LO = 1, ETH, VRF, SLAVE, DEVICES };

static struct pc_netdev devices[DEVICES];
static struct pc_netaddr addresses[4];
static struct pc_netdevs all;

static int devices_set_up(void **state)
{
	static const struct pc_netdev fresh[] = {
		{ .ifindex = LO, .name = "lo", .up = true, .carrier = true },
		{ .ifindex = ETH, .name = "eth0", .up = true, .carrier = true },
		{ .ifindex = VRF, .name = "blue", .up = true, .carrier = true, .is_vrf = true },
		{ .ifindex = SLAVE, .name = "eth1", .up = true, .carrier = true, .master = VRF },
	};

	(void)state;
	memcpy(devices, fresh, sizeof(fresh));
	all = (struct pc_netdevs){ .devices = devices,
				   .devices_count = sizeof(fresh) / sizeof(fresh[0]),
				   .addresses = addresses };
	return 0;
}

static struct pc_netaddr *give(uint32_t ifindex, const char *text)
{
	struct pc_netaddr *a = &addresses[all.addresses_count++];

	*a = (struct pc_netaddr){ .ifindex = ifindex,
				  .family = strchr(text, ':') ? PC_FAMILY_V6 : PC_FAMILY_V4 };
	assert_int_equal(inet_pton(a->family, text, a->address), 1);
	return a;
}

static struct pc_address_look looked(const char *text, uint32_t ifindex)
{
	struct pc_request r = { .wanted_family = strchr(text, ':') ? PC_FAMILY_V6 : PC_FAMILY_V4,
				.socket.ifindex = ifindex };
	struct pc_address_look l;

	assert_int_equal(inet_pton(r.wanted_family, text, r.wanted), 1);
	pc_local_address(&all, &r, &l);
	return l;
}

static void expect_state(const char *text, uint32_t ifindex, enum pc_address_state state)
{
	assert_string_equal(pc_address_state_name(looked(text, ifindex).state),
			    pc_address_state_name(state));
}

static void states_of_an_address(void **state)
{
	struct pc_netaddr *a;

	(void)state;
	give(ETH, "10.0.0.5");
	a = give(ETH, "2001:db8::5");
	expect_state("10.0.0.5", 0, PC_ADDRESS_USABLE);
	expect_state("::ffff:10.0.0.5", 0, PC_ADDRESS_USABLE);
	expect_state("10.0.0.6", 0, PC_ADDRESS_MISSING);
	expect_state("2001:db8::5", 0, PC_ADDRESS_USABLE);
	a->tentative = true;
	expect_state("2001:db8::5", 0, PC_ADDRESS_TENTATIVE);
	assert_false(looked("2001:db8::5", 0).no_carrier);
	devices[ETH - 1].carrier = false;
	assert_true(looked("2001:db8::5", 0).no_carrier);
	a->dadfailed = true;
	expect_state("2001:db8::5", 0, PC_ADDRESS_DADFAILED);
	devices[ETH - 1].up = false;
	expect_state("2001:db8::5", 0, PC_ADDRESS_DOWN);
	expect_state("10.0.0.5", 0, PC_ADDRESS_USABLE); /* IPv4 keeps it */
}

/* A socket has the addresses of its own VRF alone, be that none. */
static void vrfs(void **state)
{
	(void)state;
	give(ETH, "10.0.0.5");
	give(SLAVE, "10.0.1.5");
	expect_state("10.0.1.5", 0, PC_ADDRESS_OTHER_VRF);
	assert_string_equal(looked("10.0.1.5", 0).vrf, "blue");
	expect_state("10.0.1.5", VRF, PC_ADDRESS_USABLE);
	expect_state("10.0.1.5", SLAVE, PC_ADDRESS_USABLE);
	expect_state("10.0.0.5", VRF, PC_ADDRESS_OTHER_VRF);
	assert_string_equal(looked("10.0.0.5", VRF).vrf, "");
	assert_string_equal(looked("10.0.0.5", VRF).asked, "blue");
	give(ETH, "10.0.1.5"); /* the nearest one counts */
	expect_state("10.0.1.5", 0, PC_ADDRESS_USABLE);
}

static void scopes(void **state)
{
	(void)state;
	give(ETH, "fe80::5");
	give(ETH, "2001:db8::5");
	expect_state("fe80::5", LO, PC_ADDRESS_OTHER_DEVICE);
	expect_state("fe80::5", ETH, PC_ADDRESS_USABLE);
	expect_state("2001:db8::5", LO, PC_ADDRESS_USABLE); /* a global one is of the machine */
}

static void hints(void **state)
{
	(void)state;
	give(LO, "127.0.0.1");
	give(ETH, "10.0.0.5");
	assert_true(looked("203.0.113.9", 0).only_private);
	assert_false(looked("10.0.0.9", 0).only_private);
	give(SLAVE, "198.51.100.7");
	assert_false(looked("203.0.113.9", 0).only_private);
	devices[LO - 1].v6_off = true;
	assert_string_equal(looked("::1", 0).v6_off, "lo");
	assert_string_equal(looked("2001:db8::5", 0).v6_off, "");
	devices[ETH - 1].v6_off = true;
	assert_string_equal(looked("2001:db8::5", 0).v6_off, "eth0");
	assert_string_equal(looked("10.0.0.9", 0).v6_off, "");
	devices[SLAVE - 1].up = false;
	assert_string_equal(looked("2001:db8::5", 0).down, "eth1");
	devices[LO - 1].up = false;
	expect_state("::1", 0, PC_ADDRESS_DOWN);
}

/* ip_nonlocal_bind starts the server, but makes no address reachable that is where the look found it. */
static void nonlocal_bind_only_for_missing(void **state)
{
	(void)state;
	for (int i = PC_ADDRESS_UNKNOWN; i < PC_ADDRESS_STATE_COUNT; i++) {
		struct pc_verdict v;

		case_not_local(&v);
		pc_decide(&v);
		v.address.state = i;
		strcpy(v.address.device, "eth0");
		assert_int_equal(case_advises(&v, "nonlocal_bind"), i <= PC_ADDRESS_MISSING);
	}
}

static void refuse_not_local(struct fake *f, const struct fake_process *p, uint8_t last)
{
	struct pc_refusal_record r = fake_refusal(p, 8080);

	r.error = 99; /* EADDRNOTAVAIL */
	r.wanted[0] = 10;
	r.wanted[3] = last;
	fake_put(f, &r);
}

/* A server that tries again costs one look; one that asks for another address each time, as many as its share of the
 * time has room for. */
static void looks_of_a_batch(void **state)
{
	struct fake *f = fake_new(NULL);
	struct fake_process *p = fake_process(f, 7, "web");

	(void)state;
	f->devices = all;
	give(ETH, "10.0.0.5");
	f->devices = all;
	f->address_took_ns = 50 * PC_NS_PER_MS;
	fake_start(f);
	for (int i = 0; i < 20; i++)
		refuse_not_local(f, p, 5);
	fake_round(f);
	assert_int_equal(f->calls[FAKE_ADDRESS], 1);
	assert_int_equal(f->verdicts[19].address.state, PC_ADDRESS_USABLE);
	for (uint8_t i = 0; i < 20; i++)
		refuse_not_local(f, p, 100 + i);
	fake_round(f);
	assert_int_equal(f->calls[FAKE_ADDRESS], 1 + 5); /* 250 ms at once */
	assert_int_equal(f->verdicts[20].address.state, PC_ADDRESS_MISSING);
	assert_int_equal(f->verdicts[39].address.state, PC_ADDRESS_UNKNOWN);
	fake_free(f);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(states_of_an_address, devices_set_up),
		cmocka_unit_test_setup(vrfs, devices_set_up),
		cmocka_unit_test_setup(scopes, devices_set_up),
		cmocka_unit_test_setup(hints, devices_set_up),
		cmocka_unit_test(nonlocal_bind_only_for_missing),
		cmocka_unit_test_setup(looks_of_a_batch, devices_set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
