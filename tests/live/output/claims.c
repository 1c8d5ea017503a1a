// SPDX-License-Identifier: GPL-2.0-only
/* --claims: a line for every local port that a socket gets, with how it got it, both ends and the
 * process. */
#include <errno.h>
#include <signal.h>
#include <string.h>

#include "judge/verdict.h"
#include "monitor/monitor.h"
#include "run/cases.h"

/* portclash looks at a connect() that says nothing after a second. */
#define LATE_SECONDS 3

struct claim {
	const char *how;
	const char *proto;
	const struct prop *socket;
	struct end local; /* at the time of the claim */
	struct end remote;
};

static void check_claim_line(struct test *t, const struct claim *want)
{
	const struct prop *p = want->socket;
	json_t *line = monitor_line(t, "claim", p->by->pid, 5);
	struct spot s = spot_of(t, line), process = spot_below(&s, "process");
	unsigned before = t->report->failures;

	if (!line) {
		test_fail(t, "expected a claim \"%s\" of %s, got none", want->how, p->by->who.comm);
		return;
	}
	expect_int(&s, "schema", 1);
	expect_time(&s, "time", p->before, p->after);
	expect_string(&s, "proto", want->proto);
	expect_string(&s, "family", p->look.family == AF_INET6 ? "ipv6" : "ipv4");
	expect_string(&s, "how", want->how);
	expect_int(&s, "port", want->local.port);
	expect_end(&s, "local", &want->local);
	expect_end(&s, "remote", &want->remote);
	expect_int(&s, "cookie", (long long)p->look.cookie);
	expect_int(&s, "netns", (long long)p->by->who.netns);
	expect_person(&s, "process", &p->by->who);
	expect_int(&process, "tid", p->by->who.tid);
	if (t->report->failures > before)
		note_line(t, line);
}

static void check_now(struct test *t, const char *how, const char *proto, const struct prop *p)
{
	check_claim_line(t, &(struct claim){ how, proto, p, p->look.local, p->look.remote });
}

static void watch_claims(struct test *t)
{
	monitor_watch(t, (const char *const[]){ "--claims", NULL });
}

/* Expects no further claims; `second` may be NULL. */
static void no_more(struct test *t, struct puppet *first, struct puppet *second)
{
	monitor_no_line(t, "claim", first->pid, QUIET_SECONDS);
	if (second)
		monitor_no_line(t, "claim", second->pid, 0);
}

static void claim_tcp(struct test *t, unsigned options, const char *address)
{
	struct puppet *backend = puppet_start(t, "backend"), *client = puppet_start(t, "client");
	struct prop listener, out, zero;
	struct claim bound;

	watch_claims(t);
	listener = stage_bound(backend, options, address, SERVER_PORT);
	bound = (struct claim){ "bind", "tcp", &listener, listener.look.local, { .port = 0 } };
	stage_listen(&listener, 8);
	out = stage_client(client, options, address, SERVER_PORT);
	stage_accepted(&listener, backend);
	zero = stage_bound(backend, options, address, 0);
	check_claim_line(t, &bound);
	check_now(t, "connect", "tcp", &out);
	check_now(t, "bind-zero", "tcp", &zero);
	no_more(t, backend, client);
}

static void scenario_claims_tcp(struct test *t)
{
	claim_tcp(t, 0, "127.0.0.1");
}

static void scenario_claims_tcp_v6(struct test *t)
{
	claim_tcp(t, OPT_V6, "::1");
}

/* listen() without a bind(), and a client that bound before it connected: one claim each. */
static void scenario_claims_tcp_other(struct test *t)
{
	struct puppet *backend = puppet_start(t, "backend"), *client = puppet_start(t, "client");
	struct prop listener, out;
	struct end local;

	watch_claims(t);
	listener = stage_socket(backend, 0);
	stage_listen(&listener, 8);
	out = stage_bound(client, 0, "127.0.0.1", 45000);
	local = out.look.local;
	stage_connect(&out, "127.0.0.1", listener.look.local.port);
	check_now(t, "autobind", "tcp", &listener);
	check_claim_line(t, &(struct claim){ "bind", "tcp", &out, local, { .port = 0 } });
	no_more(t, client, backend);
}

static void claim_udp(struct test *t, unsigned options, const char *address, const char *any)
{
	struct puppet *dns = puppet_start(t, "dns"), *client = puppet_start(t, "client");
	struct puppet *sender = puppet_start(t, "sender");
	struct prop server, zero, connected, sent;

	watch_claims(t);
	server = stage_bound(dns, OPT_UDP | options, address, 5353);
	zero = stage_bound(dns, OPT_UDP | options, any, 0);
	connected = stage_socket(client, OPT_UDP | options);
	stage_connect(&connected, address, 5353);
	sent = stage_socket(sender, OPT_UDP | options);
	stage_send(&sent, address, 5353);
	check_now(t, "bind", "udp", &server);
	check_now(t, "bind-zero", "udp", &zero);
	check_now(t, "autobind", "udp", &sent);
	check_now(t, "autobind", "udp", &connected);
	no_more(t, dns, client);
	monitor_no_line(t, "claim", sender->pid, 0);
}

static void scenario_claims_udp(struct test *t)
{
	claim_udp(t, 0, "127.0.0.1", "0.0.0.0");
}

