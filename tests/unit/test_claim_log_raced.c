// SPDX-License-Identifier: GPL-2.0-only
/* Two programs write claims into one part of the log, and close some of their sockets (bpf/claim_log.bpf.h), while the reader
 * takes them (user/bpf/claim_log.c). Each claim comes once: from the log, or from the ring; those of closed sockets are
 * counted once. */
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
#include <stdlib.h>

#include "bpf/claim_log.h"
#include "kernel_side.h"

/* The maps and helpers of the kernel side, as the test has them. Both programs are on one processor. */
#define PORTCLASH_ARCH_BPF_H
#define PORTCLASH_SOCKET_BPF_H
#define STORES_IN_ORDER true
#define PC_STATE_CLOSE 7
#define PC_STATE_LISTEN 10
#define IPPROTO_UDP 17
#define bpf_get_smp_processor_id() 3U

/* The kernel side has no log where stores are seen in another order. */
#ifndef __x86_64__
#undef barrier
#define barrier() __sync_synchronize()
#endif

#define PROGRAMS 2
#define CLAIMS 200000

struct bpf_sock {
	uint32_t protocol;
	uint32_t dst_port;
	uint32_t state;
};

static struct pc_config config;
static __u8 refused_ports[PC_PORTS];
static atomic_uchar come[PROGRAMS * CLAIMS + 1];
static atomic_uint programs_over, in_ring;
static uint64_t last_cookie[PROGRAMS];
static unsigned out_of_order;

static uint64_t bpf_get_socket_cookie(const struct bpf_sock *ctx)
{
	return ctx->dst_port;
}

extern struct pc_log_part claim_log_parts[PC_LOG_PARTS];
extern struct pc_logged_claim logged_claims[PC_LOG_CLAIMS];
extern bool claims_may_wait;

#include "../../bpf/claim_log.bpf.h"

static void program_claims(uint64_t cookie)
{
	struct pc_log_part *part;
	struct pc_logged_claim *c = log_begin(cookie, &part);

	if (!c) {
		atomic_fetch_add(&in_ring, 1);
		atomic_fetch_add(&come[cookie], 1);
		return;
	}
	c->time_ns = cookie;
	c->cookie = cookie;
	c->ended = 0;
	c->how = PC_HOW_AUTOBIND;
	c->taken = 0;
	log_finish(part);
}

/* A program's cookies rise by the number of programs. */
static void *program_runs(void *program)
{
	for (uint64_t n = 0; n < CLAIMS; n++) {
		uint64_t cookie = n * PROGRAMS + (uintptr_t)program + 1;

		program_claims(cookie);
		if (n % 64 == 0)
			sched_yield();
		if (n % 3 == 0)
			log_end(cookie);
	}
	atomic_fetch_add(&programs_over, 1);
	return NULL;
}

static void reader_takes(void *unused, const struct pc_logged_claim *claims, size_t count)
{
	(void)unused;
	for (const struct pc_logged_claim *c = claims; c < claims + count; c++) {
		uint64_t *last = &last_cookie[(c->cookie - 1) % PROGRAMS];

		assert_in_range(c->cookie, 1, PROGRAMS * CLAIMS);
		assert_int_equal(c->time_ns, c->cookie);
		out_of_order += c->cookie <= *last;
		*last = c->cookie;
		atomic_fetch_add(&come[c->cookie], 1);
	}
}

static void reader_looks(struct pc_claim_log *l)
{
	pc_claim_log_look(l, false);
	pc_claim_log_hand_over(l, &(struct pc_taker){ .logged = reader_takes });
}

static void check_all_came(const struct pc_claim_log *l)
{
	unsigned left_out = 0;

	for (unsigned n = 1; n <= PROGRAMS * CLAIMS; n++) {
		if (come[n] > 1)
			fail_msg("expected claim %u once, got it %u times", n, come[n]);
		left_out += !come[n];
		if (!come[n] && (n - 1) / PROGRAMS % 3)
			fail_msg("expected claim %u, whose socket is open, got none", n);
	}
	assert_int_equal(left_out, l->ended[PC_HOW_AUTOBIND]);
	assert_int_equal(out_of_order, 0);
	print_message("%u claims: %u of closed sockets, %u by the ring\n", PROGRAMS * CLAIMS,
		      left_out, in_ring);
}

static void test_claim_log_raced(void **state)
{
	struct pc_claim_log l;
	pthread_t programs[PROGRAMS];

	(void)state;
	(void)log_may_have;
	(void)log_has;
	(void)log_is_quiet;
	(void)log_release;
	config.log_parts = (PC_LOG_CLAIMS >> pc_claim_log_shift(4)) - 1;
	config.log_size = 1U << pc_claim_log_shift(4);
	pc_claim_log_open(&l, claim_log_parts, logged_claims, pc_claim_log_shift(4));
	for (uintptr_t i = 0; i < PROGRAMS; i++)
		assert_int_equal(pthread_create(&programs[i], NULL, program_runs, (void *)i), 0);
	while (atomic_load(&programs_over) < PROGRAMS)
		reader_looks(&l);
	for (unsigned i = 0; i < PROGRAMS; i++)
		pthread_join(programs[i], NULL);
	reader_looks(&l);
	check_all_came(&l);
	assert_int_equal(claim_log_parts[3].users, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_claim_log_raced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
