// SPDX-License-Identifier: GPL-2.0-only
/* What bad input gets: a sentence on standard error, the right exit status, and nothing on
 * standard output. */
#include <stdlib.h>
#include <string.h>

#include "cases.h"
#include "monitor.h"

#define NOBODY 65534
#define ARGS_MAX 6

struct misuse {
	const char *argv[ARGS_MAX];
	const char *says;
};

static void check_run(struct test *t, const struct monitor_spec *spec, int status, const char *says)
{
	struct monitor *m = monitor_spawn(t, spec);
	int have = monitor_stop(t, m, 0, 20);
	char *out = monitor_text(m->out), *err = monitor_text(m->err);
	char line[256] = "";

	for (int i = 0; spec->argv[i]; i++) {
		strncat(line, " ", sizeof(line) - strlen(line) - 1);
		strncat(line, spec->argv[i], sizeof(line) - strlen(line) - 1);
	}
	if (have != status)
		test_fail(t, "expected %d, got %d as exit status of `portclash%s`", status, have,
			  line);
	if (!strstr(err, says))
		test_fail(t, "expected a sentence with \"%s\", got \"%s\" from `portclash%s`", says,
			  err, line);
	if (*out)
		test_fail(t, "expected nothing on standard output, got \"%s\" from `portclash%s`",
			  out, line);
	free(out);
	free(err);
}

static void misuses(struct test *t)
{
	static const struct misuse all[] = {
		{ { NULL }, "Usage" },
		{ { "dance" }, "dance" },
		{ { "trace", "--loud" }, "--loud" },
		{ { "trace", "-z" }, "z" },
		{ { "trace", "--for" }, "argument" },
		{ { "trace", "--for", "0" }, "seconds" },
		{ { "trace", "--for", "-1" }, "seconds" },
		{ { "trace", "--for", "nan" }, "seconds" },
		{ { "trace", "--for", "1e99" }, "seconds" },
		{ { "trace", "--for", "5x" }, "5x" },
		{ { "trace", "--for", "" }, "seconds" },
		{ { "trace", "--port", "" }, "port" },
		{ { "trace", "--port", "65536" }, "65536" },
		{ { "trace", "--port", "80," }, "80," },
		{ { "trace", "--port", "90-80" }, "90-80" },
		{ { "trace", "--port", "http" }, "http" },
		{ { "trace", "--proto", "sctp" }, "sctp" },
		{ { "trace", "--proto", "" }, "proto" },
		{ { "trace", "--pid", "0" }, "pid" },
		{ { "trace", "--pid", "-5" }, "pid" },
		{ { "trace", "--pid", "99999999999999999999" }, "pid" },
		{ { "trace", "--pid", "me" }, "me" },
		{ { "trace", "--pid", "4194303" }, "no process 4194303" },
		{ { "trace", "--json", "--" }, "a command" },
		{ { "trace", "--backend", "magic" }, "magic" },
		{ { "trace", "sleep", "1" }, "--" },
		{ { "agent", "--textfile", "metrics.txt" }, ".prom" },
		{ { "agent", "--interval", "0" }, "seconds" },
		{ { "agent", "--journal", "maybe" }, "auto" },
		{ { "agent", "--repeat-interval", "2d" }, "86400" },
		{ { "agent", "--interval", "soon" }, "soon" },
		{ { "agent", "--config" }, "argument" },
		{ { "agent", "--config", "/no/such/file" }, "/no/such/file: cannot be read" },
		{ { "agent", "--verbose=loudly" }, "--verbose takes yes or no" },
		{ { "agent", "--for", "1" }, "--for" },
		{ { "agent", "extra" }, "extra" },
		{ { "trace", "--protect" }, "argument" },
		{ { "trace", "--protect", "" }, "protect" },
		{ { "trace", "--protect", "0" }, "1 to 65535" },
		{ { "trace", "--protect", "65536" }, "65536" },
		{ { "agent", "--protect", "80,no-such-service" }, "no-such-service" },
		{ { "agent", "--protect", "80," }, "80," },
		{ { "audit", "extra" }, "extra" },
		{ { "audit", "--protect" }, "argument" },
		{ { "audit", "--protect", "" }, "protect" },
		{ { "audit", "--protect", "0" }, "1 to 65535" },
		{ { "audit", "--protect", "65536" }, "65536" },
		{ { "audit", "--protect", "80,no-such-service" }, "no-such-service" },
		{ { "audit", "--write", "" }, "write" },
		{ { "audit", "--netns", "" }, "netns" },
		{ { "explain", "no-such-cause" }, "there is no cause \"no-such-cause\"" },
		{ { "explain", "no-such-cause" }, "ephemeral-client" },
		{ { "explain", "listener", "dual-stack" }, "dual-stack" },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		check_run(t, &(struct monitor_spec){ .argv = all[i].argv }, 2, all[i].says);
}

static void help_of(struct test *t, const char *const *argv, const char *says)
{
	struct monitor *m = monitor_spawn(t, &(struct monitor_spec){ .argv = argv });
	int status = monitor_stop(t, m, 0, 20);
	char *out = monitor_text(m->out), *err = monitor_text(m->err);

	if (status || *err || !strstr(out, says))
		test_fail(t, "expected 0 and a text with \"%s\", got %d, \"%s\" and \"%s\"", says,
			  status, out, err);
	free(out);
	free(err);
}

static void help(struct test *t)
{
	help_of(t, (const char *const[]){ "--help", NULL }, "trace");
	help_of(t, (const char *const[]){ "--version", NULL }, "portclash ");
	help_of(t, (const char *const[]){ "trace", "--help", NULL }, "--claims");
	help_of(t, (const char *const[]){ "trace", "--help", NULL }, "Exit status");
	help_of(t, (const char *const[]){ "agent", "--help", NULL }, "--textfile");
	help_of(t, (const char *const[]){ "audit", "--help", NULL }, "--protect");
	help_of(t, (const char *const[]){ "explain", NULL }, "\nwildcard-overlap ");
	help_of(t, (const char *const[]){ "explain", "wildcard-overlap", NULL }, "What to do: ");
}

static void not_root(struct test *t)
{
	static const char *const trace[] = { "trace", "--json", "--for", "1", NULL };
	static const char *const agent[] = { "agent", NULL };
	char path[128];

	monitor_copy(t, path, sizeof(path));
	check_run(t, &(struct monitor_spec){ .argv = trace, .exe = path, .uid = NOBODY }, 1,
		  "root");
	check_run(t, &(struct monitor_spec){ .argv = agent, .exe = path, .uid = NOBODY }, 1,
		  "root");
}

const struct scenario cases_usage[] = {
	{ .name = "misuse", .run = misuses, .seconds = 120, .where = ONCE },
	{ .name = "help", .run = help, .where = ONCE },
	{ .name = "not-root", .run = not_root, .where = ONCE },
	{ 0 },
};
