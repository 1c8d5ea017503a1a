// SPDX-License-Identifier: GPL-2.0-only
/* Standard output is a pipe whose reader stalls or is slow. The agent counts on, reports what it
 * cannot write and ends when told to; trace waits for a slow reader; the reader gets whole
 * lines. */
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

/* A port of no other scenario, because the metric is the machine's. */
#define PORT 18378

/* Refusals with lines of about 3 KiB: more than a pipe and portclash's own buffer hold. */
#define REFUSALS 300

#define TEXT_MAX (8 << 20)

struct scene {
	struct test *t;
	struct puppet *web;
	int reader;
	int writer; /* -1: only portclash has it */
	char out_path[40];
	char *text; /* all that was read */
	size_t len;
};

struct io_refuse {
	unsigned refused;
};

static void act_refuse(void *io)
{
	struct io_refuse *a = io;

	for (unsigned i = 0; i < REFUSALS; i++) {
		struct io_socket s = { 0 };
		struct io_name name = { .to = { "127.0.0.1", PORT } };

		act_socket(&s);
		name.fd = s.fd;
		act_bind(&name);
		a->refused += name.error == EADDRINUSE;
		act_close(&(struct io_close){ .fd = s.fd });
	}
}

static void end_refusing(struct scene *s)
{
	struct io_refuse io;

	puppet_end(s->web, &io, sizeof(io), 10);
	if (io.refused != REFUSALS)
		test_abort(s->t, "stage: %u of %d were refused", io.refused, REFUSALS);
}

static void begin_refusing(struct scene *s)
{
	puppet_begin(s->web, act_refuse, &(struct io_refuse){ 0 }, sizeof(struct io_refuse));
}

static void refuse_before_pipe(struct scene *s)
{
	begin_refusing(s);
	end_refusing(s);
}

static void open_pipe(struct scene *s)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC))
		test_abort(s->t, "stage: pipe2(): %s", strerror(errno));
	s->reader = ends[0];
	s->writer = ends[1];
	snprintf(s->out_path, sizeof(s->out_path), "/proc/self/fd/%d", ends[1]);
}

static struct scene scene_of(struct test *t)
{
	struct scene s = { .t = t, .web = puppet_start(t, "web"), .text = calloc(1, TEXT_MAX) };

	if (!s.text)
		test_abort(t, "stage: out of memory");
	stage_listener(puppet_start(t, "api"), 0, "127.0.0.1", PORT);
	open_pipe(&s);
	return s;
}

static ssize_t read_some(struct scene *s, size_t most)
{
	size_t room = TEXT_MAX - 1 - s->len;
	ssize_t n = read(s->reader, s->text + s->len, most < room ? most : room);

	s->len += n > 0 ? (size_t)n : 0;
	return n;
}

/* Reads all that is in the pipe, and what comes into it meanwhile. */
static void drain_pipe(struct scene *s, unsigned ms)
{
	int flags = fcntl(s->reader, F_GETFL);

	fcntl(s->reader, F_SETFL, flags | O_NONBLOCK);
	for (unsigned i = 0; i <= ms; i++) {
		while (read_some(s, TEXT_MAX) > 0)
			;
		sleep_ms(1);
	}
	fcntl(s->reader, F_SETFL, flags);
}

/* Returns how many refusals of web there are; every line must be whole. */
static unsigned check_pipe_lines(struct scene *s)
{
	char *line = s->text, *end, requester[64];
	unsigned count = 0;

	snprintf(requester, sizeof(requester), "\"requester\":{\"pid\":%d,", s->web->pid);
	for (; (end = strchr(line, '\n')); line = end + 1) {
		json_t *json = json_loadb(line, (size_t)(end - line), JSON_REJECT_DUPLICATES, NULL);

		*end = '\0';
		if (!json)
			test_fail(s->t, "expected whole lines, got \"%.200s\"", line);
		count += strstr(line, requester) != NULL;
		json_decref(json);
	}
	if (*line)
		test_fail(s->t, "expected a whole line at the end, got \"%.200s\"", line);
	return count;
}

static void expect_refused(struct scene *s, const char *prom, unsigned count)
{
	char line[128];

	snprintf(line, sizeof(line),
		 "\nportclash_refused_ports_total{port=\"%d\",protocol=\"tcp\"} %u\n", PORT, count);
	logfile_expect(s->t, prom, line);
}

static unsigned long sink_errors(const char *prom)
{
	static const char name[] = "\nportclash_sink_errors_total ";
	char *text = logfile_read(prom), *at = text ? strstr(text, name) : NULL;
	unsigned long count = at ? strtoul(at + strlen(name), NULL, 10) : 0;

	free(text);
	return count;
}

