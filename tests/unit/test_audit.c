// SPDX-License-Identifier: GPL-2.0-only
/* An audit of a network namespace, from made-up sockets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "core/audit/audit.h"
#include "core/base/ports.h"

#define SOCKETS_MAX 64

struct scene {
	struct pc_listed_socket list[SOCKETS_MAX];
	struct pc_socket_list sockets;
	uint64_t protect[PC_PORT_WORDS];
	struct pc_netns_audit a;
};

static void audit_parse(const char *list, uint64_t *set)
{
	const char *bad;

	assert_int_equal(pc_ports_parse(list, true, set, &bad), 0);
}

static int audit_set_up(void **state)
{
	struct scene *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	s->sockets.list = s->list;
	s->a.settings = (struct pc_netns_settings){
		.known = true, .low = 32768, .high = 60999, .somaxconn = 4096
	};
	*state = s;
	return 0;
}

static int audit_tear_down(void **state)
{
	struct scene *s = *state;

	pc_audit_free(&s->a);
	free(s);
	return 0;
}

static struct pc_listed_socket *audit_add(struct scene *s, uint8_t proto, uint8_t state,
					  const char *address, uint16_t port)
{
	struct pc_listed_socket *made = &s->list[s->sockets.count++];
	bool v6 = strchr(address, ':');

	assert_true(s->sockets.count <= SOCKETS_MAX);
	made->socket = (struct pc_socket){
		.proto = proto,
		.state = state,
		.lport = port,
		.family = v6 ? PC_FAMILY_V6 : PC_FAMILY_V4,
		.cookie = s->sockets.count,
	};
	assert_int_equal(inet_pton(v6 ? AF_INET6 : AF_INET, address, made->socket.local), 1);
	if (!v6)
		memcpy(&made->socket.v4_address, made->socket.local, 4);
	return made;
}

static struct pc_listed_socket *audit_listener(struct scene *s, const char *address, uint16_t port)
{
	struct pc_listed_socket *made = audit_add(s, PC_PROTO_TCP, PC_STATE_LISTEN, address, port);

	made->backlog = 128;
	return made;
}

static void client(struct scene *s, const char *address, uint16_t port, const char *to,
		   uint16_t to_port)
{
	struct pc_socket *made =
		&audit_add(s, PC_PROTO_TCP, PC_STATE_ESTABLISHED, address, port)->socket;

	made->rport = to_port;
	assert_int_equal(
		inet_pton(made->family == PC_FAMILY_V6 ? AF_INET6 : AF_INET, to, made->remote), 1);
}

static struct pc_netns_audit *audit_look(struct scene *s)
{
	assert_int_equal(pc_audit_netns(&s->sockets, s->protect, &s->a), 0);
	return &s->a;
}

static const struct pc_audit_entry *entry_on(const struct pc_netns_audit *a, uint16_t port)
{
	for (size_t i = 0; i < a->entries_count; i++)
		if (a->entries[i].s.socket.lport == port)
			return &a->entries[i];
	return NULL;
}

static void audit_nothing(void **state)
{
	struct pc_netns_audit *a = audit_look(*state);

	assert_false(pc_audit_exposed(a));
	assert_int_equal(a->entries_count, 0);
	assert_int_equal(a->offered, 28232);
	assert_int_equal(a->destinations.count, 0);
}

static void listeners_in_the_range(void **state)
{
	struct scene *s = *state;
	struct pc_netns_audit *a;

	audit_parse("40000", s->a.settings.reserved);
	audit_listener(s, "0.0.0.0", 8080);
	audit_listener(s, "0.0.0.0", 35000);
	audit_listener(s, "::", 40000);
	audit_listener(s, "127.0.0.1", 45000)->kernel_chose = true;
	audit_add(s, PC_PROTO_UDP, PC_STATE_CLOSE, "0.0.0.0", 50000);
	audit_add(s, PC_PROTO_UDP, PC_STATE_CLOSE, "0.0.0.0", 50001)->kernel_chose = true;
	a = audit_look(s);
	assert_int_equal(a->exposed, 2);
	assert_true(pc_audit_exposed(a));
	assert_true(entry_on(a, 35000)->exposed);
	assert_true(entry_on(a, 50000)->exposed);
	assert_false(entry_on(a, 45000)->exposed);
	assert_true(entry_on(a, 45000)->listens);
	assert_null(entry_on(a, 8080));
	assert_null(entry_on(a, 40000));
	assert_null(entry_on(a, 50001));
	assert_int_equal(a->tcp_ports[PC_STATE_LISTEN], 4);
	assert_int_equal(a->udp_ports, 2);
	/* 40000 is held, but it is not offered. */
	assert_int_equal(a->tcp_in_range, 2);
	assert_int_equal(a->offered, 28231);
}

