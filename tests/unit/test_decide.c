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
#include "core/verdict/causes.h"
#include "core/verdict/decide.h"

static bool reached[PC_CAUSE_COUNT];

static enum pc_cause decide_of_decide(struct pc_verdict *v)
{
	pc_decide(v);
	assert_in_range(v->cause, PC_CAUSE_INVALID + 1, PC_CAUSE_COUNT - 1);
	assert_in_range(v->primary + 1, 0, v->holders_count);
	reached[v->cause] = true;
	return v->cause;
}

static void decide_assert_cause(struct pc_verdict *v, enum pc_cause want)
{
	enum pc_cause got = decide_of_decide(v);

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
		v.request.proto = v.request.socket.proto = examples[i].proto;
		case_holder(&v, examples[i].state)->how = examples[i].how;
		decide_assert_cause(&v, examples[i].cause);
		assert_int_equal(v.holders[0].how, examples[i].how);
		assert_false(v.holders[0].how_inferred);
	}
}

static void decide_self_connect(void **state)
{
	struct pc_verdict v;
	struct pc_holder *h;

	(void)state;
	case_refusal(&v);
	h = case_client(&v);
	memcpy(h->socket.remote, h->socket.local, sizeof(h->socket.remote));
	decide_assert_cause(&v, PC_CAUSE_EPHEMERAL_CLIENT); /* the same address, another port */
	h->socket.rport = h->socket.lport;
	decide_assert_cause(&v, PC_CAUSE_SELF_CONNECT);
	h->how = PC_HOW_BIND;
	decide_assert_cause(&v, PC_CAUSE_SELF_CONNECT);
	h->socket.remote[3]++;
	decide_assert_cause(&v, PC_CAUSE_EXPLICIT_CLIENT);
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
	decide_assert_cause(&v, PC_CAUSE_EPHEMERAL_CLIENT);
	h->how = PC_HOW_ACCEPT;
	decide_assert_cause(&v, PC_CAUSE_LINGERING_CONNECTION);
	h->socket.substate = PC_STATE_TIME_WAIT;
	decide_assert_cause(&v, PC_CAUSE_TIME_WAIT);
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
		v.request.op = PC_OP_LISTEN;
		v.request.socket.reuse = 1;
		h = case_listener(&v);
		h->how = hows[i];
		h->socket.reuse = 1;
		decide_assert_cause(&v, PC_CAUSE_LISTEN_RACE);
	}
}

static void nothing_blocks(void **state)
{
	struct pc_verdict v;

	(void)state;
	case_refusal(&v);
	decide_assert_cause(&v, PC_CAUSE_UNKNOWN);
	assert_int_equal(v.primary, -1);

	/* Another address, and SO_REUSEADDR on both sides: neither blocks. */
	case_refusal(&v);
	v.request.wanted[0] = 127;
	v.request.wanted[3] = 1;
	v.request.socket.reuse = 1;
	case_client(&v);
	case_bound(&v)->socket.reuse = 1;
	decide_assert_cause(&v, PC_CAUSE_UNKNOWN);
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
		{ EACCES, PC_OP_BIND, 1024, 1024, PC_CAUSE_SECURITY_DENIED },
		{ EACCES, PC_OP_BIND, 80, 80, PC_CAUSE_SECURITY_DENIED },
		{ EACCES, PC_OP_BIND, 80, 0, PC_CAUSE_SECURITY_DENIED },
		{ EACCES, PC_OP_BIND, 35000, 65535, PC_CAUSE_PRIVILEGED_PORT },
		{ EACCES, PC_OP_BIND, 0, 1024, PC_CAUSE_SECURITY_DENIED },
		{ EPERM, PC_OP_BIND, 80, 1024, PC_CAUSE_CGROUP_DENIED },
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
		v.request.error = examples[i].error;
		v.request.op = examples[i].op;
		v.request.wanted_port = examples[i].port;
		v.settings.unprivileged_start = examples[i].floor;
		decide_assert_cause(&v, examples[i].cause);
		assert_int_equal(v.primary, -1);
	}
}

/* listen() asks for no privilege, bind() had it already: a security module refused. */
static void listen_denied(void **state)
{
	struct pc_verdict v;

	(void)state;
	case_refusal(&v);
	v.request.error = EACCES;
	v.request.op = PC_OP_LISTEN;
	v.request.wanted_port = 80;
	decide_assert_cause(&v, PC_CAUSE_SECURITY_DENIED);
}

/* With the capability it was not the lack of it. */
static void denied_in_spite_of_capability(void **state)
{
	struct pc_verdict v;

	(void)state;
	case_refusal(&v);
	v.request.error = EACCES;
	v.request.wanted_port = 80;
	decide_assert_cause(&v, PC_CAUSE_PRIVILEGED_PORT);
	v.request.capable = true;
	decide_assert_cause(&v, PC_CAUSE_SECURITY_DENIED);
}

