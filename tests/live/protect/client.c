// SPDX-License-Identifier: GPL-2.0-only
/* Early warnings (--protect): the kernel gives a client a port that is to stay free. The port is one
 * below the usual range, so that no other client of this machine is given it meanwhile. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "judge/verdict.h"
#include "judge/warning.h"
#include "monitor/logfile.h"
#include "monitor/monitor.h"
#include "run/cases.h"
#include "stage/space.h"

#define RESERVED "9000-9002"
#define MANY 100

static void watch_list(struct test *t, const char *list)
{
	monitor_watch(t, (const char *const[]){ "--protect", list, NULL });
	space_set("ipv4/ip_local_port_range", RANGE);
	space_set("ipv4/ip_local_reserved_ports", RESERVED);
}

static void watch_protected(struct test *t)
{
	watch_list(t, LIST);
}

/* portclash watches from another network namespace, so the command names the client's. */
static json_t *check_client_warning(struct test *t, const struct prop *p, const char *proto,
				    const char *how)
{
	unsigned before = t->report->failures;
	json_t *line = warning_await(t, p, how);
	struct spot s = spot_of(t, line), range = spot_below(&s, "range");
	char reserve[256];

	if (!line)
		return NULL;
	expect_string(&s, "proto", proto);
	expect_bool(&s, "protected", true);
	expect_null(&s, "listener");
	expect_int(&s, "suppressed", 0);
	expect_int(&range, "low", PORT);
	expect_int(&range, "high", PORT);
	expect_bool(&range, "reserved", false);
	snprintf(reserve, sizeof(reserve), "portclash reserve " LIST " --netns %llu",
		 (unsigned long long)p->by->who.netns);
	warning_check_fixes(t, line, p->by->pid, reserve);
	if (t->report->failures > before)
		note_line(t, line);
	return line;
}

static void check_ends(struct test *t, json_t *line, const struct prop *p)
{
	struct spot s = spot_of(t, line);

	if (!line)
		return;
	expect_end(&s, "local", &p->look.local);
	expect_end(&s, "remote", &p->look.remote);
}

static void warned_tcp(struct test *t, unsigned options, const char *address)
{
	struct puppet *api = puppet_start(t, "api"), *client = puppet_start(t, "client");
	struct prop out;

	watch_protected(t);
	stage_listener(api, options, address, SERVER_PORT);
	out = stage_client(client, options, address, SERVER_PORT);
	check_ends(t, check_client_warning(t, &out, "tcp", "connect"), &out);
	monitor_no_line(t, "warning", client->pid, QUIET_SECONDS);
}

static void scenario_protect_connect(struct test *t)
{
	warned_tcp(t, 0, "127.0.0.1");
}

static void scenario_protect_connect_v6(struct test *t)
{
	warned_tcp(t, OPT_V6, "::1");
}

/* bind() asks for the address alone; the kernel chooses the port in connect(). */
static void scenario_protect_connect_address_only(struct test *t)
{
	struct puppet *api = puppet_start(t, "api"), *client = puppet_start(t, "client");
	struct prop out;

	watch_protected(t);
	stage_listener(api, 0, "127.0.0.1", SERVER_PORT);
	out = stage_socket(client, OPT_NO_PORT);
	stage_bind(&out, "127.0.0.1", 0);
	out.before = 0;
	stage_connect(&out, "127.0.0.1", SERVER_PORT);
	check_ends(t, check_client_warning(t, &out, "tcp", "connect"), &out);
}

/* The server does not answer, and the client has its port all the same. Of four clients the first
 * fill the queue. */
static void scenario_protect_connect_hanging(struct test *t)
{
	struct puppet *api = puppet_start(t, "api"), *client = puppet_start(t, "client");
	struct prop listener = stage_bound(api, 0, "127.0.0.1", SERVER_PORT), out[4];

	stage_listen(&listener, 0);
	watch_list(t, "20001-20004");
	space_set("ipv4/ip_local_port_range", "20001 20004");
	for (int i = 0; i < 4; i++) {
		out[i] = stage_socket(client, 0);
		stage_try_connect(&out[i], "127.0.0.1", SERVER_PORT);
	}
	for (int i = 0; i < 4; i++) {
		json_t *line = monitor_line(t, "warning", client->pid, 5);

		if (!line)
			test_fail(t, "expected 4 warnings, got %d", i);
	}
	monitor_no_line(t, "warning", client->pid, QUIET_SECONDS);
}

/* A socket that is used again claims again. */
static void scenario_protect_connect_again(struct test *t)
{
	struct puppet *api = puppet_start(t, "api"), *client = puppet_start(t, "client");
	struct prop out;

	watch_protected(t);
	stage_listener(api, 0, "127.0.0.1", SERVER_PORT);
	stage_listener(api, 0, "127.0.0.1", SERVER_PORT + 1);
	out = stage_client(client, 0, "127.0.0.1", SERVER_PORT);
	check_client_warning(t, &out, "tcp", "connect");
	stage_disconnect(&out);
	stage_connect(&out, "127.0.0.1", SERVER_PORT + 1);
	check_ends(t, check_client_warning(t, &out, "tcp", "connect"), &out);
}

