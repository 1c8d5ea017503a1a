// SPDX-License-Identifier: GPL-2.0-only
/* The join's look at the processes that use up the ephemeral range: whom it names, how often it looks,
 * where it may. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "core/verdict/range_use.h"
#include "fake_side.h"

#define MS 1000000ULL
#define SECOND (1000 * MS)
#define OTHER_NETNS 4026532999U
#define LOW 40000

/* The range has four ports: a client holds two of them, a socket of which nobody is known the third. */
struct full {
	struct fake *f;
	struct fake_process *client;
	struct fake_process *server;
	struct pc_listed_socket sockets[4];
};

static void add_socket(struct full *x, uint64_t cookie, uint16_t port)
{
	struct pc_listed_socket *s = &x->sockets[x->f->look.sockets.count++];

	*s = (struct pc_listed_socket){ .socket = { .cookie = cookie,
						    .lport = port,
						    .family = PC_FAMILY_V4,
						    .proto = PC_PROTO_TCP,
						    .state = PC_STATE_CLOSE } };
}

static struct full *full_new(const struct pc_join_options *options)
{
	struct full *x = calloc(1, sizeof(*x));

	x->f = fake_new(options);
	fake_start(x->f);
	x->client = fake_process(x->f, 100, "client");
	x->server = fake_process(x->f, 200, "server");
	x->f->look.settings =
		(struct pc_netns_settings){ .known = true, .low = LOW, .high = LOW + 3 };
	x->f->look.sockets.list = x->sockets;
	x->f->look.took_ns = MS;
	add_socket(x, 1, LOW);
	add_socket(x, 2, LOW + 1);
	add_socket(x, 3, LOW + 2);
	for (uint64_t cookie = 1; cookie <= 2; cookie++) {
		struct pc_claim_record c = fake_claim(x->client, cookie, 0, PC_HOW_BIND_ZERO);

		fake_put(x->f, &c);
	}
	return x;
}

static void full_free(struct full *x)
{
	fake_free(x->f);
	free(x);
}

/* The look is at the sockets as they are when it begins. */
static void stamp_look(struct fake *f, enum fake_op op)
{
	if (op == FAKE_LOOK)
		f->look.time_ns = f->now_ns;
}

/* A bind() to port 0, refused as the range is used up, at that time. */
static struct pc_refusal_record no_port_left(const struct full *x, uint64_t time_ns)
{
	struct pc_refusal_record r = fake_refusal(x->server, 0);

	r.time_ns = time_ns;
	r.netns_key = 77;
	r.range_low = LOW;
	r.range_high = LOW + 3;
	return r;
}

/* Gives the use of the range that is known after a refusal just now; NULL: none. */
static const struct pc_range_use *use_after(struct full *x, const struct pc_refusal_record *r)
{
	unsigned i = x->f->verdicts_count;

	fake_put(x->f, r);
	fake_round(x->f);
	assert_int_equal(x->f->verdicts_count, i + 1);
	assert_int_equal(x->f->verdicts[i].cause, PC_CAUSE_RANGE_EXHAUSTED);
	return x->f->verdicts[i].range_use;
}

static const struct pc_range_use *use_now(struct full *x)
{
	struct pc_refusal_record r = no_port_left(x, x->f->now_ns);

	return use_after(x, &r);
}

static void join_range_test_users(void **state)
{
	struct full *x = full_new(NULL);
	const struct pc_range_use *use;

	(void)state;
	x->f->on_op = stamp_look;
	use = use_now(x);
	assert_non_null(use);
	assert_int_equal(use->offered, 4);
	assert_int_equal(use->held, 3);
	assert_int_equal(use->left, 1);
	assert_int_equal(use->users_count, 2);
	assert_int_equal(use->users[0].ports, 2);
	assert_int_equal(use->users[0].party.who->key.tgid, 100);
	assert_true(use->users[0].party.running);
	assert_int_equal(use->users[0].party.fd, -1);
	assert_null(use->users[1].party.who);
	assert_int_equal(use->users[1].ports, 1);
	assert_int_equal(x->f->asked.inode, FAKE_NETNS);
	assert_null(x->f->verdicts[0].incomplete);
	full_free(x);
}

