// SPDX-License-Identifier: GPL-2.0-only
/* The explanation of every cause: what it must say, and what it must not say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cases.h"
#include "core/verdict/advice.h"
#include "core/verdict/causes.h"
#include "core/verdict/decide.h"
#include "core/verdict/range_use.h"

#define WORDS_MAX 6

static void explain(struct pc_verdict *v)
{
	pc_decide(v);
	assert_int_equal(pc_advise(v), 0);
	assert_non_null(v->explanation);
}

static void advice_assert_says(const struct pc_verdict *v, const char *words, bool wanted)
{
	if (!!strstr(v->explanation, words) == wanted)
		return;
	print_error("%s: \"%s\" is %s in: %s\n", pc_cause_name(v->cause), words,
		    wanted ? "missing" : "unwanted", v->explanation);
	fail();
}

/* One way to each cause. */
static void make_ephemeral_client(struct pc_verdict *v)
{
	case_refusal(v);
	case_client(v);
}

static void make_ephemeral_bind(struct pc_verdict *v)
{
	case_refusal(v);
	case_listener(v)->how = PC_HOW_BIND_ZERO;
}

static void make_udp_autobind(struct pc_verdict *v)
{
	case_udp(v);
	case_bound(v)->how = PC_HOW_AUTOBIND;
}

static void make_explicit_client(struct pc_verdict *v)
{
	case_refusal(v);
	case_holder(v, PC_STATE_ESTABLISHED);
}

static void advice_make_listener(struct pc_verdict *v)
{
	case_refusal(v);
	case_listener(v);
}

static void make_udp_server(struct pc_verdict *v)
{
	case_udp(v);
	case_bound(v);
}

static void make_bound(struct pc_verdict *v)
{
	case_refusal(v);
	case_bound(v);
}

static void make_time_wait(struct pc_verdict *v)
{
	case_refusal(v);
	case_time_wait(v);
}

static void make_client_time_wait(struct pc_verdict *v)
{
	case_refusal(v);
	case_time_wait(v)->how = PC_HOW_CONNECT;
}

static void make_lingering(struct pc_verdict *v)
{
	case_refusal(v);
	case_accepted(v);
}

static void make_self_connect(struct pc_verdict *v)
{
	struct pc_holder *h;

	case_refusal(v);
	h = case_client(v);
	memcpy(h->socket.remote, h->socket.local, sizeof(h->socket.remote));
	h->socket.rport = h->socket.lport;
}

static void make_exhausted(struct pc_verdict *v)
{
	case_refusal(v), v->request.wanted_port = 0;
}

