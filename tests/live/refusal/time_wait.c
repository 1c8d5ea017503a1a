// SPDX-License-Identifier: GPL-2.0-only
/* TIME_WAIT: what remains of a client's connection, and of an old server's. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "judge/proc_net.h"
#include "judge/verdict.h"
#include "monitor/monitor.h"
#include "run/cases.h"
#include "stage/theft.h"

static void check_ended_client(struct test *t, struct theft *c, unsigned options, const char *want,
			       unsigned fixes, bool gone)
{
	struct attempt a = stage_refused(c->web, options, want, c->out.look.local.port, EADDRINUSE);
	struct spot s = spot_of(t, NULL);

	s.json =
		verdict_check(t, &(struct truth){
					 .attempt = &a,
					 .cause = "time-wait",
					 .says = "this end of it closed first",
					 .fixes = FIX_CUT | fixes,
					 .holders = { {
						 .socket = &c->out,
						 .state = "TIME_WAIT",
						 .how = "connect",
						 .minisock = true,
						 .process = &c->client->who,
						 .gone = gone,
						 .note = gone ? "nobody has the socket open" : NULL,
					 } },
				 });
	if (s.json)
		expect_not_a_listener(&s);
}

static void client_closes_first(struct test *t, struct theft *c)
{
	stage_close(&c->out);
	stage_close(&c->in);
	proc_net_await(t, c->out.look.local.port, SERVER_PORT, PROC_NET_TIME_WAIT);
}

static void scenario_time_wait_client(struct test *t)
{
	struct theft c = theft_watched(t, 0, 0);

	client_closes_first(t, &c);
	check_ended_client(t, &c, 0, "0.0.0.0", FIX_RESERVE | FIX_OTHER_PORT, false);
}

static void scenario_time_wait_client_exited(struct test *t)
{
	struct theft c = theft_watched(t, 0, 0);

	client_closes_first(t, &c);
	puppet_exit(c.client);
	check_ended_client(t, &c, OPT_REUSEADDR, "127.0.0.1", FIX_RESERVE | FIX_OTHER_PORT, true);
}

static void scenario_time_wait_client_reuseaddr(struct test *t)
{
	struct theft c = theft_watched(t, 0, OPT_REUSEADDR);

	client_closes_first(t, &c);
	check_ended_client(t, &c, 0, "0.0.0.0", FIX_RESERVE | FIX_OTHER_PORT | FIX_REUSEADDR,
			   false);
}

static void scenario_time_wait_client_v6(struct test *t)
{
	struct theft c = theft_watched(t, OPT_V6, OPT_V6);

	client_closes_first(t, &c);
	check_ended_client(t, &c, OPT_V6, "::", FIX_RESERVE | FIX_OTHER_PORT, false);
}

/* The server closes first and is gone; its successor wants the port. */
static void of_server(struct test *t, unsigned old, unsigned new, unsigned fixes)
{
	struct theft c = theft_watched(t, old, 0);
	struct attempt a;

	stage_close(&c.in);
	stage_close(&c.out);
	proc_net_await(t, SERVER_PORT, c.out.look.local.port, PROC_NET_TIME_WAIT);
	puppet_exit(c.backend);
	a = stage_refused(c.web, new, "0.0.0.0", SERVER_PORT, EADDRINUSE);
	verdict_check(t, &(struct truth){
				 .attempt = &a,
				 .cause = "time-wait",
				 .says = "TIME_WAIT",
				 .fixes = FIX_CUT | fixes,
				 .holders = { {
					 .socket = &c.in,
					 .state = "TIME_WAIT",
					 .how = "accept",
					 .minisock = true,
					 .note = "has closed",
				 } },
			 });
}

static void scenario_time_wait_server(struct test *t)
{
	of_server(t, 0, 0, FIX_REUSEADDR_ALL);
}

static void scenario_time_wait_server_old_without_reuseaddr(struct test *t)
{
	of_server(t, 0, OPT_REUSEADDR, FIX_REUSEADDR_ALL);
}

static void scenario_time_wait_server_new_without_reuseaddr(struct test *t)
{
	of_server(t, OPT_REUSEADDR, 0, FIX_REUSEADDR);
}

/* With SO_REUSEADDR on both the bind() succeeds, and portclash reports nothing. */
static void scenario_time_wait_server_reuseaddr_on_both(struct test *t)
{
	struct theft c = theft_watched(t, OPT_REUSEADDR, 0);

	stage_close(&c.in);
	stage_close(&c.out);
	proc_net_await(t, SERVER_PORT, c.out.look.local.port, PROC_NET_TIME_WAIT);
	puppet_exit(c.backend);
	stage_listener(c.web, OPT_REUSEADDR, "0.0.0.0", SERVER_PORT);
	monitor_no_line(t, "refusal", c.web->pid, QUIET_SECONDS);
}

