// SPDX-License-Identifier: GPL-2.0-only
/* Bad input gets a sentence on standard error, the right exit status, and nothing on standard
 * output. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "monitor/monitor.h"
#include "run/cases.h"

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

static void scenario_misuse(struct test *t)
{
	static const struct misuse all[] = {
		{ { NULL }, "Usage" },
		{ { "dance" }, "\"dance\" is neither a command nor a service" },
		{ { "trac" }, "did you mean trace?" },
		{ { "70000" }, "port 70000 is out of range" },
		{ { "80x" }, "expected PORT" },
		{ { "--port", "8080" }, "write the port alone: portclash 8080" },
		{ { "-p8080" }, "write the port alone: portclash 8080" },
		{ { "udp", "8080" }, "portclash 8080/udp" },
		{ { "kill", "8080" }, "did you mean portclash free 8080?" },
		{ { "/bin/sh" }, "portclash trace -- /bin/sh" },
		{ { "/run/x.sock" }, "portclash trace" },
		{ { "who", "/run/x.sock" }, "/run/x.sock is a path" },
		{ { "trace", "8080" }, "portclash trace -p 8080" },
		{ { "free", "8080", "-y" }, "unknown option -y; did you mean --yes?" },
		{ { "explain", "ephemeral" }, "did you mean ephemeral-client?" },
		{ { "help", "nosuch" }, "unknown command \"nosuch\"\n`portclash --help`" },
		{ { "history", "--cause", "listner" }, "did you mean listener?" },
		{ { "--json", "80" }, "options follow the command" },
		{ { "help", "whoo" }, "did you mean who?" },
		{ { "trace", "--loud" }, "unknown option --loud" },
		{ { "trace", "--porrt", "80" }, "did you mean --port?" },
		{ { "trace", "--json=5" }, "--json takes no value" },
		{ { "guard", "--st" }, "--st is ambiguous: write it in full, like --status" },
		{ { "trace", "-z" }, "z" },
		{ { "trace", "--for" }, "--for needs a value: write --for TIME" },
		{ { "trace", "--for", "0" }, "a time above 0" },
		{ { "trace", "--for", "-1" }, "a time above 0" },
		{ { "trace", "--for", "nan" }, "a time above 0" },
		{ { "trace", "--for", "1e99" }, "a time above 0" },
		{ { "trace", "--for", "5x" }, "5x" },
		{ { "trace", "--for", "" }, "a time above 0" },
		{ { "trace", "--port", "" }, "port" },
		{ { "trace", "--port", "65536" }, "65536" },
		{ { "trace", "--port", "80," }, "80," },
		{ { "trace", "--port", "90-80" }, "90-80" },
		{ { "trace", "--port", "htps" }, "\"htps\" is not a service" },
		{ { "trace", "--port", "80/tcp,53/udp" }, "one protocol" },
		{ { "trace", "--proto=udp", "--port=80/tcp" }, "leave out --proto" },
		{ { "trace", "--proto", "sctp" }, "sctp" },
		{ { "trace", "--proto", "" }, "proto" },
		{ { "trace", "--pid", "0" }, "pid" },
		{ { "trace", "--pid", "-5" }, "pid" },
		{ { "trace", "--pid", "99999999999999999999" }, "pid" },
		{ { "trace", "--pid", "me" }, "me" },
		{ { "trace", "--pid", "4194303" }, "no process 4194303" },
		{ { "trace", "--pid", "+1" }, "pid" },
		{ { "trace", "--color=blue" }, "expected auto, always or never, not \"blue\"" },
		{ { "replay", "--color=blue", "x" },
		  "expected auto, always or never, not \"blue\"" },
		{ { "replay", "--port", "80/tcp,53/udp", "x" }, "one protocol" },
		{ { "trace", "--json", "--" }, "a command" },
		{ { "trace", "--backend", "magic" }, "magic" },
		{ { "trace", "sleep", "1" }, "--" },
		{ { "agent", "--textfile", "metrics.txt" }, ".prom" },
		{ { "agent", "--interval", "0" }, "seconds" },
		{ { "agent", "--journal", "maybe" }, "auto" },
		{ { "agent", "--repeat-interval", "2d" }, "86400" },
		{ { "agent", "--interval", "soon" }, "soon" },
		{ { "agent", "--config" }, "needs a value" },
		{ { "agent", "--config", "/no/such/file" }, "/no/such/file: cannot be read" },
		{ { "agent", "--verbose=loudly" }, "--verbose: expected yes or no" },
		{ { "agent", "--for", "1" }, "--for" },
		{ { "agent", "extra" }, "extra" },
		{ { "trace", "--protect" }, "needs a value" },
		{ { "trace", "--protect", "" }, "protect" },
		{ { "trace", "--protect", "0" }, "1 to 65535" },
		{ { "trace", "--protect", "65536" }, "65536" },
		{ { "agent", "--protect", "80,no-such-service" }, "no-such-service" },
		{ { "agent", "--protect", "80," }, "80," },
		{ { "audit", "extra" }, "extra" },
		{ { "audit", "--protect" }, "needs a value" },
		{ { "audit", "--protect", "" }, "protect" },
		{ { "audit", "--protect", "0" }, "1 to 65535" },
		{ { "audit", "--protect", "65536" }, "65536" },
		{ { "audit", "--protect", "80,no-such-service" }, "no-such-service" },
		{ { "audit", "--write", "" }, "write" },
		{ { "audit", "--netns", "" }, "netns" },
		{ { "history", "--cause", "listener", "--cause", "bogus" },
		  "unknown cause \"bogus\"" },
		{ { "history", "--netns", "/etc/passwd" },
		  "\"/etc/passwd\" is no network namespace" },
		{ { "history", "--netns", "/proc/self/ns/mnt" }, "is no network namespace" },
		{ { "history", "--netns", "no-such" }, "\"no-such\": No such file" },
		{ { "explain", "no-such-cause" }, "nothing about \"no-such-cause\"" },
		{ { "explain", "listner" }, "did you mean listener?" },
		{ { "explain", "EADRINUSE" }, "did you mean EADDRINUSE?" },
		{ { "explain", "listener", "dual-stack" }, "dual-stack" },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		check_run(t, &(struct monitor_spec){ .argv = all[i].argv }, 2, all[i].says);
}

/* Names of files come from other people, too: none is shown as it is. */
static void scenario_shown_paths(struct test *t)
{
	static const char *const replay[] = { "replay", "no\x1b[31m", NULL };
	char path[160];
	const char *large[] = { "replay", path, NULL };

	check_run(t, &(struct monitor_spec){ .argv = replay }, 1, "no\\x1b[31m: No such file");
	close(open(test_path(t, "large\x1b", path, sizeof(path)), O_WRONLY | O_CREAT | O_CLOEXEC,
		   0600));
	if (truncate(path, (1L << 30) + 1))
		test_abort(t, "stage: cannot make %s", path);
	check_run(t, &(struct monitor_spec){ .argv = large }, 1,
		  "large\\x1b: it is longer than 1 GiB");
}