static const struct {
	void (*make)(struct pc_verdict *v);
	enum pc_cause cause;
	const char *words[WORDS_MAX];
} examples[] = {
	{ make_ephemeral_client,
	  PC_CAUSE_EPHEMERAL_CLIENT,
	  { "not by a listener", "curl[4120]", "connect()", "32768\u201360999", "not reserved" } },
	{ make_ephemeral_bind,
	  PC_CAUSE_EPHEMERAL_BIND,
	  { "curl[4120]", "bind() to port 0", "32768\u201360999" } },
	{ make_udp_autobind,
	  PC_CAUSE_EPHEMERAL_BIND,
	  { "curl[4120]", "first send", "32768\u201360999", "not a server" } },
	{ make_explicit_client,
	  PC_CAUSE_EXPLICIT_CLIENT,
	  { "not by a listener", "curl[4120]", "exactly this port", "bind()" } },
	{ advice_make_listener, PC_CAUSE_LISTENER, { "curl[4120]", "listens" } },
	{ make_udp_server, PC_CAUSE_LISTENER, { "curl[4120]", "receives" } },
	{ make_bound, PC_CAUSE_BOUND_NOT_LISTENING, { "curl[4120]", "neither listens" } },
	{ make_time_wait, PC_CAUSE_TIME_WAIT, { "TIME_WAIT", "60 s", "SO_REUSEADDR" } },
	{ make_client_time_wait,
	  PC_CAUSE_TIME_WAIT,
	  { "TIME_WAIT", "60 s", "outgoing", "curl[4120]", "not a listener" } },
	{ make_lingering,
	  PC_CAUSE_LINGERING_CONNECTION,
	  { "no one listens", "accepted", "192.0.2.7:443" } },
	{ make_self_connect, PC_CAUSE_SELF_CONNECT, { "curl[4120]", "itself" } },
	{ case_privileged, PC_CAUSE_PRIVILEGED_PORT, { "1024", "CAP_NET_BIND_SERVICE" } },
	{ case_not_local, PC_CAUSE_ADDRESS_NOT_LOCAL, { "203.0.113.9", "interface" } },
	{ make_exhausted, PC_CAUSE_RANGE_EXHAUSTED, { "port 0", "32768\u201360999", "used up" } },
	{ case_connect_exhausted,
	  PC_CAUSE_RANGE_EXHAUSTED,
	  { "connect()", "40000\u201340009", "IP_LOCAL_PORT_RANGE", "this destination" } },
	{ case_send_exhausted,
	  PC_CAUSE_RANGE_EXHAUSTED,
	  { "a send", "32768\u201360999", "temporarily unavailable" } },
	{ case_transparent, PC_CAUSE_TRANSPARENT_SOURCE, { "198.0.0.7:35000", "has both" } },
	{ case_connection_exists,
	  PC_CAUSE_CONNECTION_EXISTS,
	  { "35000", "ESTABLISHED", "same destination" } },
	{ case_duplicate, PC_CAUSE_DUPLICATE_INSTANCE, { "orders[4000]", "runs already" } },
	{ case_inherited,
	  PC_CAUSE_INHERITED_LISTENER,
	  { "curl[4120]", "has exited", "backup[4200]" } },
	{ case_reuseport, PC_CAUSE_REUSEPORT_MISMATCH, { "only the holder", "SO_REUSEPORT" } },
	{ case_wildcard, PC_CAUSE_WILDCARD_OVERLAP, { "127.0.0.1", "0.0.0.0", "overlap" } },
	{ case_dual_stack, PC_CAUSE_DUAL_STACK, { "::", "0.0.0.0", "IPV6_V6ONLY" } },
	{ case_listen_race, PC_CAUSE_LISTEN_RACE, { "bind() had succeeded", "listen()" } },
	{ case_kernel, PC_CAUSE_KERNEL_SOCKET, { "kernel itself", "not to a process" } },
	{ case_denied, PC_CAUSE_SECURITY_DENIED, { "1024", "no capability", "security module" } },
	{ case_denied_capable,
	  PC_CAUSE_SECURITY_DENIED,
	  { "although the process has CAP_NET_BIND_SERVICE", "security module" } },
	{ case_denied_by_cgroup, PC_CAUSE_CGROUP_DENIED, { "SocketBindDeny=", "no capability" } },
	{ case_not_seen, PC_CAUSE_NOT_SEEN, { "interrupted", "no socket in the way" } },
	{ case_no_source,
	  PC_CAUSE_NO_SOURCE_ADDRESS,
	  { "no usable IPv6 address", "2001:db8::1", "ports are not what is missing" } },
	{ case_unix_server, PC_CAUSE_UNIX_SERVER, { "curl[4120]", "listens on this socket file" } },
	{ case_unix_left_behind, PC_CAUSE_UNIX_LEFT_BEHIND, { "no socket is bound to it" } },
	{ case_unix_folder, PC_CAUSE_UNIX_NOT_A_SOCKET, { "a directory", "replaces nothing" } },
	{ case_unix_abstract, PC_CAUSE_UNIX_ABSTRACT, { "listens on this abstract name" } },
	{ case_vsock, PC_CAUSE_OTHER_FAMILY, { "vsock", "does not know who has it" } },
	{ case_refusal, PC_CAUSE_UNKNOWN, { "nobody", "try again" } },
};
#define EXAMPLES (sizeof(examples) / sizeof(examples[0]))

static void essentials(void **state)
{
	bool seen[PC_CAUSE_COUNT] = { 0 };

	(void)state;
	for (size_t i = 0; i < EXAMPLES; i++) {
		struct pc_verdict v;

		examples[i].make(&v);
		explain(&v);
		assert_int_equal(v.cause, examples[i].cause);
		seen[v.cause] = true;
		for (size_t w = 0; w < WORDS_MAX && examples[i].words[w]; w++)
			advice_assert_says(&v, examples[i].words[w], true);
		pc_verdict_clear(&v);
	}
	for (int cause = PC_CAUSE_INVALID + 1; cause < PC_CAUSE_COUNT; cause++)
		assert_true(seen[cause]);
}

/* One sentence: not two, no full stop, no line break. */
static void one_sentence(void **state)
{
	(void)state;
	for (size_t i = 0; i < EXAMPLES; i++) {
		struct pc_verdict v;

		examples[i].make(&v);
		explain(&v);
		assert_true(strlen(v.explanation) > 20);
		assert_null(strchr(v.explanation, '\n'));
		assert_null(strstr(v.explanation, ". "));
		assert_true(v.explanation[strlen(v.explanation) - 1] != '.');
		pc_verdict_clear(&v);
	}
}

/* "not reserved" is not said of what is reserved, "in the range" not of what is outside. */
static void about_the_range(void **state)
{
	struct pc_verdict v;

	(void)state;
	make_ephemeral_client(&v);
	v.settings.wanted_reserved = 1;
	explain(&v);
	advice_assert_says(&v, "is not reserved", false);
	advice_assert_says(&v, "is reserved now", true);
	pc_verdict_clear(&v);

	for (int i = 0; i < 2; i++) {
		make_ephemeral_client(&v);
		v.request.wanted_port = i ? CASE_HIGH + 1 : CASE_LOW - 1;
		explain(&v);
		advice_assert_says(&v, "outside", true);
		advice_assert_says(&v, "is not reserved", false);
		pc_verdict_clear(&v);
	}
}

