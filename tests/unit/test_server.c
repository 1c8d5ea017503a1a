// SPDX-License-Identifier: GPL-2.0-only
/* The causes of a server in the way: each is shown by its own difference, and by no other; and the
 * order of two that apply. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <arpa/inet.h>
#include <string.h>

#include "cases.h"
#include "core/verdict/advice.h"
#include "core/verdict/causes.h"
#include "core/verdict/decide.h"

static void server_assert_cause(struct pc_verdict *v, enum pc_cause want)
{
	pc_decide(v);
	if (v->cause == want)
		return;
	print_error("cause is %s, not %s\n", pc_cause_name(v->cause), pc_cause_name(want));
	fail();
}

static void server_assert_says(struct pc_verdict *v, const char *words, bool wanted)
{
	pc_decide(v);
	assert_int_equal(pc_advise(v), 0);
	if (!!strstr(v->explanation, words) != wanted) {
		print_error("\"%s\" is %s in: %s\n", words, wanted ? "missing" : "unwanted",
			    v->explanation);
		fail();
	}
	pc_verdict_clear(v);
}

static void server_hold(struct pc_holder *h, int family, const char *address, bool v6only)
{
	struct pc_socket *s = &h->socket;

	s->family = family == AF_INET6 ? PC_FAMILY_V6 : PC_FAMILY_V4;
	inet_pton(family, address, s->local);
	s->v4_address = 0;
	if (family == AF_INET)
		memcpy(&s->v4_address, s->local, 4);
	else if (!memcmp(s->local, "\0\0\0\0\0\0\0\0\0\0\xff\xff", 12))
		memcpy(&s->v4_address, s->local + 12, 4);
	else if (strcmp(address, "::"))
		s->v4_address = htonl(0x7f000006);
	s->flags |= v6only ? PC_SOCKET_V6ONLY : 0;
}

static void want(struct pc_verdict *v, int family, const char *address, bool v6only)
{
	v->request.wanted_family = family == AF_INET6 ? PC_FAMILY_V6 : PC_FAMILY_V4;
	v->request.socket.family = v->request.wanted_family;
	inet_pton(family, address, v->request.wanted);
	v->request.socket.flags |= v6only ? PC_SOCKET_V6ONLY : 0;
}

#define OVERLAP PC_CAUSE_WILDCARD_OVERLAP
#define DUAL PC_CAUSE_DUAL_STACK
#define PLAIN PC_CAUSE_LISTENER

static void addresses(void **state)
{
	static const struct {
		int held_family;
		const char *held;
		bool held_v6only;
		int wanted_family;
		const char *wanted;
		bool wanted_v6only;
		enum pc_cause cause;
	} examples[] = {
		{ AF_INET, "0.0.0.0", 0, AF_INET, "0.0.0.0", 0, PLAIN },
		{ AF_INET, "127.0.0.1", 0, AF_INET, "127.0.0.1", 0, PLAIN },
		{ AF_INET, "0.0.0.0", 0, AF_INET, "127.0.0.1", 0, OVERLAP },
		{ AF_INET, "127.0.0.1", 0, AF_INET, "0.0.0.0", 0, OVERLAP },
		{ AF_INET6, "::", 0, AF_INET6, "::", 0, PLAIN },
		{ AF_INET6, "::", 1, AF_INET6, "::", 0, PLAIN },
		{ AF_INET6, "::", 0, AF_INET6, "::1", 0, OVERLAP },
		{ AF_INET6, "::", 1, AF_INET6, "::1", 0, OVERLAP },
		{ AF_INET6, "::1", 1, AF_INET6, "::", 1, OVERLAP },
		{ AF_INET6, "::", 0, AF_INET, "0.0.0.0", 0, DUAL },
		{ AF_INET, "0.0.0.0", 0, AF_INET6, "::", 0, DUAL },
		{ AF_INET6, "::", 0, AF_INET, "127.0.0.1", 0, DUAL },
		{ AF_INET, "127.0.0.1", 0, AF_INET6, "::", 0, DUAL },
		{ AF_INET, "0.0.0.0", 0, AF_INET6, "::ffff:0.0.0.0", 0, PLAIN },
		{ AF_INET, "0.0.0.0", 0, AF_INET6, "::ffff:127.0.0.1", 0, OVERLAP },
		{ AF_INET6, "::ffff:127.0.0.1", 0, AF_INET6, "::", 0, DUAL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
		for (int udp = 0; udp < 2; udp++) {
			struct pc_verdict v;

			if (udp)
				case_udp(&v);
			else
				case_refusal(&v);
			udp ? case_bound(&v) : case_listener(&v);
			server_hold(&v.holders[0], examples[i].held_family, examples[i].held,
				    examples[i].held_v6only);
			want(&v, examples[i].wanted_family, examples[i].wanted,
			     examples[i].wanted_v6only);
			print_message("%s against %s\n", examples[i].wanted, examples[i].held);
			server_assert_cause(&v, examples[i].cause);
		}
	}
}

/* The side that has to change is the one that is named. */
static void whose_address(void **state)
{
	struct pc_verdict v;

	(void)state;
	case_refusal(&v);
	case_listener(&v);
	server_hold(&v.holders[0], AF_INET, "127.0.0.1", false);
	assert_true(case_advises(&v, "have the refused program bind"));
	server_hold(&v.holders[0], AF_INET, "0.0.0.0", false);
	want(&v, AF_INET, "127.0.0.1", false);
	assert_true(case_advises(&v, "have the holder bind"));
	want(&v, AF_INET6, "::", false);
	assert_true(case_advises(&v, "set IPV6_V6ONLY on the refused socket"));
	server_hold(&v.holders[0], AF_INET6, "::", false);
	want(&v, AF_INET, "0.0.0.0", false);
	assert_true(case_advises(&v, "set IPV6_V6ONLY on the holder's socket"));
	server_assert_says(&v, "it holds ::, 0.0.0.0 was asked for", true);
}

