// SPDX-License-Identifier: GPL-2.0-only
/* The sockets on a port as `who` has them: order, counts, the ones that are shown, and the
 * answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <arpa/inet.h>
#include <string.h>

#include "cases.h"
#include "core/rule/peer.h"
#include "core/port/alike.h"
#include "core/port/who.h"
#include "core/verdict/causes.h"

#define MANY 400

static struct pc_socket list[MANY];
static struct pc_who_entry entry;

/* A socket on 0.0.0.0, bound by number. */
static struct pc_socket *add_at(size_t at, uint8_t state)
{
	struct pc_socket *s = &list[at];

	*s = (struct pc_socket){
		.inode = 1000 + at,
		.netns = CASE_NETNS,
		.lport = CASE_PORT,
		.family = PC_FAMILY_V4,
		.proto = PC_PROTO_TCP,
		.state = state,
		.userlocks = PC_LOCK_PORT,
	};
	return s;
}

/* To 192.0.2.7:443 from 192.0.2.1; the kernel chose the port at connect(). */
static struct pc_socket *add_client(size_t at)
{
	struct pc_socket *s = add_at(at, PC_STATE_ESTABLISHED);

	inet_pton(AF_INET, "192.0.2.1", s->local);
	inet_pton(AF_INET, "192.0.2.7", s->remote);
	memcpy(&s->v4_address, s->local, 4);
	s->rport = 443;
	s->userlocks = 0;
	s->fastreuse = s->fastreuseport = -1;
	return s;
}

static void begin_as(uint8_t proto, bool blind, size_t count)
{
	pc_who_end(&entry);
	entry = (struct pc_who_entry){
		.port = CASE_PORT,
		.proto = proto,
		.netns = CASE_NETNS,
		.blind = blind,
		.verdict.settings.low = CASE_LOW,
		.verdict.settings.high = CASE_HIGH,
	};
	pc_who_sort(list, count);
	pc_who_begin(&entry, list, count);
	pc_who_decide(&entry);
}

static void begin_who(size_t count)
{
	begin_as(PC_PROTO_TCP, false, count);
}

static void assert_answer(uint16_t family, enum pc_who_option option, enum pc_cause cause,
			  int holder)
{
	const struct pc_who_answer *a =
		&entry.answers[(family == PC_FAMILY_V6 ? PC_WHO_OPTIONS : 0) + option];

	assert_int_equal(a->family, family);
	assert_int_equal(a->option, option);
	assert_true(a->known);
	assert_int_equal(a->refused, cause != PC_CAUSE_INVALID);
	if (a->cause != cause) {
		print_error("cause is %s, not %s\n", pc_cause_name(a->cause), pc_cause_name(cause));
		fail();
	}
	assert_int_equal(a->holder, holder);
}

static void assert_allowed(uint16_t family, enum pc_who_option option)
{
	assert_answer(family, option, PC_CAUSE_INVALID, -1);
}

static void nobody(void **state)
{
	(void)state;
	begin_who(0);
	assert_int_equal(entry.total, 0);
	for (int i = 0; i < PC_WHO_OPTIONS; i++) {
		assert_allowed(PC_FAMILY_V4, (enum pc_who_option)i);
		assert_allowed(PC_FAMILY_V6, (enum pc_who_option)i);
	}
}

static void order_of_kinds(void **state)
{
	(void)state;
	add_at(0, PC_STATE_TIME_WAIT)->rport = 443;
	add_client(1);
	add_at(2, PC_STATE_CLOSE);
	add_at(3, PC_STATE_LISTEN);
	begin_who(4);
	assert_int_equal(entry.verdict.holders_count, 4);
	assert_int_equal(entry.verdict.holders[0].socket.state, PC_STATE_LISTEN);
	assert_int_equal(entry.verdict.holders[1].socket.state, PC_STATE_CLOSE);
	assert_int_equal(entry.verdict.holders[2].socket.state, PC_STATE_ESTABLISHED);
	assert_int_equal(entry.verdict.holders[3].socket.state, PC_STATE_TIME_WAIT);
	assert_int_equal(entry.verdict.holders[2].how, PC_HOW_CONNECT);
	assert_true(entry.verdict.holders[2].how_inferred);
	for (int i = 0; i < 4; i++)
		assert_true(entry.verdict.holders[i].blocking);
}

