// SPDX-License-Identifier: GPL-2.0-only
/* One port with more sockets on it than one call of the sweep has room for, as on a busy server
 * that closes first and has TIME_WAIT entries. The sweep works all the same, and no live socket is
 * forgotten. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "judge/proc_net.h"
#include "judge/truth.h"
#include "monitor/monitor.h"
#include "run/cases.h"

/* The ledger is swept after 24,576 claims, and after as many again. By the second sweep the port
 * has more than the 32,768 sockets that one call takes (PC_SWEEP_COOKIES). */
#define CONNECTIONS 60000
#define TOO_MANY 32768
#define ROUND 5000
#define ADDRESSES 32 /* each has its ports */

struct io_busy {
	int listener;
	unsigned count;
	int error;
};

/* Connects, accepts, and closes what it accepted first: the TIME_WAIT is the server's. */
static void act_busy(void *io)
{
	struct io_busy *a = io;

	for (unsigned i = 0; i < a->count && !a->error; i++) {
		struct io_accept in = { .fd = a->listener };
		struct io_socket s = { 0 };
		struct io_name call = { .to.port = SERVER_PORT };

		snprintf(call.to.address, sizeof(call.to.address), "127.0.0.%u", 1 + i % ADDRESSES);
		act_socket(&s);
		call.fd = s.fd;
		act_connect(&call);
		if (!call.error)
			act_accept(&in);
		a->error = call.error ? call.error : in.error;
		act_close(&(struct io_close){ .fd = in.accepted });
		act_close(&(struct io_close){ .fd = s.fd });
	}
}

static void serve_many(struct test *t, struct puppet *server, int listener)
{
	for (unsigned left = CONNECTIONS; left; left -= ROUND) {
		struct io_busy io = { .listener = listener, .count = ROUND };

		puppet_begin(server, act_busy, &io, sizeof(io));
		puppet_end(server, &io, sizeof(io), 60);
		if (io.error)
			test_abort(t, "stage: serving: %s", strerror(io.error));
	}
	if (proc_net_count(SERVER_PORT, PROC_NET_TIME_WAIT) <= TOO_MANY)
		test_abort(t, "stage: only %u in TIME_WAIT; net.ipv4.tcp_max_tw_buckets?",
			   proc_net_count(SERVER_PORT, PROC_NET_TIME_WAIT));
}

static void check_swept(struct test *t)
{
	struct spot s, ledger;

	monitor_stop(t, t->monitor, SIGINT, 20);
	monitor_read(t, t->monitor);
	if (!t->monitor->count)
		return; /* monitor_finish() misses the summary */
	s = spot_of(t, t->monitor->lines[t->monitor->count - 1]);
	ledger = spot_below(&s, "ledger");
	expect_int(&ledger, "sweeps_failed", 0);
	if (json_integer_value(json_object_get(ledger.json, "sweeps")) < 2)
		expected(&ledger, "two sweeps or more");
}

static void scenario_busy_port(struct test *t)
{
	struct puppet *server = puppet_start(t, "server"), *client = puppet_start(t, "client");
	struct puppet *web = puppet_start(t, "web");
	struct prop listener, out;
	struct attempt a;

	monitor_watch(t, NULL);
	listener = stage_bound(server, 0, "0.0.0.0", SERVER_PORT);
	stage_listen(&listener, 4096);
	out = stage_client(client, 0, "127.0.0.1", SERVER_PORT);
	stage_accepted(&listener, server);
	serve_many(t, server, listener.fd);
	a = stage_refused(web, 0, "127.0.0.1", out.look.local.port, EADDRINUSE);
	truth_check_client(t, &a, &out, server);
	check_swept(t);
}

const struct scenario cases_load_busy_port[] = {
	{ .name = "busy-port",
	  .run = scenario_busy_port,
	  .seconds = 120,
	  .watch = WATCH_OWN,
	  .load = true,
	  .where = NATIVE },
	{ 0 },
};
