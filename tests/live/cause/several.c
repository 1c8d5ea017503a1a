// SPDX-License-Identifier: GPL-2.0-only
/* Several sockets or processes keep the port: the advice, taken as printed and in its order, reaches all
 * of them, and then the call that was refused succeeds. */
#include <errno.h>
#include <string.h>
#include <sys/wait.h>

#include "judge/proc_net.h"
#include "judge/verdict.h"
#include "monitor/monitor.h"
#include "run/cases.h"
#include "stage/space.h"

#define PORT SERVER_PORT
#define WORKERS 3

/* Waits until the process has ended, be it a zombie: then its sockets are closed. */
static void await_end(const struct puppet *p)
{
	siginfo_t info;

	if (waitid(P_PID, (id_t)p->pid, &info, WEXITED | WNOWAIT))
		test_fail(p->t, "expected that %d is a child that ends", p->pid);
}

static json_t *refused_by(struct puppet *web)
{
	stage_refused(web, 0, "0.0.0.0", PORT, EADDRINUSE);
	return verdict_take(web);
}

static void expect_words(struct test *t, json_t *line, const char *words)
{
	struct spot s = spot_of(t, line);

	expect_contains(&s, "explanation", words);
}

/* Takes the advice, all of it, as printed. */
static void take_advice(struct test *t, json_t *line)
{
	if (!fixes_run_now(t, line)) {
		note_line(t, line);
		test_fail(t, "expected a command that ends the trouble at hand");
	}
}

/* A master listens, and its workers have the listener open, too. */
static void scenario_several_owners(struct test *t)
{
	struct puppet *master = puppet_start(t, "master"), *web = puppet_start(t, "web");
	struct puppet *workers[WORKERS];
	struct prop listener;
	json_t *line;

	monitor_watch(t, NULL);
	listener = stage_listener(master, 0, "0.0.0.0", PORT);
	for (unsigned i = 0; i < WORKERS; i++) {
		workers[i] = puppet_start(t, "worker");
		stage_pass(&listener, workers[i]);
	}
	line = refused_by(web);
	expect_words(t, line, "4 processes have its socket open");
	take_advice(t, line);
	await_end(master);
	for (unsigned i = 0; i < WORKERS; i++)
		await_end(workers[i]);
	fixes_expect_free(web, 0, "0.0.0.0", PORT);
}

struct accepted {
	struct puppet *client;
	struct puppet *worker;
	struct prop out;
	struct prop in;
};

/* Each worker has accepted a connection; nobody listens any more. */
static void accept_each(struct test *t, struct accepted list[WORKERS])
{
	struct puppet *master = puppet_start(t, "master");
	struct prop listener = stage_listener(master, 0, "127.0.0.1", PORT);

	for (unsigned i = 0; i < WORKERS; i++) {
		struct accepted *a = &list[i];
		struct prop copy;

		a->client = puppet_start(t, "client");
		a->worker = puppet_start(t, "worker");
		copy = stage_pass(&listener, a->worker);
		a->out = stage_client(a->client, 0, "127.0.0.1", PORT);
		a->in = stage_accepted(&copy, a->worker);
		stage_close(&copy);
	}
	puppet_exit(master);
}

static uint16_t client_port(const struct accepted *a)
{
	return a->out.look.local.port;
}

static void expect_cut(struct test *t, const struct accepted list[WORKERS])
{
	for (unsigned i = 0; i < WORKERS; i++)
		if (proc_net_state(PORT, client_port(&list[i])))
			test_skip(
				t,
				"this kernel cannot cut all connections (CONFIG_INET_DIAG_DESTROY; TIME_WAIT: 6.1)");
}

