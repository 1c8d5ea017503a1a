// SPDX-License-Identifier: GPL-2.0-only
/* A server that crashes in a loop: portclash reports the refusal once and then counts it, and the
 * counts add up. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "judge/verdict.h"
#include "monitor/logfile.h"
#include "monitor/monitor.h"
#include "run/cases.h"

/* Restarts, and how many of them come without a pause. */
#define RESTARTS 500
#define AT_ONCE 100
#define PAUSE_MS 250

/* A port of no other scenario, because the metric is the machine's. */
#define RELOAD_PORT 18377

struct io_loop {
	uint16_t port;
	unsigned refused;
	pid_t first;
	pid_t last;
};

/* One life of the server. */
static void live_once(uint16_t port)
{
	struct io_socket s = { 0 };
	struct io_name name = { .to = { "0.0.0.0", port } };

	puppet_die_with_parent();
	act_socket(&s);
	name.fd = s.fd;
	act_bind(&name);
	_exit(name.error == EADDRINUSE ? 0 : 1);
}

static void act_crash_loop(void *io)
{
	struct io_loop *a = io;
	int status;

	for (unsigned i = 0; i < RESTARTS; i++) {
		a->last = fork();
		if (!a->last)
			live_once(a->port);
		if (!i)
			a->first = a->last;
		if (waitpid(a->last, &status, 0) == a->last && !status)
			a->refused++;
		if (i % AT_ONCE == AT_ONCE - 1)
			sleep_ms(PAUSE_MS);
	}
}

struct sums {
	json_t *first; /* the refusal of the loop that was written */
	unsigned lines;
	unsigned repeats;
	long long count;
	long long total;
	json_t *last;	    /* the last summary */
	long long of_cause; /* of all processes on the machine */
	long long repeated; /* the same */
};

static long long repeat_number(json_t *line, const char *key)
{
	return json_integer_value(json_object_get(line, key));
}

static bool is(json_t *line, const char *key, const char *value)
{
	const char *have = json_string_value(json_object_get(line, key));

	return have && !strcmp(have, value);
}

static void add_repeats(struct sums *s, json_t *line, uint16_t port)
{
	bool repeat = is(line, "type", "repeat"), refusal = is(line, "type", "refusal");

	if (repeat)
		s->repeated += repeat_number(line, "count");
	if ((!repeat && !refusal) || !is(line, "cause", "ephemeral-client"))
		return;
	s->of_cause += repeat ? repeat_number(line, "count") : 1;
	if (repeat_number(json_object_get(line, "requested"), "port") != port)
		return;
	if (refusal) {
		s->lines++;
		s->first = line;
		return;
	}
	s->repeats++;
	s->count += repeat_number(line, "count");
	s->total = repeat_number(line, "total");
	s->last = line;
}

static struct sums add_up(struct test *t, const char *path, uint16_t port)
{
	char *text = logfile_read(path), *line, *save = NULL;
	struct sums s = { 0 };

	for (line = text ? strtok_r(text, "\n", &save) : NULL; line;
	     line = strtok_r(NULL, "\n", &save)) {
		json_t *json = json_loads(line, JSON_REJECT_DUPLICATES, NULL);

		if (!json)
			test_abort(t, "expected JSON, got \"%.200s\"", line);
		monitor_note_for_schema(line, strlen(line));
		add_repeats(&s, json, port);
	}
	free(text);
	if (!s.first || !s.last)
		test_abort(t, "expected a refusal and summaries, got %u and %u", s.lines,
			   s.repeats);
	return s;
}

static void check_repeat_summary(struct test *t, const struct sums *s, const struct io_loop *io,
				 const struct puppet *client)
{
	struct spot last = spot_of(t, s->last), requester = spot_below(&last, "requester");
	struct spot holder = spot_below(&last, "holder"), process = spot_below(&holder, "process");

	expect_string(&last, "of", json_string_value(json_object_get(s->first, "id")));
	expect_string(&last, "why", "stopped");
	expect_int(&last, "first_pid", io->first);
	expect_int(&last, "processes", RESTARTS);
	expect_int(&last, "errno_number", EADDRINUSE);
	expect_int(&requester, "pid", io->last);
	expect_int(&process, "pid", client->pid);
	expect_string(&holder, "state", "ESTABLISHED");
}

static void check_repeat_sums(struct test *t, const struct sums *s)
{
	if (s->lines != 1)
		test_fail(t, "expected one refusal, got %u", s->lines);
	if (s->repeats < 2)
		test_fail(t, "expected summaries while it goes on, got %u in all", s->repeats);
	if (s->count != RESTARTS - 1)
		test_fail(t, "expected %d, got %lld as the sum of counts", RESTARTS - 1, s->count);
	if (s->total != RESTARTS)
		test_fail(t, "expected %d, got %lld as the last total", RESTARTS, s->total);
}

static void expect_metric(struct test *t, const char *path, const char *name, long long value)
{
	char line[256];

	snprintf(line, sizeof(line), "\n%s %lld\n", name, value);
	logfile_expect(t, path, line);
}

