// SPDX-License-Identifier: GPL-2.0-only
/* SO_REUSEADDR on a client and on the server that wants its port: it helps when both have it,
 * and the advice must not say anything else. */
#include <errno.h>

#include "cases.h"
#include "monitor.h"
#include "verdict.h"

static void theft(struct test *t, unsigned client_options, unsigned server_options, unsigned fixes,
		  const char *says)
{
	struct puppet *backend = puppet_start(t, "backend"), *client = puppet_start(t, "client");
	struct puppet *web = puppet_start(t, "web");
	struct prop listener, out;
	struct attempt a;

	monitor_watch(t, NULL);
	listener = stage_listener(backend, 0, "127.0.0.1", SERVER_PORT);
	out = stage_client(client, client_options, "127.0.0.1", SERVER_PORT);
	stage_accepted(&listener, backend);
	a = stage_refused(web, server_options, "0.0.0.0", out.look.local.port, EADDRINUSE);
	verdict_check(t, &(struct truth){
				 .attempt = &a,
				 .cause = "ephemeral-client",
				 .says = says,
				 .fixes = fixes,
				 .stop = client,
				 .holders = { {
					 .socket = &out,
					 .state = "ESTABLISHED",
					 .how = "connect",
					 .process = &client->who,
					 .owners = { { client, out.fd } },
					 .peer = backend,
				 } },
			 });
}

static void on_client(struct test *t)
{
	theft(t, OPT_REUSEADDR, 0, FIX_CLIENT | FIX_REUSEADDR, NULL);
}

static void on_server(struct test *t)
{
	theft(t, 0, OPT_REUSEADDR, FIX_CLIENT, "SO_REUSEADDR does not help");
}

static void reuseport_on_both_ways(struct test *t)
{
	theft(t, OPT_REUSEPORT, OPT_REUSEADDR, FIX_CLIENT, "SO_REUSEADDR does not help");
}

/* The fix that on_client() asks for works: nothing is refused, so nothing is said. */
static void on_both(struct test *t)
{
	struct puppet *backend = puppet_start(t, "backend"), *client = puppet_start(t, "client");
	struct puppet *web = puppet_start(t, "web");
	struct prop listener, out;

	monitor_watch(t, NULL);
	listener = stage_listener(backend, 0, "127.0.0.1", SERVER_PORT);
	out = stage_client(client, OPT_REUSEADDR, "127.0.0.1", SERVER_PORT);
	stage_accepted(&listener, backend);
	stage_listener(web, OPT_REUSEADDR, "0.0.0.0", out.look.local.port);
	monitor_no_line(t, "refusal", web->pid, QUIET_SECONDS);
}

/* Both bound to a device: the socket's options say which. */
static void device(struct test *t)
{
	struct puppet *api = puppet_start(t, "api"), *web = puppet_start(t, "web");
	struct prop listener;
	struct attempt a;

	monitor_watch(t, NULL);
	listener = stage_listener(api, OPT_LO, "0.0.0.0", 8080);
	a = stage_refused(web, OPT_LO, "0.0.0.0", 8080, EADDRINUSE);
	verdict_check(t, &(struct truth){
				 .attempt = &a,
				 .cause = "listener",
				 .fixes = FIX_STOP | FIX_REUSEPORT,
				 .stop = api,
				 .holders = { {
					 .socket = &listener,
					 .state = "LISTEN",
					 .how = "bind",
					 .process = &api->who,
					 .owners = { { api, listener.fd } },
				 } },
			 });
}

const struct scenario cases_options[] = {
	{ .name = "reuseaddr-on-client", .run = on_client, .where = EACH_KERNEL },
	{ .name = "reuseaddr-on-server", .run = on_server, .where = EACH_KERNEL },
	{ .name = "reuseaddr-against-reuseport",
	  .run = reuseport_on_both_ways,
	  .where = EACH_KERNEL },
	{ .name = "reuseaddr-on-both", .run = on_both, .where = EACH_KERNEL },
	{ .name = "bind-to-device", .run = device, .where = EACH_KERNEL },
	{ 0 },
};
