// SPDX-License-Identifier: GPL-2.0-only
/* Claims that the output wants (--claims): when they are handed over, and with which ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "fake_side.h"

#define SECOND 1000000000ULL

struct wanted {
	struct fake *f;
	struct fake_process *client;
};

static struct wanted wanted_new(void)
{
	const struct pc_join_options options = { .with_claims = true };
	struct wanted w = { .f = fake_new(&options) };

	fake_start(w.f);
	w.client = fake_process(w.f, 100, "client");
	return w;
}

/* A claim that is made now. */
static struct pc_claim_record claim_now(const struct wanted *w, uint64_t cookie, enum pc_how how)
{
	struct pc_claim_record c = fake_claim(w->client, cookie, 0, how);

	c.time_ns = w->f->now_ns;
	c.flags = how == PC_HOW_CONNECT ? PC_CLAIM_PORT_LATER : 0;
	if (how == PC_HOW_AUTOBIND)
		c.proto = PC_PROTO_UDP;
	return c;
}

static void join_pending_put_claim(const struct wanted *w, uint64_t cookie, enum pc_how how)
{
	struct pc_claim_record c = claim_now(w, cookie, how);

	fake_put(w->f, &c);
}

static void join_pending_put_ends(const struct wanted *w, uint64_t cookie, uint16_t port)
{
	struct pc_endpoints_record e = fake_ends(cookie, port);

	fake_put(w->f, &e);
}

static void join_pending_open_socket(struct wanted *w, uint64_t cookie, uint8_t proto,
				     uint16_t port)
{
	const struct pc_socket_record s = {
		.cookie = cookie,
		.local = { 127, 0, 0, 3 },
		.remote = { 127, 0, 0, 4 },
		.lport = port,
		.rport = 53,
		.family = PC_FAMILY_V4,
		.proto = proto,
		.state = PC_STATE_SYN_SENT,
	};

	fake_open(w->f, w->client, &s, 3);
}

static void assert_claim(const struct wanted *w, unsigned i, uint64_t cookie, uint16_t port)
{
	const struct pc_claim *c = &w->f->claims[i];

	assert_true(i < w->f->claims_count);
	assert_int_equal(c->claimer.who->key.tgid, 100);
	assert_true(c->claimer.running);
	assert_int_equal(c->ends_known, port != 0);
	assert_int_equal(c->ends.lport, port);
	assert_int_equal(c->cookie, cookie);
}

/* A claim waits, and is handed over as soon as its ends are read. */
static void test_ends_come(void **state)
{
	struct wanted w = wanted_new();

	(void)state;
	join_pending_put_claim(&w, 1, PC_HOW_CONNECT);
	join_pending_put_claim(&w, 2, PC_HOW_BIND);
	pc_join_read(w.f->join, w.f->now_ns);
	assert_int_equal(w.f->claims_count, 0);
	join_pending_put_ends(&w, 2, 8080);
	join_pending_put_ends(&w, 1, 35000);
	pc_join_read(w.f->join, w.f->now_ns);
	assert_int_equal(w.f->claims_count, 2);
	assert_claim(&w, 0, 2, 8080);
	assert_claim(&w, 1, 1, 35000);
	assert_int_equal(w.f->claims[0].how, PC_HOW_BIND);
	assert_int_equal(w.f->claims[1].ends.rport, 443);
	assert_int_equal(w.f->calls[FAKE_OWNERS], 2);
	fake_free(w.f);
}

/* No port was free: that is said. */
static void join_pending_test_no_port(void **state)
{
	struct wanted w = wanted_new();

	(void)state;
	join_pending_put_claim(&w, 1, PC_HOW_CONNECT);
	join_pending_put_ends(&w, 1, 0);
	fake_round(w.f);
	assert_int_equal(w.f->claims_count, 1);
	assert_true(w.f->claims[0].ends_known);
	assert_int_equal(w.f->claims[0].ends.lport, 0);
	fake_free(w.f);
}

/* The end of a listener is no claim's end. */
static void test_listener_ends(void **state)
{
	struct wanted w = wanted_new();
	struct pc_endpoints_record e = fake_ended(1, 8080);

	(void)state;
	join_pending_put_claim(&w, 1, PC_HOW_BIND);
	fake_put(w.f, &e);
	fake_round(w.f);
	assert_int_equal(w.f->claims_count, 0);
	fake_free(w.f);
}