/* A client that asked for its port by number leaves a TIME_WAIT too; reserving is no fix. */
static void scenario_time_wait_explicit_client(struct test *t)
{
	struct theft c = theft_cast(t);
	struct attempt a;

	monitor_watch(t, NULL);
	theft_listen(&c, 0);
	c.out = stage_bound(c.client, 0, "0.0.0.0", 45000);
	stage_connect(&c.out, "127.0.0.1", SERVER_PORT);
	c.in = stage_accepted(&c.listener, c.backend);
	client_closes_first(t, &c);
	a = stage_refused(c.web, 0, "0.0.0.0", 45000, EADDRINUSE);
	verdict_check(t, &(struct truth){
				 .attempt = &a,
				 .cause = "time-wait",
				 .says = "tcp_tw_reuse changes nothing here",
				 .fixes = FIX_CUT | FIX_REUSEADDR_ALL,
				 .holders = { {
					 .socket = &c.out,
					 .state = "TIME_WAIT",
					 .how = "bind",
					 .minisock = true,
					 .process = &c.client->who,
				 } },
			 });
}

/* More than there are places in the log of claims (bpf/claim_log.bpf.h) */
#define LATER_CLAIMS 5000

struct io_shut_down {
	uint16_t port;
	int error;
};

/* The client asks for a port by number, and both ends end the connection before the client's close(): then the state of
 * its socket is CLOSE again. Many claims follow its claim at once. */
static void act_shut_down(void *io)
{
	struct io_shut_down *a = io;
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in from = to;
	socklen_t len = sizeof(to);
	int server = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);
	int accepted = -1;
	char byte;

	from.sin_port = htons(a->port);
	if (bind(server, (struct sockaddr *)&to, sizeof(to)) || listen(server, 1) ||
	    getsockname(server, (struct sockaddr *)&to, &len) ||
	    bind(client, (struct sockaddr *)&from, sizeof(from)) ||
	    connect(client, (struct sockaddr *)&to, sizeof(to)) ||
	    (accepted = accept(server, NULL, NULL)) < 0 || shutdown(client, SHUT_WR))
		a->error = errno;
	close(accepted);
	if (!a->error && read(client, &byte, 1))
		a->error = EPROTO;
	close(client);
	from.sin_port = 0;
	for (unsigned i = 0; i < LATER_CLAIMS && !a->error; i++) {
		int fd = socket(AF_INET, SOCK_DGRAM, 0);

		a->error = bind(fd, (struct sockaddr *)&from, sizeof(from)) ? errno : 0;
		close(fd);
	}
	close(server);
}

static void scenario_time_wait_shut_down(struct test *t)
{
	struct puppet *client = puppet_start(t, "client"), *web = puppet_start(t, "web");
	struct io_shut_down io = { .port = 45001 };
	struct spot s, holders, holder, process;

	t->retries = true;
	monitor_watch(t, NULL);
	puppet_call(client, act_shut_down, &io, sizeof(io));
	if (io.error)
		test_abort(t, "stage: %s", strerror(io.error));
	stage_refused(web, 0, "0.0.0.0", io.port, EADDRINUSE);
	s = spot_of(t, monitor_line(t, "refusal", web->pid, 10));
	holders = spot_below(&s, "holders");
	holder = spot_at(&holders, 0);
	process = spot_below(&holder, "process");
	expect_string(&s, "cause", "time-wait");
	expect_string(&holder, "how", "bind");
	expect_int(&process, "pid", client->pid);
}

const struct scenario cases_refusal_time_wait[] = {
	{ .name = "time-wait-client", .run = scenario_time_wait_client, .where = EACH_KERNEL },
	{ .name = "time-wait-client-exited",
	  .run = scenario_time_wait_client_exited,
	  .where = EACH_KERNEL },
	{ .name = "time-wait-client-reuseaddr",
	  .run = scenario_time_wait_client_reuseaddr,
	  .where = EACH_KERNEL },
	{ .name = "time-wait-client-v6",
	  .run = scenario_time_wait_client_v6,
	  .where = EACH_KERNEL },
	{ .name = "time-wait-explicit-client",
	  .run = scenario_time_wait_explicit_client,
	  .where = EACH_KERNEL },
	{ .name = "time-wait-shut-down",
	  .run = scenario_time_wait_shut_down,
	  .watch = WATCH_OWN },
	{ .name = "time-wait-server", .run = scenario_time_wait_server, .where = EACH_KERNEL },
	{ .name = "time-wait-server-old-without-reuseaddr",
	  .run = scenario_time_wait_server_old_without_reuseaddr,
	  .where = EACH_KERNEL },
	{ .name = "time-wait-server-new-without-reuseaddr",
	  .run = scenario_time_wait_server_new_without_reuseaddr,
	  .where = EACH_KERNEL },
	{ .name = "time-wait-server-reuseaddr-on-both",
	  .run = scenario_time_wait_server_reuseaddr_on_both,
	  .where = EACH_KERNEL },
	{ 0 },
};
