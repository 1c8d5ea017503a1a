// SPDX-License-Identifier: GPL-2.0-only
/* The holders that block, and the one of several that the verdict speaks of. A holder that waiting
 * helps least with comes first, and one that a process has open before one that none has. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <arpa/inet.h>
#include <string.h>

#include "cases.h"
#include "core/verdict/decide.h"

static struct pc_holder *primary_self(struct pc_verdict *v)
{
	struct pc_holder *h = case_client(v);

	memcpy(h->socket.remote, h->socket.local, sizeof(h->socket.remote));
	h->socket.rport = h->socket.lport;
	return h;
}

/* From the one that outlasts all others to the one that ends first. */
static struct pc_holder *(*const order[])(struct pc_verdict *) = {
	case_listener, primary_self, case_bound, case_client, case_accepted, case_time_wait,
};
#define ORDER_COUNT (sizeof(order) / sizeof(order[0]))

static void weights(void **state)
{
	(void)state;
	for (size_t first = 0; first < ORDER_COUNT; first++) {
		for (size_t second = first + 1; second < ORDER_COUNT; second++) {
			struct pc_verdict v;

			case_refusal(&v);
			order[first](&v);
			order[second](&v);
			pc_decide(&v);
			assert_int_equal(v.primary, 0);

			case_refusal(&v);
			order[second](&v);
			order[first](&v);
			pc_decide(&v);
			assert_int_equal(v.primary, 1);
		}
	}
}

static void full_house(void **state)
{
	struct pc_verdict v;

	(void)state;
	case_refusal(&v);
	for (int i = 0; i < PC_HOLDERS_MAX - 1; i++)
		case_time_wait(&v);
	case_client(&v);
	pc_decide(&v);
	assert_int_equal(v.primary, PC_HOLDERS_MAX - 1);
	assert_int_equal(v.cause, PC_CAUSE_EPHEMERAL_CLIENT);
	for (int i = 0; i < PC_HOLDERS_MAX; i++)
		assert_true(v.holders[i].blocking);
}

static void only_blocking_ones(void **state)
{
	struct pc_verdict v;

	(void)state;
	case_refusal(&v);
	v.request.socket.reuse = 1;
	case_bound(&v)->socket.reuse = 1; /* shares, heavier than the next */
	case_time_wait(&v);
	pc_decide(&v);
	assert_false(v.holders[0].blocking);
	assert_true(v.holders[1].blocking);
	assert_int_equal(v.primary, 1);
	assert_int_equal(v.cause, PC_CAUSE_TIME_WAIT);
}

static void orphans(void **state)
{
	static const uint16_t gone[] = { PC_SOCKET_ORPHAN, PC_SOCKET_DEAD };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct pc_verdict v;

		case_refusal(&v);
		case_accepted(&v)->socket.flags = gone[i];
		case_accepted(&v);
		pc_decide(&v);
		assert_int_equal(v.primary, 1);

		/* Alone it is spoken of all the same. */
		case_refusal(&v);
		case_accepted(&v)->socket.flags = gone[i];
		pc_decide(&v);
		assert_int_equal(v.primary, 0);
		assert_int_equal(v.cause, PC_CAUSE_LINGERING_CONNECTION);

		/* The holder comes before those that weigh less, too. */
		case_time_wait(&v);
		pc_decide(&v);
		assert_int_equal(v.primary, 0);
	}
}

static void equals(void **state)
{
	struct pc_verdict v;

	(void)state;
	case_refusal(&v);
	case_client(&v);
	case_client(&v);
	pc_decide(&v);
	assert_int_equal(v.primary, 0);
}

/* listen(): the address is the socket's own, not what was asked for in a bind() long ago. */
static void listen_refused(void **state)
{
	struct pc_verdict v;

	(void)state;
	case_refusal(&v);
	v.request.op = PC_OP_LISTEN;
	v.request.socket.reuse = 1;
	inet_pton(AF_INET, "127.0.0.1", v.request.socket.local);
	inet_pton(AF_INET, "127.0.0.1", &v.request.socket.v4_address);
	memcpy(v.request.wanted, v.request.socket.local, sizeof(v.request.wanted));
	case_bound(&v)->socket.reuse = 1;    /* shares: it does not listen */
	case_listener(&v)->socket.reuse = 1; /* this one does */
	inet_pton(AF_INET, "127.0.0.2", &case_listener(&v)->socket.v4_address);
	pc_decide(&v);
	assert_false(v.holders[0].blocking);
	assert_true(v.holders[1].blocking);
	assert_false(v.holders[2].blocking);
	assert_int_equal(v.primary, 1);
	assert_int_equal(v.cause, PC_CAUSE_LISTEN_RACE);
}

static void who_is_a_client(void **state)
{
	static const struct {
		struct pc_holder *(*make)(struct pc_verdict *);
		bool client, kernel_chosen;
	} examples[] = {
		{ case_listener, false, false },
		{ case_bound, false, false },
		{ case_client, true, true },
		{ case_accepted, false, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
		struct pc_verdict v;

		case_refusal(&v);
		examples[i].make(&v);
		pc_decide(&v);
		assert_int_equal(pc_holder_is_client(&v.holders[0]), examples[i].client);
		assert_int_equal(pc_holder_kernel_chosen(&v.holders[0]), examples[i].kernel_chosen);
	}
}

static void who_is_a_client_udp(void **state)
{
	struct pc_verdict v;
	struct pc_holder *h;

	(void)state;
	case_udp(&v);
	h = case_bound(&v);
	pc_decide(&v);
	assert_false(pc_holder_is_client(h));
	h->socket.rport = 53;
	assert_true(pc_holder_is_client(h));
	h->socket.rport = 0;
	h->how = PC_HOW_AUTOBIND;
	assert_true(pc_holder_is_client(h) && pc_holder_kernel_chosen(h));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(weights),
		cmocka_unit_test(full_house),
		cmocka_unit_test(only_blocking_ones),
		cmocka_unit_test(orphans),
		cmocka_unit_test(equals),
		cmocka_unit_test(listen_refused),
		cmocka_unit_test(who_is_a_client),
		cmocka_unit_test(who_is_a_client_udp),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