static void scenario_claims_udp_v6(struct test *t)
{
	claim_udp(t, OPT_V6, "::1", "::");
}

/* The kernel gave a port, the other side refused, the port is free again: it was a claim. */
static void scenario_claims_refused_connect(struct test *t)
{
	struct puppet *client = puppet_start(t, "client");
	struct prop p;
	struct io_name a = { .to = { "127.0.0.1", 9 } };
	json_t *line;
	struct spot s;

	watch_claims(t);
	p = stage_socket(client, 0);
	a.fd = p.fd;
	puppet_call(client, act_connect, &a, sizeof(a));
	if (a.error != ECONNREFUSED)
		test_abort(t, "stage: connect() ended with %s", strerror(a.error));
	line = monitor_line(t, "claim", client->pid, 5);
	s = spot_of(t, line);
	expect_string(&s, "how", "connect");
	expect_end(&s, "remote", &a.to);
	expect_time(&s, "time", a.before, a.after);
	expect_person(&s, "process", &client->who);
	no_more(t, client, NULL);
}

/* The kernel refuses the call before it gives a port and before the socket changes its state: no
 * claim. */
static void scenario_claims_no_route(struct test *t)
{
	struct puppet *client = puppet_start(t, "client");
	struct prop tried, bound;
	struct io_name a = { .to = { "255.255.255.255", SERVER_PORT } };

	watch_claims(t);
	tried = stage_socket(client, 0);
	a.fd = tried.fd;
	puppet_call(client, act_connect, &a, sizeof(a));
	if (a.error != ENETUNREACH)
		test_abort(t, "stage: connect() ended with %s", strerror(a.error));
	bound = stage_bound(client, 0, "127.0.0.1", 0);
	check_now(t, "bind-zero", "tcp", &bound);
	monitor_no_line(t, "claim", client->pid, LATE_SECONDS);
	monitor_stop(t, t->monitor, SIGINT, 10);
	monitor_no_line(t, "claim", client->pid, 0);
}

/* The accept queue is full: the SYN of one more client is dropped. */
static struct puppet *hang(struct test *t)
{
	struct puppet *client = puppet_start(t, "client"), *api = puppet_start(t, "api");
	struct prop listener = stage_bound(api, 0, "127.0.0.1", SERVER_PORT), out[4];

	stage_listen(&listener, 0);
	watch_claims(t);
	for (int i = 0; i < 4; i++)
		out[i] = stage_socket(client, 0);
	for (int i = 0; i < 4; i++)
		stage_try_connect(&out[i], "127.0.0.1", SERVER_PORT);
	return client;
}

/* A connect() that hangs has its port already; the line must not wait for its end. */
static void scenario_claims_hanging_connect(struct test *t)
{
	struct puppet *client = hang(t);

	for (int i = 0; i < 4; i++) {
		json_t *line = monitor_line(t, "claim", client->pid, 5);
		struct spot s = spot_of(t, line), local;

		expect_string(&s, "how", "connect");
		expect_person(&s, "process", &client->who);
		expect_end(&s, "remote", &(struct end){ "127.0.0.1", SERVER_PORT });
		local = spot_below(&s, "local");
		expect_string(&local, "address", "127.0.0.1");
		if (!json_integer_value(json_object_get(local.json, "port")))
			expected(&local, "the port that the kernel chose");
	}
	no_more(t, client, NULL);
}

/* The line comes even when portclash ends before it has asked for the port. */
static void scenario_claims_hanging_at_end(struct test *t)
{
	struct puppet *client = hang(t);
	json_t *line;

	monitor_stop(t, t->monitor, SIGINT, 10);
	for (int i = 0; i < 4; i++) {
		struct spot s;

		line = monitor_line(t, "claim", client->pid, 1);
		s = spot_of(t, line);
		expect_string(&s, "how", "connect");
		expect_person(&s, "process", &client->who);
	}
}

const struct scenario cases_output_claims[] = {
	{ .name = "claims-tcp", .run = scenario_claims_tcp, .watch = WATCH_CLAIMS },
	{ .name = "claims-tcp-v6",
	  .run = scenario_claims_tcp_v6,
	  .watch = WATCH_CLAIMS,
	  .where = EACH_KERNEL },
	{ .name = "claims-tcp-other",
	  .run = scenario_claims_tcp_other,
	  .watch = WATCH_CLAIMS,
	  .where = ONCE },
	{ .name = "claims-udp", .run = scenario_claims_udp, .watch = WATCH_CLAIMS },
	{ .name = "claims-udp-v6",
	  .run = scenario_claims_udp_v6,
	  .watch = WATCH_CLAIMS,
	  .where = EACH_KERNEL },
	{ .name = "claims-refused-connect",
	  .run = scenario_claims_refused_connect,
	  .watch = WATCH_CLAIMS,
	  .where = ONCE },
	{ .name = "claims-no-route",
	  .run = scenario_claims_no_route,
	  .watch = WATCH_OWN,
	  .where = ONCE },
	{ .name = "claims-hanging-connect",
	  .run = scenario_claims_hanging_connect,
	  .watch = WATCH_OWN,
	  .where = ONCE },
	{ .name = "claims-hanging-at-end",
	  .run = scenario_claims_hanging_at_end,
	  .watch = WATCH_OWN,
	  .where = ONCE },
	{ 0 },
};
