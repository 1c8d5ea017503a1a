// SPDX-License-Identifier: GPL-2.0-only
/* A range that is used up: the processes that use it, the destination, and what is left. */
#include <errno.h>

#include "judge/verdict.h"
#include "monitor/monitor.h"
#include "run/cases.h"
#include "stage/acts_rare.h"
#include "stage/space.h"

struct range_cast {
	struct puppet *api;
	struct puppet *heavy; /* the client with three of the four ports */
	struct puppet *light; /* the client with one */
	struct puppet *late;  /* the client that is refused */
};

static struct range_cast four_ports(struct test *t)
{
	struct range_cast c = {
		.api = puppet_start(t, "api"),
		.heavy = puppet_start(t, "heavy"),
		.light = puppet_start(t, "light"),
		.late = puppet_start(t, "late"),
	};

	space_set("ipv4/ip_local_port_range", "20001 20006");
	space_set("ipv4/ip_local_reserved_ports", "20003,20006");
	return c;
}

static void check_user(const struct spot *users, unsigned at, const struct puppet *who, int ports)
{
	struct spot user = spot_at(users, at);

	expect_int(&user, "ports", ports);
	expect_person(&user, "process", &who->who);
}

/* The destination that all four are connected to; port 0: there is none. */
static void check_range_use(struct test *t, const struct range_cast *c, const struct end *to)
{
	json_t *line = monitor_line(t, "refusal", c->late->pid, 5);
	struct spot s = spot_of(t, line), use = spot_below(&s, "range_use");
	struct spot users = spot_below(&use, "processes"), all = spot_below(&use, "destinations");
	struct spot first = spot_at(&all, 0);
	unsigned before = t->report->failures;

	expect_string(&s, "cause", "range-exhausted");
	if (to->port)
		expect_end(&s, "requested", to);
	expect_int(&use, "offered", 4);
	expect_int(&use, "held", 4);
	expect_int(&use, "left", 0);
	check_user(&users, 0, c->heavy, 3);
	check_user(&users, 1, c->light, 1);
	if (to->port) {
		expect_string(&first, "address", to->address);
		expect_int(&first, "port", to->port);
		expect_int(&first, "ports", 4);
	} else if (json_array_size(all.json)) {
		test_fail(t, "expected no destinations");
	}
	if (t->report->failures > before)
		note_line(t, line);
}

static void connect_all_by(struct test *t, struct range_cast *c, unsigned options,
			   const char *address, puppet_fn fn)
{
	struct end to = { .port = SERVER_PORT };
	struct prop late;

	stage_listener(c->api, options, address, SERVER_PORT);
	for (int i = 0; i < 4; i++)
		stage_client(i < 3 ? c->heavy : c->light, options, address, SERVER_PORT);
	late = stage_socket(c->late, options);
	stage_refused_connect(&late, fn, "connect", address, SERVER_PORT, EADDRNOTAVAIL);
	snprintf(to.address, sizeof(to.address), "%s", address);
	check_range_use(t, c, &to);
}

static void connect_all(struct test *t, struct range_cast *c, unsigned options, const char *address)
{
	connect_all_by(t, c, options, address, act_connect);
}

static void scenario_range_use_connect(struct test *t)
{
	struct range_cast c = four_ports(t);

	monitor_watch(t, NULL);
	connect_all(t, &c, 0, "127.0.0.1");
}

static void scenario_range_use_connect_v6(struct test *t)
{
	struct range_cast c = four_ports(t);

	monitor_watch(t, NULL);
	connect_all(t, &c, OPT_V6, "::1");
}

/* A send that begins a connection (MSG_FASTOPEN) finds no port: no connect() is ever called. */
static void scenario_range_use_fast_open(struct test *t)
{
	struct range_cast c = four_ports(t);

	monitor_watch(t, NULL);
	connect_all_by(t, &c, 0, "127.0.0.1", act_fast_open);
}