static void bind_zero_of(struct test *t, unsigned options, const char *proto, const char *address)
{
	struct puppet *client = puppet_start(t, "client");
	struct prop p;

	watch_protected(t);
	p = stage_bound(client, options, address, 0);
	check_ends(t, check_client_warning(t, &p, proto, "bind-zero"), &p);
	monitor_no_line(t, "warning", client->pid, QUIET_SECONDS);
}

static void scenario_protect_bind_zero(struct test *t)
{
	bind_zero_of(t, 0, "tcp", "0.0.0.0");
}

static void scenario_protect_bind_zero_udp(struct test *t)
{
	bind_zero_of(t, OPT_UDP | OPT_V6, "udp", "::1");
}

static void scenario_protect_listen_only(struct test *t)
{
	struct puppet *client = puppet_start(t, "client");
	struct prop p;

	watch_protected(t);
	p = stage_socket(client, 0);
	stage_listen(&p, 8);
	check_client_warning(t, &p, "tcp", "autobind");
}

static void scenario_protect_udp_send(struct test *t)
{
	struct puppet *client = puppet_start(t, "client");
	struct prop p;

	watch_protected(t);
	p = stage_socket(client, OPT_UDP);
	stage_send(&p, "127.0.0.1", SERVER_PORT);
	check_client_warning(t, &p, "udp", "autobind");
	stage_send(&p, "127.0.0.1", SERVER_PORT);
	monitor_no_line(t, "warning", client->pid, QUIET_SECONDS);
}

static void scenario_protect_udp_connect(struct test *t)
{
	struct puppet *client = puppet_start(t, "client");
	struct prop p;

	watch_protected(t);
	p = stage_socket(client, OPT_UDP | OPT_V6);
	stage_connect(&p, "::1", SERVER_PORT);
	/* At the exit of the function that chooses the port, the ends are not known yet. */
	check_client_warning(t, &p, "udp", "autobind");
	stage_send(&p, "::1", SERVER_PORT);
	monitor_no_line(t, "warning", client->pid, QUIET_SECONDS);
}

/* The client asks for the port by number: that is not the kernel's choice, and reserving would not
 * prevent it. */
static void scenario_protect_by_number(struct test *t)
{
	struct puppet *api = puppet_start(t, "api"), *client = puppet_start(t, "client");
	struct puppet *dns = puppet_start(t, "dns");
	struct prop out;

	watch_protected(t);
	stage_listener(api, 0, "127.0.0.1", SERVER_PORT);
	out = stage_bound(client, 0, "127.0.0.1", PORT);
	stage_connect(&out, "127.0.0.1", SERVER_PORT);
	out = stage_bound(dns, OPT_UDP, "0.0.0.0", PORT);
	stage_send(&out, "127.0.0.1", SERVER_PORT);
	monitor_no_line(t, "warning", client->pid, QUIET_SECONDS);
	monitor_no_line(t, "warning", dns->pid, 0);
}

static void scenario_protect_another_port(struct test *t)
{
	struct puppet *api = puppet_start(t, "api"), *client = puppet_start(t, "client");
	struct prop out;

	watch_list(t, "20000,20002-20010");
	stage_listener(api, 0, "127.0.0.1", SERVER_PORT);
	stage_client(client, 0, "127.0.0.1", SERVER_PORT);
	out = stage_socket(client, OPT_UDP);
	stage_send(&out, "127.0.0.1", SERVER_PORT);
	monitor_no_line(t, "warning", client->pid, QUIET_SECONDS);
}

/* Too many warnings would be no warning: portclash shows some and counts all. */
static void scenario_protect_many(struct test *t)
{
	struct puppet *client = puppet_start(t, "client");
	long long shown = 0, suppressed = 0;
	json_t *line, *end;

	watch_list(t, "20001-20200");
	space_set("ipv4/ip_local_port_range", "20001 20200");
	for (int i = 0; i < MANY; i++)
		stage_bound(client, 0, "127.0.0.1", 0);
	monitor_stop(t, t->monitor, SIGINT, 10);
	while ((line = monitor_line(t, "warning", client->pid, 0))) {
		shown++;
		suppressed += json_integer_value(json_object_get(line, "suppressed"));
	}
	for (size_t i = 0; i < t->monitor->count; i++) {
		struct spot s = spot_of(t, end = t->monitor->lines[i]);

		if (strcmp(json_string_value(json_object_get(end, "type")), "summary"))
			continue;
		expect_int(&s, "warnings", shown);
		expect_int(&s, "warnings_suppressed", MANY - shown);
	}
	if (shown < 20 || shown + suppressed > MANY)
		test_fail(t, "expected 20 to %d, got %lld warnings, %lld not shown", MANY, shown,
			  suppressed);
}

