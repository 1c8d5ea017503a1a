// SPDX-License-Identifier: GPL-2.0-only
/* The agent's own account of its cost, in textfile and summary, beside the kernel's: CPU time,
 * memory, fill of the rings, runs and time of the programs while the kernel counts them. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "monitor/footprint.h"
#include "monitor/logfile.h"
#include "run/cases.h"
#include "stage/setting.h"
#include "stage/stage.h"

#define COUNTING "/proc/sys/kernel/bpf_stats_enabled"

/* Calls of each kind: fewer than a listener's backlog, because nobody accepts. */
#define CALLS 20
#define BURST 50

/* A record takes at least so many bytes of the ring: a claim, a refusal with one holder. */
#define CLAIM_MIN 72
#define REFUSAL_MIN 256

#define RINGS_MIN (2L << 20)

/* Two accounts may differ by so much, because the scheduler and the counters are coarse. */
#define TICKS_SLACK 2
#define RSS_SLACK_KIB 64

struct cast {
	struct test *t;
	struct puppet *api;
	struct puppet *web;
	struct monitor *m;
	char log[128];
	char prom[128];
	struct setting counting;
};

/* The programs that see each bind() and each connect() of IPv4. */
static const struct {
	const char *backend;
	const char *bind;
	const char *connect;
} programs[] = {
	{ "fentry", "fexit_bind4", "fexit_connect4" },
	{ "kprobe", "kprobe_bind4", "kprobe_connect4" },
	{ "tracepoint", "sys_exit_bind", "sys_exit_connect" },
};

static void count_programs(struct cast *c, bool on)
{
	setting_write(&c->counting, on ? "1" : "0");
}

static void cost_begin(struct test *t, struct cast *c, bool on)
{
	const char *argv[] = { "agent", "--log",      c->log, "--textfile",
			       c->prom, "--interval", "0.1",  "--repeat-interval",
			       "0",	NULL };

	*c = (struct cast){ .t = t, .counting = setting_keep(t, COUNTING) };
	count_programs(c, on);
	c->api = puppet_start(t, "api");
	c->web = puppet_start(t, "web");
	test_path(t, "agent.log", c->log, sizeof(c->log));
	test_path(t, "x.prom", c->prom, sizeof(c->prom));
	stage_listener(c->api, 0, "127.0.0.1", 8080);
	c->m = logfile_agent(t, argv, c->log);
	logfile_expect(t, c->prom, "portclash_up 1\n");
}

/* -1: there is none. */
static double sample_in(const char *text, const char *series)
{
	char line[128];
	const char *at;

	snprintf(line, sizeof(line), "\n%s ", series);
	at = text ? strstr(text, line) : NULL;
	return at ? strtod(at + strlen(line), NULL) : -1;
}

/* Returns a textfile that was written after this call. */
static char *fresh_file(struct cast *c)
{
	int64_t until = deadline_in(c->t, 10);
	double now = (double)wall_ns() / 1e9;

	for (;;) {
		char *text = logfile_read(c->prom);

		/* Milliseconds, without a fraction. */
		if (sample_in(text, "portclash_last_update_timestamp_seconds") > now)
			return text;
		free(text);
		if (deadline_over(until))
			test_abort(c->t, "expected a newer textfile, got none in time");
		sleep_ms(5);
	}
}

static double cost_sample(struct cast *c, const char *series)
{
	char *text = fresh_file(c);
	double value = sample_in(text, series);

	free(text);
	return value;
}

/* Records a mismatch when the metric does not reach this value in time. */
static void expect_at_least(struct cast *c, const char *series, double least)
{
	int64_t until = deadline_in(c->t, 10);
	double value;

	do
		value = cost_sample(c, series);
	while (value < least && !deadline_over(until));
	if (value < least)
		test_fail(c->t, "expected at least %.9f, got %.9f as %s", least, value, series);
}

static const char *program_of(struct cast *c, bool binds)
{
	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
		char backend[64];

		snprintf(backend, sizeof(backend), "\"backend\":\"%s\"", programs[i].backend);
		if (logfile_has(c->log, backend))
			return binds ? programs[i].bind : programs[i].connect;
	}
	test_abort(c->t, "expected a back end in %s", c->log);
}

static char *series_of(const char *family, const char *program, char out[static 96])
{
	snprintf(out, 96, "portclash_bpf_program_%s_total{program=\"%s\"}", family, program);
	return out;
}

