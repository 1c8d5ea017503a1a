// SPDX-License-Identifier: GPL-2.0-only
/* Transparent proxies bind the address and port of their own client. Where that is certain, the advice ends
 * nobody. Servers set the same options for a virtual IP: where it may be one, the verdict says both. */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "judge/verdict.h"
#include "monitor/monitor.h"
#include "run/cases.h"
#include "stage/stage.h"

#define CLIENT "198.51.100.7"
#define PORT 40000

static struct prop transparent_socket(struct puppet *proxy, int option, unsigned options)
{
	struct prop p = stage_socket(proxy, options);

	if (stage_set_option(&p, IPPROTO_IP, option, 1))
		test_skip(proxy->t, "no IP_TRANSPARENT in this kernel");
	return p;
}

static void expect_nobody_ended(struct test *t, json_t *line)
{
	static const char *const commands[] = { "kill ", "systemctl ", "ss -K", "reserve",
						"ip_local_reserved_ports" };
	struct spot s = spot_of(t, line);

	expect_string(&s, "cause", "transparent-source");
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (fixes_with_command(line, commands[i]))
			test_fail(t, "expected no command with \"%s\"", commands[i]);
}

/* The verdict names what is certain, and has the reader look before anybody is ended. */
static void expect_doubt(struct test *t, json_t *line, const char *cause)
{
	struct spot s = spot_of(t, line), fixes = spot_below(&s, "fixes"), first;

	expect_string(&s, "cause", cause);
	expect_contains(&s, "explanation", "may also be that of a proxy");
	first = spot_at(&fixes, 0);
	expect_contains(&first, "what", "first see what the refused program is");
}

/* Takes the advice: the client's address, and a port that the kernel finds at connect(). */
static void bind_without_port(struct puppet *proxy, const char *address)
{
	struct prop p = transparent_socket(proxy, IP_TRANSPARENT, 0);

	stage_set_option(&p, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
	stage_bind(&p, address, 0);
}

/* The proxy has a socket for the same client already. */
static void scenario_transparent_source(struct test *t)
{
	struct puppet *proxy = puppet_start(t, "proxy");
	struct prop first, second;
	struct spot s;
	json_t *line;

	monitor_watch(t, NULL);
	first = transparent_socket(proxy, IP_TRANSPARENT, OPT_UDP);
	stage_bind(&first, CLIENT, PORT);
	stage_connect(&first, "127.0.0.1", SERVER_PORT);
	second = transparent_socket(proxy, IP_TRANSPARENT, OPT_UDP);
	stage_refused_bind(&second, act_bind, CLIENT, PORT, EADDRINUSE);
	line = verdict_take(proxy);
	expect_nobody_ended(t, line);
	s = spot_of(t, line);
	s = spot_below(&s, "requester");
	s = spot_below(&s, "options");
	expect_bool(&s, "transparent", true);
	expect_bool(&s, "freebind", false);
}

/* A server of this machine listens on the port that the client happens to have; or the refused socket is a
 * server's, of a virtual IP. */
static void scenario_transparent_listener(struct test *t)
{
	struct puppet *api = puppet_start(t, "api"), *proxy = puppet_start(t, "proxy");
	struct prop p;

	monitor_watch(t, NULL);
	stage_listener(api, 0, "0.0.0.0", PORT);
	p = transparent_socket(proxy, IP_TRANSPARENT, 0);
	stage_refused_bind(&p, act_bind, CLIENT, PORT, EADDRINUSE);
	expect_doubt(t, verdict_take(proxy), "wildcard-overlap");
	bind_without_port(proxy, CLIENT);
}

/* The client is on this machine, too; or it has the port of a server that wants it. */
static void scenario_transparent_source_here(struct test *t)
{
	struct puppet *api = puppet_start(t, "api"), *client = puppet_start(t, "client");
	struct puppet *proxy = puppet_start(t, "proxy");
	struct prop out, p;

	monitor_watch(t, NULL);
	stage_listener(api, 0, "127.0.0.1", SERVER_PORT);
	out = stage_client(client, 0, "127.0.0.1", SERVER_PORT);
	p = transparent_socket(proxy, IP_TRANSPARENT, 0);
	stage_refused_bind(&p, act_bind, "127.0.0.1", out.look.local.port, EADDRINUSE);
	expect_doubt(t, verdict_take(proxy), "ephemeral-client");
	bind_without_port(proxy, "127.0.0.1");
}

/* With the same options, a server that listens for others is a server. */
static void transparent_server(struct test *t, int option, const char *address)
{
	struct puppet *api = puppet_start(t, "api"), *proxy = puppet_start(t, "proxy");
	struct prop p;
	json_t *line;

	monitor_watch(t, NULL);
	stage_listener(api, 0, "0.0.0.0", PORT);
	p = transparent_socket(proxy, option, 0);
	stage_refused_bind(&p, act_bind, address, PORT, EADDRINUSE);
	line = verdict_take(proxy);
	if (!strcmp(json_string_value(json_object_get(line, "cause")), "transparent-source"))
		test_fail(t, "expected a cause about servers, got transparent-source");
	fixes_run(t, line, "kill ");
	fixes_expect_free(proxy, 0, "0.0.0.0", PORT);
}

static void scenario_transparent_server(struct test *t)
{
	transparent_server(t, IP_TRANSPARENT, "0.0.0.0");
}

/* HAProxy's "bind VIP:443 transparent", where the virtual IP is on another machine. */
static void scenario_transparent_virtual(struct test *t)
{
	transparent_server(t, IP_TRANSPARENT, CLIENT);
}

static void scenario_freebind_server(struct test *t)
{
	transparent_server(t, IP_FREEBIND, CLIENT);
}

const struct scenario cases_way_transparent[] = {
	{ .name = "transparent-source",
	  .run = scenario_transparent_source,
	  .watch = WATCH_OWN,
	  .where = EACH_KERNEL },
	{ .name = "transparent-source-here",
	  .run = scenario_transparent_source_here,
	  .watch = WATCH_OWN },
	{ .name = "transparent-listener", .run = scenario_transparent_listener },
	{ .name = "transparent-virtual", .run = scenario_transparent_virtual },
	{ .name = "transparent-server", .run = scenario_transparent_server },
	{ .name = "freebind-server", .run = scenario_freebind_server, .where = EACH_KERNEL },
	{ 0 },
};