static void about_reuseaddr(void **state)
{
	struct pc_verdict v;

	(void)state;
	make_ephemeral_client(&v);
	v.request.socket.reuse = 1;
	explain(&v);
	advice_assert_says(&v, "SO_REUSEADDR does not help", true);
	pc_verdict_clear(&v);

	make_time_wait(&v);
	v.holders[0].socket.reuse = 1;
	explain(&v);
	advice_assert_says(&v, "does not help", false);
	advice_assert_says(&v, "the refused socket lacks it", true);
	pc_verdict_clear(&v);
}

static void about_listeners(void **state)
{
	struct pc_verdict v;

	(void)state;
	advice_make_listener(&v);
	v.holders[0].socket.flags = v.request.socket.flags = PC_SOCKET_REUSEPORT;
	v.holders[0].socket.uid = 1000;
	explain(&v);
	advice_assert_says(&v, "of one user (1000 holds it, 0 was refused)", true);
	pc_verdict_clear(&v);

	v.holders[0].socket.uid = 0; /* one user; a program of its own keeps it out */
	v.request.socket.flags |= PC_SOCKET_REUSEPORT_CB;
	explain(&v);
	advice_assert_says(&v, "of one user", false);
	pc_verdict_clear(&v);

	v.request.socket.flags = PC_SOCKET_REUSEPORT;
	v.holders[0].socket.flags = 0;
	explain(&v);
	advice_assert_says(&v, "only the refused socket set SO_REUSEPORT", true);
	pc_verdict_clear(&v);

	v.holders[0].claimer = v.requester;
	explain(&v);
	advice_assert_says(&v, "this very process", true);
	pc_verdict_clear(&v);
}

/* An IPv6 client in the way of 0.0.0.0 surprises everybody: it is said. */
static void about_v6_clients(void **state)
{
	struct pc_verdict v;

	(void)state;
	make_ephemeral_client(&v);
	v.holders[0].socket.family = PC_FAMILY_V6;
	memset(v.holders[0].socket.local, 0, PC_ADDR_LEN);
	v.holders[0].socket.local[15] = 1;
	memcpy(&v.holders[0].socket.v4_address, "\x7f\0\0\x06", 4);
	explain(&v);
	advice_assert_says(&v, "although it is an IPv6 connection", true);
	pc_verdict_clear(&v);

	make_ephemeral_client(&v);
	explain(&v);
	advice_assert_says(&v, "IPv6", false);
	pc_verdict_clear(&v);
}

/* listen() without bind() on a full range: no bind() was called. */
static void about_listen(void **state)
{
	struct pc_verdict v;

	(void)state;
	make_exhausted(&v);
	v.request.op = PC_OP_LISTEN;
	explain(&v);
	advice_assert_says(&v, "listen()", true);
	pc_verdict_clear(&v);
}

/* A port that is not known cannot be said to be above or below anything. */
static void about_no_port(void **state)
{
	struct pc_verdict v;

	(void)state;
	case_denied(&v);
	v.request.wanted_port = 0;
	explain(&v);
	advice_assert_says(&v, "although the port is not below", false);
	pc_verdict_clear(&v);
}

/* Ports are never used up while some are left. */
static void about_ports_left(void **state)
{
	struct pc_range_use use = { .offered = 28232, .left = 28232 };
	struct pc_verdict v;

	(void)state;
	case_connect_exhausted(&v);
	v.range_use = &use;
	explain(&v);
	advice_assert_says(&v, "used up", false);
	advice_assert_says(&v, "28232 of its ports were left", true);
	pc_verdict_clear(&v);
	use.left = 1;
	explain(&v);
	advice_assert_says(&v, "used up", true);
	pc_verdict_clear(&v);
}

static void unfinished_walks(void **state)
{
	struct pc_verdict v;

	(void)state;
	case_refusal(&v);
	v.walk |= PC_WALK_TRUNCATED;
	explain(&v);
	advice_assert_says(&v, "more sockets", true);
	advice_assert_says(&v, "nobody", false);
	pc_verdict_clear(&v);

	case_refusal(&v);
	v.walk |= PC_WALK_NO_TABLE;
	explain(&v);
	advice_assert_says(&v, "nobody", false); /* it was not looked at */
	pc_verdict_clear(&v);
}

static void clear_twice(void **state)
{
	struct pc_verdict v;

	(void)state;
	make_ephemeral_client(&v);
	explain(&v);
	pc_verdict_clear(&v);
	pc_verdict_clear(&v);
	assert_null(v.explanation);
	assert_int_equal(v.fixes_count, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(essentials),	   cmocka_unit_test(one_sentence),
		cmocka_unit_test(about_the_range), cmocka_unit_test(about_reuseaddr),
		cmocka_unit_test(about_listeners), cmocka_unit_test(about_v6_clients),
		cmocka_unit_test(about_listen),	   cmocka_unit_test(about_ports_left),
		cmocka_unit_test(about_no_port),   cmocka_unit_test(unfinished_walks),
		cmocka_unit_test(clear_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