/* Makes so many calls: the program that sees each must have run as often, and have taken time. */
static void check_program(struct cast *c, bool binds)
{
	const char *program = program_of(c, binds);
	char runs[96], seconds[96];
	double runs_before, seconds_before;

	series_of("runs", program, runs);
	series_of("seconds", program, seconds);
	expect_at_least(c, runs, 0);
	runs_before = cost_sample(c, runs);
	seconds_before = cost_sample(c, seconds);
	for (int i = 0; i < CALLS; i++) {
		if (binds)
			stage_bound(c->web, 0, "127.0.0.1", 0);
		else
			stage_client(c->web, 0, "127.0.0.1", 8080);
	}
	expect_at_least(c, runs, runs_before + CALLS);
	expect_at_least(c, seconds, seconds_before + CALLS * 1e-9);
	test_note(c->t, "%s: %.0f ns a run", program,
		  1e9 * (cost_sample(c, seconds) - seconds_before) /
			  (cost_sample(c, runs) - runs_before));
}

/* Fields 14 and 15 of /proc/PID/stat, which are behind the name. */
static double cpu_seconds(struct cast *c)
{
	char path[64], text[1024], *name_end;
	unsigned long user, system;

	snprintf(path, sizeof(path), "/proc/%d/stat", c->m->pid);
	name_end = setting_read(path, text, sizeof(text)) ? strrchr(text, ')') : NULL;
	if (!name_end ||
	    sscanf(name_end + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
		   &system) != 2)
		test_abort(c->t, "expected %s, got \"%s\"", path, text);
	return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

static void check_cpu(struct cast *c)
{
	double before = cpu_seconds(c),
	       said = cost_sample(c, "portclash_process_cpu_seconds_total");
	double after = cpu_seconds(c) + TICKS_SLACK / (double)sysconf(_SC_CLK_TCK);

	if (said <= 0 || said < before || said > after)
		test_fail(c->t, "expected %.3f to %.3f, got %.6f s of CPU", before, after, said);
}

static void check_memory(struct cast *c)
{
	struct footprint before = footprint_of(c->t, c->m->pid), after;
	double said = cost_sample(c, "portclash_process_resident_memory_bytes") / 1024;
	double maps = cost_sample(c, "portclash_bpf_map_memory_bytes");

	after = footprint_of(c->t, c->m->pid);
	if (said < (double)(before.rss_kib - RSS_SLACK_KIB) ||
	    said > (double)(after.rss_kib + RSS_SLACK_KIB))
		test_fail(c->t, "expected %ld to %ld, got %.0f KiB of resident memory",
			  before.rss_kib, after.rss_kib, said);
	if (maps < RINGS_MIN)
		test_fail(c->t, "expected at least %ld, got %.0f bytes of maps", RINGS_MIN, maps);
	test_note(c->t, "%.1f MiB resident, %.1f MiB of maps", said / 1024, maps / (1 << 20));
}

static void check_ring(struct cast *c, const char *ring, double least)
{
	char peak[64], size[64];
	double room, most;

	snprintf(peak, sizeof(peak), "portclash_ring_peak_bytes{ring=\"%s\"}", ring);
	snprintf(size, sizeof(size), "portclash_ring_size_bytes{ring=\"%s\"}", ring);
	expect_at_least(c, peak, least);
	room = cost_sample(c, size);
	most = cost_sample(c, peak);
	if (most > room)
		test_fail(c->t, "expected at most %.0f, got %.0f as %s", room, most, peak);
	test_note(c->t, "ring %s: at most %.0f of %.0f bytes", ring, most, room);
}

/* The agent is stopped, so nobody reads the ring meanwhile. */
static void check_rings(struct cast *c)
{
	stage_listener(c->api, 0, "127.0.0.1", 8081);
	footprint_stop(c->t, c->m->pid);
	for (int i = 0; i < BURST; i++) {
		stage_client(c->web, 0, "127.0.0.1", 8081);
		stage_refused(c->web, 0, "127.0.0.1", 8080, EADDRINUSE);
	}
	kill(c->m->pid, SIGCONT);
	check_ring(c, "claims", BURST * CLAIM_MIN);
	check_ring(c, "refusals", BURST * REFUSAL_MIN);
}

static void check_off(struct cast *c)
{
	char *text;

	logfile_expect(c->t, c->prom, "\nportclash_bpf_stats_enabled 0\n");
	text = fresh_file(c);
	if (strstr(text, "portclash_bpf_program_"))
		test_fail(c->t, "expected no runs while nobody counts them, got \"%s\"",
			  strstr(text, "portclash_bpf_program_"));
	free(text);
}

/* The last line of the log. */
static json_t *cost_of_summary(struct cast *c)
{
	char *text = logfile_read(c->log), *at = text ? strstr(text, "\"type\":\"summary\"") : NULL;
	json_t *line, *cost;

	while (at && at > text && at[-1] != '\n')
		at--;
	line = at ? json_loads(at, 0, NULL) : NULL;
	cost = json_incref(json_object_get(line, "cost"));
	if (!json_is_object(cost))
		test_abort(c->t, "expected a cost, got none in \"%s\"", at ? at : "no summary");
	json_decref(line);
	free(text);
	return cost;
}

/* The summary is made just before the last textfile. */
static void check_numbers(struct cast *c, json_t *cost)
{
	char *text = logfile_read(c->prom);
	double cpu = json_real_value(json_object_get(cost, "cpu_seconds"));
	double start = json_real_value(json_object_get(cost, "cpu_start_seconds"));
	json_t *claims = json_object_get(json_object_get(cost, "rings"), "claims");

	if (start <= 0 || start > cpu ||
	    cpu > sample_in(text, "portclash_process_cpu_seconds_total"))
		test_fail(c->t, "expected more than %.6f s of CPU at the start, got %.6f", start,
			  cpu);
	if (json_integer_value(json_object_get(claims, "peak_bytes")) !=
	    (long long)sample_in(text, "portclash_ring_peak_bytes{ring=\"claims\"}"))
		test_fail(c->t, "expected the textfile's, got another peak of claims");
	if (json_integer_value(json_object_get(cost, "map_bytes")) !=
	    (long long)sample_in(text, "portclash_bpf_map_memory_bytes"))
		test_fail(c->t, "expected the textfile's, got another memory of maps");
	if (json_integer_value(json_object_get(cost, "resident_bytes")) >
	    json_integer_value(json_object_get(cost, "resident_peak_bytes")))
		test_fail(c->t, "expected a peak of memory that is no less than it is now");
	free(text);
}

static void cost_finish(struct cast *c, bool counted)
{
	json_t *cost, *program, *runs;

	if (monitor_stop(c->t, c->m, SIGTERM, 10))
		test_fail(c->t, "expected 0, got %#x as exit status", c->m->status);
	logfile_expect(c->t, c->prom, "portclash_up 0\n");
	cost = cost_of_summary(c);
	check_numbers(c, cost);
	program = json_object_get(json_object_get(cost, "programs"), program_of(c, true));
	runs = json_object_get(program, "runs");
	if (counted ? json_integer_value(runs) < CALLS : !json_is_null(runs))
		test_fail(c->t, "expected %s in the summary, got %lld", counted ? "runs" : "null",
			  json_integer_value(runs));
	if (counted ? json_real_value(json_object_get(program, "seconds")) <= 0 :
		      !json_is_null(json_object_get(program, "seconds")))
		test_fail(c->t, "expected %s as seconds in the summary",
			  counted ? "a time" : "null");
	json_decref(cost);
	setting_restore(&c->counting);
}

/* Counting begins while the agent runs, as an operator has it. */
static void scenario_cost(struct test *t)
{
	struct cast c;

	cost_begin(t, &c, false);
	check_off(&c);
	count_programs(&c, true);
	check_program(&c, true);
	check_program(&c, false);
	check_cpu(&c);
	check_memory(&c);
	check_rings(&c);
	cost_finish(&c, true);
}

static void scenario_cost_not_counted(struct test *t)
{
	struct cast c;

	cost_begin(t, &c, true);
	logfile_expect(t, c.prom, "\nportclash_bpf_stats_enabled 1\n");
	count_programs(&c, false);
	check_off(&c);
	check_cpu(&c);
	cost_finish(&c, false);
}

const struct scenario cases_agent_cost[] = {
	{ .name = "cost", .run = scenario_cost, .where = EACH_KERNEL, .watch = WATCH_OWN },
	{ .name = "cost-not-counted",
	  .run = scenario_cost_not_counted,
	  .where = ONCE,
	  .watch = WATCH_OWN },
	{ 0 },
};
