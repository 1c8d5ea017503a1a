// SPDX-License-Identifier: GPL-2.0-only
/* Filters of the join: which refusals and claims reach the outputs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/base/ports.h"
#include "theft.h"

/* A refused server (200) in whose way a client (100) is, and the claims of both. */
struct filtered {
	struct fake *f;
	struct fake_process *client;
	struct fake_process *server;
};

static struct filtered filtered_new(const struct pc_filter *filter)
{
	const struct pc_join_options options = { .filter = *filter, .with_claims = true };
	struct filtered x = { .f = fake_new(&options) };

	fake_start(x.f);
	x.client = fake_process(x.f, 100, "client");
	x.server = fake_process(x.f, 200, "server");
	return x;
}

static struct pc_filter of_port(uint16_t port)
{
	struct pc_filter filter = { .has_ports = true };

	pc_ports_add(filter.ports, port);
	return filter;
}

static void join_filter_put_refusal(struct filtered *x, uint16_t port, uint8_t proto)
{
	struct pc_refusal_record r = fake_refusal(x->server, port);

	r.proto = r.socket.proto = proto;
	fake_holder(&r, 1, PC_STATE_LISTEN);
	fake_put(x->f, &r);
}

static unsigned join_filter_refused(const struct pc_filter *filter, uint16_t port, uint8_t proto)
{
	struct filtered x = filtered_new(filter);
	unsigned count;

	join_filter_put_refusal(&x, port, proto);
	fake_round(x.f);
	count = x.f->verdicts_count;
	assert_int_equal(pc_join_counters(x.f->join)->verdicts, count);
	fake_free(x.f);
	return count;
}

static void test_refused_ports(void **state)
{
	const struct pc_filter filter = of_port(8080);

	(void)state;
	assert_int_equal(join_filter_refused(&filter, 8080, PC_PROTO_TCP), 1);
	assert_int_equal(join_filter_refused(&filter, 8081, PC_PROTO_TCP), 0);
}

/* A client's own port is that of the holders. */
static void test_refused_client(void **state)
{
	const struct pc_filter filter = of_port(35000);
	struct filtered x = filtered_new(&filter);
	struct pc_refusal_record r = fake_refusal(x.client, 443);

	(void)state;
	r.op = PC_OP_CONNECT;
	fake_put(x.f, &r);
	r.socket.lport = 35000;
	fake_holder(&r, 1, PC_STATE_ESTABLISHED)->lport = 35001;
	fake_put(x.f, &r);
	fake_holder(&r, 2, PC_STATE_ESTABLISHED)->lport = 35000;
	fake_put(x.f, &r);
	fake_round(x.f);
	assert_int_equal(x.f->verdicts_count, 1);
	assert_int_equal(x.f->verdicts[0].holders_total, 2);
	fake_free(x.f);
}

static struct pc_filter of_user(uint32_t uid)
{
	struct pc_filter filter = { .has_ports = false };
	char number[16];

	snprintf(number, sizeof(number), "%u", uid);
	assert_int_equal(pc_whose_add(&filter.whose.only[PC_WHOSE_UID], PC_WHOSE_UID, number), 0);
	return filter;
}

/* A refusal that is left out is counted, and has no outcome. */
static void test_refused_user(void **state)
{
	const struct pc_filter root = of_user(0), other = of_user(7);
	struct filtered x = filtered_new(&other);

	(void)state;
	assert_int_equal(join_filter_refused(&root, 8080, PC_PROTO_TCP), 1);
	assert_int_equal(join_filter_refused(&other, 8080, PC_PROTO_TCP), 0);
	for (int i = 0; i < 70; i++)
		join_filter_put_refusal(&x, 8080, PC_PROTO_TCP);
	fake_round(x.f);
	assert_int_equal(x.f->verdicts_count, 0);
	assert_int_equal(pc_join_counters(x.f->join)->left_out, 70);
	assert_int_equal(pc_join_outcomes(x.f->join, x.f->now_ns)->open, 0);
	/* A reload of the configuration changes the filter. */
	pc_join_filter(x.f->join, &root.whose);
	join_filter_put_refusal(&x, 8080, PC_PROTO_TCP);
	fake_round(x.f);
	assert_int_equal(x.f->verdicts_count, 1);
	assert_int_equal(pc_join_counters(x.f->join)->left_out, 70);
	fake_free(x.f);
}