/* argp wraps at column 79, and an example goes on at the margin then. */
static void check_help_lines(struct test *t, const char *text)
{
	bool examples = false;
	size_t len;

	for (const char *line = text; *line; line += len + (line[len] == '\n')) {
		len = strcspn(line, "\n");
		examples = len && (examples || !strncmp(line, "Examples:", 9));
		if (len > 80 || (len && strspn(line, " ") >= len) ||
		    (examples && *line != ' ' && *line != 'E'))
			test_fail(t, "this line of a help is too wide, wrapped or blank: \"%.*s\"",
				  (int)len, line);
	}
}

static void help_of(struct test *t, const char *const *argv, const char *says)
{
	struct monitor *m = monitor_spawn(t, &(struct monitor_spec){ .argv = argv });
	int status = monitor_stop(t, m, 0, 20);
	char *out = monitor_text(m->out), *err = monitor_text(m->err);

	if (status || *err || !strstr(out, says))
		test_fail(t, "expected 0 and a text with \"%s\", got %d, \"%s\" and \"%s\"", says,
			  status, out, err);
	if (strcmp(argv[0], "explain") != 0 || (argv[1] && *argv[1] == '-'))
		check_help_lines(t, out);
	free(out);
	free(err);
}

/* Each command has its help by all three ways, with examples and exit statuses. */
static void help_of_command(struct test *t, const char *name)
{
	help_of(t, (const char *const[]){ name, "-h", NULL }, "Examples:\n");
	help_of(t, (const char *const[]){ name, "--help", NULL }, "Exit status:\n");
	help_of(t, (const char *const[]){ "help", name, NULL }, "Usage: portclash ");
}

static void scenario_help(struct test *t)
{
	static const char *const commands[] = { "trace",   "agent",   "features", "audit",
						"who",	   "free",    "guard",	  "reserve",
						"explain", "history", "report",	  "replay" };

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		help_of_command(t, commands[i]);
	help_of(t, (const char *const[]){ "--help", NULL }, "trace");
	help_of(t, (const char *const[]){ "--version", NULL }, "portclash ");
	help_of(t, (const char *const[]){ "trace", "--help", NULL }, "--claims");
	help_of(t, (const char *const[]){ "trace", "--help", NULL }, "Exit status");
	help_of(t, (const char *const[]){ "agent", "--help", NULL }, "--textfile");
	help_of(t, (const char *const[]){ "audit", "--help", NULL }, "--protect");
	help_of(t, (const char *const[]){ "explain", NULL }, "\nwildcard-overlap ");
	help_of(t, (const char *const[]){ "explain", "wildcard-overlap", NULL }, "What to do: ");
	help_of(t, (const char *const[]){ "explain", "time_wait", NULL }, "TIME_WAIT");
	help_of(t, (const char *const[]){ "explain", "98", NULL }, "EADDRINUSE");
	help_of(t, (const char *const[]){ "help", NULL }, "sudo portclash 8080");
}

static void scenario_not_root(struct test *t)
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

const struct scenario cases_session_usage[] = {
	{ .name = "misuse", .run = scenario_misuse, .seconds = 120, .where = ONCE },
	{ .name = "shown-paths", .run = scenario_shown_paths, .where = ONCE },
	{ .name = "help", .run = scenario_help, .where = ONCE },
	{ .name = "not-root", .run = scenario_not_root, .where = ONCE },
	{ 0 },
};
