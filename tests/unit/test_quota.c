// SPDX-License-Identifier: GPL-2.0-only
/* Tests of the quota of the kernel side (bpf/quota.bpf.h), which is plain C around four helpers: floods by one
 * user, in thousands of control groups, beside a victim that is refused ten times a second. */
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>
#include <errno.h>
#include <linux/types.h>
#include <string.h>

#include "portclash/record.h"
#include "kernel_side.h"

/* The maps and helpers of the kernel side, as the test has them. */
#define BPF_RB_AVAIL_DATA 0
#define BPF_RB_FORCE_WAKEUP 2
#define RING_SIZE (1024 * 1024)
#define RECORD_SIZE 288

static struct pc_config config;
static struct {
	uint64_t waiting; /* bytes */
	uint64_t lost;
	struct pc_merged_record told[16];
	unsigned told_count;
} refusals;
static uint64_t quota_now = 1000000000000;

static uint64_t bpf_ktime_get_boot_ns(void)
{
	return quota_now;
}

static uint64_t bpf_ringbuf_query(const void *ring, int what)
{
	(void)ring;
	(void)what;
	return refusals.waiting;
}

static long bpf_probe_read_kernel(void *to, uint32_t size, const void *from)
{
	memmove(to, from, size);
	return 0;
}

static long bpf_ringbuf_output(void *ring, const void *record, uint64_t size, uint64_t flags)
{
	(void)ring;
	(void)flags;
	assert_int_equal(size, sizeof(refusals.told[0]));
	if (refusals.told_count == 16)
		return -EAGAIN;
	memcpy(&refusals.told[refusals.told_count++], record, size);
	return 0;
}

extern __u64 quota_counted, quota_told;

#include "../../bpf/quota.bpf.h"

static int test_quota_setup(void **state)
{
	(void)state;
	memset(quota_slots, 0, sizeof(quota_slots));
	memset(&refusals, 0, sizeof(refusals));
	quota_counted = quota_told = 0;
	config.seed = 4711;
	return 0;
}

static struct pc_merged_record quota_call(uint32_t uid, uint64_t group, uint32_t pid, uint16_t port)
{
	return (struct pc_merged_record){
		.process = { .tgid = pid, .start_ns = pid },
		.cgroup_id = group,
		.uid = uid,
		.error = EADDRINUSE,
		.op = PC_OP_BIND,
		.proto = PC_PROTO_TCP,
		.wanted_family = PC_FAMILY_V4,
		.wanted_port = port,
	};
}

/* Has a call refused. True: it was recorded, and the ring had room. */
static bool quota_refuse(struct pc_merged_record *call)
{
	if (!quota_admits(call))
		return false;
	if (refusals.waiting + RECORD_SIZE > RING_SIZE) {
		refusals.lost++;
		return false;
	}
	refusals.waiting += RECORD_SIZE;
	return true;
}

static void quota_read(uint64_t records)
{
	uint64_t bytes = records * RECORD_SIZE;

	refusals.waiting -= bytes < refusals.waiting ? bytes : refusals.waiting;
}

/* Floods from `groups` control groups, each refused `each` times a millisecond by ever new processes, beside
 * a reader that reads three records a millisecond. Returns the victim's refusals that were recorded, of 40. */
static unsigned quota_victim_beside(unsigned groups, unsigned each, uint64_t *flooded)
{
	struct pc_merged_record victim = quota_call(1000, 7, 10, 8080);
	unsigned heard = 0;

	for (unsigned ms = 0; ms < 4000; ms++) {
		for (unsigned i = 0; i < groups * each; i++) {
			uint32_t pid = 100000 + ms * groups * each + i;
			struct pc_merged_record call =
				quota_call(65534, 100 + i % groups, pid, (uint16_t)pid);

			*flooded += quota_refuse(&call);
		}
		if (ms % 100 == 99)
			heard += quota_refuse(&victim);
		quota_read(3);
		quota_now += 1000000;
	}
	return heard;
}

