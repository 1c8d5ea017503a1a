// SPDX-License-Identifier: GPL-2.0-only
/* The conflict rule against the matrix that was measured on kernels 5.10 to 7.2, and against
 * an independent second implementation (oracle.c), over all combinations of what counts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "oracle.h"

/* Columns of the matrix: V4_ANY to MAPPED_LOOPBACK, in the order of the enumeration. */
#define COLUMNS (MAPPED_LOOPBACK + 1)

/* Holder row, binder column, no options: X refused, . let in, ? differs between kernels. The
 * same for TCP and UDP. */
static const struct {
	enum address_kind holding;
	const char *asking;
} matrix[] = {
	{ V4_ANY, "XXXX..XX" },		 { V4_LOOPBACK, "XX.X..XX" }, { V6_ANY, "XXXXXXXX" },
	{ V6_ANY_ONLY, "...XXX.." },	 { V6_LOOPBACK, "...XXX.." }, { MAPPED_ANY, "XXXX..XX" },
	{ MAPPED_LOOPBACK, "XX.X..XX" }, { V6_CLIENT, "X.?XXX.." },
};
#define ROWS (sizeof(matrix) / sizeof(matrix[0]))

static void check_cell(uint8_t proto, size_t row, int column)
{
	char want = matrix[row].asking[column];
	struct oracle_side a = { .address = (enum address_kind)column };
	struct oracle_side h = { .address = matrix[row].holding, .state = SOCKET_LISTENING };
	struct pc_side asking = oracle_side(&a), holding = oracle_side(&h);

	if (want == '?' || pc_conflict(proto, &asking, &holding) == (want == 'X'))
		return;
	print_error("%s: %s held, %s wanted: not %c\n", proto == PC_PROTO_TCP ? "tcp" : "udp",
		    address_kind_name(h.address), address_kind_name(a.address), want);
	fail();
}

static void address_matrix(void **state)
{
	(void)state;
	for (size_t row = 0; row < ROWS; row++) {
		assert_int_equal(strlen(matrix[row].asking), COLUMNS);
		for (int column = 0; column < COLUMNS; column++) {
			check_cell(PC_PROTO_TCP, row, column);
			check_cell(PC_PROTO_UDP, row, column);
		}
	}
}

/* The oracle itself must know the matrix. */
static void oracle_knows_the_matrix(void **state)
{
	(void)state;
	for (size_t row = 0; row < ROWS; row++) {
		for (int column = 0; column < COLUMNS; column++) {
			char want = matrix[row].asking[column];
			enum address_kind asking = (enum address_kind)column;

			if (want == '?')
				assert_true(
					oracle_is_version_dependent(asking, matrix[row].holding));
			else
				assert_int_equal(oracle_overlap(asking, matrix[row].holding),
						 want == 'X');
		}
	}
}

static void conflict_report(uint8_t proto, const struct oracle_side *a, const struct oracle_side *h)
{
	print_error(
		"%s: asking %s reuse %d port %d cb %d uid %u dev %u; holding %s state %d reuse %d port %d uid %u dev %u: the oracle says %s\n",
		proto == PC_PROTO_TCP ? "tcp" : "udp", address_kind_name(a->address), a->reuse,
		a->reuseport, a->reuseport_cb, a->uid, a->device, address_kind_name(h->address),
		h->state, h->reuse, h->reuseport, h->uid, h->device,
		oracle_conflict(proto, a, h) ? "conflict" : "none");
}

static unsigned long compared;

static void conflict_compare(uint8_t proto, const struct oracle_side *a,
			     const struct oracle_side *h)
{
	struct pc_side asking = oracle_side(a), holding = oracle_side(h);

	compared++;
	if (pc_conflict(proto, &asking, &holding) == oracle_conflict(proto, a, h))
		return;
	conflict_report(proto, a, h);
	fail();
}

/* All options of both sides; bit 0 of `bits` is the protocol. */
#define OPTION_BITS 13

static void compare_options(enum address_kind asking, enum address_kind holding, unsigned bits)
{
	struct oracle_side a = {
		.address = asking,
		.reuse = bits >> 1 & 1,
		.reuseport = bits >> 2 & 1,
		.reuseport_cb = bits >> 3 & 1,
		.uid = bits >> 4 & 1 ? 1000 : 0,
		.device = bits >> 5 & 3,
	};
	struct oracle_side h = {
		.address = holding,
		.state = (enum socket_kind)(bits >> 7 & 3),
		.reuse = bits >> 9 & 1,
		.reuseport = bits >> 10 & 1,
		.uid = 0,
		.device = bits >> 11 & 3,
	};

	if (bits & 1 && h.state != SOCKET_BOUND)
		return; /* UDP knows no states */
	conflict_compare(bits & 1 ? PC_PROTO_UDP : PC_PROTO_TCP, &a, &h);
}