/* UDP sockets are looked up after the round. */
static void test_udp(void **state)
{
	struct wanted w = wanted_new();
	const struct pc_endpoints *e = &w.f->claims[0].ends;

	(void)state;
	join_pending_put_claim(&w, 1, PC_HOW_AUTOBIND);
	join_pending_put_claim(&w, 2, PC_HOW_AUTOBIND);
	join_pending_open_socket(&w, 9, PC_PROTO_UDP, 35009);
	join_pending_open_socket(&w, 1, PC_PROTO_UDP, 35001);
	fake_round(w.f);
	assert_int_equal(w.f->claims_count, 2);
	assert_claim(&w, 0, 1, 35001);
	assert_claim(&w, 1, 2, 0); /* closed by then */
	assert_int_equal(e->cookie, 1);
	assert_int_equal(e->rport, 53);
	assert_int_equal(e->family, PC_FAMILY_V4);
	assert_int_equal(e->state, PC_STATE_SYN_SENT);
	assert_memory_equal(e->local, "\x7f\0\0\3", 4);
	assert_memory_equal(e->remote, "\x7f\0\0\4", 4);
	fake_round(w.f);
	assert_int_equal(w.f->claims_count, 2);
	assert_int_equal(w.f->calls[FAKE_OWNERS], 2 + 1);
	fake_free(w.f);
}

/* The pass over the descriptor tables fails: they wait for the next one. */
static void test_udp_not_answered(void **state)
{
	struct wanted w = wanted_new();

	(void)state;
	join_pending_put_claim(&w, 1, PC_HOW_AUTOBIND);
	join_pending_open_socket(&w, 9, PC_PROTO_UDP, 35009);
	w.f->owners_error = -75;
	fake_round(w.f);
	assert_int_equal(w.f->claims_count, 0);
	join_pending_open_socket(&w, 1, PC_PROTO_UDP, 35001);
	w.f->owners_error = 0;
	fake_round(w.f);
	assert_int_equal(w.f->claims_count, 1);
	assert_claim(&w, 0, 1, 35001);
	fake_free(w.f);
}

/* The join looks up only these: a UDP bind() has its ends sent, and so has a TCP listen() without one. */
static void test_not_looked_up(void **state)
{
	struct wanted w = wanted_new();
	struct pc_claim_record c = claim_now(&w, 1, PC_HOW_BIND);

	(void)state;
	c.proto = PC_PROTO_UDP;
	fake_put(w.f, &c);
	c = claim_now(&w, 2, PC_HOW_AUTOBIND);
	c.proto = PC_PROTO_TCP;
	fake_put(w.f, &c);
	join_pending_open_socket(&w, 1, PC_PROTO_UDP, 35001);
	join_pending_open_socket(&w, 2, PC_PROTO_TCP, 35002);
	w.f->now_ns += 10 * SECOND;
	fake_round(w.f);
	assert_int_equal(w.f->claims_count, 0);
	assert_int_equal(w.f->calls[FAKE_OWNERS], 2);
	fake_free(w.f);
}

/* A connect() that hangs has a port, which is looked up a second later, and no sooner. */
static void test_hanging_connect(void **state)
{
	struct wanted w = wanted_new();
	uint64_t begin_ns = w.f->now_ns;

	(void)state;
	fake_round(w.f);
	w.f->now_ns = begin_ns;
	join_pending_put_claim(&w, 1, PC_HOW_CONNECT);
	join_pending_open_socket(&w, 1, PC_PROTO_TCP, 35001);
	for (unsigned i = 0; i <= 10; i++)
		fake_round(w.f);
	assert_int_equal(w.f->claims_count, 0);
	assert_int_equal(w.f->now_ns, begin_ns + SECOND + 100000000);
	w.f->now_ns = begin_ns + 2 * SECOND;
	fake_round(w.f);
	assert_int_equal(w.f->claims_count, 1);
	assert_claim(&w, 0, 1, 35001);
	assert_int_equal(w.f->claims[0].ends.state, PC_STATE_SYN_SENT);
	fake_free(w.f);
}

/* A call that hangs without a port, or whose socket is gone, has claimed none: nothing is told. */
static void test_connect_that_failed(void **state)
{
	struct wanted w = wanted_new();

	(void)state;
	join_pending_put_claim(&w, 1, PC_HOW_CONNECT);
	join_pending_put_claim(&w, 2, PC_HOW_CONNECT);
	join_pending_open_socket(&w, 2, PC_PROTO_TCP, 0);
	fake_round(w.f);
	w.f->now_ns += 2 * SECOND;
	fake_round(w.f);
	pc_join_stop(w.f->join, w.f->now_ns);
	assert_int_equal(w.f->claims_count, 0);
	fake_free(w.f);
}

/* A connect() by a bound socket has had its port all the time. */
static void test_bound_connect(void **state)
{
	struct wanted w = wanted_new();
	struct pc_claim_record c = claim_now(&w, 1, PC_HOW_CONNECT);

	(void)state;
	c.flags = 0;
	c.port = 35001;
	fake_put(w.f, &c);
	w.f->now_ns += 5 * SECOND;
	fake_round(w.f);
	assert_int_equal(w.f->calls[FAKE_OWNERS], 2);
	pc_join_stop(w.f->join, w.f->now_ns);
	assert_int_equal(w.f->claims_count, 1);
	assert_int_equal(w.f->claims[0].port, 35001);
	fake_free(w.f);
}

