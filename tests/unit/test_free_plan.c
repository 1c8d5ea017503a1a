// SPDX-License-Identifier: GPL-2.0-only
/* Tests of the plan for each kind of socket on a port, and of which process may be stopped for one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <arpa/inet.h>
#include <string.h>

#include "core/cure/plan.h"
#include "core/cure/stop.h"

#define PORT 35000

static const uint8_t any[PC_ADDR_LEN];

/* Local and remote address of a socket in the family that they have; "" is none. */
static struct pc_listed_socket socket_of(uint8_t proto, enum pc_state state, const char *local,
					 const char *remote, bool kernel_chose)
{
	struct pc_listed_socket s = { .kernel_chose = kernel_chose };
	struct pc_socket *t = &s.socket;

	t->family = strchr(local, ':') ? PC_FAMILY_V6 : PC_FAMILY_V4;
	assert_int_equal(inet_pton(t->family, local, t->local), 1);
	if (*remote) {
		assert_int_equal(inet_pton(t->family, remote, t->remote), 1);
		t->rport = 443;
	}
	if (t->family == PC_FAMILY_V4)
		memcpy(&t->v4_address, t->local, sizeof(t->v4_address));
	else if (memcmp(t->local, any, sizeof(any)))
		t->v4_address = htonl(0x7f000006);
	if (!strncmp(local, "::ffff:", 7))
		memcpy(&t->v4_address, t->local + 12, sizeof(t->v4_address));
	t->proto = proto;
	t->state = (uint8_t)state;
	t->lport = PORT;
	t->inode = 7;
	t->cookie = 9;
	return s;
}

static void widest(uint8_t proto, struct pc_request *out)
{
	pc_free_request(proto, PORT, PC_FAMILY_V6, any, out);
}

static void tcp_kinds(void **state)
{
	static const struct {
		enum pc_state state;
		const char *local, *remote;
		bool chosen, orphan;
		enum pc_free_kind kind;
	} cases[] = {
		{ PC_STATE_ESTABLISHED, "10.0.0.1", "10.0.0.2", true, false, PC_FREE_END },
		{ PC_STATE_ESTABLISHED, "10.0.0.1", "10.0.0.2", false, false, PC_FREE_BOUND },
		{ PC_STATE_ESTABLISHED, "::1", "::1", true, false, PC_FREE_END },
		{ PC_STATE_ESTABLISHED, "::ffff:10.0.0.1", "::ffff:10.0.0.2", true, false,
		  PC_FREE_END },
		{ PC_STATE_SYN_SENT, "10.0.0.1", "10.0.0.2", true, false, PC_FREE_END },
		{ PC_STATE_SYN_SENT, "10.0.0.1", "10.0.0.2", false, false, PC_FREE_BOUND },
		{ PC_STATE_SYN_RECV, "10.0.0.1", "10.0.0.2", true, true, PC_FREE_END },
		{ PC_STATE_CLOSE_WAIT, "10.0.0.1", "10.0.0.2", true, false, PC_FREE_END },
		{ PC_STATE_CLOSE_WAIT, "10.0.0.1", "10.0.0.2", false, false, PC_FREE_BOUND },
		{ PC_STATE_FIN_WAIT1, "10.0.0.1", "10.0.0.2", false, true, PC_FREE_END },
		{ PC_STATE_FIN_WAIT2, "10.0.0.1", "10.0.0.2", true, true, PC_FREE_END },
		{ PC_STATE_LAST_ACK, "10.0.0.1", "10.0.0.2", false, true, PC_FREE_END },
		{ PC_STATE_TIME_WAIT, "10.0.0.1", "10.0.0.2", true, true, PC_FREE_END },
		{ PC_STATE_LISTEN, "0.0.0.0", "", false, false, PC_FREE_SERVER },
		{ PC_STATE_LISTEN, "127.0.0.1", "", true, false, PC_FREE_SERVER },
		{ PC_STATE_LISTEN, "::", "", false, true, PC_FREE_SERVER },
		{ PC_STATE_CLOSE, "0.0.0.0", "", false, false, PC_FREE_BOUND },
		{ PC_STATE_CLOSE, "0.0.0.0", "", true, false, PC_FREE_BOUND },
		{ PC_STATE_CLOSE, "0.0.0.0", "", false, true, PC_FREE_BOUND },
	};
	struct pc_request server;

	(void)state;
	widest(PC_PROTO_TCP, &server);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pc_listed_socket s = socket_of(PC_PROTO_TCP, cases[i].state, cases[i].local,
						      cases[i].remote, cases[i].chosen);

		if (cases[i].orphan)
			s.socket.inode = 0;
		if (pc_free_kind_of(&s, &server) != cases[i].kind)
			fail_msg("case %zu is %s", i,
				 pc_free_kind_name(pc_free_kind_of(&s, &server)));
	}
}