/* The reader stalls, reads again and stalls again, and the agent is told to end. */
static void scenario_stdout_stalled(struct test *t)
{
	struct scene s = scene_of(t);
	char prom[160];
	const char *argv[] = { "agent", "--textfile",	     prom, "--interval",
			       "0.1",	"--repeat-interval", "0",  NULL };
	struct monitor_spec spec = { .argv = argv, .out_path = s.out_path };
	unsigned long lost;
	struct monitor *m;
	unsigned told;

	test_path(t, "metrics.prom", prom, sizeof(prom));
	m = monitor_spawn(t, &spec);
	logfile_expect(t, prom, "portclash_up 1\n");
	refuse_before_pipe(&s);
	expect_refused(&s, prom, REFUSALS);
	logfile_await_said(t, m, "standard output: Resource temporarily unavailable");
	if (!sink_errors(prom))
		test_fail(t, "expected the lost lines to be counted, got 0 sink errors");
	drain_pipe(&s, 500);
	stage_refused(s.web, 0, "127.0.0.1", PORT, EADDRINUSE);
	logfile_await_said(t, m, "standard output is written again");
	refuse_before_pipe(&s);
	expect_refused(&s, prom, 2 * REFUSALS + 1);
	if (monitor_stop(t, m, SIGTERM, 5))
		test_fail(t, "expected 0, got %#x as exit status", m->status);
	logfile_expect(t, prom, "portclash_up 0\n");
	drain_pipe(&s, 0);
	told = check_pipe_lines(&s);
	lost = sink_errors(prom);
	if (told < REFUSALS / 10 || told + lost < 2 * REFUSALS + 1)
		test_fail(t, "expected %d refusals read or counted as lost, got %u and %lu",
			  2 * REFUSALS + 1, told, lost);
	test_note(t, "%d refusals: %u read, %lu lines lost", 2 * REFUSALS + 1, told, lost);
	free(s.text);
}

/* A burst larger than the pipe is no trouble for a reader that reads. */
static void scenario_stdout_read(struct test *t)
{
	struct scene s = scene_of(t);
	char prom[160];
	const char *argv[] = { "agent", "--textfile",	     prom, "--interval",
			       "0.1",	"--repeat-interval", "0",  NULL };
	struct monitor_spec spec = { .argv = argv, .out_path = s.out_path };
	struct monitor *m;
	unsigned told;

	test_path(t, "metrics.prom", prom, sizeof(prom));
	m = monitor_spawn(t, &spec);
	logfile_expect(t, prom, "portclash_up 1\n");
	begin_refusing(&s);
	drain_pipe(&s, 1000);
	end_refusing(&s);
	drain_pipe(&s, 500);
	if (monitor_stop(t, m, SIGTERM, 5))
		test_fail(t, "expected 0, got %#x as exit status", m->status);
	logfile_expect(t, prom, "portclash_up 0\n");
	drain_pipe(&s, 0);
	told = check_pipe_lines(&s);
	if (told != REFUSALS || sink_errors(prom))
		test_fail(t, "expected %d refusals and no error, got %u and %lu", REFUSALS, told,
			  sink_errors(prom));
	free(s.text);
}

/* Reads 4 KiB a hundred times a second, to the end of the session. */
static void scenario_trace_slow_reader(struct test *t)
{
	static const char *const argv[] = {
		"trace", "--json", "--all", "--port", "18378", "--for", "2", NULL
	};
	struct scene s = scene_of(t);
	struct monitor_spec spec = { .argv = argv, .out_path = s.out_path };
	struct monitor *m = monitor_spawn(t, &spec);
	unsigned told;

	close(s.writer);
	while (!strchr(s.text, '\n') && read_some(&s, 4096) > 0)
		;
	begin_refusing(&s);
	while (read_some(&s, 4096) > 0)
		sleep_ms(10);
	end_refusing(&s);
	if (monitor_stop(t, m, 0, 5) != 3)
		test_fail(t, "expected 3, got %#x as exit status", m->status);
	told = check_pipe_lines(&s);
	if (told != REFUSALS)
		test_fail(t, "expected %d, got %u refusals", REFUSALS, told);
	free(s.text);
}

/* The reader has stopped for good: Ctrl-C ends portclash even so, and portclash says that not all
 * was written. */
static void scenario_trace_stalled(struct test *t)
{
	static const char *const argv[] = { "trace", "--json", "--all", "--port", "18378", NULL };
	struct scene s = scene_of(t);
	struct monitor_spec spec = { .argv = argv, .out_path = s.out_path };
	struct monitor *m = monitor_spawn(t, &spec);

	while (!strchr(s.text, '\n') && read_some(&s, 4096) > 0)
		;
	refuse_before_pipe(&s);
	sleep_ms(300);
	if (monitor_stop(t, m, SIGINT, 5) != 1)
		test_fail(t, "expected 1, got %#x as exit status", m->status);
	logfile_await_said(t, m, "cannot write everything to standard output");
	drain_pipe(&s, 0);
	if (!check_pipe_lines(&s))
		test_fail(t, "expected what the pipe holds, got no refusal");
	free(s.text);
}

const struct scenario cases_output_stalled_reader[] = {
	{ .name = "stdout-stalled", .run = scenario_stdout_stalled, .where = ONCE },
	{ .name = "stdout-read", .run = scenario_stdout_read, .where = ONCE },
	{ .name = "trace-slow-reader", .run = scenario_trace_slow_reader, .where = ONCE },
	{ .name = "trace-stalled", .run = scenario_trace_stalled, .where = ONCE },
	{ 0 },
};
