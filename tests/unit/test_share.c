// SPDX-License-Identifier: GPL-2.0-only
/* Tests of the shares of the ring of claims (bpf/share.bpf.h), which is plain C around one helper: floods by one user
 * and by many, in one control group and in many, beside others. The reader reads nothing. */
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>
#include <linux/types.h>
#include <string.h>

#include "bpf/share_losers.h"
#include "kernel_side.h"

/* The maps and helpers of the kernel side, as the test has them. */
#define BPF_RB_AVAIL_DATA 0
#define CLAIM_SIZE 80
#define bpf_ringbuf_query claims_waiting

static struct pc_config config;
static struct pc_netns_ports netns_ports[PC_NETNS_SLOTS];
static struct pc_share claim_shares[PC_SHARES];
static struct {
	uint64_t waiting; /* bytes */
	uint64_t full;
} claims;
static bool share_is_pressed;

static uint64_t claims_waiting(const void *ring, int what)
{
	(void)ring;
	(void)what;
	return claims.waiting;
}

static uint64_t bpf_get_current_uid_gid(void)
{
	return 0;
}

static uint64_t bpf_get_current_cgroup_id(void)
{
	return 0;
}

#include "../../bpf/share.bpf.h"

static int test_share_setup(void **state)
{
	(void)state;
	memset(claim_shares, 0, sizeof(claim_shares));
	claims.waiting = claims.full = 0;
	share_is_pressed = false;
	config.seed = 4711;
	(void)netns_ports;
	(void)share_admits_current;
	return 0;
}

/* True: the record was added, and the ring had room. */
static bool share_add(uint32_t uid, uint64_t group, uint32_t size)
{
	if (!share_admits(size, uid, group, true))
		return false;
	if (claims.waiting + size > PC_CLAIMS_BYTES) {
		claims.full++;
		return false;
	}
	claims.waiting += size;
	return true;
}

/* Adds many records, and counts those that were added. */
static unsigned share_flood(uint32_t uid, uint64_t group, unsigned records)
{
	unsigned added = 0;

	while (records--)
		added += share_add(uid, group, CLAIM_SIZE);
	return added;
}

static void assert_others_get_in(uint32_t uid, unsigned records)
{
	assert_int_equal(share_flood(uid, 7, records), records);
	assert_int_equal(claims.full, 0);
}

static void test_share_one_flooder(void **state)
{
	(void)state;
	share_flood(65534, 1, 100000);
	/* A group takes an eighth of what it leaves, a ninth of the rest. */
	assert_in_range(claims.waiting, PC_SHARE_FROM, PC_SHARE_FROM + PC_SHARE_FROM / 8);
	assert_others_get_in(1000, 400);
	assert_others_get_in(0, 400);
}

/* A user of one control group cannot take the share of another group of the same user, nor root that of root. */
static void test_share_groups(void **state)
{
	(void)state;
	share_flood(1000, 1, 100000);
	assert_true(share_flood(1000, 2, 100) == 100);
	share_flood(0, 3, 100000);
	assert_others_get_in(0, 100);
	assert_int_equal(claims.full, 0);
}

/* A user can make any number of groups, and has 65,536 ids in namespaces of its own. */
static void test_share_of_many_faces(void **state)
{
	(void)state;
	for (uint64_t group = 1; group < 5000; group++)
		share_flood(1000, group, 100);
	/* A user leaves four fifths of the rest. */
	assert_in_range(claims.waiting, PC_SHARE_FROM, PC_SHARE_FROM + PC_SHARE_FROM * 9 / 40);
	assert_others_get_in(1001, 100);
	for (uint32_t i = 0; i < 5000; i++)
		share_flood(PC_SUBUID_FIRST + i, 1, 100);
	assert_others_get_in(1002, 100);
}

/* Twenty users flood, and the twenty-first has its process and a claim in. */
static void test_share_many_flooders(void **state)
{
	(void)state;
	for (uint32_t uid = 1000; uid < 1020; uid++)
		share_flood(uid, uid, 100000);
	assert_true(share_add(2000, 7, 400));
	assert_others_get_in(2000, 2);
}

