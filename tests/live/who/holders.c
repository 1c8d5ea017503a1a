// SPDX-License-Identifier: GPL-2.0-only
/* `portclash who`: every kind of holder, each older than portclash, and what really happens to a
 * server that binds the port. */
#include <string.h>

#include "judge/proc_net.h"
#include "judge/who.h"
#include "run/cases.h"
#include "stage/space.h"

#define PORT 8080

static void check_who_listener(struct test *t, unsigned options, const char *address,
			       const char *cause)
{
	struct puppet *web = puppet_start(t, "web");
	struct prop p = stage_listener(web, options, address, PORT);
	struct spot line = who_ask(t, PORT, "tcp", 3), s, answer;

	expect_int(&line, "holders_total", 1);
	s = who_holder(&line, 0, &p, "LISTEN", web);
	expect_string(&s, "how", "bind");
	expect_contains(&s, "process_note", "has the socket open");
	answer = who_answer(&line, options & OPT_V6 ? "::" : "0.0.0.0", "plain");
	expect_bool(&answer, "allowed", false);
	expect_string(&answer, "cause", cause);
	expect_int(&answer, "holder", 0);
	who_judge(&line, PORT, 0);
}

static void scenario_who_listener(struct test *t)
{
	check_who_listener(t, 0, "0.0.0.0", "listener");
}

static void scenario_who_listener_reuseport(struct test *t)
{
	check_who_listener(t, OPT_REUSEPORT, "0.0.0.0", "reuseport-mismatch");
}

static void scenario_who_listener_reuseaddr(struct test *t)
{
	check_who_listener(t, OPT_REUSEADDR, "127.0.0.1", "wildcard-overlap");
}

static void scenario_who_listener_v6only(struct test *t)
{
	check_who_listener(t, OPT_V6 | OPT_V6ONLY, "::", "listener");
}

static void scenario_who_listener_v6(struct test *t)
{
	check_who_listener(t, OPT_V6, "::", "listener");
}

struct cast {
	struct puppet *backend;
	struct puppet *client;
	struct prop listener;
	struct prop out;
	struct prop in;
};

static struct cast who_connected(struct test *t)
{
	struct cast c = { .backend = puppet_start(t, "backend"),
			  .client = puppet_start(t, "client") };

	c.listener = stage_listener(c.backend, 0, "127.0.0.1", SERVER_PORT);
	c.out = stage_client(c.client, 0, "127.0.0.1", SERVER_PORT);
	c.in = stage_accepted(&c.listener, c.backend);
	return c;
}

static void check_causes(const struct spot *line, const char *cause)
{
	struct spot s = who_answer(line, "0.0.0.0", "plain");

	expect_string(&s, "cause", cause);
	s = who_answer(line, "::", "plain");
	expect_string(&s, "cause", cause);
}

static void scenario_who_client(struct test *t)
{
	struct cast c = who_connected(t);
	uint16_t port = c.out.look.local.port;
	struct spot line = who_ask(t, port, "tcp", 3), s;

	s = who_holder(&line, 0, &c.out, "ESTABLISHED", c.client);
	expect_string(&s, "how", "connect");
	expect_bool(&s, "how_inferred", true);
	expect_person(&s, "peer", &c.backend->who);
	check_causes(&line, "ephemeral-client");
	who_judge(&line, port, 0);
}

/* Asked about the server's port, `who` names its listener first, then the accepted connection. */
static void scenario_who_accepted(struct test *t)
{
	struct cast c = who_connected(t);
	struct spot line = who_ask(t, SERVER_PORT, "tcp", 3), s;

	expect_int(&line, "holders_total", 2);
	who_holder(&line, 0, &c.listener, "LISTEN", c.backend);
	s = who_holder(&line, 1, &c.in, "ESTABLISHED", c.backend);
	expect_string(&s, "how", "accept");
	expect_person(&s, "peer", &c.client->who);
	who_judge(&line, SERVER_PORT, 0);
}

