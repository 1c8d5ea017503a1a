// SPDX-License-Identifier: GPL-2.0-only
/* From what was captured to one cause: a claim that was seen, what errno alone decides, what the
 * states of a connection mean. test_infer.c has what is read from the kernel's flags. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "cases.h"
#include "core/decide.h"
#include "core/names.h"

static bool reached[PC_CAUSE_COUNT];

static enum pc_cause decide(struct pc_verdict *v)
{
	pc_decide(v);
	assert_in_range(v->cause, PC_CAUSE_INVALID + 1, PC_CAUSE_COUNT - 1);
	assert_in_range(v->primary + 1, 0, v->holders_count);
	reached[v->cause] = true;
	return v->cause;
}

static void assert_cause(struct pc_verdict *v, enum pc_cause want)
{
	enum pc_cause got = decide(v);

	if (got == want)
		return;
	print_error("cause is %s, not %s\n", pc_cause_name(got), pc_cause_name(want));
	fail();
}

#define TCP PC_PROTO_TCP
#define UDP PC_PROTO_UDP
#define STATE(name) PC_STATE_##name

/* A claim that was seen is never overruled by what the flags look like. */
static void claims_stand(void **state)
{
	static const struct {
		uint8_t proto, state;
		enum pc_how how;
		enum pc_cause cause;
	} examples[] = {
		{ TCP, STATE(ESTABLISHED), PC_HOW_CONNECT, PC_CAUSE_EPHEMERAL_CLIENT },
		{ TCP, STATE(ESTABLISHED), PC_HOW_BIND_ZERO, PC_CAUSE_EPHEMERAL_BIND },
		{ TCP, STATE(ESTABLISHED), PC_HOW_BIND, PC_CAUSE_EXPLICIT_CLIENT },
		{ TCP, STATE(CLOSE), PC_HOW_BIND_ZERO, PC_CAUSE_EPHEMERAL_BIND },
		{ TCP, STATE(LISTEN), PC_HOW_BIND_ZERO, PC_CAUSE_EPHEMERAL_BIND },
		{ TCP, STATE(LISTEN), PC_HOW_AUTOBIND, PC_CAUSE_EPHEMERAL_BIND },
		{ TCP, STATE(CLOSE), PC_HOW_BIND, PC_CAUSE_BOUND_NOT_LISTENING },
		{ TCP, STATE(LISTEN), PC_HOW_BIND, PC_CAUSE_LISTENER },
		{ TCP, STATE(TIME_WAIT), PC_HOW_BIND, PC_CAUSE_TIME_WAIT },
		{ UDP, STATE(CLOSE), PC_HOW_AUTOBIND, PC_CAUSE_EPHEMERAL_BIND },
		{ UDP, STATE(CLOSE), PC_HOW_BIND_ZERO, PC_CAUSE_EPHEMERAL_BIND },
		{ UDP, STATE(CLOSE), PC_HOW_BIND, PC_CAUSE_LISTENER },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
		struct pc_verdict v;

		case_refusal(&v);
		v.refusal.proto = v.refusal.socket.proto = examples[i].proto;
		case_holder(&v, examples[i].state)->how = examples[i].how;
		assert_cause(&v, examples[i].cause);
		assert_int_equal(v.holders[0].how, examples[i].how);
		assert_false(v.holders[0].how_inferred);
	}
}

static void self_connect(void **state)
{
	struct pc_verdict v;
	struct pc_holder *h;

	(void)state;
	case_refusal(&v);
	h = case_client(&v);
	memcpy(h->socket.remote, h->socket.local, sizeof(h->socket.remote));
	assert_cause(&v, PC_CAUSE_EPHEMERAL_CLIENT); /* the same address, another port */
	h->socket.rport = h->socket.lport;
	assert_cause(&v, PC_CAUSE_SELF_CONNECT);
	h->how = PC_HOW_BIND;
	assert_cause(&v, PC_CAUSE_SELF_CONNECT);
	h->socket.remote[3]++;
	assert_cause(&v, PC_CAUSE_EXPLICIT_CLIENT);
}

/* An orphan in FIN_WAIT2 is kept as a TIME_WAIT that remembers it: not ended yet. */
static void fin_wait2(void **state)
{
	struct pc_verdict v;
	struct pc_holder *h;

	(void)state;
	case_refusal(&v);
	h = case_time_wait(&v);
	h->socket.substate = PC_STATE_FIN_WAIT2;
	h->socket.fastreuse = h->socket.fastreuseport = -1;
	assert_cause(&v, PC_CAUSE_EPHEMERAL_CLIENT);
	h->how = PC_HOW_ACCEPT;
	assert_cause(&v, PC_CAUSE_LINGERING_CONNECTION);
	h->socket.substate = PC_STATE_TIME_WAIT;
	assert_cause(&v, PC_CAUSE_TIME_WAIT);
}

/* Two bound the port and one listens: how it came by the port does not matter. */
static void listen_lost(void **state)
{
	static const enum pc_how hows[] = { PC_HOW_BIND, PC_HOW_BIND_ZERO, PC_HOW_AUTOBIND };

	(void)state;
	for (size_t i = 0; i < sizeof(hows) / sizeof(hows[0]); i++) {
		struct pc_verdict v;
		struct pc_holder *h;

		case_refusal(&v);
		v.refusal.op = PC_OP_LISTEN;
		v.refusal.socket.reuse = 1;
		h = case_listener(&v);
		h->how = hows[i];
		h->socket.reuse = 1;
		assert_cause(&v, PC_CAUSE_LISTEN_RACE);
	}
}