/* Any user can make as many exposed listeners as he likes: the advice does not take all ports from the clients. */
static void too_many_listeners(void **state)
{
	struct scene *s = *state;

	s->a.settings.low = 40000;
	s->a.settings.high = 40003;
	audit_listener(s, "0.0.0.0", 40000);
	audit_listener(s, "0.0.0.0", 40001);
	assert_false(audit_look(s)->too_many);
	pc_audit_free(&s->a);
	s->a = (struct pc_netns_audit){ .settings = s->a.settings };
	audit_listener(s, "0.0.0.0", 40002);
	assert_true(audit_look(s)->too_many);
}

static void without_settings_nothing_is_said(void **state)
{
	struct scene *s = *state;
	struct pc_netns_audit *a;

	s->a.settings.known = false;
	audit_parse("35000", s->protect);
	audit_listener(s, "0.0.0.0", 35000);
	a = audit_look(s);
	assert_false(pc_audit_exposed(a));
	assert_int_equal(a->offered, 0);
}

static void connected_udp_is_no_server(void **state)
{
	struct scene *s = *state;

	audit_add(s, PC_PROTO_UDP, PC_STATE_ESTABLISHED, "127.0.0.1", 50000)->socket.rport = 53;
	assert_int_equal(audit_look(s)->exposed, 0);
}

/* A client on one address is in the way of the wildcard, not of a server on another address. */
static void the_chance_counts_conflicting_clients(void **state)
{
	struct scene *s = *state;
	struct pc_netns_audit *a;

	audit_listener(s, "0.0.0.0", 35000);
	audit_listener(s, "127.0.0.1", 35002);
	audit_listener(s, "10.0.0.1", 35004);
	client(s, "127.0.0.1", 40000, "127.0.0.1", 443);
	client(s, "127.0.0.1", 40002, "127.0.0.1", 443);
	client(s, "10.0.0.1", 40004, "192.0.2.7", 443);
	client(s, "10.0.0.1", 40005, "192.0.2.7", 443);	 /* the other parity */
	client(s, "10.0.0.1", 35000, "192.0.2.7", 5000); /* accepted */
	a = audit_look(s);
	assert_int_equal(entry_on(a, 35000)->chance.taken, 3);
	assert_int_equal(entry_on(a, 35002)->chance.taken, 2);
	assert_int_equal(entry_on(a, 35004)->chance.taken, 1);
	assert_int_equal(entry_on(a, 35000)->chance.of, 28232 / 2 - 2);
}

/* More addresses than the cache holds. */
static void many_addresses(void **state)
{
	struct scene *s = *state;
	struct pc_netns_audit *a;

	for (uint16_t i = 0; i < 20; i++) {
		char address[16] = "127.0.1.10";

		address[8] = (char)('0' + i / 10);
		address[9] = (char)('0' + i % 10);
		if (address[8] == '0')
			memmove(address + 8, address + 9, 2);
		audit_listener(s, address, 35000 + 2 * i);
		client(s, address, 40000 + 2 * i, "127.0.0.1", 80);
	}
	a = audit_look(s);
	assert_int_equal(a->exposed, 20);
	for (uint16_t i = 0; i < 20; i++)
		assert_int_equal(entry_on(a, 35000 + 2 * i)->chance.taken, 1);
}