/* The connection waits in the queue: no process has it open, and `who` says so. */
static void scenario_who_queued(struct test *t)
{
	struct puppet *backend = puppet_start(t, "backend"), *client = puppet_start(t, "client");
	struct spot line, list, s;

	stage_listener(backend, 0, "127.0.0.1", SERVER_PORT);
	stage_client(client, 0, "127.0.0.1", SERVER_PORT);
	line = who_ask(t, SERVER_PORT, "tcp", 3);
	list = spot_below(&line, "holders");
	s = spot_at(&list, 1);
	expect_string(&s, "state", "ESTABLISHED");
	expect_null(&s, "process");
	expect_contains(&s, "process_note", "no process has accepted it yet");
	expect_person(&s, "peer", &client->who);
}

static void scenario_who_time_wait(struct test *t)
{
	struct cast c = who_connected(t);
	uint16_t port = c.out.look.local.port;
	struct spot line, s;
	json_int_t left;

	stage_close(&c.out);
	stage_close(&c.in);
	proc_net_await(t, port, SERVER_PORT, PROC_NET_TIME_WAIT);
	line = who_ask(t, port, "tcp", 3);
	s = who_holder(&line, 0, &c.out, "TIME_WAIT", NULL);
	expect_null(&s, "uid");
	left = json_integer_value(json_object_get(s.json, "seconds_left"));
	if (left < 1 || left > 60)
		expected(&s, "1 to 60 seconds left");
	check_causes(&line, "time-wait");
	who_judge(&line, port, 0);
}

static void check_bound(struct test *t, unsigned options)
{
	struct puppet *web = puppet_start(t, "web");
	struct prop p = stage_bound(web, options, "0.0.0.0", PORT);
	struct spot line = who_ask(t, PORT, "tcp", 3), s;

	s = who_holder(&line, 0, &p, "CLOSE", web);
	expect_string(&s, "how", "bind");
	check_causes(&line, "bound-not-listening");
	who_judge(&line, PORT, 0);
}

static void scenario_who_bound(struct test *t)
{
	check_bound(t, 0);
}

static void scenario_who_bound_reuseaddr(struct test *t)
{
	check_bound(t, OPT_REUSEADDR);
}

/* The client has exited, and its end cannot finish. */
static void scenario_who_orphan(struct test *t)
{
	struct cast c = who_connected(t);
	uint16_t port = c.out.look.local.port;
	struct spot line, s;

	stage_fill(&c.out);
	puppet_exit(c.client);
	proc_net_await(t, port, SERVER_PORT, PROC_NET_FIN_WAIT1);
	line = who_ask(t, port, "tcp", 3);
	s = who_holder(&line, 0, &c.out, "FIN_WAIT1", NULL);
	expect_contains(&s, "process_note", "its process has closed it");
	expect_null(&s, "age_at_most_seconds");
	check_causes(&line, "ephemeral-client");
	who_judge(&line, port, 0);
}

static void scenario_who_udp_autobound(struct test *t)
{
	struct puppet *dns = puppet_start(t, "dns");
	struct prop p = stage_socket(dns, OPT_UDP);
	struct spot line;
	uint16_t port;

	stage_send(&p, "127.0.0.1", 9);
	stage_look(&p);
	port = p.look.local.port;
	line = who_ask(t, port, "udp", 3);
	who_holder(&line, 0, &p, "CLOSE", dns);
	check_causes(&line, "ephemeral-bind");
	who_judge(&line, port, OPT_UDP);
	line = who_ask(t, port, "tcp", 0);
	expect_null(&line, "netns");
	expect_int(&line, "holders_total", 0);
	who_judge(&line, port, 0);
}