static void udp_kinds(void **state)
{
	static const struct {
		const char *local, *remote;
		bool chosen;
		enum pc_free_kind kind;
	} cases[] = {
		{ "10.0.0.1", "10.0.0.2", true, PC_FREE_END },
		{ "10.0.0.1", "10.0.0.2", false, PC_FREE_BOUND },
		{ "0.0.0.0", "", true, PC_FREE_END },
		{ "::", "", true, PC_FREE_END },
		{ "127.0.0.1", "", true, PC_FREE_SERVER },
		{ "0.0.0.0", "", false, PC_FREE_SERVER },
	};
	struct pc_request server;

	(void)state;
	widest(PC_PROTO_UDP, &server);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pc_listed_socket s = socket_of(PC_PROTO_UDP, PC_STATE_CLOSE, cases[i].local,
						      cases[i].remote, cases[i].chosen);

		assert_int_equal(pc_free_kind_of(&s, &server), cases[i].kind);
	}
}

/* A server at one address is not kept from it by what is at another one, and nobody may end that. */
static void one_address(void **state)
{
	struct pc_request server;
	struct pc_listed_socket s;
	uint8_t address[PC_ADDR_LEN] = { 10, 0, 0, 1 };

	(void)state;
	pc_free_request(PC_PROTO_TCP, PORT, PC_FAMILY_V4, address, &server);
	s = socket_of(PC_PROTO_TCP, PC_STATE_LISTEN, "127.0.0.1", "", false);
	assert_int_equal(pc_free_kind_of(&s, &server), PC_FREE_PASSES);
	s = socket_of(PC_PROTO_TCP, PC_STATE_ESTABLISHED, "127.0.0.1", "127.0.0.2", true);
	assert_int_equal(pc_free_kind_of(&s, &server), PC_FREE_PASSES);
	s = socket_of(PC_PROTO_TCP, PC_STATE_ESTABLISHED, "10.0.0.1", "10.0.0.2", true);
	assert_int_equal(pc_free_kind_of(&s, &server), PC_FREE_END);
	s = socket_of(PC_PROTO_TCP, PC_STATE_LISTEN, "0.0.0.0", "", false);
	assert_int_equal(pc_free_kind_of(&s, &server), PC_FREE_SERVER);
}

/* Other ports and the other protocol are left out; what is in the way comes first. */
static void plan_of_a_list(void **state)
{
	struct pc_listed_socket list[] = {
		socket_of(PC_PROTO_TCP, PC_STATE_TIME_WAIT, "10.0.0.1", "10.0.0.2", true),
		socket_of(PC_PROTO_TCP, PC_STATE_ESTABLISHED, "10.0.0.1", "10.0.0.3", true),
		socket_of(PC_PROTO_UDP, PC_STATE_CLOSE, "0.0.0.0", "", false),
		socket_of(PC_PROTO_TCP, PC_STATE_LISTEN, "0.0.0.0", "", false),
		socket_of(PC_PROTO_TCP, PC_STATE_LISTEN, "0.0.0.0", "", false),
	};
	struct pc_socket_list sockets = { .list = list, .count = 5 };
	struct pc_free_plan plan;
	struct pc_request server;

	(void)state;
	widest(PC_PROTO_TCP, &server);
	list[0].socket.inode = 0;
	list[0].socket.seconds_left = 43;
	list[0].socket.cookie = 101;
	list[4].socket.lport = PORT + 1;
	assert_int_equal(pc_free_plan_make(&sockets, &server, true, &plan), 0);
	assert_int_equal(plan.count, 3);
	assert_int_equal(plan.counts[PC_FREE_SERVER], 1);
	assert_int_equal(plan.counts[PC_FREE_END], 2);
	assert_int_equal(plan.list[0].kind, PC_FREE_SERVER);
	assert_int_equal(plan.list[1].s.socket.state, PC_STATE_ESTABLISHED);
	assert_int_equal(plan.seconds, 43);
	assert_true(pc_free_plan_blocked(&plan));
	assert_ptr_equal(pc_free_plan_find(&plan, 101), &plan.list[2]);
	assert_null(pc_free_plan_find(&plan, 0));
	plan.list[0].owners_count = 1;
	pc_free_plan_owners(&plan);
	assert_int_equal(plan.list[0].kind, PC_FREE_SERVER);
	plan.list[0].owners_count = 0;
	pc_free_plan_owners(&plan);
	assert_int_equal(plan.list[0].kind, PC_FREE_KERNEL);
	assert_int_equal(plan.counts[PC_FREE_KERNEL], 1);
	assert_int_equal(plan.counts[PC_FREE_SERVER], 0);
	pc_free_plan_free(&plan);
	sockets.count = 0;
	assert_int_equal(pc_free_plan_make(&sockets, &server, true, &plan), 0);
	assert_true(pc_free_plan_is_clear(&plan));
	pc_free_plan_free(&plan);
}

