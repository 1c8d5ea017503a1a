// SPDX-License-Identifier: GPL-2.0-only
/* Tests of bpf/long_walk.bpf.h, which is plain C around one helper: whose long walks wait for whose. */
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>
#include <linux/types.h>
#include <string.h>

#include "portclash/record.h"
#include "kernel_side.h"

/* The maps and helpers of the kernel side, as the test has them. */
static struct pc_config config;
static struct pc_netns_ports netns_ports[PC_NETNS_SLOTS];
#define bpf_get_current_cgroup_id long_walk_group

static uint64_t current_group;

static uint64_t long_walk_group(void)
{
	return current_group;
}

#include "../../bpf/long_walk.bpf.h"

#define BEGAN 1000
#define ENDED 1100
#define FREE_AGAIN (ENDED + (ENDED - BEGAN) * LONG_WALK_PAUSE)

static int test_long_walk_setup(void **state)
{
	(void)state;
	memset(long_walk_due, 0, sizeof(long_walk_due));
	config.seed = 4711;
	(void)netns_ports;
	return 0;
}

static void long_walk(uint32_t uid, uint64_t group)
{
	current_group = group;
	assert_true(long_walk_may_begin(uid, BEGAN));
	long_walk_ended(uid, BEGAN, ENDED);
}

static bool may_walk(uint32_t uid, uint64_t group, uint64_t now)
{
	current_group = group;
	return long_walk_may_begin(uid, now);
}

/* A user has many control groups, and many ids in namespaces of its own. */
static void a_user_waits_for_itself(void **state)
{
	(void)state;
	long_walk(PC_SUBUID_FIRST + 3, 1);
	assert_false(may_walk(PC_SUBUID_FIRST, 2, FREE_AGAIN - 1));
	assert_true(may_walk(PC_SUBUID_FIRST, 2, FREE_AGAIN));
	assert_true(may_walk(1000, 1, ENDED));
}

/* Containers have the same root. */
static void root_waits_for_its_control_group(void **state)
{
	(void)state;
	long_walk(0, 1);
	assert_false(may_walk(0, 1, FREE_AGAIN - 1));
	assert_true(may_walk(0, 1, FREE_AGAIN));
	assert_true(may_walk(0, 2, ENDED));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_user_waits_for_itself, test_long_walk_setup),
		cmocka_unit_test_setup(root_waits_for_its_control_group, test_long_walk_setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