static void protected_ports(void **state)
{
	struct scene *s = *state;
	struct pc_netns_audit *a;
	char *list;

	audit_parse("30000-32767,33000-33002,45000,46000,47000", s->protect);
	audit_parse("33001", s->a.settings.reserved);
	audit_listener(s, "0.0.0.0", 46000);
	client(s, "127.0.0.1", 45000, "127.0.0.1", 443);
	client(s, "127.0.0.1", 46000, "127.0.0.1", 5000);
	client(s, "127.0.0.1", 30001, "127.0.0.1", 443);
	audit_listener(s, "0.0.0.0", 47000)->kernel_chose = true;
	a = audit_look(s);
	assert_int_equal(a->protected_held, 3);
	assert_true(entry_on(a, 45000)->holds_protected);
	assert_true(entry_on(a, 30001)->holds_protected);
	assert_true(entry_on(a, 47000)->holds_protected);
	assert_false(entry_on(a, 46000)->holds_protected);
	assert_int_equal(a->protect_count, 5);
	list = pc_ports_format(a->reserve);
	assert_string_equal(list, "33000-33002,45000,46000,47000");
	free(list);
}

static void the_drop_in_keeps_what_is_reserved(void **state)
{
	struct scene *s = *state;
	char *text;

	audit_parse("1000,35001-35003", s->a.settings.reserved);
	audit_listener(s, "0.0.0.0", 35000);
	audit_listener(s, "0.0.0.0", 35004);
	text = pc_audit_dropin(audit_look(s));
	assert_non_null(strstr(text, "\nnet.ipv4.ip_local_reserved_ports = 1000,35000-35004\n"));
	free(text);
}

static void queues(void **state)
{
	static const struct {
		uint32_t waiting, backlog;
		bool full, cut;
	} cases[] = {
		{ 0, 0, false, false },	    { 1, 0, true, false },	 { 4, 5, false, false },
		{ 5, 5, true, false },	    { 6, 5, true, false },	 { 0, 4096, false, true },
		{ 4097, 4096, true, true }, { 4095, 4096, false, true },
	};
	struct scene *s = *state;
	struct pc_netns_audit *a;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pc_listed_socket *l = audit_listener(s, "0.0.0.0", (uint16_t)(35000 + i));

		l->waiting = cases[i].waiting;
		l->backlog = cases[i].backlog;
	}
	a = audit_look(s);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(entry_on(a, (uint16_t)(35000 + i))->queue_full, cases[i].full);
		assert_int_equal(entry_on(a, (uint16_t)(35000 + i))->backlog_cut, cases[i].cut);
	}
}

static void busiest_destinations(void **state)
{
	struct scene *s = *state;
	struct pc_netns_audit *a;

	audit_listener(s, "0.0.0.0", 35000);
	for (uint16_t to = 1; to <= 7; to++)
		for (uint16_t i = 0; i < to; i++)
			client(s, "10.0.0.1", (uint16_t)(40000 + i), "192.0.2.7", to);
	client(s, "10.0.0.2", 40000, "192.0.2.7", 7); /* another source: ports of its own */
	client(s, "10.0.0.1", 35000, "192.0.2.7", 7); /* accepted */
	client(s, "10.0.0.1", 1024, "192.0.2.7", 7);  /* not of the range */
	a = audit_look(s);
	assert_int_equal(a->destinations.count, PC_DESTINATIONS_MAX);
	for (unsigned i = 0; i < PC_DESTINATIONS_MAX; i++) {
		assert_int_equal(a->destinations.list[i].ports, 7 - i);
		assert_int_equal(a->destinations.list[i].socket.rport, 7 - i);
	}
	assert_int_equal(a->tcp_in_range, 8);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, audit_set_up, audit_tear_down)
	const struct CMUnitTest tests[] = {
		TEST(audit_nothing),
		TEST(listeners_in_the_range),
		TEST(too_many_listeners),
		TEST(without_settings_nothing_is_said),
		TEST(connected_udp_is_no_server),
		TEST(the_chance_counts_conflicting_clients),
		TEST(many_addresses),
		TEST(protected_ports),
		TEST(the_drop_in_keeps_what_is_reserved),
		TEST(queues),
		TEST(busiest_destinations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