static void scenario_range_use_fast_open_message(struct test *t)
{
	struct range_cast c = four_ports(t);

	monitor_watch(t, NULL);
	connect_all_by(t, &c, OPT_V6, "::1", act_fast_open_message);
}

static void scenario_range_use_own_space(struct test *t)
{
	static const char *const argv[] = { "trace", "--json", NULL };
	struct range_cast c = four_ports(t);

	monitor_watch_as(t, &(struct monitor_spec){ .argv = argv, .in_space = true });
	connect_all(t, &c, 0, "127.0.0.1");
}

static void bind_all(struct test *t, const struct range_cast *c, unsigned options)
{
	struct prop late;

	for (int i = 0; i < 4; i++)
		stage_bound(i < 3 ? c->heavy : c->light, options, "0.0.0.0", 0);
	late = stage_socket(c->late, options);
	stage_refused_bind(&late, act_bind, "0.0.0.0", 0, EADDRINUSE);
	check_range_use(t, c, &(struct end){ .port = 0 });
}

static void scenario_range_use_bind_zero_udp(struct test *t)
{
	struct range_cast c = four_ports(t);

	monitor_watch(t, NULL);
	bind_all(t, &c, OPT_UDP);
}

/* The picture of the first refusal must not be repeated for the second. */
static void scenario_range_use_one_after_the_other(struct test *t)
{
	struct range_cast c = four_ports(t);

	monitor_watch(t, NULL);
	bind_all(t, &c, OPT_UDP);
	connect_all(t, &c, 0, "127.0.0.1");
}

/* Kernels before 6.8 do not list the sockets that have the ports; portclash must say so. */
static void scenario_range_use_bind_zero_tcp(struct test *t)
{
	struct range_cast c = four_ports(t);
	struct prop late;
	struct spot s, use;

	monitor_watch(t, NULL);
	for (int i = 0; i < 4; i++)
		stage_bound(i < 3 ? c.heavy : c.light, 0, "0.0.0.0", 0);
	late = stage_socket(c.late, 0);
	stage_refused_bind(&late, act_bind, "0.0.0.0", 0, EADDRINUSE);
	s = spot_of(t, monitor_line(t, "refusal", c.late->pid, 5));
	use = spot_below(&s, "range_use");
	expect_string(&s, "cause", "range-exhausted");
	expect_int(&use, "offered", 4);
	if (json_integer_value(json_object_get(use.json, "held"))) {
		expect_int(&use, "left", 0);
		expect_complete(&s);
	} else {
		expect_int(&use, "left", 4);
		expect_bool(&s, "incomplete", true);
	}
}

const struct scenario cases_client_range_used_up[] = {
	{ .name = "range-use-connect",
	  .run = scenario_range_use_connect,
	  .watch = WATCH_OWN,
	  .where = EACH_KERNEL },
	{ .name = "range-use-connect-v6",
	  .run = scenario_range_use_connect_v6,
	  .watch = WATCH_OWN,
	  .where = EACH_KERNEL },
	{ .name = "range-use-fast-open", .run = scenario_range_use_fast_open, .watch = WATCH_OWN },
	{ .name = "range-use-fast-open-message",
	  .run = scenario_range_use_fast_open_message,
	  .watch = WATCH_OWN },
	{ .name = "range-use-own-space",
	  .run = scenario_range_use_own_space,
	  .watch = WATCH_OWN,
	  .where = EACH_KERNEL },
	{ .name = "range-use-bind-zero-udp",
	  .run = scenario_range_use_bind_zero_udp,
	  .watch = WATCH_OWN,
	  .where = EACH_KERNEL },
	{ .name = "range-use-bind-zero-tcp",
	  .run = scenario_range_use_bind_zero_tcp,
	  .watch = WATCH_OWN,
	  .where = EACH_KERNEL },
	{ .name = "range-use-one-after-the-other",
	  .run = scenario_range_use_one_after_the_other,
	  .watch = WATCH_OWN,
	  .where = ONCE },
	{ 0 },
};