/* On a kernel that would keep them for ever, orphans with something still to send are left alone, and no other
 * socket is. */
static void orphans_that_stay(void **state)
{
	static const struct {
		enum pc_state state;
		bool closed;
		uint8_t seconds;
		enum pc_free_kind kind;
	} cases[] = {
		{ PC_STATE_FIN_WAIT1, true, 0, PC_FREE_LEFT },
		{ PC_STATE_FIN_WAIT2, true, 0, PC_FREE_LEFT },
		{ PC_STATE_CLOSING, true, 0, PC_FREE_LEFT },
		{ PC_STATE_LAST_ACK, true, 0, PC_FREE_LEFT },
		{ PC_STATE_FIN_WAIT1, false, 0, PC_FREE_END },
		{ PC_STATE_LAST_ACK, false, 0, PC_FREE_END },
		{ PC_STATE_FIN_WAIT2, true, 7, PC_FREE_END },
		{ PC_STATE_TIME_WAIT, true, 7, PC_FREE_END },
		{ PC_STATE_SYN_RECV, true, 0, PC_FREE_END },
		{ PC_STATE_ESTABLISHED, false, 0, PC_FREE_END },
		{ PC_STATE_CLOSE_WAIT, false, 0, PC_FREE_END },
	};
	struct pc_request server;

	(void)state;
	widest(PC_PROTO_TCP, &server);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pc_listed_socket s =
			socket_of(PC_PROTO_TCP, cases[i].state, "10.0.0.1", "10.0.0.2", true);
		struct pc_socket_list sockets = { .list = &s, .count = 1 };
		struct pc_free_plan plan;

		s.socket.inode = cases[i].closed ? 0 : 7;
		s.socket.seconds_left = cases[i].seconds;
		assert_int_equal(pc_free_plan_make(&sockets, &server, false, &plan), 0);
		assert_int_equal(plan.list[0].kind, cases[i].kind);
		assert_false(pc_free_plan_blocked(&plan));
		assert_false(pc_free_plan_is_clear(&plan));
		pc_free_plan_free(&plan);
		assert_int_equal(pc_free_plan_make(&sockets, &server, true, &plan), 0);
		assert_int_equal(plan.list[0].kind, PC_FREE_END);
		pc_free_plan_free(&plan);
	}
}

/* A later look finds a socket of this kind. */
static bool plan_has_news(const struct pc_free_plan *shown, uint64_t cookie, enum pc_free_kind kind)
{
	struct pc_free_socket now = { .s.socket.cookie = cookie, .kind = kind };

	return pc_free_plan_is_news(shown, &now);
}

/* The answer is about the sockets to end, and not about those that were shown as untouched. */
static void agreed_is_what_would_end(void **state)
{
	struct pc_free_socket list[] = {
		{ .s.socket.cookie = 1, .kind = PC_FREE_END },
		{ .s.socket.cookie = 2, .kind = PC_FREE_PASSES, .agreed = true },
		{ .s.socket.cookie = 3, .kind = PC_FREE_BOUND },
	};
	struct pc_free_plan plan = { .list = list, .count = 3 };

	(void)state;
	assert_true(plan_has_news(&plan, 1, PC_FREE_END));
	pc_free_plan_agree(&plan);
	assert_true(list[0].agreed);
	assert_false(list[1].agreed);
	assert_false(list[2].agreed);
	assert_false(plan_has_news(&plan, 1, PC_FREE_END));
	assert_false(plan_has_news(&plan, 1, PC_FREE_PASSES));
	assert_false(plan_has_news(&plan, 2, PC_FREE_PASSES));
	assert_true(plan_has_news(&plan, 2, PC_FREE_END));
	assert_true(plan_has_news(&plan, 2, PC_FREE_BOUND));
	assert_false(plan_has_news(&plan, 3, PC_FREE_BOUND));
	assert_true(plan_has_news(&plan, 3, PC_FREE_END));
	assert_true(plan_has_news(&plan, 4, PC_FREE_END));
	assert_true(plan_has_news(&plan, 0, PC_FREE_SERVER));
	assert_false(plan_has_news(&plan, 4, PC_FREE_PASSES));
}

