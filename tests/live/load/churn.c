// SPDX-License-Identifier: GPL-2.0-only
/* A million other connections come and go between a claim and the collision with it. portclash
 * still names the holder, which was there all the time, and loses no record. */
#include <errno.h>
#include <signal.h>
#include <string.h>

#include "judge/truth.h"
#include "monitor/monitor.h"
#include "run/cases.h"

/* Pairs of a client and a server keep two cores busy; a client makes so many connections in one
 * call that no call takes long. */
#define PAIRS 2
#define ROUND 5000

/* Connections in flight, made and not yet accepted: fewer than the accept queue holds, so that no
 * SYN is ever dropped and repeated a second later. */
#define IN_FLIGHT 200

struct io_churn {
	struct end to;
	unsigned long count;
	unsigned long made;
	int listener;
	int error;
};

/* Makes as many connections as are in flight, accepts them and resets both ends: neither leaves a
 * TIME_WAIT behind. */
static void churn_some(struct io_churn *a, unsigned count)
{
	struct io_close out[IN_FLIGHT], in;

	for (unsigned i = 0; i < count; i++) {
		struct io_socket s = { 0 };
		struct io_name call = { .to = a->to };

		act_socket(&s);
		call.fd = s.fd;
		act_connect(&call);
		if (call.error)
			a->error = call.error;
		out[i] = (struct io_close){ .fd = s.fd, .reset = true };
	}
	for (unsigned i = 0; i < count && !a->error; i++) {
		struct io_accept accepted = { .fd = a->listener };

		act_accept(&accepted);
		a->error = accepted.error;
		in = (struct io_close){ .fd = accepted.accepted, .reset = true };
		act_close(&in);
	}
	for (unsigned i = 0; i < count; i++)
		act_close(&out[i]);
}

static void act_churn(void *io)
{
	struct io_churn *a = io;

	while (a->made < a->count && !a->error) {
		unsigned long left = a->count - a->made;

		churn_some(a, left < IN_FLIGHT ? (unsigned)left : IN_FLIGHT);
		a->made += left < IN_FLIGHT ? left : IN_FLIGHT;
	}
}

static void churn_round(struct test *t, struct puppet *by[PAIRS], struct io_churn io[PAIRS],
			unsigned long *left)
{
	for (int i = 0; i < PAIRS; i++) {
		io[i].made = 0;
		io[i].count = *left < ROUND ? *left : ROUND;
		*left -= io[i].count;
		puppet_begin(by[i], act_churn, &io[i], sizeof(io[i]));
	}
	for (int i = 0; i < PAIRS; i++) {
		puppet_end(by[i], &io[i], sizeof(io[i]), 60);
		if (io[i].error)
			test_abort(t, "stage: churning: %s", strerror(io[i].error));
	}
}

static void churn_all(struct test *t)
{
	unsigned long left = t->settings->churn;
	struct puppet *by[PAIRS];
	struct io_churn io[PAIRS] = { 0 };

	for (int i = 0; i < PAIRS; i++) {
		struct prop listener;

		by[i] = puppet_start(t, "churner");
		listener = stage_bound(by[i], 0, "127.0.0.9", (uint16_t)(SERVER_PORT + 10 + i));
		stage_listen(&listener, 2 * IN_FLIGHT);
		io[i].to = listener.look.local;
		io[i].listener = listener.fd;
	}
	while (left)
		churn_round(t, by, io, &left);
}

static void churn(struct test *t)
{
	struct puppet *backend = puppet_start(t, "backend"), *client = puppet_start(t, "client");
	struct puppet *web = puppet_start(t, "web"), *dns = puppet_start(t, "dns");
	struct prop listener, out, udp;
	struct truth truth;
	struct attempt a;

	t->lossless = true;
	t->forgiven = "refusals"; /* claims of other processes */
	monitor_watch(t, NULL);
	listener = stage_listener(backend, 0, "127.0.0.1", SERVER_PORT);
	out = stage_client(client, 0, "127.0.0.1", SERVER_PORT);
	stage_accepted(&listener, backend);
	udp = stage_socket(dns, OPT_UDP);
	stage_send(&udp, "127.0.0.1", SERVER_PORT);
	churn_all(t);
	a = stage_refused(web, 0, "127.0.0.1", out.look.local.port, EADDRINUSE);
	truth_check_client(t, &a, &out, backend);
	a = stage_refused(web, OPT_UDP, "127.0.0.1", udp.look.local.port, EADDRINUSE);
	truth = truth_ephemeral_bind(&a, &udp, "autobind");
	verdict_check(t, &truth);
}

/* monitor_finish() looks for lost records; this checks that portclash saw the claims at all. */
static void scenario_churn(struct test *t)
{
	struct spot s, claims;
	json_int_t connects;

	churn(t);
	monitor_stop(t, t->monitor, SIGINT, 20);
	monitor_read(t, t->monitor);
	for (size_t i = 0; i < t->monitor->count; i++) {
		s = spot_of(t, t->monitor->lines[i]);
		claims = spot_below(&s, "claims");
		/* A kernel that preempts a program leaves it out for others, and counts it. */
		connects = json_integer_value(json_object_get(claims.json, "connect")) +
			   json_integer_value(json_object_get(s.json, "states_missed"));
		if (claims.json && connects < (json_int_t)t->settings->churn)
			expected(&claims, "%lu claims by connect, or state changes missed, or more",
				 t->settings->churn);
	}
}

const struct scenario cases_load_churn[] = {
	{ .name = "churn",
	  .run = scenario_churn,
	  .seconds = 300,
	  .watch = WATCH_OWN,
	  .load = true,
	  .where = ONCE },
	{ 0 },
};
