// SPDX-License-Identifier: GPL-2.0-only
/* A user fills the kernel's list of a UDP port with more sockets than one look takes in, in front of the
 * true holder. The verdict names the holder all the same, and says what was not looked at. */
#include <errno.h>

#include "judge/truth.h"
#include "judge/verdict.h"
#include "monitor/monitor.h"
#include "run/cases.h"
#include "stage/crowd.h"

#define VICTIM 33  /* www-data, as Debian numbers it */
#define CROWD 6000 /* above PC_WALK_UDP_STEPS */
#define CROWDED 8053

static void crowded_refused(struct test *t, struct puppet *web, struct prop *p, unsigned options,
			    const char *address)
{
	struct attempt a = stage_refused(web, OPT_UDP | options, address, CROWDED, EADDRINUSE);
	struct truth truth =
		truth_held(&a, "listener", FIX_STOP | FIX_REUSEPORT, p, "CLOSE", "bind");
	json_t *line;
	struct spot s;

	truth.stop = p->by;
	truth.incomplete = true;
	line = verdict_check(t, &truth);
	s = spot_of(t, line);
	expect_contains(&s, "incomplete_reason", "more than 4,096 UDP sockets");
}

static void scenario_crowded_slot(struct test *t)
{
	struct puppet *api =
		puppet_start_as(t, &(struct puppet_spec){ .name = "api", .uid = VICTIM });
	struct puppet *web =
		puppet_start_as(t, &(struct puppet_spec){ .name = "web", .uid = VICTIM });
	struct prop v4, v6;

	monitor_watch(t, NULL);
	v4 = stage_bound(api, OPT_UDP, "127.0.0.1", CROWDED);
	v6 = stage_bound(api, OPT_UDP | OPT_V6, "::1", CROWDED);
	/* The sockets share the port, on an address that is nobody else's. */
	crowd_stage(t, CROWD, OPT_UDP | OPT_REUSEPORT, "127.0.0.2", CROWDED);
	crowded_refused(t, web, &v4, 0, "127.0.0.1");
	crowded_refused(t, web, &v6, OPT_V6, "::1");
}

const struct scenario cases_load_crowded_slot[] = {
	{ .name = "crowded-slot",
	  .run = scenario_crowded_slot,
	  .seconds = 60,
	  .watch = WATCH_OWN,
	  .load = true },
	{ 0 },
};