static void namespaces_apart(void **state)
{
	(void)state;
	add_at(0, PC_STATE_LISTEN)->netns = 9;
	add_at(1, PC_STATE_LISTEN)->netns = 7;
	add_at(2, PC_STATE_CLOSE)->netns = 9;
	pc_who_sort(list, 3);
	assert_int_equal(list[0].netns, 7);
	assert_int_equal(pc_who_same_netns(list, 3), 1);
	assert_int_equal(pc_who_same_netns(list + 1, 2), 2);
	assert_int_equal(list[1].state, PC_STATE_LISTEN);
}

static void listener(void **state)
{
	(void)state;
	add_at(0, PC_STATE_LISTEN);
	begin_who(1);
	assert_answer(PC_FAMILY_V4, PC_WHO_PLAIN, PC_CAUSE_LISTENER, 0);
	assert_answer(PC_FAMILY_V4, PC_WHO_REUSEADDR, PC_CAUSE_LISTENER, 0);
	assert_answer(PC_FAMILY_V4, PC_WHO_REUSEPORT, PC_CAUSE_REUSEPORT_MISMATCH, 0);
	assert_answer(PC_FAMILY_V6, PC_WHO_PLAIN, PC_CAUSE_DUAL_STACK, 0);
}

/* With an address, only what is in the way of a server there is listed and answered. */
static void only_one_address(void **state)
{
	static const uint8_t here[4] = { 127, 0, 0, 1 }, there[4] = { 127, 0, 0, 2 };

	(void)state;
	memcpy(add_at(0, PC_STATE_LISTEN)->local, here, 4);
	memcpy(&list[0].v4_address, here, 4);
	memcpy(add_at(1, PC_STATE_LISTEN)->local, there, 4);
	memcpy(&list[1].v4_address, there, 4);
	entry = (struct pc_who_entry){
		.port = CASE_PORT,
		.proto = PC_PROTO_TCP,
		.netns = CASE_NETNS,
		.wanted_family = PC_FAMILY_V4,
		.verdict.settings.low = CASE_LOW,
		.verdict.settings.high = CASE_HIGH,
	};
	memcpy(entry.wanted, there, 4);
	pc_who_begin(&entry, list, 2);
	pc_who_decide(&entry);
	assert_int_equal(entry.answers_count, PC_WHO_OPTIONS);
	assert_int_equal(entry.total, 1);
	assert_int_equal(entry.verdict.holders_count, 1);
	assert_memory_equal(entry.verdict.holders[0].socket.local, there, 4);
	assert_answer(PC_FAMILY_V4, PC_WHO_PLAIN, PC_CAUSE_LISTENER, 0);
}

/* Two processes that differ in their pids alone have alike sockets. */
static void alike_holders(void **state)
{
	struct pc_identity one = { .uid = 7, .exe = "/bin/a" }, two = { .uid = 7, .exe = "/bin/a" };
	struct pc_holder a = { .socket = *add_at(0, PC_STATE_LISTEN), .owners_count = 1 };
	struct pc_holder b;

	(void)state;
	a.owners[0] = (struct pc_party){ .who = &one, .key.tgid = 100, .comm = "a" };
	b = a;
	b.socket.inode++;
	b.owners[0] = (struct pc_party){ .who = &two, .key.tgid = 101, .comm = "a" };
	assert_true(pc_holders_alike(&a, &b));
	two.uid = 8;
	assert_false(pc_holders_alike(&a, &b));
	two.uid = 7;
	two.exe = NULL;
	assert_false(pc_holders_alike(&a, &b));
	two.exe = one.exe;
	b.socket.local[0] = 10;
	assert_false(pc_holders_alike(&a, &b));
	b.socket.local[0] = a.socket.local[0];
	b.socket.state = PC_STATE_ESTABLISHED;
	assert_false(pc_holders_alike(&a, &b));
}

static void reuseport_group(void **state)
{
	(void)state;
	add_at(0, PC_STATE_LISTEN)->flags = PC_SOCKET_REUSEPORT;
	begin_who(1);
	assert_allowed(PC_FAMILY_V4, PC_WHO_REUSEPORT);
	list[0].uid = 1000;
	begin_who(1);
	assert_answer(PC_FAMILY_V4, PC_WHO_REUSEPORT, PC_CAUSE_REUSEPORT_MISMATCH, 0);
}