static void test_one_group(void **state)
{
	uint64_t flooded = 0;

	(void)state;
	assert_int_equal(quota_victim_beside(1, 50, &flooded), 40);
	assert_int_equal(refusals.lost, 0);
	assert_in_range(flooded, 2048, QUOTA_USER_BURST + 4 * 512 + 8);
	assert_int_equal(flooded + quota_counted, 4000 * 50);
}

/* All groups are busy before the victim comes: no slot that it could have is left to chance. */
static void test_thousands_of_groups(void **state)
{
	(void)state;
	for (unsigned seed = 0; seed < 4; seed++) {
		uint64_t flooded = 0;

		test_quota_setup(state);
		config.seed = seed * 7919;
		assert_int_equal(quota_victim_beside(3000, 1, &flooded), 40);
		assert_int_equal(refusals.lost, 0);
		assert_true(flooded < 4 * 3000 + RING_SIZE / RECORD_SIZE + 100);
	}
}

/* A slot has one owner: its count is told with what it is of. */
static void test_counts_are_kept_apart(void **state)
{
	(void)state;
	for (unsigned n = 0; n < 200; n++)
		for (uint16_t port = 1; port <= 5; port++) {
			struct pc_merged_record call = quota_call(1000, 7, 10 + port, port);

			quota_admits(&call);
		}
	quota_tell(true);
	assert_int_equal(refusals.told_count, 5);
	for (unsigned i = 0; i < 5; i++) {
		assert_int_equal(refusals.told[i].scope, PC_SCOPE_PORT);
		assert_int_equal(refusals.told[i].process.tgid, 10 + refusals.told[i].wanted_port);
		assert_int_equal(refusals.told[i].count, 200 - QUOTA_PORT_BURST);
	}
	assert_int_equal(quota_counted, quota_told);
}

/* Users without a slot of their own share one, and its count says so. */
static void test_others(void **state)
{
	(void)state;
	for (unsigned n = 0; n < 20; n++)
		for (unsigned group = 0; group < 3000; group++) {
			struct pc_merged_record call =
				quota_call(65534, group, n * 3000 + group, 1);

			quota_admits(&call);
		}
	quota_tell(true);
	assert_int_equal(refusals.told_count, 1);
	assert_int_equal(refusals.told[0].scope, PC_SCOPE_OTHERS);
	assert_int_equal(refusals.told[0].uid, 65534);
	assert_int_equal(refusals.told[0].count, quota_counted);
}

/* A Unix socket's refusals have the shares of process and user, an eighth of them. */
static void test_foreign(void **state)
{
	struct pc_merged_record call = quota_call(65534, 7, 10, 0);
	unsigned admitted = 0;

	(void)state;
	call.proto = PC_PROTO_UNIX;
	call.wanted_family = PC_FAMILY_UNIX;
	for (unsigned n = 0; n < 1000; n++)
		admitted += quota_admits(&call);
	assert_int_equal(admitted, QUOTA_PROCESS_BURST / QUOTA_FOREIGN_COST);
	quota_tell(true);
	assert_int_equal(refusals.told_count, 1);
	assert_int_equal(refusals.told[0].scope, PC_SCOPE_PROCESS);
	assert_int_equal(refusals.told[0].count, 1000 - admitted);
}

/* A slot that nobody used for a while is another's. */
static void test_idle_slots(void **state)
{
	(void)state;
	for (unsigned group = 0; group < 20000; group++) {
		struct pc_merged_record call = quota_call(65534, group, group, 1);

		assert_true(quota_admits(&call));
		quota_now += 20000000;
	}
	assert_int_equal(quota_counted, 0);
}

int main(void)
{
#define QUOTA_TEST(name) cmocka_unit_test_setup(name, test_quota_setup)
	const struct CMUnitTest tests[] = {
		QUOTA_TEST(test_one_group),  QUOTA_TEST(test_thousands_of_groups),
		QUOTA_TEST(test_counts_are_kept_apart),
		QUOTA_TEST(test_others),     QUOTA_TEST(test_foreign),
		QUOTA_TEST(test_idle_slots),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