static void nothing_blocks(void **state)
{
	struct pc_verdict v;

	(void)state;
	case_refusal(&v);
	assert_cause(&v, PC_CAUSE_UNKNOWN);
	assert_int_equal(v.primary, -1);

	/* Another address, and SO_REUSEADDR on both sides: neither blocks. */
	case_refusal(&v);
	v.refusal.wanted[0] = 127;
	v.refusal.wanted[3] = 1;
	v.refusal.socket.reuse = 1;
	case_client(&v);
	case_bound(&v)->socket.reuse = 1;
	assert_cause(&v, PC_CAUSE_UNKNOWN);
	assert_int_equal(v.primary, -1);
	assert_false(v.holders[0].blocking || v.holders[1].blocking);
	assert_int_equal(v.holders[0].how, PC_HOW_CONNECT); /* told all the same */
}

static void by_errno(void **state)
{
	static const struct {
		int error;
		uint8_t op;
		uint16_t port, floor;
		enum pc_cause cause;
	} examples[] = {
		{ EACCES, PC_OP_BIND, 80, 1024, PC_CAUSE_PRIVILEGED_PORT },
		{ EACCES, PC_OP_BIND, 1023, 1024, PC_CAUSE_PRIVILEGED_PORT },
		{ EACCES, PC_OP_BIND, 1024, 1024, PC_CAUSE_UNKNOWN }, /* SELinux, Landlock */
		{ EACCES, PC_OP_BIND, 80, 80, PC_CAUSE_UNKNOWN },
		{ EACCES, PC_OP_BIND, 80, 0, PC_CAUSE_UNKNOWN },
		{ EACCES, PC_OP_BIND, 35000, 65535, PC_CAUSE_PRIVILEGED_PORT },
		{ EACCES, PC_OP_BIND, 0, 1024, PC_CAUSE_UNKNOWN },
		{ EADDRNOTAVAIL, PC_OP_BIND, 35000, 1024, PC_CAUSE_ADDRESS_NOT_LOCAL },
		{ EADDRNOTAVAIL, PC_OP_BIND, 0, 1024, PC_CAUSE_ADDRESS_NOT_LOCAL },
		{ EADDRINUSE, PC_OP_BIND, 0, 1024, PC_CAUSE_RANGE_EXHAUSTED },
		{ EADDRINUSE, PC_OP_LISTEN, 0, 1024, PC_CAUSE_RANGE_EXHAUSTED },
		{ EINVAL, PC_OP_BIND, 35000, 1024, PC_CAUSE_UNKNOWN },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
		struct pc_verdict v;

		case_refusal(&v);
		v.refusal.error = examples[i].error;
		v.refusal.op = examples[i].op;
		v.refusal.wanted_port = examples[i].port;
		v.refusal.unprivileged_start = examples[i].floor;
		assert_cause(&v, examples[i].cause);
		assert_int_equal(v.primary, -1);
	}
}

/* listen() asks for no privilege, bind() had it already: a security module refused. */
static void listen_denied(void **state)
{
	struct pc_verdict v;

	(void)state;
	case_refusal(&v);
	v.refusal.error = EACCES;
	v.refusal.op = PC_OP_LISTEN;
	v.refusal.wanted_port = 80;
	assert_cause(&v, PC_CAUSE_UNKNOWN);
}

/* The same connection once more from a port that was bound. */
static void connection_exists(void **state)
{
	struct pc_verdict v;

	(void)state;
	case_connection_exists(&v);
	assert_cause(&v, PC_CAUSE_CONNECTION_EXISTS);
	assert_int_equal(v.primary, 0);
	assert_true(v.holders[0].blocking);
	v.refusal.wanted_port++;
	assert_cause(&v, PC_CAUSE_UNKNOWN);
	assert_false(v.holders[0].blocking);
	v.refusal.socket.lport = 0;
	assert_cause(&v, PC_CAUSE_RANGE_EXHAUSTED);
}

/* One example of each cause of a server; test_server.c and test_party.c have the rest. */
static void servers(void **state)
{
	static const struct {
		void (*make)(struct pc_verdict *v);
		enum pc_cause cause;
	} examples[] = {
		{ case_duplicate, PC_CAUSE_DUPLICATE_INSTANCE },
		{ case_inherited, PC_CAUSE_INHERITED_LISTENER },
		{ case_reuseport, PC_CAUSE_REUSEPORT_MISMATCH },
		{ case_wildcard, PC_CAUSE_WILDCARD_OVERLAP },
		{ case_dual_stack, PC_CAUSE_DUAL_STACK },
		{ case_listen_race, PC_CAUSE_LISTEN_RACE },
		{ case_kernel, PC_CAUSE_KERNEL_SOCKET },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
		struct pc_verdict v;

		examples[i].make(&v);
		assert_cause(&v, examples[i].cause);
	}
}

static void every_cause(void **state)
{
	(void)state;
	for (int cause = PC_CAUSE_INVALID + 1; cause < PC_CAUSE_COUNT; cause++)
		if (!reached[cause])
			fail_msg("no example reaches %s", pc_cause_name(cause));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(claims_stand),	  cmocka_unit_test(self_connect),
		cmocka_unit_test(fin_wait2),	  cmocka_unit_test(listen_lost),
		cmocka_unit_test(nothing_blocks), cmocka_unit_test(by_errno),
		cmocka_unit_test(listen_denied),  cmocka_unit_test(connection_exists),
		cmocka_unit_test(servers),	  cmocka_unit_test(every_cause),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
