// SPDX-License-Identifier: GPL-2.0-only
/* The guard's table: whose ports are taken in, each limit of it, and how ports leave. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "core/base/time.h"
#include "core/guard/guard.h"

#define LOW 32768
#define HIGH 60999
#define SHARE 2823 /* a tenth of 28,232 */
#define HOUR (3600 * PC_NS_PER_SECOND)
#define DAY (24 * HOUR)

struct scene {
	struct pc_guard guard;
	struct pc_guard_netns *ns;
};

static const struct pc_guard_who nginx = { .system_unit = true, .name = "nginx.service" };
static const struct pc_guard_who ann = { .uid = 1000, .comm = "ann" };

static void open_scene(struct scene *s, const char *policy)
{
	struct pc_guard_options options = { .share_percent = 10, .grace_ns = DAY, .netns_max = 16 };
	const char *bad;

	assert_int_equal(pc_guard_policy_parse(policy, &options.policy, &bad), 0);
	pc_guard_init(&s->guard, &options);
	s->ns = pc_guard_enter(&s->guard, 7, NULL);
	assert_non_null(s->ns);
	s->ns->low = LOW;
	s->ns->high = HIGH;
}

static enum pc_guard_answer guard_listener(struct scene *s, unsigned port,
					   const struct pc_guard_who *who, uint64_t now_ns)
{
	return pc_guard_listener(&s->guard, s->ns, (uint16_t)port, who, now_ns);
}

static unsigned expired(struct scene *s, uint64_t now_ns, uint64_t *gone)
{
	memset(gone, 0, PC_PORT_WORDS * sizeof(*gone));
	return pc_guard_expire(&s->guard, s->ns, now_ns, gone);
}

static void takes_a_port_once(void **state)
{
	uint64_t ports[PC_PORT_WORDS] = { 0 };
	struct scene s;

	(void)state;
	open_scene(&s, "system-units");
	assert_int_equal(guard_listener(&s, 40000, &nginx, 1), PC_GUARD_ADD);
	assert_int_equal(guard_listener(&s, 40000, &nginx, 2), PC_GUARD_KNOWN);
	assert_int_equal(guard_listener(&s, 33000, &nginx, 3), PC_GUARD_ADD);
	assert_int_equal(pc_guard_port(s.ns, 40000)->since_ns, 1);
	assert_int_equal(pc_guard_port(s.ns, 40000)->seen_ns, 2);
	pc_guard_ports(s.ns, ports);
	assert_int_equal(pc_ports_count(ports, 0, PC_PORTS - 1), 2);
	assert_true(pc_ports_has(ports, 40000) && pc_ports_has(ports, 33000));
	assert_int_equal(s.guard.ports, 2);
	pc_guard_free(&s.guard);
}

static void never_outside_the_range(void **state)
{
	static const unsigned outside[] = { 0, 80, LOW - 1, HIGH + 1, 65535 };
	struct scene s;

	(void)state;
	open_scene(&s, "all");
	for (size_t i = 0; i < sizeof(outside) / sizeof(outside[0]); i++)
		assert_int_equal(guard_listener(&s, outside[i], &nginx, 1), PC_GUARD_OUTSIDE);
	assert_int_equal(guard_listener(&s, LOW, &nginx, 1), PC_GUARD_ADD);
	assert_int_equal(guard_listener(&s, HIGH, &nginx, 1), PC_GUARD_ADD);
	s.ns->low = s.ns->high = 0; /* not known */
	assert_int_equal(guard_listener(&s, 40000, &nginx, 1), PC_GUARD_OUTSIDE);
	pc_guard_free(&s.guard);
}

static void only_whom_the_policy_takes(void **state)
{
	struct scene s;

	(void)state;
	open_scene(&s, "system-units");
	assert_int_equal(guard_listener(&s, 40000, &ann, 1), PC_GUARD_NOT_MEANT);
	assert_null(pc_guard_port(s.ns, 40000));
	assert_int_equal(pc_guard_may_enter(&s.guard, &ann), PC_GUARD_NOT_MEANT);
	assert_int_equal(pc_guard_may_enter(&s.guard, &nginx), PC_GUARD_ADD);
	pc_guard_free(&s.guard);
}

static void no_more_than_the_share(void **state)
{
	struct scene s;

	(void)state;
	open_scene(&s, "all");
	assert_int_equal(pc_guard_share(&s.guard, s.ns), SHARE);
	for (unsigned i = 0; i < SHARE; i++)
		assert_int_equal(guard_listener(&s, LOW + 2 * i, &nginx, 1), PC_GUARD_ADD);
	assert_int_equal(guard_listener(&s, LOW + 1, &nginx, 1), PC_GUARD_OVER_SHARE);
	assert_int_equal(guard_listener(&s, LOW, &nginx, 1), PC_GUARD_KNOWN);
	assert_true(pc_guard_take(&s.guard, s.ns, LOW));
	assert_false(pc_guard_take(&s.guard, s.ns, LOW));
	assert_int_equal(guard_listener(&s, LOW + 1, &nginx, 1), PC_GUARD_ADD);
	pc_guard_free(&s.guard);
}

