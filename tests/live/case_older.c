// SPDX-License-Identifier: GPL-2.0-only
/* Holders that had their port before portclash started: who has them open is known, since when
 * is not, and must not be invented. */
#include <errno.h>

#include <stdio.h>
#include <sys/utsname.h>

#include "cases.h"
#include "monitor.h"
#include "table.h"
#include "theft.h"
#include "truth.h"

static struct truth older(struct truth truth)
{
	truth.incomplete = true;
	truth.holders[0].older = true;
	truth.holders[0].note = "when portclash started";
	return truth;
}

/* The kernel marks a port that connect() chose; so even its age does not hide the cause. */
static void client(struct test *t)
{
	struct theft c = theft_connected(t);
	struct truth truth;

	monitor_watch(t, NULL);
	theft_refuse(&c);
	truth = older(truth_client(&c.attempt, &c.out, c.backend));
	verdict_check(t, &truth);
}

static void idle(struct test *t, unsigned options, uint16_t port, const char *cause, unsigned fixes,
		 const char *how)
{
	struct puppet *holder = puppet_start(t, "holder"), *web = puppet_start(t, "web");
	struct prop p = stage_bound(holder, options, "0.0.0.0", port);
	struct attempt a;
	struct truth truth;

	monitor_watch(t, NULL);
	a = stage_refused(web, options, "0.0.0.0", p.look.local.port, EADDRINUSE);
	truth = older(truth_held(&a, cause, fixes, &p, "CLOSE", how));
	verdict_check(t, &truth);
}

static void bound(struct test *t)
{
	idle(t, 0, 8080, "bound-not-listening", FIX_STOP, "bind");
}

static void bound_zero(struct test *t)
{
	idle(t, 0, 0, "ephemeral-bind", FIX_CLIENT, "bind-zero");
}

static void udp(struct test *t)
{
	idle(t, OPT_UDP, 5353, "listener", FIX_STOP | FIX_REUSEPORT, "bind");
}

static void listener(struct test *t)
{
	struct puppet *api = puppet_start(t, "api"), *web = puppet_start(t, "web");
	struct prop p = stage_listener(api, 0, "0.0.0.0", 8080);
	struct attempt a;
	struct truth truth;

	monitor_watch(t, NULL);
	a = stage_refused(web, 0, "0.0.0.0", 8080, EADDRINUSE);
	truth = older(truth_listener(&a, &p));
	verdict_check(t, &truth);
}

/* UDP autobind leaves no mark of its own: which way it was is not known, that the kernel chose
 * the port is. */
static void udp_autobind(struct test *t)
{
	struct puppet *holder = puppet_start(t, "holder"), *web = puppet_start(t, "web");
	struct prop p = stage_socket(holder, OPT_UDP);
	struct attempt a;
	struct truth truth;

	stage_send(&p, "127.0.0.1", SERVER_PORT);
	monitor_watch(t, NULL);
	a = stage_refused(web, OPT_UDP, "0.0.0.0", p.look.local.port, EADDRINUSE);
	truth = older(truth_ephemeral_bind(&a, &p, NULL));
	verdict_check(t, &truth);
}

/* Nobody has it open: no process is named, and that is said. */
static void time_wait(struct test *t)
{
	struct theft c = theft_connected(t);

	stage_close(&c.out);
	stage_close(&c.in);
	table_await(t, c.out.look.local.port, SERVER_PORT, TABLE_TIME_WAIT);
	monitor_watch(t, NULL);
	theft_refuse(&c);
	verdict_check(t, &(struct truth){
				 .attempt = &c.attempt,
				 .cause = "time-wait",
				 .fixes = FIX_RESERVE | FIX_OTHER_PORT,
				 .incomplete = true,
				 .holders = { {
					 .socket = &c.out,
					 .state = "TIME_WAIT",
					 .how = "connect",
					 .minisock = true,
					 .older = true,
					 .note = "has closed",
				 } },
			 });
}

/* Only 5.12+ lets a cookie be made for a socket that is there. */
static bool gives_cookies(void)
{
	struct utsname name;
	int major, minor;

	uname(&name);
	return sscanf(name.release, "%d.%d", &major, &minor) != 2 || major > 5 ||
	       (major == 5 && minor >= 12);
}

/* A connection that was accepted before: nothing is missing, its age is its listener's. */
static void accepted(struct test *t)
{
	struct theft c = theft_connected(t);
	struct attempt a;
	struct truth truth;

	stage_close(&c.listener);
	monitor_watch(t, NULL);
	a = stage_refused(c.web, 0, "0.0.0.0", SERVER_PORT, EADDRINUSE);
	truth = older(truth_held(&a, "lingering-connection", FIX_STOP | FIX_REUSEADDR_ALL, &c.in,
				 "ESTABLISHED", "accept"));
	truth.holders[0].peer = c.client;
	/* Without a cookie its age cannot be told; a connection that was accepted needs no claim. */
	if (!gives_cookies()) {
		c.in.look.cookie = 0;
		truth.incomplete = truth.holders[0].older = false;
		truth.holders[0].note = "has accepted this connection";
	}
	verdict_check(t, &truth);
}

const struct scenario cases_older[] = {
	{ .name = "older-client", .run = client, .watch = WATCH_OWN, .where = EACH_KERNEL },
	{ .name = "older-bound", .run = bound, .watch = WATCH_OWN, .where = EACH_KERNEL },
	{ .name = "older-bind-zero", .run = bound_zero, .watch = WATCH_OWN, .where = EACH_KERNEL },
	{ .name = "older-listener", .run = listener, .watch = WATCH_OWN, .where = EACH_KERNEL },
	{ .name = "older-udp", .run = udp, .watch = WATCH_OWN, .where = EACH_KERNEL },
	{ .name = "older-udp-autobind",
	  .run = udp_autobind,
	  .watch = WATCH_OWN,
	  .where = EACH_KERNEL },
	{ .name = "older-time-wait", .run = time_wait, .watch = WATCH_OWN, .where = EACH_KERNEL },
	{ .name = "older-accepted", .run = accepted, .watch = WATCH_OWN, .where = EACH_KERNEL },
	{ 0 },
};