static void reuseaddr_over_time_wait(void **state)
{
	(void)state;
	add_client(0)->state = PC_STATE_TIME_WAIT;
	list[0].reuse = 1;
	begin_who(1);
	assert_answer(PC_FAMILY_V4, PC_WHO_PLAIN, PC_CAUSE_TIME_WAIT, 0);
	assert_allowed(PC_FAMILY_V4, PC_WHO_REUSEADDR);
}

/* Four hundred with SO_REUSEADDR, and the one without is the last. */
static void one_that_blocks_is_shown(void **state)
{
	(void)state;
	for (size_t i = 0; i < MANY; i++)
		add_client(i)->reuse = i != MANY - 1;
	begin_who(MANY);
	assert_int_equal(entry.total, MANY);
	assert_int_equal(entry.states[PC_STATE_ESTABLISHED], MANY);
	assert_int_equal(entry.rest[PC_STATE_ESTABLISHED],
			 MANY - PC_HOLDERS_MAX * (1 + PC_WHO_PAGES_MAX));
	assert_int_equal(entry.verdict.holders_count, PC_HOLDERS_MAX);
	assert_answer(PC_FAMILY_V4, PC_WHO_REUSEADDR, PC_CAUSE_EPHEMERAL_CLIENT,
		      PC_HOLDERS_MAX - 1);
	assert_int_equal(entry.verdict.holders[PC_HOLDERS_MAX - 1].socket.inode, 1000 + MANY - 1);
}

static void what_is_none_of_it(void **state)
{
	(void)state;
	add_at(0, PC_STATE_LISTEN)->lport = 1;
	add_at(1, PC_STATE_LISTEN)->proto = PC_PROTO_UDP;
	add_at(2, PC_STATE_LISTEN)->family = 1;
	add_at(3, PC_STATE_COUNT);
	begin_who(4);
	assert_int_equal(entry.total, 0);
	assert_allowed(PC_FAMILY_V4, PC_WHO_PLAIN);
}

/* The kernel asks for the right to the port before it looks at other sockets. */
static void privileged_port(void **state)
{
	(void)state;
	add_at(0, PC_STATE_LISTEN);
	begin_who(1);
	entry.uid = 65534;
	entry.unprivileged_start = CASE_PORT + 1;
	pc_who_begin(&entry, NULL, 0);
	pc_who_decide(&entry);
	assert_true(pc_who_is_privileged(&entry));
	assert_answer(PC_FAMILY_V4, PC_WHO_PLAIN, PC_CAUSE_PRIVILEGED_PORT, -1);
	assert_answer(PC_FAMILY_V6, PC_WHO_REUSEPORT, PC_CAUSE_PRIVILEGED_PORT, -1);
	entry.uid = 0;
	assert_false(pc_who_is_privileged(&entry));
	entry.uid = 65534;
	entry.unprivileged_start = CASE_PORT;
	assert_false(pc_who_is_privileged(&entry));
}

static void udp(void **state)
{
	(void)state;
	add_at(0, PC_STATE_CLOSE)->proto = PC_PROTO_UDP;
	list[0].reuse = 1;
	begin_as(PC_PROTO_UDP, false, 1);
	assert_answer(PC_FAMILY_V4, PC_WHO_PLAIN, PC_CAUSE_LISTENER, 0);
	assert_allowed(PC_FAMILY_V4, PC_WHO_REUSEADDR);
	list[0].userlocks = 0;
	begin_as(PC_PROTO_UDP, false, 1);
	assert_answer(PC_FAMILY_V4, PC_WHO_PLAIN, PC_CAUSE_EPHEMERAL_BIND, 0);
}

