// SPDX-License-Identifier: GPL-2.0-only
/* Tests of the slots for port settings (bpf/netns_slot.bpf.h): a user is refused in thousands of namespaces of
 * its own, beside servers in others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <linux/types.h>
#include <string.h>

#include "core/base/subuid.h"
#include "portclash/record.h"
#include "kernel_side.h"

/* The maps of the kernel side, as the test has them. */
static struct pc_netns_ports netns_ports[PC_NETNS_SLOTS];

#include "../../bpf/netns_slot.bpf.h"

static uint64_t clock_ns;

static void refused_in(uint64_t key, bool own, uint32_t uid)
{
	struct pc_netns_ports *p;
	uint32_t user = netns_user(uid), slot = netns_slot(key, own, user);

	assert_true(slot < PC_NETNS_SLOTS);
	p = &netns_ports[slot];
	p->netns_key = key;
	p->time_ns = ++clock_ns;
	p->uid = user;
}

static bool is_kept(uint64_t key)
{
	for (unsigned i = 0; i < PC_NETNS_SLOTS; i++)
		if (netns_ports[i].netns_key == key)
			return true;
	return false;
}

static void test_flood_of_namespaces(void **state)
{
	(void)state;
	memset(netns_ports, 0, sizeof(netns_ports));
	refused_in(1, true, 0);
	for (uint64_t key = 100; key < 132; key++) /* containers: two a set */
		refused_in(key, false, 1000);
	for (uint64_t key = 1000; key < 20000; key++)
		refused_in(key, false, 65534);
	assert_true(is_kept(1));
	for (uint64_t key = 100; key < 132; key++)
		assert_true(is_kept(key));
	assert_true(is_kept(19999));
}

static void test_user_of_many_ids(void **state)
{
	(void)state;
	assert_int_equal(netns_user(0), 0);
	assert_int_equal(netns_user(65534), 65534);
	assert_int_equal(netns_user(PC_SUBUID_FIRST - 1), PC_SUBUID_FIRST - 1);
	assert_int_equal(netns_user(PC_SUBUID_FIRST + PC_SUBUID_COUNT - 1), PC_SUBUID_FIRST);
	assert_int_equal(netns_user(PC_SUBUID_FIRST + PC_SUBUID_COUNT), PC_SUBUID_FIRST + PC_SUBUID_COUNT);
	for (uint64_t uid = 0; uid <= UINT32_MAX; uid += 65521)
		assert_int_equal(netns_user((uint32_t)uid), pc_subuid_first(uid));
	memset(netns_ports, 0, sizeof(netns_ports));
	for (uint64_t key = 100; key < 132; key++)
		refused_in(key, false, 1000);
	for (uint64_t key = 1000; key < 20000; key++)
		refused_in(key, false, PC_SUBUID_FIRST + key);
	for (uint64_t key = 100; key < 132; key++)
		assert_true(is_kept(key));
}

/* A slot that somebody needs is taken from the user that has most of the set. */
static void test_late_server(void **state)
{
	(void)state;
	memset(netns_ports, 0, sizeof(netns_ports));
	for (uint64_t key = 1000; key < 20000; key++)
		refused_in(key, false, 65534);
	refused_in(16, false, 1000);
	refused_in(32, false, 1000);
	for (uint64_t key = 20000; key < 30000; key++)
		refused_in(key, false, 65534);
	assert_true(is_kept(16));
	assert_true(is_kept(32));
}

/* The same namespace has the same slot again. */
static void test_again(void **state)
{
	(void)state;
	memset(netns_ports, 0, sizeof(netns_ports));
	for (unsigned n = 0; n < 100; n++)
		for (uint64_t key = 1; key <= 64; key++)
			refused_in(key, false, (uint32_t)key % 2);
	for (uint64_t key = 1; key <= 64; key++)
		assert_true(is_kept(key));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_flood_of_namespaces),
		cmocka_unit_test(test_user_of_many_ids),
		cmocka_unit_test(test_late_server),
		cmocka_unit_test(test_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