/* `portclash history` over the same log: one group, in which nothing is missing. */
static void check_history(struct test *t, const char *log, const struct io_loop *io,
			  const struct puppet *client)
{
	char port[8], *text;
	const char *argv[] = { "history", "--json", "--port", port, log, NULL };
	struct spot group, holder, process;
	struct monitor *m;
	json_t *line;

	snprintf(port, sizeof(port), "%u", io->port);
	m = monitor_spawn(t, &(struct monitor_spec){ .argv = argv });
	if (monitor_stop(t, m, 0, 20) != 3)
		test_fail(t, "expected 3, got %#x as exit status of history", m->status);
	text = monitor_text(m->out);
	if (logfile_count(text, "\n") != 2)
		test_fail(t, "expected one group and the summary of history, got %s", text);
	line = json_loads(text, JSON_DISABLE_EOF_CHECK, NULL);
	free(text);
	if (!line)
		test_abort(t, "expected JSON from history");
	group = spot_of(t, line);
	holder = spot_below(&group, "holder");
	process = spot_below(&holder, "process");
	expect_string(&group, "type", "history");
	expect_string(&group, "cause", "ephemeral-client");
	expect_int(&group, "refusals", RESTARTS);
	expect_int(&group, "repeats", RESTARTS - 1);
	expect_int(&group, "port", io->port);
	expect_int(&process, "pid", client->pid);
	expect_string(&holder, "state", "ESTABLISHED");
	group = spot_below(&group, "outcomes");
	expect_int(&group, "gave-up", 1);
}

static void scenario_crash_loop_summarised(struct test *t)
{
	struct puppet *server = puppet_start(t, "server"), *client = puppet_start(t, "client");
	struct puppet *web = puppet_start(t, "web");
	struct prop listener = stage_listener(server, 0, "127.0.0.1", SERVER_PORT), out;
	char log[128], prom[128];
	const char *argv[] = { "agent", "--log",      log,   "--textfile",
			       prom,	"--interval", "0.2", "--repeat-interval",
			       "1",	NULL };
	struct io_loop io = { 0 };
	struct monitor *m;
	struct sums s;
	char name[80];

	test_path(t, "agent.log", log, sizeof(log));
	test_path(t, "metrics.prom", prom, sizeof(prom));
	m = logfile_agent(t, argv, log);
	out = stage_client(client, 0, "127.0.0.1", SERVER_PORT);
	stage_accepted(&listener, server);
	io.port = out.look.local.port;
	puppet_begin(web, act_crash_loop, &io, sizeof(io));
	puppet_end(web, &io, sizeof(io), 40);
	if (io.refused != RESTARTS)
		test_abort(t, "stage: %u of %u were refused", io.refused, RESTARTS);
	/* Refusals that a slow machine has not looked into half a second after the end would be
	 * lost. */
	snprintf(name, sizeof(name), "portclash_refused_ports_total{port=\"%u\",protocol=\"tcp\"}",
		 io.port);
	expect_metric(t, prom, name, RESTARTS);
	if (monitor_stop(t, m, SIGTERM, 10))
		test_fail(t, "expected 0, got %#x as exit status", m->status);
	s = add_up(t, log, io.port);
	check_repeat_sums(t, &s);
	check_repeat_summary(t, &s, &io, client);
	check_history(t, log, &io, client);
	expect_metric(
		t, prom,
		"portclash_refusals_total{cause=\"ephemeral-client\",operation=\"bind\",protocol=\"tcp\",errno=\"EADDRINUSE\"}",
		s.of_cause);
	expect_metric(t, prom, "portclash_repeats_total", s.repeated);
	test_note(t, "%d refusals: %u line and %u summaries", RESTARTS, s.lines, s.repeats);
}

static void write_repeat_config(struct test *t, const char *path, const char *text)
{
	FILE *file = fopen(path, "we");

	if (!file || fputs(text, file) < 0 || fclose(file))
		test_abort(t, "stage: %s cannot be written", path);
}

/* A reload changes from counting to writing each: the agent reports what it has counted, and counts
 * nothing from then on. */
static void scenario_repeat_interval_reload(struct test *t)
{
	struct puppet *api = puppet_start(t, "api"), *web = puppet_start(t, "web");
	char log[128], config[128], prom[128], requester[64];
	const char *argv[] = { "agent",	     "--config", config,       "--log", log,
			       "--textfile", prom,	 "--interval", "0.1",	NULL };
	struct monitor *m;
	char *text;

	test_path(t, "agent.log", log, sizeof(log));
	test_path(t, "metrics.prom", prom, sizeof(prom));
	test_path(t, "portclash.yaml", config, sizeof(config));
	write_repeat_config(t, config, "repeat_interval: 1d\n");
	stage_listener(api, 0, "127.0.0.1", RELOAD_PORT);
	m = logfile_agent(t, argv, log);
	for (unsigned i = 0; i < 3; i++)
		stage_refused(web, 0, "127.0.0.1", RELOAD_PORT, EADDRINUSE);
	expect_metric(t, prom, "portclash_refused_ports_total{port=\"18377\",protocol=\"tcp\"}", 3);
	write_repeat_config(t, config, "repeat_interval: 0\n");
	kill(m->pid, SIGHUP);
	logfile_await_said(t, m, "`repeat_interval` has changed\n");
	logfile_expect(t, log, "\"why\":\"stopped\",\"count\":2,\"total\":3,");
	for (unsigned i = 0; i < 2; i++)
		stage_refused(web, 0, "127.0.0.1", RELOAD_PORT, EADDRINUSE);
	if (monitor_stop(t, m, SIGTERM, 10))
		test_fail(t, "expected 0, got %#x as exit status", m->status);
	text = logfile_read(log);
	snprintf(requester, sizeof(requester), "\"requester\":{\"pid\":%d,", web->pid);
	if (logfile_count(text, requester) != 4)
		test_fail(t, "expected 3 refusals and a summary of %d, got %s", web->pid, text);
	free(text);
}

const struct scenario cases_output_repeat[] = {
	{ .name = "crash-loop-summarised",
	  .run = scenario_crash_loop_summarised,
	  .where = ONCE,
	  .watch = WATCH_OWN },
	{ .name = "repeat-interval-reload",
	  .run = scenario_repeat_interval_reload,
	  .where = ONCE,
	  .watch = WATCH_OWN },
	{ 0 },
};