/* A guessed errno stands if a holder blocks, or if a program on the cgroup had refused. */
static void answer_not_seen(void **state)
{
	struct pc_verdict v;

	(void)state;
	case_not_seen(&v);
	decide_assert_cause(&v, PC_CAUSE_NOT_SEEN);
	v.request.error = EADDRINUSE;
	decide_assert_cause(&v, PC_CAUSE_NOT_SEEN);
	assert_int_equal(v.request.error, 0);
	v.request.wanted_port = 0;
	v.request.error = EADDRINUSE;
	decide_assert_cause(&v, PC_CAUSE_NOT_SEEN);
	v.request.error = EPERM;
	decide_assert_cause(&v, PC_CAUSE_CGROUP_DENIED);
	case_wildcard(&v);
	v.request.late = true;
	decide_assert_cause(&v, PC_CAUSE_WILDCARD_OVERLAP);
	assert_int_equal(v.request.error, EADDRINUSE);
}

/* Without a source address the kernel looks for no port, whether the client has one or not. */
static void no_source_address(void **state)
{
	struct pc_verdict v;

	(void)state;
	case_connect_exhausted(&v);
	v.request.no_source = true;
	decide_assert_cause(&v, PC_CAUSE_NO_SOURCE_ADDRESS);
	v.request.socket.lport = 40000;
	decide_assert_cause(&v, PC_CAUSE_NO_SOURCE_ADDRESS);
}

/* The same connection once more from a port that was bound. */
static void connection_exists(void **state)
{
	struct pc_verdict v;

	(void)state;
	case_connection_exists(&v);
	decide_assert_cause(&v, PC_CAUSE_CONNECTION_EXISTS);
	assert_int_equal(v.primary, 0);
	assert_true(v.holders[0].blocking);
	v.request.wanted_port++;
	decide_assert_cause(&v, PC_CAUSE_UNKNOWN);
	assert_false(v.holders[0].blocking);
	v.request.socket.lport = 0;
	decide_assert_cause(&v, PC_CAUSE_RANGE_EXHAUSTED);
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
		{ case_unix_server, PC_CAUSE_UNIX_SERVER },
		{ case_unix_left_behind, PC_CAUSE_UNIX_LEFT_BEHIND },
		{ case_unix_folder, PC_CAUSE_UNIX_NOT_A_SOCKET },
		{ case_unix_abstract, PC_CAUSE_UNIX_ABSTRACT },
		{ case_vsock, PC_CAUSE_OTHER_FAMILY },
		{ case_transparent, PC_CAUSE_TRANSPARENT_SOURCE },
		{ case_transparent_server, PC_CAUSE_WILDCARD_OVERLAP },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
		struct pc_verdict v;

		examples[i].make(&v);
		decide_assert_cause(&v, examples[i].cause);
	}
}

/* A server may bind a virtual IP with the same options, and a virtual IP may have connections of its own. */
static void transparent_or_server(void **state)
{
	struct pc_verdict v;

	(void)state;
	case_transparent(&v);
	v.request.socket.flags = PC_SOCKET_FREEBIND;
	decide_assert_cause(&v, PC_CAUSE_TRANSPARENT_SOURCE);
	v.request.socket.flags = 0;
	decide_assert_cause(&v, PC_CAUSE_EXPLICIT_CLIENT);
	case_transparent(&v);
	v.address.state = PC_ADDRESS_UNKNOWN;
	decide_assert_cause(&v, PC_CAUSE_EXPLICIT_CLIENT);
	case_transparent(&v);
	v.request.wanted_port = v.holders[0].socket.lport = 443;
	decide_assert_cause(&v, PC_CAUSE_EXPLICIT_CLIENT);
	case_transparent(&v);
	v.holders[0].how = PC_HOW_ACCEPT;
	decide_assert_cause(&v, PC_CAUSE_LINGERING_CONNECTION);
	case_transparent(&v);
	v.holders[0].how = PC_HOW_CONNECT;
	decide_assert_cause(&v, PC_CAUSE_EPHEMERAL_CLIENT);
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
		cmocka_unit_test(claims_stand),
		cmocka_unit_test(decide_self_connect),
		cmocka_unit_test(fin_wait2),
		cmocka_unit_test(listen_lost),
		cmocka_unit_test(nothing_blocks),
		cmocka_unit_test(by_errno),
		cmocka_unit_test(listen_denied),
		cmocka_unit_test(connection_exists),
		cmocka_unit_test(servers),
		cmocka_unit_test(transparent_or_server),
		cmocka_unit_test(denied_in_spite_of_capability),
		cmocka_unit_test(no_source_address),
		cmocka_unit_test(answer_not_seen),
		cmocka_unit_test(every_cause),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