/* The shares are whole again when the reader has read. */
static void test_share_whole_again(void **state)
{
	(void)state;
	share_flood(1000, 1, 100000);
	assert_false(share_add(1000, 1, CLAIM_SIZE));
	claims.waiting = PC_SHARE_FROM - CLAIM_SIZE;
	assert_true(share_add(1000, 1, CLAIM_SIZE));
	assert_true(share_flood(1000, 1, 100) == 100);
}

/* Each lost claim is counted once, for its user. A slot with losses is kept until user space knows them. */
static void test_share_counts(void **state)
{
	unsigned lost, told = 0;

	(void)state;
	lost = 200000 - share_flood(1000, 1, 100000) - share_flood(1001, 1, 100000);
	for (uint32_t uid = 2000; uid < 12000; uid++) {
		claims.waiting = uid % 2 ? 0 : PC_SHARE_FROM;
		share_flood(uid, uid, 1);
	}
	for (unsigned i = 0; i < PC_SHARES; i++)
		if (claim_shares[i].lost)
			assert_in_range(claim_shares[i].uid, 1000, 1001);
	for (unsigned i = 0; i < PC_SHARES; i++)
		told += claim_shares[i].lost;
	assert_int_equal(told, lost);
}

static uint64_t share_lost_by(uint32_t uid)
{
	uint64_t lost = 0;

	for (unsigned i = 0; i < PC_SHARES; i++)
		lost += claim_shares[i].uid == uid ? claim_shares[i].lost : 0;
	return lost;
}

/* The losses of a user stay its own, however many others lose claims after it: user space knows theirs, and not its. */
static void test_share_losses_stay(void **state)
{
	unsigned lost = 100000 - share_flood(1000, 1, 100000);

	(void)state;
	for (uint32_t uid = 2000; uid < 12000; uid++) {
		claims.waiting = 0;
		share_flood(uid, 1, 1);
		claims.waiting = PC_CLAIMS_BYTES;
		assert_false(share_add(uid, 1, CLAIM_SIZE));
		for (unsigned i = 0; i < PC_SHARES; i++)
			if (claim_shares[i].uid == uid)
				claim_shares[i].told = claim_shares[i].lost;
	}
	assert_int_equal(share_lost_by(1000), lost);
}

/* Records of other kinds are lost, too, but are no claims. */
static void test_share_counts_claims(void **state)
{
	uint64_t lost = 0;

	(void)state;
	for (unsigned i = 0; i < 100000; i++)
		if (share_admits(CLAIM_SIZE, 1000, 1, false))
			claims.waiting += CLAIM_SIZE;
	assert_in_range(claims.waiting, PC_SHARE_FROM, PC_CLAIMS_BYTES * 2 / 3);
	for (unsigned i = 0; i < PC_SHARES; i++)
		lost += claim_shares[i].lost;
	assert_int_equal(lost, 0);
}

/* All slots are taken: those who find none share the last one, and each of them may have lost a claim. */
static void test_share_losers_without_a_slot(void **state)
{
	struct pc_losers losers = { 0 };

	(void)state;
	for (unsigned i = 0; i < PC_SHARES - 1; i++)
		claim_shares[i] =
			(struct pc_share){ .group = 1, .user = 60000 + i, .round = share_round };
	claims.waiting = PC_CLAIMS_BYTES;
	assert_false(share_add(1000, 7, CLAIM_SIZE));
	assert_false(share_add(1001, 8, CLAIM_SIZE));
	pc_share_losers_take(claim_shares, &losers);
	assert_true(pc_losers_have(&losers, 1000));
	assert_true(pc_losers_have(&losers, 1001));
	assert_int_equal(losers.count, 0);
	assert_int_equal(losers.others, 2);
	pc_share_losers_take(claim_shares, &losers);
	assert_int_equal(losers.others, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_share_one_flooder, test_share_setup),
		cmocka_unit_test_setup(test_share_groups, test_share_setup),
		cmocka_unit_test_setup(test_share_of_many_faces, test_share_setup),
		cmocka_unit_test_setup(test_share_many_flooders, test_share_setup),
		cmocka_unit_test_setup(test_share_whole_again, test_share_setup),
		cmocka_unit_test_setup(test_share_losses_stay, test_share_setup),
		cmocka_unit_test_setup(test_share_counts, test_share_setup),
		cmocka_unit_test_setup(test_share_counts_claims, test_share_setup),
		cmocka_unit_test_setup(test_share_losers_without_a_slot, test_share_setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