static enum pc_stop_way judge(const struct pc_identity *who, uint32_t main_pid, bool leads)
{
	const struct pc_stop_facts facts = { .main_pid = main_pid,
					     .leads_session = leads,
					     .portclash = 4000 };
	struct pc_stop stop;

	pc_stop_judge(who, &facts, &stop);
	assert_true(stop.way != PC_STOP_NEVER || stop.why);
	assert_true(stop.way != PC_STOP_UNIT || stop.name == who->unit);
	return stop.way;
}

/* Anybody could have sent it the socket. */
static void given_is_never_stopped(void **state)
{
	const struct pc_stop_facts facts = { .main_pid = 77, .given = true };
	const struct pc_identity who = { .key.tgid = 77,
					 .comm = "bus",
					 .unit = (char *)"bus.service" };
	struct pc_stop stop;

	(void)state;
	pc_stop_judge(&who, &facts, &stop);
	assert_int_equal(stop.way, PC_STOP_NEVER);
	assert_non_null(strstr(stop.why, "another user"));
}

static void who_may_be_stopped(void **state)
{
	struct pc_identity plain = { .key.tgid = 77, .comm = "server" }, who = plain;

	(void)state;
	assert_int_equal(judge(&plain, 0, false), PC_STOP_PROCESS);
	assert_int_equal(judge(&plain, 0, true), PC_STOP_NEVER);
	who.key.tgid = 1;
	assert_int_equal(judge(&who, 0, false), PC_STOP_NEVER);
	who.key.tgid = 4000;
	assert_int_equal(judge(&who, 0, false), PC_STOP_NEVER);
	who = plain;
	who.unit = (char *)"nginx.service";
	assert_int_equal(judge(&who, 77, false), PC_STOP_UNIT);
	assert_int_equal(judge(&who, 77, true), PC_STOP_UNIT);
	assert_int_equal(judge(&who, 78, false), PC_STOP_NEVER);
	assert_int_equal(judge(&who, 0, false), PC_STOP_NEVER);
	who.container = (char *)"3f2a";
	assert_int_equal(judge(&who, 77, false), PC_STOP_NEVER);
	who = plain;
	who.unit = (char *)"session-3.scope";
	assert_int_equal(judge(&who, 0, false), PC_STOP_PROCESS);
	assert_int_equal(judge(&who, 0, true), PC_STOP_NEVER);
	who.unit = (char *)"user@1000.service";
	who.below_user = true;
	assert_int_equal(judge(&who, 77, false), PC_STOP_PROCESS);
	who.inner_unit = (char *)"app.service";
	assert_int_equal(judge(&who, 77, false), PC_STOP_NEVER);
	who = plain;
	who.pod = (char *)"1f3c9a52-77a1-4d0e-9c55-0a1b2c3d4e5f";
	assert_int_equal(judge(&who, 0, false), PC_STOP_NEVER);
}

/* All containers would end with the runtime. Of any other unit only names decide. */
static void runtimes_are_spared(void **state)
{
	static const char *const names[] = { "docker-proxy", "containerd-shim",
					     "systemd",	     "systemd-resolve",
					     "sshd",	     "sshd-session",
					     "conmon",	     "dockerd" };
	static const char *const others[] = { "nginx", "sshdx", "dockerd2", "mysystemd" };
	struct pc_identity who = { .key.tgid = 77, .unit = (char *)"docker.service" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		memset(who.comm, 0, sizeof(who.comm));
		memcpy(who.comm, names[i], strlen(names[i]));
		assert_int_equal(judge(&who, 77, false), PC_STOP_NEVER);
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		memset(who.comm, 0, sizeof(who.comm));
		memcpy(who.comm, others[i], strlen(others[i]));
		who.unit = (char *)"app.service";
		assert_int_equal(judge(&who, 77, false), PC_STOP_UNIT);
		who.unit = (char *)"ssh.service";
		assert_int_equal(judge(&who, 77, false), PC_STOP_NEVER);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tcp_kinds),
		cmocka_unit_test(udp_kinds),
		cmocka_unit_test(one_address),
		cmocka_unit_test(plan_of_a_list),
		cmocka_unit_test(orphans_that_stay),
		cmocka_unit_test(who_may_be_stopped),
		cmocka_unit_test(runtimes_are_spared),
		cmocka_unit_test(given_is_never_stopped),
		cmocka_unit_test(agreed_is_what_would_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