/* With the widest policy: users fill their part, then all of theirs, and services still get in. */
static void users_cannot_use_it_up(void **state)
{
	struct pc_guard_who user = ann;
	unsigned port = LOW, taken = 0;
	struct scene s;

	(void)state;
	open_scene(&s, "all");
	while (guard_listener(&s, port, &ann, 1) == PC_GUARD_ADD)
		port++;
	assert_int_equal(port - LOW, SHARE / PC_GUARD_USER_PART);
	assert_int_equal(guard_listener(&s, port, &ann, 1), PC_GUARD_OVER_USER);
	for (user.uid = 1001; user.uid < 1032; user.uid++)
		while (guard_listener(&s, port, &user, 1) == PC_GUARD_ADD)
			port++;
	assert_int_equal(port - LOW, SHARE / PC_GUARD_STRANGERS_PART);
	while (guard_listener(&s, port, &nginx, 1) == PC_GUARD_ADD) {
		port++;
		taken++;
	}
	assert_int_equal(taken, SHARE - SHARE / PC_GUARD_STRANGERS_PART);
	pc_guard_free(&s.guard);
}

/* A service that was broken into and runs as a user of its own. */
static void a_service_user_has_a_part(void **state)
{
	const struct pc_guard_who broken = { .uid = 33,
					     .system_unit = true,
					     .name = "web.service" };
	unsigned port = LOW;
	struct scene s;

	(void)state;
	open_scene(&s, "system-units");
	while (guard_listener(&s, port, &broken, 1) == PC_GUARD_ADD)
		port++;
	assert_int_equal(port - LOW, SHARE / PC_GUARD_USER_PART);
	assert_int_equal(guard_listener(&s, port, &nginx, 1), PC_GUARD_ADD);
	pc_guard_free(&s.guard);
}

static void namespaces_of_users_are_limited(void **state)
{
	struct pc_guard_who other = { .uid = 1 };
	struct scene s;
	uint32_t inode = 100;

	(void)state;
	open_scene(&s, "all");
	for (; pc_guard_may_enter(&s.guard, &ann) == PC_GUARD_ADD; inode++)
		assert_non_null(pc_guard_enter(&s.guard, inode, &ann));
	assert_int_equal(inode - 100, 16 / PC_GUARD_USER_PART);
	for (; other.uid < 100; other.uid++)
		if (pc_guard_may_enter(&s.guard, &other) == PC_GUARD_ADD)
			assert_non_null(pc_guard_enter(&s.guard, inode++, &other));
	assert_int_equal(inode - 100, 16 / PC_GUARD_STRANGERS_PART);
	for (; pc_guard_may_enter(&s.guard, &nginx) == PC_GUARD_ADD; inode++)
		assert_non_null(pc_guard_enter(&s.guard, inode, &nginx));
	assert_int_equal(s.guard.count, 16);
	assert_int_equal(pc_guard_may_enter(&s.guard, NULL), PC_GUARD_OVER_NETNS);
	pc_guard_leave(&s.guard, pc_guard_find(&s.guard, 100));
	assert_null(pc_guard_find(&s.guard, 100));
	assert_int_equal(pc_guard_may_enter(&s.guard, NULL), PC_GUARD_ADD);
	pc_guard_free(&s.guard);
}

static void the_table_has_an_end(void **state)
{
	struct scene s;

	(void)state;
	open_scene(&s, "all");
	s.guard.ports = PC_GUARD_PORTS_MAX;
	assert_int_equal(guard_listener(&s, 40000, &nginx, 1), PC_GUARD_OVER_TABLE);
	s.guard.ports = 0;
	assert_int_equal(guard_listener(&s, 40000, &nginx, 1), PC_GUARD_ADD);
	pc_guard_free(&s.guard);
}

static void stays_through_restarts_until_grace(void **state)
{
	uint64_t none[PC_PORT_WORDS] = { 0 }, one[PC_PORT_WORDS] = { 0 }, gone[PC_PORT_WORDS];
	struct scene s;

	(void)state;
	open_scene(&s, "all");
	pc_ports_add(one, 40000);
	assert_int_equal(guard_listener(&s, 40000, &nginx, HOUR), PC_GUARD_ADD);
	pc_guard_seen(s.ns, one, 100 * DAY);
	assert_int_equal(expired(&s, 200 * DAY, gone), 0); /* it listens */
	pc_guard_seen(s.ns, none, 200 * DAY);
	assert_int_equal(expired(&s, 101 * DAY - 1, gone), 0);
	assert_int_equal(guard_listener(&s, 40000, &nginx, 101 * DAY - 1), PC_GUARD_KNOWN);
	pc_guard_seen(s.ns, none, 101 * DAY);
	assert_int_equal(expired(&s, 102 * DAY - 2, gone), 0);
	assert_int_equal(expired(&s, 102 * DAY - 1, gone), 1);
	assert_true(pc_ports_has(gone, 40000));
	assert_null(pc_guard_port(s.ns, 40000));
	pc_guard_free(&s.guard);
}