/* Without the options nothing is said of those, and without the bucket nothing of the how. */
static void without_root(void **state)
{
	(void)state;
	add_at(0, PC_STATE_LISTEN);
	begin_as(PC_PROTO_TCP, true, 1);
	assert_answer(PC_FAMILY_V4, PC_WHO_PLAIN, PC_CAUSE_LISTENER, 0);
	assert_false(entry.answers[PC_WHO_REUSEADDR].known);
	assert_false(entry.answers[PC_WHO_REUSEPORT].known);
	assert_false(entry.answers[PC_WHO_REUSEPORT].refused);
	assert_int_equal(entry.verdict.holders[0].how, PC_HOW_BIND);
	add_client(0)->fastreuse = 0;
	list[0].fastreuseport = 0;
	list[0].lport = CASE_PORT;
	begin_as(PC_PROTO_TCP, true, 1);
	assert_answer(PC_FAMILY_V4, PC_WHO_PLAIN, PC_CAUSE_UNKNOWN, 0);
	assert_int_equal(entry.verdict.holders[0].how, PC_HOW_UNKNOWN);
	assert_false(entry.verdict.holders[0].how_inferred);
}

static void a_mark_in_the_bucket(void **state)
{
	(void)state;
	add_at(0, PC_STATE_LISTEN)->fastreuseport = 2;
	begin_who(1);
	assert_false(entry.answers[PC_WHO_REUSEPORT].known);
	assert_answer(PC_FAMILY_V4, PC_WHO_PLAIN, PC_CAUSE_LISTENER, 0);
	list[0].flags = PC_SOCKET_REUSEPORT;
	list[0].uid = 5;
	begin_who(1);
	assert_answer(PC_FAMILY_V4, PC_WHO_REUSEPORT, PC_CAUSE_REUSEPORT_MISMATCH, 0);
}

static void the_kernels_own(void **state)
{
	(void)state;
	add_at(0, PC_STATE_LISTEN)->flags = PC_SOCKET_NO_FILE;
	begin_who(1);
	assert_answer(PC_FAMILY_V4, PC_WHO_PLAIN, PC_CAUSE_KERNEL_SOCKET, 0);
	assert_non_null(strstr(pc_holder_note(&entry.verdict.holders[0]), "kernel itself"));
}

static void age(void **state)
{
	struct pc_holder *h = &entry.verdict.holders[0];

	(void)state;
	add_at(0, PC_STATE_LISTEN);
	begin_who(1);
	assert_int_equal(pc_who_oldest_owner(h), 0);
	h->owners[h->owners_count++] = case_party(case_server());
	h->owners[h->owners_count++] = case_party(case_thief());
	assert_int_equal(pc_who_oldest_owner(h), case_thief()->key.start_ns);
}

static void notes(void **state)
{
	struct pc_holder h = { 0 };

	(void)state;
	h.socket.flags = PC_SOCKET_ORPHAN;
	assert_non_null(strstr(pc_holder_note(&h), "queue"));
	h.socket.flags = PC_SOCKET_ORPHAN | PC_SOCKET_DEAD;
	assert_non_null(strstr(pc_holder_note(&h), "its process has closed it"));
	h.how = PC_HOW_ACCEPT;
	assert_non_null(strstr(pc_holder_note(&h), "an accepted connection"));
	h = (struct pc_holder){ .socket.state = PC_STATE_LISTEN };
	assert_null(pc_holder_note(&h));
}

static void words(void **state)
{
	(void)state;
	assert_string_equal(pc_who_option_name(PC_WHO_PLAIN), "plain");
	assert_string_equal(pc_who_option_name(PC_WHO_REUSEPORT), "reuseport");
	assert_string_equal(pc_who_option_name(PC_WHO_OPTIONS), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody),
		cmocka_unit_test(order_of_kinds),
		cmocka_unit_test(namespaces_apart),
		cmocka_unit_test(only_one_address),
		cmocka_unit_test(alike_holders),
		cmocka_unit_test(listener),
		cmocka_unit_test(reuseport_group),
		cmocka_unit_test(reuseaddr_over_time_wait),
		cmocka_unit_test(one_that_blocks_is_shown),
		cmocka_unit_test(what_is_none_of_it),
		cmocka_unit_test(privileged_port),
		cmocka_unit_test(udp),
		cmocka_unit_test(without_root),
		cmocka_unit_test(a_mark_in_the_bucket),
		cmocka_unit_test(the_kernels_own),
		cmocka_unit_test(age),
		cmocka_unit_test(notes),
		cmocka_unit_test(words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