static void scenario_who_udp_reuseaddr(struct test *t)
{
	struct puppet *mdns = puppet_start(t, "mdns");
	struct prop p = stage_bound(mdns, OPT_UDP | OPT_REUSEADDR, "0.0.0.0", 5353);
	struct spot line = who_ask(t, 5353, "udp", 3);

	who_holder(&line, 0, &p, "CLOSE", mdns);
	who_judge(&line, 5353, OPT_UDP);
}

/* SO_REUSEPORT does not share with another user's socket. */
static void scenario_who_other_uid(struct test *t)
{
	static const char *const argv[] = { "who",   "--json", "--netns",  "self",
					    "--uid", "65534",  "8080/tcp", NULL };
	struct puppet *web = puppet_start(t, "web");
	struct audit a;
	struct spot line, s;

	stage_listener(web, OPT_REUSEPORT, "0.0.0.0", PORT);
	a = audit_json(t, argv, 3);
	line = audit_line(&a, "who", 0);
	expect_int(&line, "uid", 65534);
	s = who_answer(&line, "0.0.0.0", "reuseport");
	expect_bool(&s, "allowed", false);
	expect_string(&s, "cause", "reuseport-mismatch");
}

/* A server with SO_REUSEPORT came and went: the kernel lets another such server in over the holder,
 * without looking at it. The sockets do not show that, and `who` says nothing of it. */
static void scenario_who_left_mark(struct test *t)
{
	struct puppet *web = puppet_start(t, "web"), *guest = puppet_start(t, "guest");
	struct prop p = stage_listener(web, OPT_V6 | OPT_V6ONLY, "::", PORT);
	struct prop q = stage_bound(guest, OPT_REUSEPORT, "0.0.0.0", PORT), r;
	struct spot line, s;

	stage_close(&q);
	line = who_ask(t, PORT, "tcp", 3);
	who_holder(&line, 0, &p, "LISTEN", web);
	s = who_answer(&line, "::", "reuseport");
	expect_null(&s, "allowed");
	s = who_answer(&line, "::", "plain");
	expect_bool(&s, "allowed", false);
	r = stage_bound(guest, OPT_REUSEPORT | OPT_V6, "::", PORT);
	stage_close(&r);
}

const struct scenario cases_who_holders[] = {
	{ .name = "who-listener", .run = scenario_who_listener, .where = EACH_KERNEL },
	{ .name = "who-listener-reuseport",
	  .run = scenario_who_listener_reuseport,
	  .where = EACH_KERNEL },
	{ .name = "who-listener-reuseaddr",
	  .run = scenario_who_listener_reuseaddr,
	  .where = EACH_KERNEL },
	{ .name = "who-listener-v6", .run = scenario_who_listener_v6, .where = EACH_KERNEL },
	{ .name = "who-listener-v6only",
	  .run = scenario_who_listener_v6only,
	  .where = EACH_KERNEL },
	{ .name = "who-client", .run = scenario_who_client, .where = EACH_KERNEL },
	{ .name = "who-accepted", .run = scenario_who_accepted, .where = EACH_KERNEL },
	{ .name = "who-queued", .run = scenario_who_queued, .where = EACH_KERNEL },
	{ .name = "who-time-wait", .run = scenario_who_time_wait, .where = EACH_KERNEL },
	{ .name = "who-bound", .run = scenario_who_bound, .where = EACH_KERNEL },
	{ .name = "who-bound-reuseaddr",
	  .run = scenario_who_bound_reuseaddr,
	  .where = EACH_KERNEL },
	{ .name = "who-orphan", .run = scenario_who_orphan, .where = EACH_KERNEL },
	{ .name = "who-udp-autobound", .run = scenario_who_udp_autobound, .where = EACH_KERNEL },
	{ .name = "who-udp-reuseaddr", .run = scenario_who_udp_reuseaddr, .where = EACH_KERNEL },
	{ .name = "who-left-mark", .run = scenario_who_left_mark, .where = ONCE },
	{ .name = "who-other-uid", .run = scenario_who_other_uid, .where = ONCE },
	{ 0 },
};