/* More than one is left: the look came too late, or does not list all. */
static void test_more_left(void **state)
{
	struct full *x = full_new(NULL);

	(void)state;
	x->f->look.sockets.count = 2;
	x->f->on_op = stamp_look;
	assert_int_equal(use_now(x)->left, 2);
	assert_non_null(strstr(x->f->verdicts[0].incomplete, "more of the range is left"));
	full_free(x);
}

/* Other refusals do without a look. */
static void test_other_cause(void **state)
{
	struct full *x = full_new(NULL);
	struct pc_refusal_record r = fake_refusal(x->server, 35000);

	(void)state;
	fake_holder(&r, 1, PC_STATE_LISTEN);
	fake_put(x->f, &r);
	fake_round(x->f);
	assert_null(x->f->verdicts[0].range_use);
	assert_int_equal(x->f->calls[FAKE_LOOK], 0);
	full_free(x);
}

/* One look serves the refusals that came before it, in the same namespace. */
static void test_serves_many(void **state)
{
	struct full *x = full_new(NULL);
	struct pc_refusal_record r = no_port_left(x, x->f->now_ns);

	(void)state;
	x->f->on_op = stamp_look;
	assert_non_null(use_after(x, &r));
	assert_non_null(use_after(x, &r));
	assert_int_equal(x->f->calls[FAKE_LOOK], 1);
	r.time_ns++;
	assert_non_null(use_after(x, &r));
	assert_int_equal(x->f->calls[FAKE_LOOK], 2);
	r.netns_key = 78;
	assert_non_null(use_after(x, &r));
	assert_int_equal(x->f->calls[FAKE_LOOK], 3);
	full_free(x);
}

/* A look that took 260 ms: more than is allowed at once, and the next one is due 200 ms later. */
static void test_time_share(void **state)
{
	struct full *x = full_new(NULL);
	uint64_t begin_ns = x->f->now_ns;

	(void)state;
	x->f->on_op = stamp_look;
	x->f->look.took_ns = 260 * MS;
	assert_non_null(use_now(x));
	x->f->now_ns = begin_ns + 200 * MS;
	assert_null(use_now(x));
	assert_int_equal(x->f->calls[FAKE_LOOK], 1);
	x->f->now_ns = begin_ns + 200 * MS + 20;
	assert_non_null(use_now(x));
	assert_int_equal(x->f->calls[FAKE_LOOK], 2);
	/* 250 ms of the first are left, and 260 of the second. */
	x->f->now_ns = begin_ns + 5400 * MS;
	assert_null(use_now(x));
	x->f->now_ns = begin_ns + 5400 * MS + 20;
	assert_non_null(use_now(x));
	full_free(x);
}

/* Nor does a look that took a second come again with each second. */
static void test_time_share_of_long_look(void **state)
{
	struct full *x = full_new(NULL);
	uint64_t begin_ns = x->f->now_ns;

	(void)state;
	x->f->on_op = stamp_look;
	x->f->look.took_ns = SECOND;
	assert_non_null(use_now(x));
	for (x->f->now_ns = begin_ns + SECOND; x->f->now_ns <= begin_ns + 14 * SECOND;
	     x->f->now_ns += SECOND - 100 * MS)
		assert_null(use_now(x));
	assert_int_equal(x->f->calls[FAKE_LOOK], 1);
	x->f->now_ns = begin_ns + 15 * SECOND + 20;
	assert_non_null(use_now(x));
	full_free(x);
}

/* Time that was not used for a while does not add up. */
static void test_share_does_not_add_up(void **state)
{
	struct full *x = full_new(NULL);

	(void)state;
	x->f->on_op = stamp_look;
	assert_non_null(use_now(x));
	x->f->now_ns += 900 * MS;
	x->f->look.took_ns = 260 * MS;
	assert_non_null(use_now(x));
	assert_null(use_now(x));
	full_free(x);
}

