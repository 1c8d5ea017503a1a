// SPDX-License-Identifier: GPL-2.0-only
/* An unprivileged user is refused as fast as can be, and the log may not grow: no file is larger than its
 * cap, no more files are kept than configured, no line is torn, and the newest lines are there. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "monitor/logfile.h"
#include "monitor/monitor.h"
#include "run/cases.h"
#include "stage/march.h"
#include "stage/stage.h"

#define NOBODY 65534
#define PORT 8080
#define PATH_LEN 160
#define CAP (64 * 1024)
#define KEEP 2

/* A line has some 2 KiB: these fill the log and its old files several times. */
#define REFUSALS 600

/* Takes the refused addresses of this scenario, which must follow each other. */
static void take_capped_line(struct test *t, const char *line, size_t len, unsigned *last)
{
	json_t *json = json_loadb(line, len, JSON_REJECT_DUPLICATES, NULL);
	json_t *requested = json_object_get(json, "requested");
	const char *text = json_string_value(json_object_get(requested, "address"));
	struct in_addr address = { 0 };

	if (!json)
		test_fail(t, "expected whole lines, got \"%.*s\"", len < 200 ? (int)len : 200,
			  line);
	if (text && inet_pton(AF_INET, text, &address) == 1 &&
	    (ntohl(address.s_addr) & 0xffff0000U) == MARCH_FIRST_ADDRESS) {
		unsigned number = ntohl(address.s_addr) - MARCH_FIRST_ADDRESS;

		if (*last && number != *last + 1)
			test_fail(t, "expected refusal %u after %u, got %u", *last + 1, *last,
				  number);
		*last = number;
	}
	json_decref(json);
}

static void take_capped_file(struct test *t, const char *path, unsigned *last)
{
	char *text = logfile_read(path), *line = text, *end;
	struct stat st = { 0 };

	if (!text || stat(path, &st))
		test_fail(t, "expected a file %s, got %s", path, strerror(errno));
	if (st.st_size > CAP)
		test_fail(t, "expected %d bytes or fewer in %s, got %ld", CAP, path,
			  (long)st.st_size);
	for (; line && (end = strchr(line, '\n')); line = end + 1)
		take_capped_line(t, line, (size_t)(end - line), last);
	if (line && *line)
		test_fail(t, "expected a newline at the end of %s", path);
	free(text);
}

static void scenario_log_capped_under_load(struct test *t)
{
	struct puppet *nobody =
		puppet_start_as(t, &(struct puppet_spec){ .name = "nobody", .uid = NOBODY });
	struct io_march io = { .count = REFUSALS, .port = PORT, .pause_ms = 100 };
	char log[PATH_LEN], path[PATH_LEN + 16];
	const char *argv[] = { "agent", "--log",      log, "--log-max-size",
			       "64K",	"--log-keep", "2", "--repeat-interval",
			       "0",	NULL };
	struct monitor *m;
	unsigned last = 0;

	test_path(t, "agent.log", log, PATH_LEN);
	stage_listener(puppet_start(t, "api"), 0, "0.0.0.0", PORT);
	m = logfile_agent(t, argv, log);
	puppet_begin(nobody, act_march, &io, sizeof(io));
	puppet_end(nobody, &io, sizeof(io), 60);
	if (io.error)
		test_abort(t, "stage: bind(): %s", strerror(io.error));
	if (monitor_stop(t, m, SIGTERM, 30))
		test_fail(t, "expected 0, got %#x as exit status", m->status);
	for (unsigned number = KEEP; number; number--) {
		snprintf(path, sizeof(path), "%s.%u", log, number);
		take_capped_file(t, path, &last);
	}
	take_capped_file(t, log, &last);
	if (last != REFUSALS - 1)
		test_fail(t, "expected refusal %u as the last, got %u", REFUSALS - 1, last);
	snprintf(path, sizeof(path), "%s.%u", log, KEEP + 1);
	if (!access(path, F_OK))
		test_fail(t, "expected no file %s", path);
}

const struct scenario cases_output_log_capped[] = {
	{ .name = "log-capped-under-load",
	  .run = scenario_log_capped_under_load,
	  .watch = WATCH_OWN,
	  .load = true,
	  .where = NATIVE },
	{ 0 },
};
