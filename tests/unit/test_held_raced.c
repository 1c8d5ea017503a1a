// SPDX-License-Identifier: GPL-2.0-only
/* A program writes claims into one slot, and closes some of their sockets (bpf/held.bpf.h), while the reader takes those
 * that wait (user/bpf/held.c). Each claim comes once: from its slot, from the ring, or as one of a closed socket. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <linux/types.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "bpf/held.h"
#include "kernel_side.h"

/* The maps and helpers of the kernel side, as the test has them. */
#define PORTCLASH_ARCH_BPF_H
#define PORTCLASH_SOCKET_BPF_H
#define STORES_IN_ORDER true
#define PC_STATE_CLOSE 7
#define PC_STATE_LISTEN 10
#define IPPROTO_UDP 17
#define bpf_ringbuf_output ring_takes
#define claims_flags ring_flags
#define stat_count ring_loses

#define CLAIMS 100000
#define SLOT 7

struct bpf_sock {
	uint32_t protocol;
	uint32_t dst_port;
	uint32_t state;
};

static struct pc_config config;
static int claims;
static __u8 refused_ports[PC_PORTS];
static atomic_uchar come[CLAIMS + 1];
static atomic_uint taken_count;
static atomic_bool program_is_over;

static uint64_t cookie_of(unsigned number)
{
	return (uint64_t)number * PC_HELD_SLOTS + SLOT;
}

static void claim_came(uint64_t cookie)
{
	atomic_fetch_add(&come[cookie / PC_HELD_SLOTS], 1);
}

static long ring_takes(void *ring, const void *data, uint64_t size, uint64_t flags)
{
	(void)ring;
	(void)size;
	(void)flags;
	claim_came(((const struct pc_claim_record *)data)->cookie);
	return 0;
}

static uint64_t ring_flags(void)
{
	return 0;
}

static void ring_loses(uint32_t which)
{
	fail_msg("expected no loss, got one of kind %u", which);
}

static uint64_t bpf_get_socket_cookie(const struct bpf_sock *ctx)
{
	(void)ctx;
	return cookie_of(1);
}

extern struct pc_held_claim held_claims[PC_HELD_SLOTS];
extern __u64 held_count, held_ended[PC_HOW_COUNT];
extern bool claims_may_wait;

#include "../../bpf/held.bpf.h"

static void program_claims(uint64_t cookie, uint64_t time_ns)
{
	struct pc_held_claim *slot = held_slot(cookie);

	if (!held_begin(slot, cookie)) {
		claim_came(cookie);
		return;
	}
	slot->claim = (struct pc_claim_record){ .cookie = cookie, .time_ns = time_ns };
	held_finish(slot);
}

static void *program_runs(void *unused)
{
	for (unsigned n = 1; n <= CLAIMS; n++) {
		program_claims(cookie_of(n), n);
		if (n % 64 == 0)
			sched_yield();
		if (n % 3 == 0 && held_end(cookie_of(n)))
			claim_came(cookie_of(n));
	}
	atomic_store(&program_is_over, true);
	return unused;
}

static void reader_takes(void *unused, const void *data, size_t size)
{
	(void)unused;
	(void)size;
	claim_came(((const struct pc_claim_record *)data)->cookie);
	atomic_fetch_add(&taken_count, 1);
}

static void reader_looks(struct pc_held *h)
{
	pc_held_look(h, false);
	pc_held_hand_over(h, reader_takes, NULL);
}

static void test_held_raced(void **state)
{
	struct pc_held h = { 0 };
	pthread_t program;

	(void)state;
	(void)held_may_wait;
	(void)held_has;
	(void)held_is_quiet;
	(void)held_release;
	pc_held_open(&h, held_claims, (const uint64_t *)&held_count, (const uint64_t *)held_ended);
	assert_int_equal(pthread_create(&program, NULL, program_runs, NULL), 0);
	while (!atomic_load(&program_is_over))
		reader_looks(&h);
	pthread_join(program, NULL);
	reader_looks(&h);
	for (unsigned n = 1; n <= CLAIMS; n++)
		if (come[n] != 1)
			fail_msg("expected claim %u once, got it %u times", n, come[n]);
	assert_int_equal(held_claims[SLOT].users, 0);
	print_message("%u of %u claims by the reader\n", taken_count, CLAIMS);
	pc_held_close(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_held_raced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