/* A refusal of before is not answered by a look that is forgotten. */
static void test_forgotten(void **state)
{
	struct full *x = full_new(NULL);
	struct pc_refusal_record r = no_port_left(x, x->f->now_ns);

	(void)state;
	x->f->on_op = stamp_look;
	assert_non_null(use_after(x, &r));
	x->f->now_ns += 899 * MS;
	fake_round(x->f);
	assert_non_null(use_after(x, &r));
	assert_int_equal(x->f->calls[FAKE_LOOK], 1);
	assert_non_null(use_after(x, &r));
	assert_int_equal(x->f->calls[FAKE_LOOK], 2);
	full_free(x);
}

/* The same where the time it took is not made up for. */
static void test_forgotten_and_dear(void **state)
{
	struct full *x = full_new(NULL);
	struct pc_refusal_record r = no_port_left(x, x->f->now_ns);

	(void)state;
	x->f->on_op = stamp_look;
	x->f->look.took_ns = 310 * MS;
	assert_non_null(use_after(x, &r));
	x->f->now_ns += 900 * MS;
	fake_round(x->f);
	assert_null(use_after(x, &r));
	full_free(x);
}

static void test_look_fails(void **state)
{
	struct full *x = full_new(NULL);
	struct pc_refusal_record r = no_port_left(x, x->f->now_ns);

	(void)state;
	x->f->on_op = stamp_look;
	x->f->look_error = -1;
	assert_null(use_after(x, &r));
	assert_null(use_after(x, &r));
	assert_int_equal(x->f->calls[FAKE_LOOK], 1);
	x->f->look_error = 0;
	assert_non_null(use_now(x));
	full_free(x);
}

static const struct pc_range_use *use_elsewhere(struct full *x)
{
	struct pc_refusal_record r = no_port_left(x, x->f->now_ns);

	r.netns = r.socket.netns = OTHER_NETNS;
	return use_after(x, &r);
}

/* The namespace is entered by the requester, which is there; else by another process that is. */
static void join_range_test_other_netns(void **state)
{
	struct full *x = full_new(NULL);

	(void)state;
	x->f->on_op = stamp_look;
	assert_null(use_elsewhere(x));
	assert_int_equal(x->f->calls[FAKE_LOOK], 0);
	x->f->netns_pid = 4711;
	assert_non_null(use_elsewhere(x));
	assert_int_equal(x->f->asked.inode, OTHER_NETNS);
	assert_int_equal(x->f->asked.pid, 4711);
	assert_int_equal(x->f->verdicts[1].netns_pid, 4711);
	x->server->netns = OTHER_NETNS;
	fake_put_process(x->f, x->server);
	assert_non_null(use_elsewhere(x));
	assert_int_equal(x->f->asked.pid, 200);
	x->server->running = false;
	assert_non_null(use_elsewhere(x));
	assert_int_equal(x->f->asked.pid, 4711);
	full_free(x);
}

static void join_range_test_own_netns_only(void **state)
{
	const struct pc_join_options options = { .own_netns_only = true };
	struct full *x = full_new(&options);

	(void)state;
	x->f->on_op = stamp_look;
	x->f->netns_pid = 4711;
	assert_null(use_elsewhere(x));
	assert_int_equal(x->f->calls[FAKE_LOOK], 0);
	x->f->now_ns += SECOND;
	assert_non_null(use_now(x));
	full_free(x);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(join_range_test_users),
		cmocka_unit_test(test_more_left),
		cmocka_unit_test(test_other_cause),
		cmocka_unit_test(test_serves_many),
		cmocka_unit_test(test_time_share),
		cmocka_unit_test(test_time_share_of_long_look),
		cmocka_unit_test(test_share_does_not_add_up),
		cmocka_unit_test(test_forgotten),
		cmocka_unit_test(test_forgotten_and_dear),
		cmocka_unit_test(test_look_fails),
		cmocka_unit_test(join_range_test_other_netns),
		cmocka_unit_test(join_range_test_own_netns_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