/* A fix that another socket on the port foils is none. */
static void fixes_beside_another(void **state)
{
	static const struct {
		int held_family;
		const char *held;
		int wanted_family;
		const char *wanted;
		int other_family;
		const char *other;
		unsigned unseen;
		bool fits;
	} examples[] = {
		{ AF_INET, "0.0.0.0", AF_INET6, "::", AF_INET, "127.0.0.1", 0, true },
		{ AF_INET, "0.0.0.0", AF_INET6, "::", AF_INET6, "::1", 0, false },
		{ AF_INET, "0.0.0.0", AF_INET6, "::", AF_INET, "127.0.0.1", 1, false },
		{ AF_INET6, "::", AF_INET, "0.0.0.0", AF_INET6, "::1", 0, true },
		{ AF_INET6, "::", AF_INET, "0.0.0.0", AF_INET6, "::", 0, true },
		{ AF_INET6, "::", AF_INET, "0.0.0.0", AF_INET, "127.0.0.1", 0, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
		struct pc_verdict v;

		case_refusal(&v);
		case_listener(&v);
		server_hold(&v.holders[0], examples[i].held_family, examples[i].held, false);
		want(&v, examples[i].wanted_family, examples[i].wanted, false);
		/* bind() to a specific IPv6 address sets it. */
		server_hold(case_listener(&v), examples[i].other_family, examples[i].other,
			    !strcmp(examples[i].other, "::1"));
		v.holders_total += examples[i].unseen;
		print_message("%zu\n", i);
		assert_int_equal(case_advises(&v, "set IPV6_V6ONLY on"), examples[i].fits);
		server_assert_cause(&v, PC_CAUSE_DUAL_STACK);
	}
}

/* All that are on the port must set SO_REUSEPORT, as one user. */
static void one_user_beside_another(void **state)
{
	static const struct {
		uint32_t uid;
		bool reuseport;
		bool fits;
	} others[] = { { 9, true, true }, { 9, false, false }, { 0, true, false } };

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		struct pc_verdict v;

		case_refusal(&v);
		v.request.socket.flags = PC_SOCKET_REUSEPORT;
		for (int h = 0; h < 2; h++)
			case_listener(&v)->socket.uid = h ? others[i].uid : 9;
		v.holders[0].socket.flags = PC_SOCKET_REUSEPORT;
		v.holders[1].socket.flags = others[i].reuseport ? PC_SOCKET_REUSEPORT : 0;
		assert_int_equal(case_advises(&v, "run both as one user"), others[i].fits);
		assert_true(case_advises(&v, "sd_listen_fds"));
		server_assert_cause(&v, PC_CAUSE_REUSEPORT_MISMATCH);
	}
}

