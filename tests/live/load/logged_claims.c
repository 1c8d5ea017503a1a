// SPDX-License-Identifier: GPL-2.0-only
/* Claims wait in a log in the kernel's memory (bpf/claim_log.bpf.h). A stranger makes more claims than the log has places,
 * by sockets that it closes at once and by others that it keeps. The victim's claim is still known, and all
 * claims are counted. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "judge/truth.h"
#include "monitor/monitor.h"
#include "run/cases.h"
#include "stage/acts.h"
#include "stage/puppet.h"

#define NOBODY 65534

/* Twice as many as PC_LOG_CLAIMS (include/portclash/record.h) */
#define CLOSED 8192
#define KEPT 2048

struct io_sockets {
	int closed;
	int kept;
	int error;
};

static void act_make_claims(void *io)
{
	struct io_sockets *a = io;

	for (int i = 0; i < a->closed + a->kept && !a->error; i++) {
		int fd = open_bound(OPT_UDP, &(struct end){ "127.0.0.1", 0 });

		if (fd < 0)
			a->error = -fd;
		else if (i < a->closed)
			close(fd);
	}
}

/* The summary counts the claims of sockets that were closed at once, too. */
static void check_counted(struct test *t)
{
	bool found = false;

	monitor_stop(t, t->monitor, SIGINT, 20);
	monitor_read(t, t->monitor);
	for (size_t i = 0; i < t->monitor->count; i++) {
		struct spot s = spot_of(t, t->monitor->lines[i]);
		struct spot claims = spot_below(&s, "claims");

		if (!claims.json)
			continue;
		found = true;
		if (json_integer_value(json_object_get(claims.json, "bind-zero")) < CLOSED + KEPT)
			expected(&claims, "%d claims by bind() to port 0, or more", CLOSED + KEPT);
	}
	if (!found)
		test_fail(t, "expected a summary with claims");
}

static void scenario_logged_claims(struct test *t)
{
	struct puppet *nobody =
		puppet_start_as(t, &(struct puppet_spec){ .name = "nobody", .uid = NOBODY });
	struct puppet *dns = puppet_start(t, "dns"), *web = puppet_start(t, "web");
	struct io_sockets io = { .closed = CLOSED, .kept = KEPT };
	struct truth truth;
	struct attempt a;
	struct prop udp;

	t->lossless = true;
	monitor_watch(t, NULL);
	udp = stage_socket(dns, OPT_UDP);
	stage_send(&udp, "127.0.0.1", SERVER_PORT);
	puppet_call(nobody, act_make_claims, &io, sizeof(io));
	if (io.error)
		test_abort(t, "stage: %s", strerror(io.error));
	a = stage_refused(web, OPT_UDP, "127.0.0.1", udp.look.local.port, EADDRINUSE);
	truth = truth_ephemeral_bind(&a, &udp, "autobind");
	verdict_check(t, &truth);
	check_counted(t);
}

const struct scenario cases_load_logged_claims[] = {
	{ .name = "logged-claims", .run = scenario_logged_claims, .watch = WATCH_OWN, .load = true },
	{ 0 },
};
