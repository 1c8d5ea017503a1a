// SPDX-License-Identifier: GPL-2.0-only
/* Full disks. At the start the agent prints a sentence and ends. Later it watches on, reports what
 * it cannot write, leaves no half line and no half file, and goes on when there is room again. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "monitor/logfile.h"
#include "monitor/monitor.h"
#include "run/cases.h"
#include "stage/stage.h"

#define DISK_SIZE "size=256k"

static void fill_disk(struct test *t)
{
	static const char zeros[4096];
	char path[160];
	int fd;

	test_path(t, "disk/filler", path, sizeof(path));
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		test_abort(t, "stage: %s: %s", path, strerror(errno));
	while (write(fd, zeros, sizeof(zeros)) > 0)
		;
	close(fd);
}

static void free_disk(struct test *t)
{
	char path[160];

	unlink(test_path(t, "disk/filler", path, sizeof(path)));
}

/* Refuses until lines of about 2 KiB do not fit in what is left of the last page. */
static void refuse_long_lines(struct puppet *web, unsigned times)
{
	while (times--)
		stage_refused(web, 0, "127.0.0.1", 8080, EADDRINUSE);
}

static void check_log_lines(struct test *t, const char *path)
{
	char *text = logfile_read(path), *line, *save = NULL;

	for (line = text ? strtok_r(text, "\n", &save) : NULL; line;
	     line = strtok_r(NULL, "\n", &save)) {
		json_t *json = json_loads(line, JSON_REJECT_DUPLICATES, NULL);

		if (!json)
			test_fail(t, "expected whole lines, got \"%.200s\" in %s", line, path);
		json_decref(json);
	}
	free(text);
}

static void expect_disk_full_said(struct test *t, struct monitor *m, const char *path)
{
	char *said = monitor_text(m->err);

	if (!strstr(said, path) || !strstr(said, "No space left on device"))
		test_fail(t, "expected a sentence about the full %s, got \"%s\"", path, said);
	free(said);
}

static void scenario_log_disk_fills_up(struct test *t)
{
	struct puppet *api = puppet_start(t, "api"), *web = puppet_start(t, "web");
	char disk[128], log[160];
	const char *argv[] = { "agent", "--log", log, "--repeat-interval", "0", NULL };
	struct monitor *m;

	logfile_disk(t, DISK_SIZE, disk, sizeof(disk));
	test_path(t, "disk/agent.log", log, sizeof(log));
	stage_listener(api, 0, "127.0.0.1", 8080);
	m = logfile_agent(t, argv, log);
	fill_disk(t);
	refuse_long_lines(web, 4);
	logfile_await_said(t, m, "No space left on device");
	free_disk(t);
	refuse_long_lines(web, 1);
	sleep_ms(300);
	if (monitor_stop(t, m, SIGTERM, 10))
		test_fail(t, "expected 0, got %#x as exit status", m->status);
	expect_disk_full_said(t, m, log);
	check_log_lines(t, log);
	logfile_expect(t, log, "\"type\":\"summary\"");
	logfile_expect(t, log, "\"type\":\"refusal\"");
}

static void scenario_textfile_disk_fills_up(struct test *t)
{
	struct puppet *api = puppet_start(t, "api"), *web = puppet_start(t, "web");
	char disk[128], prom[160], log[160];
	const char *argv[] = {
		"agent", "--log", log, "--textfile", prom, "--interval", "0.1", NULL
	};
	struct monitor *m;

	logfile_disk(t, DISK_SIZE, disk, sizeof(disk));
	test_path(t, "disk/metrics.prom", prom, sizeof(prom));
	test_path(t, "agent.log", log, sizeof(log));
	stage_listener(api, 0, "127.0.0.1", 8080);
	m = logfile_agent(t, argv, log);
	logfile_expect(t, prom, "portclash_up 1\n");
	fill_disk(t);
	refuse_long_lines(web, 1);
	logfile_await_said(t, m, "No space left on device");
	/* The last good textfile is still there, whole. */
	logfile_expect(t, prom, "portclash_up 1\n");
	free_disk(t);
	logfile_await_said(t, m, "is written again");
	if (monitor_stop(t, m, SIGTERM, 10))
		test_fail(t, "expected 0, got %#x as exit status", m->status);
	expect_disk_full_said(t, m, prom);
	logfile_expect(t, prom, "portclash_up 0\n");
}

/* The disk is full from the start: the agent says where and why, watches on and counts. */
static void agent_full(struct test *t, const struct monitor_spec *spec, const char *prom,
		       const char *where)
{
	struct puppet *api = puppet_start(t, "api"), *web = puppet_start(t, "web");
	struct monitor *m = monitor_spawn(t, spec);

	stage_listener(api, 0, "127.0.0.1", 8080);
	logfile_await_said(t, m, where);
	logfile_expect(t, prom, "portclash_up 1\n");
	refuse_long_lines(web, 1);
	sleep_ms(500);
	if (monitor_stop(t, m, SIGTERM, 10))
		test_fail(t, "expected 0, got %#x as exit status", m->status);
	expect_disk_full_said(t, m, where);
	logfile_expect(t, prom, "portclash_up 0\n");
	logfile_expect(t, prom, "\nportclash_sink_errors_total ");
	if (logfile_has(prom, "\nportclash_sink_errors_total 0\n"))
		test_fail(t, "expected the lost lines to be counted, got 0 sink errors");
}

static void scenario_stdout_full(struct test *t)
{
	static const char *const trace[] = { "trace", "--for", "1", NULL };
	char prom[160];
	const char *agent[] = { "agent", "--textfile", prom, "--interval", "0.1", NULL };
	struct monitor *m;

	test_path(t, "metrics.prom", prom, sizeof(prom));
	agent_full(t, &(struct monitor_spec){ .argv = agent, .out_path = "/dev/full" }, prom,
		   "standard output");
	m = monitor_spawn(t, &(struct monitor_spec){ .argv = trace, .out_path = "/dev/full" });
	if (monitor_stop(t, m, 0, 20) != 1)
		test_fail(t, "expected 1, got %#x as exit status", m->status);
	expect_disk_full_said(t, m, "standard output");
}

static void scenario_log_full(struct test *t)
{
	char prom[160];
	const char *agent[] = { "agent", "--textfile", prom,	    "--interval",
				"0.1",	 "--log",      "/dev/full", NULL };

	test_path(t, "metrics.prom", prom, sizeof(prom));
	agent_full(t, &(struct monitor_spec){ .argv = agent }, prom, "/dev/full");
}

const struct scenario cases_output_full_disk[] = {
	{ .name = "log-disk-fills-up",
	  .run = scenario_log_disk_fills_up,
	  .where = ONCE,
	  .watch = WATCH_OWN },
	{ .name = "textfile-disk-fills-up",
	  .run = scenario_textfile_disk_fills_up,
	  .where = ONCE,
	  .watch = WATCH_OWN },
	{ .name = "stdout-full", .run = scenario_stdout_full, .where = ONCE },
	{ .name = "log-full", .run = scenario_log_full, .where = ONCE },
	{ 0 },
};
