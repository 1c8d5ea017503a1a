// SPDX-License-Identifier: GPL-2.0-only
/* SO_REUSEADDR on a client and on the server that wants its port: it helps when both have it,
 * and the advice must not say anything else. */
#include <errno.h>

#include "judge/truth.h"
#include "monitor/monitor.h"
#include "run/cases.h"
#include "stage/theft.h"

static void theft_with_reuseaddr(struct test *t, unsigned client_options, unsigned server_options,
				 unsigned fixes, const char *says)
{
	struct theft c = theft_watched(t, 0, client_options);
	struct attempt a =
		stage_refused(c.web, server_options, "0.0.0.0", c.out.look.local.port, EADDRINUSE);
	struct truth truth = truth_client(&a, &c.out, c.backend);

	truth.says = says;
	truth.fixes = fixes;
	verdict_check(t, &truth);
}

static void scenario_reuseaddr_on_client(struct test *t)
{
	theft_with_reuseaddr(t, OPT_REUSEADDR, 0, FIX_THEFT | FIX_REUSEADDR, NULL);
}

static void scenario_reuseaddr_on_server(struct test *t)
{
	theft_with_reuseaddr(t, 0, OPT_REUSEADDR, FIX_THEFT, "SO_REUSEADDR does not help");
}

static void scenario_reuseaddr_against_reuseport(struct test *t)
{
	theft_with_reuseaddr(t, OPT_REUSEPORT, OPT_REUSEADDR, FIX_THEFT,
			     "SO_REUSEADDR does not help");
}

/* The fix that scenario_reuseaddr_on_client() asks for works: nothing is refused, so portclash
 * reports nothing. */
static void scenario_reuseaddr_on_both(struct test *t)
{
	struct theft c = theft_watched(t, 0, OPT_REUSEADDR);

	stage_listener(c.web, OPT_REUSEADDR, "0.0.0.0", c.out.look.local.port);
	monitor_no_line(t, "refusal", c.web->pid, QUIET_SECONDS);
}

/* Both sockets are bound to a device: the verdict says which. */
static void scenario_bind_to_device(struct test *t)
{
	struct puppet *api = puppet_start(t, "api"), *web = puppet_start(t, "web");
	struct prop listener;
	struct attempt a;

	monitor_watch(t, NULL);
	listener = stage_listener(api, OPT_LO, "0.0.0.0", 8080);
	a = stage_refused(web, OPT_LO, "0.0.0.0", 8080, EADDRINUSE);
	truth_check_listener(t, &a, &listener);
}

const struct scenario cases_client_reuseaddr[] = {
	{ .name = "reuseaddr-on-client",
	  .run = scenario_reuseaddr_on_client,
	  .where = EACH_KERNEL },
	{ .name = "reuseaddr-on-server",
	  .run = scenario_reuseaddr_on_server,
	  .where = EACH_KERNEL },
	{ .name = "reuseaddr-against-reuseport",
	  .run = scenario_reuseaddr_against_reuseport,
	  .where = EACH_KERNEL },
	{ .name = "reuseaddr-on-both", .run = scenario_reuseaddr_on_both, .where = EACH_KERNEL },
	{ .name = "bind-to-device", .run = scenario_bind_to_device, .where = EACH_KERNEL },
	{ 0 },
};