static void all_combinations(void **state)
{
	(void)state;
	compared = 0;
	for (int asking = 0; asking < ADDRESS_KINDS; asking++) {
		for (int holding = 0; holding < ADDRESS_KINDS; holding++) {
			if (asking == V6_CLIENT ||
			    oracle_is_version_dependent((enum address_kind)asking,
							(enum address_kind)holding))
				continue; /* nobody binds like a client */
			for (unsigned bits = 0; bits < 1U << OPTION_BITS; bits++)
				compare_options((enum address_kind)asking,
						(enum address_kind)holding, bits);
		}
	}
	print_message("%lu combinations compared\n", compared);
	assert_true(compared > 600000);
}

/* TCP_REPAIR: the kernel checks nothing. */
static void forced(void **state)
{
	struct oracle_side a = { .address = V4_ANY, .reuse = 2 };
	struct oracle_side h = { .address = V4_ANY, .state = SOCKET_LISTENING };

	(void)state;
	conflict_compare(PC_PROTO_TCP, &a, &h);
	h.state = SOCKET_BOUND;
	conflict_compare(PC_PROTO_TCP, &a, &h);
	a.reuse = 0;
	h.reuse = 2; /* of the holder it counts as SO_REUSEADDR */
	conflict_compare(PC_PROTO_TCP, &a, &h);
	a.reuse = 1;
	conflict_compare(PC_PROTO_TCP, &a, &h);
}

/* From records to sides: what bind() asked for counts, not what the socket has forgotten. */
static void side_of_bind(void **state)
{
	struct pc_request r = { .op = PC_OP_BIND, .wanted_family = PC_FAMILY_V6 };
	struct pc_side side;

	(void)state;
	r.socket.family = PC_FAMILY_V6;
	r.wanted[15] = 1;
	pc_side_of_requester(&r, &side);
	assert_int_equal(side.family, PC_FAMILY_V6);
	assert_int_equal(side.v6[15], 1);
	assert_memory_equal(&side.v4, "\x7f\0\0\x06", 4);
	assert_true(side.v6only); /* forced for a specific address */

	memcpy(r.wanted, "\0\0\0\0\0\0\0\0\0\0\xff\xff\x7f\0\0\1", 16);
	pc_side_of_requester(&r, &side);
	assert_memory_equal(&side.v4, "\x7f\0\0\1", 4);
	assert_false(side.v6only);

	memset(r.wanted, 0, sizeof(r.wanted));
	pc_side_of_requester(&r, &side);
	assert_int_equal(side.v4, 0);
	assert_false(side.v6only);
	r.socket.flags = PC_SOCKET_V6ONLY | PC_SOCKET_REUSEPORT | PC_SOCKET_REUSEPORT_CB;
	r.socket.reuse = 1;
	r.socket.uid = 1000;
	r.socket.ifindex = 3;
	pc_side_of_requester(&r, &side);
	assert_true(side.v6only && side.reuseport && side.reuseport_cb);
	assert_int_equal(side.reuse, 1);
	assert_int_equal(side.uid, 1000);
	assert_int_equal(side.ifindex, 3);
}

static void side_of_holder(void **state)
{
	struct pc_socket s = { .family = PC_FAMILY_V4, .proto = PC_PROTO_TCP };
	struct pc_side side;

	(void)state;
	s.state = PC_STATE_LISTEN;
	memcpy(&s.v4_address, "\x0a\0\0\5", 4);
	pc_side_of_holder(&s, &side);
	assert_true(side.listening);
	assert_false(side.time_wait);
	assert_memory_equal(&side.v4, "\x0a\0\0\5", 4);
	s.state = PC_STATE_TIME_WAIT;
	pc_side_of_holder(&s, &side);
	assert_false(side.listening);
	assert_true(side.time_wait);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(address_matrix),   cmocka_unit_test(oracle_knows_the_matrix),
		cmocka_unit_test(all_combinations), cmocka_unit_test(forced),
		cmocka_unit_test(side_of_bind),	    cmocka_unit_test(side_of_holder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