static void test_refused_proto(void **state)
{
	const struct pc_filter udp = { .proto = PC_PROTO_UDP }, both = { 0 };

	(void)state;
	assert_int_equal(join_filter_refused(&udp, 8080, PC_PROTO_UDP), 1);
	assert_int_equal(join_filter_refused(&udp, 8080, PC_PROTO_TCP), 0);
	assert_int_equal(join_filter_refused(&both, 8080, PC_PROTO_TCP), 1);
}

static void test_refused_pid(void **state)
{
	const struct pc_filter server = { .pid = 200 }, client = { .pid = 100 };

	(void)state;
	assert_int_equal(join_filter_refused(&server, 8080, PC_PROTO_TCP), 1);
	assert_int_equal(join_filter_refused(&client, 8080, PC_PROTO_TCP), 0);
}

static void test_refused_tree(void **state)
{
	const struct pc_filter filter = { .tree = true };
	struct filtered x = filtered_new(&filter);
	struct pc_refusal_record r = fake_refusal(x.server, 8080);

	(void)state;
	fake_put(x.f, &r);
	r.marks = PC_MARK_DESCENDANT;
	r.time_ns++;
	fake_put(x.f, &r);
	fake_round(x.f);
	assert_int_equal(x.f->verdicts_count, 1);
	assert_int_equal(x.f->verdicts[0].time_ns, r.time_ns);
	fake_free(x.f);
}

/* Refusals that the kernel side only counted, of each scope: how many counts pass the filter. */
static unsigned join_filter_merged(const struct pc_filter *filter, uint8_t marks)
{
	struct filtered x = filtered_new(filter);
	struct pc_merged_record m = {
		.header = { PC_RECORD_MERGED, sizeof(m) },
		.count = 7,
		.process = x.server->key,
		.error = EADDRINUSE,
		.wanted_port = 8080,
		.wanted_family = PC_FAMILY_V4,
		.op = PC_OP_BIND,
		.proto = PC_PROTO_TCP,
		.marks = marks,
		.comm = "server",
	};
	unsigned count;

	fake_put_process(x.f, x.server);
	for (m.scope = PC_SCOPE_PORT; m.scope < PC_SCOPE_COUNT; m.scope++)
		fake_put(x.f, &m);
	fake_round(x.f);
	count = x.f->merged_count;
	assert_int_equal(pc_join_counters(x.f->join)->merged, 7 * count);
	assert_int_equal(pc_join_counters(x.f->join)->verdicts, 0);
	for (unsigned i = 0; i < count; i++) {
		assert_int_equal(x.f->merged[i].count, 7);
		assert_int_equal(x.f->merged[i].request.wanted_port, 8080);
		assert_int_equal(x.f->merged[i].requester.key.tgid, 200);
		assert_non_null(x.f->merged[i].requester.who);
	}
	fake_free(x.f);
	return count;
}

static void test_merged(void **state)
{
	const struct pc_filter none = { 0 }, tree = { .tree = true };
	const struct pc_filter port = of_port(8080), other = of_port(8081);
	const struct pc_filter udp = { .proto = PC_PROTO_UDP }, server = { .pid = 200 };
	const struct pc_filter client = { .pid = 100 };

	(void)state;
	assert_int_equal(join_filter_merged(&none, 0), 4);
	assert_int_equal(join_filter_merged(&tree, 0), 0);
	assert_int_equal(join_filter_merged(&tree, PC_MARK_DESCENDANT), 4);
	assert_int_equal(join_filter_merged(&port, 0), 4);
	assert_int_equal(join_filter_merged(&other, 0), 3);
	assert_int_equal(join_filter_merged(&udp, 0), 3);
	assert_int_equal(join_filter_merged(&server, 0), 4);
	assert_int_equal(join_filter_merged(&client, 0), 2);
}

/* The count of refusals of Unix sockets has no port. */
static void test_merged_foreign(void **state)
{
	const struct pc_filter server = { .pid = 200 };
	struct filtered x = filtered_new(&server);
	struct pc_merged_record m = {
		.header = { PC_RECORD_MERGED, sizeof(m) },
		.count = 7,
		.process = x.server->key,
		.error = EADDRINUSE,
		.wanted_family = PC_FAMILY_UNIX,
		.op = PC_OP_BIND,
		.proto = PC_PROTO_UNIX,
		.scope = PC_SCOPE_PROCESS,
	};

	(void)state;
	fake_put(x.f, &m);
	m.scope = PC_SCOPE_PORT; /* the kernel side makes none */
	fake_put(x.f, &m);
	fake_round(x.f);
	assert_int_equal(x.f->merged_count, 1);
	assert_int_equal(x.f->merged[0].count, 7);
	assert_int_equal(x.f->merged[0].request.foreign.family, PC_FAMILY_UNIX);
	assert_int_equal(x.f->merged[0].request.wanted_port, 0);
	assert_int_equal(pc_join_counters(x.f->join)->records_bad, 1);
	fake_free(x.f);
}