/* The first advice ends three processes, and says that connections remain. The second cuts those. */
static void scenario_several_accepted(struct test *t)
{
	struct puppet *web = puppet_start(t, "web");
	struct accepted list[WORKERS];
	json_t *line, *fix;

	monitor_watch(t, NULL);
	accept_each(t, list);
	line = refused_by(web);
	expect_words(t, line, "it is one of 3 sockets that keep the port, of 3 processes");
	fix = fixes_with_command(line, "kill ");
	if (!fix || !strstr(json_string_value(json_object_get(fix, "what")), "60 s"))
		test_fail(t, "expected that the TIME_WAITs to come are told");
	take_advice(t, line);
	for (unsigned i = 0; i < WORKERS; i++) {
		await_end(list[i].worker);
		proc_net_await(t, PORT, client_port(&list[i]), PROC_NET_FIN_WAIT2);
	}
	line = refused_by(web);
	expect_words(t, line, "it is one of 3 sockets that keep the port");
	if (fixes_with_command(line, "kill "))
		test_fail(t, "expected no process to stop for connections without one");
	take_advice(t, line);
	expect_cut(t, list);
	fixes_expect_free(web, 0, "0.0.0.0", PORT);
}

/* The processes live on, but have closed their connections: the first client reads nothing, so that its
 * connection is in FIN_WAIT1; the last one closes, so that its connection is in TIME_WAIT. */
static void scenario_several_fin_waits(struct test *t)
{
	struct puppet *web = puppet_start(t, "web");
	struct accepted list[WORKERS];
	json_t *line;

	monitor_watch(t, NULL);
	accept_each(t, list);
	stage_fill(&list[0].in);
	for (unsigned i = 0; i < WORKERS; i++)
		stage_close(&list[i].in);
	stage_close(&list[2].out);
	proc_net_await(t, PORT, client_port(&list[0]), PROC_NET_FIN_WAIT1);
	proc_net_await(t, PORT, client_port(&list[1]), PROC_NET_FIN_WAIT2);
	proc_net_await(t, PORT, client_port(&list[2]), PROC_NET_TIME_WAIT);
	line = refused_by(web);
	if (fixes_with_command(line, "kill "))
		test_fail(t, "expected no process to stop: each has closed its socket");
	take_advice(t, line);
	expect_cut(t, list);
	fixes_expect_free(web, 0, "0.0.0.0", PORT);
}

/* More listeners than the kernel side describes, of several processes. */
static void scenario_several_reuseport(struct test *t)
{
	struct puppet *web = puppet_start(t, "web"), *servers[10];

	monitor_watch(t, NULL);
	for (unsigned i = 0; i < 10; i++) {
		servers[i] = puppet_start(t, "server");
		for (unsigned j = 0; j < 20; j++)
			stage_listener(servers[i], OPT_REUSEPORT, "0.0.0.0", PORT);
	}
	take_advice(t, refused_by(web));
	for (unsigned i = 0; i < 10; i++)
		await_end(servers[i]);
	fixes_expect_free(web, 0, "0.0.0.0", PORT);
}

/* The refused process has one of the two sockets itself, and must not be told to end itself. */
static void scenario_several_with_own(struct test *t)
{
	struct puppet *api = puppet_start(t, "api"), *web = puppet_start(t, "web");
	struct prop own;
	json_t *line, *fixes;

	monitor_watch(t, NULL);
	stage_listener(api, OPT_REUSEPORT, "0.0.0.0", PORT);
	own = stage_listener(web, OPT_REUSEPORT, "0.0.0.0", PORT);
	line = refused_by(web);
	fixes = json_object_get(line, "fixes");
	if (!strstr(json_string_value(json_object_get(json_array_get(fixes, 0), "what")),
		    "the refused process's own"))
		test_fail(t, "expected that the refused process's own socket is told first");
	take_advice(t, line);
	await_end(api);
	stage_close(&own);
	fixes_expect_free(web, 0, "0.0.0.0", PORT);
}

const struct scenario cases_cause_several[] = {
	{ .name = "several-owners", .run = scenario_several_owners, .where = EACH_KERNEL },
	{ .name = "several-accepted", .run = scenario_several_accepted, .where = EACH_KERNEL },
	{ .name = "several-fin-waits", .run = scenario_several_fin_waits, .where = EACH_KERNEL },
	{ .name = "several-reuseport", .run = scenario_several_reuseport, .where = EACH_KERNEL },
	{ .name = "several-with-own", .run = scenario_several_with_own, .where = EACH_KERNEL },
	{ 0 },
};