static void leaves_when_its_unit_moved(void **state)
{
	const struct pc_guard_who other = { .system_unit = true, .name = "api.service" };
	uint64_t now[PC_PORT_WORDS] = { 0 }, gone[PC_PORT_WORDS];
	struct scene s;

	(void)state;
	open_scene(&s, "all");
	guard_listener(&s, 40000, &nginx, HOUR);
	guard_listener(&s, 40001, &nginx, HOUR); /* always two ports */
	guard_listener(&s, 40002, &other, HOUR);
	pc_ports_add(now, 40001);
	pc_guard_seen(s.ns, now, 2 * HOUR);
	assert_int_equal(expired(&s, 3 * HOUR, gone), 0); /* the other port is no new one */
	guard_listener(&s, 40003, &nginx, 3 * HOUR);
	pc_ports_add(now, 40003);
	pc_guard_seen(s.ns, now, 3 * HOUR);
	assert_int_equal(expired(&s, 3 * HOUR + HOUR / 10, gone), 0); /* a while only */
	assert_int_equal(expired(&s, 3 * HOUR + HOUR / 6, gone), 1);
	assert_true(pc_ports_has(gone, 40000));
	assert_non_null(pc_guard_port(s.ns, 40002));
	pc_guard_free(&s.guard);
}

static void leaves_when_the_range_moved(void **state)
{
	uint64_t gone[PC_PORT_WORDS];
	struct scene s;

	(void)state;
	open_scene(&s, "all");
	guard_listener(&s, 33000, &nginx, 1);
	guard_listener(&s, 40000, &nginx, 1);
	s.ns->low = 35000;
	assert_int_equal(expired(&s, 2, gone), 1);
	assert_true(pc_ports_has(gone, 33000));
	s.ns->low = s.ns->high = 0; /* it could not be read: nothing is concluded from that */
	assert_int_equal(expired(&s, 2, gone), 0);
	pc_guard_free(&s.guard);
}

static void protected_ports_stay(void **state)
{
	const struct pc_guard_port listed = { .port = 41000, .reason = PC_GUARD_PROTECTED };
	uint64_t gone[PC_PORT_WORDS];
	struct scene s;

	(void)state;
	open_scene(&s, "off");
	assert_int_equal(pc_guard_put(&s.guard, s.ns, &listed), PC_GUARD_ADD);
	assert_int_equal(expired(&s, 1000 * DAY, gone), 0);
	assert_int_equal(guard_listener(&s, 41000, &nginx, 1), PC_GUARD_NOT_MEANT);
	assert_int_equal(pc_guard_port(s.ns, 41000)->reason, PC_GUARD_PROTECTED);
	pc_guard_free(&s.guard);
}

/* A user who listens for an instant on the port of a service does not take it over. */
static void a_stranger_is_no_heir(void **state)
{
	struct scene s;

	(void)state;
	open_scene(&s, "all");
	guard_listener(&s, 40000, &nginx, 1);
	assert_int_equal(guard_listener(&s, 40000, &ann, 2), PC_GUARD_KNOWN);
	assert_string_equal(pc_guard_port(s.ns, 40000)->who.name, "nginx.service");
	guard_listener(&s, 40001, &ann, 2);
	assert_int_equal(guard_listener(&s, 40001, &nginx, 3), PC_GUARD_KNOWN);
	assert_string_equal(pc_guard_port(s.ns, 40001)->who.name, "nginx.service");
	pc_guard_free(&s.guard);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_a_port_once),
		cmocka_unit_test(never_outside_the_range),
		cmocka_unit_test(only_whom_the_policy_takes),
		cmocka_unit_test(no_more_than_the_share),
		cmocka_unit_test(users_cannot_use_it_up),
		cmocka_unit_test(a_service_user_has_a_part),
		cmocka_unit_test(namespaces_of_users_are_limited),
		cmocka_unit_test(the_table_has_an_end),
		cmocka_unit_test(stays_through_restarts_until_grace),
		cmocka_unit_test(leaves_when_its_unit_moved),
		cmocka_unit_test(leaves_when_the_range_moved),
		cmocka_unit_test(protected_ports_stay),
		cmocka_unit_test(a_stranger_is_no_heir),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