/* The same of a client in the way is still the client. */
static void addresses_of_clients(void **state)
{
	struct pc_verdict v;

	(void)state;
	case_refusal(&v);
	case_client(&v);
	server_assert_cause(&v, PC_CAUSE_EPHEMERAL_CLIENT);
	case_refusal(&v);
	case_listener(&v)->how = PC_HOW_BIND_ZERO;
	server_hold(&v.holders[0], AF_INET, "127.0.0.1", false);
	server_assert_cause(&v, PC_CAUSE_EPHEMERAL_BIND);
}

static void reuseport(void **state)
{
	static const struct {
		bool held, wanted;
		uint32_t uid;
		bool program;
		enum pc_cause cause;
		const char *words;
	} examples[] = {
		{ 0, 0, 0, 0, PLAIN, "listens" },
		{ 1, 0, 0, 0, PC_CAUSE_REUSEPORT_MISMATCH, "only the holder set" },
		{ 0, 1, 0, 0, PC_CAUSE_REUSEPORT_MISMATCH, "only the refused socket set" },
		{ 0, 1, 9, 0, PC_CAUSE_REUSEPORT_MISMATCH, "(9 holds it, 0 was refused)" },
		{ 1, 1, 9, 0, PC_CAUSE_REUSEPORT_MISMATCH, "(9 holds it, 0 was refused)" },
		/* A program of its own keeps the refused one out, whatever the holder does. */
		{ 0, 1, 0, 1, PLAIN, "listens" },
		{ 1, 1, 9, 1, PLAIN, "listens" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
		struct pc_verdict v;

		case_refusal(&v);
		case_listener(&v)->socket.uid = examples[i].uid;
		v.holders[0].socket.flags = examples[i].held ? PC_SOCKET_REUSEPORT : 0;
		v.request.socket.flags = (examples[i].wanted ? PC_SOCKET_REUSEPORT : 0) |
					 (examples[i].program ? PC_SOCKET_REUSEPORT_CB : 0);
		server_assert_cause(&v, examples[i].cause);
		server_assert_says(&v, examples[i].words, true);
	}
}

/* The user's own mistake goes before what the addresses are; one side alone goes after. */
static void reuseport_rank(void **state)
{
	struct pc_verdict v;

	(void)state;
	case_refusal(&v);
	case_listener(&v);
	server_hold(&v.holders[0], AF_INET, "127.0.0.1", false);
	v.request.socket.flags = PC_SOCKET_REUSEPORT;
	server_assert_cause(&v, PC_CAUSE_WILDCARD_OVERLAP);
	v.holders[0].socket.flags = PC_SOCKET_REUSEPORT;
	v.holders[0].socket.uid = 9;
	server_assert_cause(&v, PC_CAUSE_REUSEPORT_MISMATCH);
}

static void listen_race(void **state)
{
	struct pc_verdict v;

	(void)state;
	case_refusal(&v);
	v.request.op = PC_OP_LISTEN;
	v.request.socket.reuse = 1;
	case_listener(&v)->socket.reuse = 1;
	server_assert_cause(&v, PC_CAUSE_LISTEN_RACE);
	server_assert_says(&v, "bind() had succeeded", true);
	server_assert_says(&v, "both bound it with SO_REUSEADDR", true);
}

/* The kernel's own socket: nobody is accused, and nobody is to be killed. */
static void kernel_sockets(void **state)
{
	struct pc_verdict v;

	(void)state;
	for (int i = 0; i < 4; i++) {
		case_refusal(&v);
		if (i == 3)
			case_udp(&v);
		v.request.wanted_port = i == 1 ? 2049 : CASE_PORT;
		if (i == 2)
			case_client(&v);
		else if (i == 3)
			case_bound(&v);
		else
			case_listener(&v);
		v.holders[0].socket.flags = PC_SOCKET_NO_FILE;
		server_assert_cause(&v, PC_CAUSE_KERNEL_SOCKET);
		server_assert_says(&v, "belongs to the kernel", true);
		server_assert_says(&v, "curl", false);
		server_assert_says(&v, "nfsd", i == 1);
		assert_false(case_advises(&v, "kill "));
		assert_true(case_advises(&v, i == 1 ? "portlist" : "find out"));
	}
	/* MPTCP: a subflow has no file, but its socket has, and processes have that open. */
	case_refusal(&v);
	case_listener(&v)->socket.flags = PC_SOCKET_NO_FILE;
	v.holders[0].owners[0] = case_party(case_thief());
	v.holders[0].owners_count = 1;
	server_assert_cause(&v, PC_CAUSE_LISTENER);
}

static void multicast(void **state)
{
	struct pc_verdict v;

	(void)state;
	case_udp(&v);
	case_bound(&v)->socket.reuse = 1;
	server_assert_cause(&v, PC_CAUSE_LISTENER);
	server_assert_says(&v, "the holder set SO_REUSEADDR", true);
	server_assert_says(&v, "but the refused socket did not", true);
	assert_true(case_advises(&v, "set SO_REUSEADDR on the refused socket"));
	v.holders[0].socket.reuse = 0;
	v.request.socket.reuse = 1;
	server_assert_says(&v, "the refused socket set SO_REUSEADDR", true);
	v.request.socket.reuse = 0;
	server_assert_says(&v, "multicast", false);
	case_refusal(&v);
	case_listener(&v)->socket.reuse = 1;
	server_assert_says(&v, "multicast", false);
}

static void udp_clients(void **state)
{
	static const struct {
		uint16_t port;
		const char *words;
	} examples[] = { { 443, "QUIC" }, { 53, "DNS" }, { 853, "encrypted DNS" } };
	struct pc_verdict v;

	(void)state;
	for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
		case_udp(&v);
		case_holder(&v, PC_STATE_ESTABLISHED)->socket.userlocks = 0;
		v.holders[0].how = PC_HOW_AUTOBIND;
		v.holders[0].socket.rport = examples[i].port;
		server_assert_cause(&v, PC_CAUSE_EPHEMERAL_BIND);
		server_assert_says(&v, examples[i].words, true);
		v.holders[0].socket.rport = 4433;
		server_assert_says(&v, "speaks", false);
	}
}

static void server_time_wait(void **state)
{
	struct pc_verdict v;

	(void)state;
	case_refusal(&v);
	case_time_wait(&v);
	server_assert_says(&v, "for up to 60 s", true);
	server_assert_says(&v, "this end of it closed first", true);
	server_assert_says(&v, "tcp_tw_reuse", true);
	v.holders[0].socket.seconds_left = 17;
	server_assert_says(&v, "for 17 s more", true);
	assert_true(case_advises(&v, "within 17 s"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses),
		cmocka_unit_test(whose_address),
		cmocka_unit_test(fixes_beside_another),
		cmocka_unit_test(one_user_beside_another),
		cmocka_unit_test(addresses_of_clients),
		cmocka_unit_test(reuseport),
		cmocka_unit_test(reuseport_rank),
		cmocka_unit_test(listen_race),
		cmocka_unit_test(kernel_sockets),
		cmocka_unit_test(multicast),
		cmocka_unit_test(udp_clients),
		cmocka_unit_test(server_time_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