/* Calls that hang are looked up once a second, however many rounds there are. */
static void test_asked_once_a_second(void **state)
{
	struct wanted w = wanted_new();

	(void)state;
	w.f->owners_error = -75;
	join_pending_put_claim(&w, 1, PC_HOW_CONNECT);
	w.f->now_ns += 2 * SECOND;
	for (unsigned i = 0; i < 10; i++)
		fake_round(w.f);
	assert_int_equal(w.f->calls[FAKE_OWNERS], 2 + 1);
	fake_round(w.f);
	assert_int_equal(w.f->calls[FAKE_OWNERS], 2 + 2);
	fake_free(w.f);
}

/* A claim without a lookup that was due is not given up by one that was not about it. */
static void test_lookup_of_others(void **state)
{
	struct wanted w = wanted_new();

	(void)state;
	join_pending_put_claim(&w, 1, PC_HOW_CONNECT);
	join_pending_put_claim(&w, 2, PC_HOW_AUTOBIND);
	join_pending_put_claim(&w, 3, PC_HOW_BIND);
	join_pending_open_socket(&w, 2, PC_PROTO_UDP, 35002);
	fake_round(w.f);
	assert_int_equal(w.f->claims_count, 1);
	join_pending_put_ends(&w, 3, 35003);
	join_pending_put_ends(&w, 1, 35001);
	fake_round(w.f);
	assert_int_equal(w.f->claims_count, 3);
	assert_claim(&w, 1, 3, 35003);
	assert_claim(&w, 2, 1, 35001);
	fake_free(w.f);
}

/* A socket that connects again claims again: the ends are those of the newest claim. */
static void test_connects_again(void **state)
{
	struct wanted w = wanted_new();
	struct pc_claim_record c = claim_now(&w, 1, PC_HOW_CONNECT);

	(void)state;
	fake_put(w.f, &c);
	c.time_ns++;
	fake_put(w.f, &c);
	join_pending_put_ends(&w, 1, 35001);
	fake_round(w.f);
	assert_int_equal(w.f->claims_count, 1);
	assert_claim(&w, 0, 1, 35001);
	assert_int_equal(w.f->claims[0].time_ns, c.time_ns);
	fake_free(w.f);
}

/* Ends of no socket in particular are not those of a claim that was handed over before. */
static void test_ends_of_nothing(void **state)
{
	struct wanted w = wanted_new();

	(void)state;
	for (uint64_t cookie = 1; cookie <= 3; cookie++)
		join_pending_put_claim(&w, cookie, PC_HOW_BIND);
	join_pending_put_ends(&w, 2, 35002);
	join_pending_put_ends(&w, 0, 35000);
	join_pending_put_ends(&w, 4, 35004);
	fake_round(w.f);
	assert_int_equal(w.f->claims_count, 1);
	fake_free(w.f);
}

/* The end: what waits is handed over with what is known. */
static void join_pending_test_stop(void **state)
{
	struct wanted w = wanted_new();

	(void)state;
	join_pending_put_claim(&w, 1, PC_HOW_CONNECT);
	join_pending_put_claim(&w, 2, PC_HOW_BIND);
	join_pending_put_claim(&w, 3, PC_HOW_BIND);
	join_pending_put_ends(&w, 2, 35002);
	fake_round(w.f);
	pc_join_stop(w.f->join, w.f->now_ns);
	assert_int_equal(w.f->claims_count, 3);
	assert_claim(&w, 1, 1, 0);
	assert_claim(&w, 2, 3, 0);
	pc_join_stop(w.f->join, w.f->now_ns);
	assert_int_equal(w.f->claims_count, 3);
	fake_free(w.f);
}

static void test_nobody_wants_claims(void **state)
{
	struct wanted w = { .f = fake_new(NULL) };

	(void)state;
	fake_start(w.f);
	w.client = fake_process(w.f, 100, "client");
	join_pending_put_claim(&w, 1, PC_HOW_AUTOBIND);
	join_pending_put_ends(&w, 1, 35001);
	fake_round(w.f);
	pc_join_stop(w.f->join, w.f->now_ns);
	assert_int_equal(w.f->claims_count, 0);
	assert_int_equal(w.f->calls[FAKE_OWNERS], 2);
	fake_free(w.f);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ends_come),
		cmocka_unit_test(join_pending_test_no_port),
		cmocka_unit_test(test_listener_ends),
		cmocka_unit_test(test_udp),
		cmocka_unit_test(test_udp_not_answered),
		cmocka_unit_test(test_not_looked_up),
		cmocka_unit_test(test_hanging_connect),
		cmocka_unit_test(test_connect_that_failed),
		cmocka_unit_test(test_bound_connect),
		cmocka_unit_test(test_asked_once_a_second),
		cmocka_unit_test(test_lookup_of_others),
		cmocka_unit_test(test_connects_again),
		cmocka_unit_test(test_ends_of_nothing),
		cmocka_unit_test(join_pending_test_stop),
		cmocka_unit_test(test_nobody_wants_claims),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