/* A claim that is filtered out is taken in all the same: the holder of a refusal that passes is
 * known. */
static void test_claims_are_taken_in(void **state)
{
	const struct pc_filter filter = { .pid = 200 };
	struct filtered x = filtered_new(&filter);
	struct pc_claim_record c = fake_claim(x.client, 1, 8080, PC_HOW_BIND);

	(void)state;
	fake_put(x.f, &c);
	join_filter_put_refusal(&x, 8080, PC_PROTO_TCP);
	fake_round(x.f);
	assert_int_equal(x.f->claims_count, 0);
	theft_assert_process(&theft_holder(x.f, 0)->claimer, 100, "client");
	fake_free(x.f);
}

/* Claims by the client of UDP port 35000, by the server of TCP port 8080, whose end is the server's. */
static unsigned join_filter_claimed(const struct pc_filter *filter, bool with_ends)
{
	struct filtered x = filtered_new(filter);
	struct pc_claim_record c = fake_claim(x.client, 1, with_ends ? 0 : 35000, PC_HOW_BIND);
	struct pc_endpoints_record e = fake_ends(1, 35000);
	unsigned which = 0;

	c.proto = PC_PROTO_UDP;
	fake_put(x.f, &c);
	x.server->descendant = true;
	fake_put_process(x.f, x.server);
	c = fake_claim(x.server, 2, with_ends ? 0 : 8080, PC_HOW_BIND);
	fake_put(x.f, &c);
	if (with_ends) {
		fake_put(x.f, &e);
		e = fake_ends(2, 8080);
		fake_put(x.f, &e);
	}
	fake_round(x.f);
	pc_join_stop(x.f->join, x.f->now_ns);
	for (unsigned i = 0; i < x.f->claims_count; i++)
		which |= 1U << x.f->claims[i].cookie;
	fake_free(x.f);
	return which;
}

static void test_claims(void **state)
{
	const struct pc_filter all = { 0 }, udp = { .proto = PC_PROTO_UDP },
			       server = { .pid = 200 }, tree = { .tree = true },
			       port = of_port(35000), none = of_port(443), root = of_user(0),
			       user = of_user(7);

	(void)state;
	for (int with_ends = 0; with_ends < 2; with_ends++) {
		assert_int_equal(join_filter_claimed(&all, with_ends), 1 << 1 | 1 << 2);
		assert_int_equal(join_filter_claimed(&udp, with_ends), 1 << 1);
		assert_int_equal(join_filter_claimed(&server, with_ends), 1 << 2);
		assert_int_equal(join_filter_claimed(&tree, with_ends), 1 << 2);
		assert_int_equal(join_filter_claimed(&port, with_ends), 1 << 1);
		assert_int_equal(join_filter_claimed(&none, with_ends), 0);
		assert_int_equal(join_filter_claimed(&root, with_ends), 1 << 1 | 1 << 2);
		assert_int_equal(join_filter_claimed(&user, with_ends), 0);
	}
}

/* Ends come from the kernel, the port of the claim from the call: where both are there, the former. */
static void test_claim_port_later(void **state)
{
	const struct pc_filter filter = of_port(35000);
	struct filtered x = filtered_new(&filter);
	struct pc_claim_record c = fake_claim(x.client, 1, 443, PC_HOW_BIND);
	struct pc_endpoints_record e = fake_ends(1, 35000);

	(void)state;
	fake_put(x.f, &c);
	fake_put(x.f, &e);
	fake_round(x.f);
	assert_int_equal(x.f->claims_count, 1);
	fake_free(x.f);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused_ports),	 cmocka_unit_test(test_refused_client),
			cmocka_unit_test(test_refused_proto),
		cmocka_unit_test(test_refused_user),
	 cmocka_unit_test(test_refused_pid),
		cmocka_unit_test(test_refused_tree),	 cmocka_unit_test(test_claims_are_taken_in),
		cmocka_unit_test(test_merged),		 cmocka_unit_test(test_merged_foreign),
		cmocka_unit_test(test_claims),
		cmocka_unit_test(test_claim_port_later),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