static void scenario_protect_agent(struct test *t)
{
	struct puppet *api = puppet_start(t, "api"), *client = puppet_start(t, "client");
	char log[128], prom[128];
	const char *argv[] = { "agent",	     "--protect", LIST,		"--log", log,
			       "--textfile", prom,	  "--interval", "0.2",	 NULL };
	struct monitor *m;

	test_path(t, "agent.log", log, sizeof(log));
	test_path(t, "metrics.prom", prom, sizeof(prom));
	m = logfile_agent(t, argv, log);
	space_set("ipv4/ip_local_port_range", RANGE);
	logfile_expect(t, prom,
		       "portclash_protected_claims_total{protocol=\"tcp\",how=\"connect\"} 0\n");
	stage_listener(api, 0, "127.0.0.1", SERVER_PORT);
	stage_client(client, 0, "127.0.0.1", SERVER_PORT);
	logfile_expect(t, log, "\"type\":\"warning\"");
	logfile_expect(t, prom,
		       "portclash_protected_claims_total{protocol=\"tcp\",how=\"connect\"} 1\n");
	logfile_expect(t, prom,
		       "portclash_protected_claims_total{protocol=\"udp\",how=\"autobind\"} 0\n");
	if (monitor_stop(t, m, SIGTERM, 10))
		test_fail(t, "expected 0 as the agent's exit status");
}

static void scenario_protect_text(struct test *t)
{
	static const char *const argv[] = { "trace",	 "--protect", "30000-32767,10250",
					    "--protect", LIST,	      NULL };
	struct puppet *api = puppet_start(t, "api"), *client = puppet_start(t, "client");
	struct monitor *m = monitor_spawn(t, &(struct monitor_spec){ .argv = argv });
	char *out;

	if (!monitor_await_text(t, m->out, "Watching ", 20))
		test_abort(t, "expected a ready line");
	space_set("ipv4/ip_local_port_range", RANGE);
	stage_listener(api, 0, "127.0.0.1", SERVER_PORT);
	stage_client(client, 0, "127.0.0.1", SERVER_PORT);
	if (!monitor_await_text(t, m->out, "warning: tcp protected port 20001", 5))
		test_fail(t, "expected a warning, got none");
	/* Nothing was refused. */
	if (monitor_stop(t, m, SIGINT, 10))
		test_fail(t, "expected 0 as exit status");
	out = monitor_text(m->out);
	if (!out || !strstr(out, "warnings: 1;"))
		test_fail(t, "expected one warning in the summary, got \"%s\"", out ? out : "");
	free(out);
}

const struct scenario cases_protect_client[] = {
	{ .name = "protect-connect",
	  .run = scenario_protect_connect,
	  .watch = WATCH_OWN,
	  .where = EACH_KERNEL },
	{ .name = "protect-connect-v6",
	  .run = scenario_protect_connect_v6,
	  .watch = WATCH_OWN,
	  .where = ONCE },
	{ .name = "protect-connect-address-only",
	  .run = scenario_protect_connect_address_only,
	  .watch = WATCH_OWN,
	  .where = ONCE },
	{ .name = "protect-connect-hanging",
	  .run = scenario_protect_connect_hanging,
	  .watch = WATCH_OWN,
	  .where = ONCE },
	{ .name = "protect-connect-again",
	  .run = scenario_protect_connect_again,
	  .watch = WATCH_OWN,
	  .where = EACH_KERNEL },
	{ .name = "protect-bind-zero",
	  .run = scenario_protect_bind_zero,
	  .watch = WATCH_OWN,
	  .where = EACH_KERNEL },
	{ .name = "protect-bind-zero-udp",
	  .run = scenario_protect_bind_zero_udp,
	  .watch = WATCH_OWN,
	  .where = ONCE },
	{ .name = "protect-listen-only",
	  .run = scenario_protect_listen_only,
	  .watch = WATCH_OWN,
	  .where = ONCE },
	{ .name = "protect-udp-send",
	  .run = scenario_protect_udp_send,
	  .watch = WATCH_OWN,
	  .where = EACH_KERNEL },
	{ .name = "protect-udp-connect",
	  .run = scenario_protect_udp_connect,
	  .watch = WATCH_OWN,
	  .where = ONCE },
	{ .name = "protect-by-number",
	  .run = scenario_protect_by_number,
	  .watch = WATCH_OWN,
	  .where = ONCE },
	{ .name = "protect-another-port",
	  .run = scenario_protect_another_port,
	  .watch = WATCH_OWN,
	  .where = ONCE },
	{ .name = "protect-many", .run = scenario_protect_many, .watch = WATCH_OWN, .where = ONCE },
	{ .name = "protect-agent",
	  .run = scenario_protect_agent,
	  .watch = WATCH_OWN,
	  .where = ONCE },
	{ .name = "protect-text", .run = scenario_protect_text, .watch = WATCH_OWN, .where = ONCE },
	{ 0 },
};
