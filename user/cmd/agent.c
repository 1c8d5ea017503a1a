// SPDX-License-Identifier: GPL-2.0-only
/* `portclash agent`: the long-running service, in the foreground for an init system. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/outlets.h"
#include "host/usage.h"
#include "version.h"

enum {
	OPT_LOG = 256,
	OPT_TEXTFILE,
	OPT_INTERVAL,
	OPT_JOURNAL,
	OPT_REPEAT_INTERVAL,
	OPT_PROTECT,
	OPT_BACKEND,
	OPT_VERBOSE,
};

/* Seconds between two textfiles: what Prometheus commonly scrapes at. */
#define INTERVAL_DEFAULT 15

/* Seconds until repeats of a collision are summarised first: an operator who looks at the log has
 * its first line by then, and a restart every 100 ms makes one line of a hundred. */
#define REPEAT_DEFAULT 10

/* A day: with more, the latest summary would come after two months. */
#define REPEAT_MAX_NS 86400000000000ULL

static const struct argp_option options[] = {
	{ "log", OPT_LOG, "FILE", 0,
	  "append the JSON lines to FILE instead of standard output; "
	  "reopened on SIGHUP",
	  0 },
	{ "textfile", OPT_TEXTFILE, "FILE.prom", 0, "keep a Prometheus textfile here", 0 },
	{ "interval", OPT_INTERVAL, "SECONDS", 0, "between two textfiles (default 15)", 0 },
	{ "journal", OPT_JOURNAL, "auto|on|off", 0,
	  "write entries with fields to systemd's journal; auto (the default): when systemd "
	  "connected standard output or standard error to it",
	  0 },
	{ "repeat-interval", OPT_REPEAT_INTERVAL, "SECONDS", 0,
	  "summarise repeats of a collision after so long, then at growing intervals (default 10; "
	  "0: write each)",
	  0 },
	{ "protect", OPT_PROTECT, "LIST", 0,
	  "warn when the kernel gives a client one of these ports, or that of an exposed listener "
	  "that has ended: 30000-32767,10250",
	  0 },
	{ "backend", OPT_BACKEND, "NAME", 0, "auto (the default), fentry, kprobe or tracepoint",
	  0 },
	{ "verbose", OPT_VERBOSE, NULL, 0, "the BPF library's own messages to standard error", 0 },
	{ 0 },
};

static const char doc[] =
	"Watch until SIGTERM: one JSON object a line for each refused bind() and listen(), and "
	"metrics for Prometheus."
	"\vExit status: 0 ended by SIGTERM or SIGINT, 1 it could not watch, 2 usage.";

struct agent {
	struct pc_watch_options watch;
	struct pc_metrics metrics;
	struct pc_outlets out;
	const char *log_path;
	enum pc_journal_choice journal;
	const char *textfile;
	uint64_t interval_ns;
	uint64_t protect[PC_PORT_WORDS];
	uint64_t next_ns;
	int textfile_error; /* of the last attempt, to speak of changes only */
};

static void parse_textfile(struct argp_state *state, struct agent *a, const char *path)
{
	size_t len = strlen(path);

	if (len < 6 || strcmp(path + len - 5, ".prom"))
		argp_error(state,
			   "--textfile takes a name that ends in .prom, not \"%s\": node_exporter "
			   "reads no others",
			   path);
	a->textfile = path;
}

static void parse_journal(struct argp_state *state, struct agent *a, const char *name)
{
	a->journal = pc_journal_choice(name);
	if (a->journal == PC_JOURNAL_CHOICES)
		argp_error(state, "--journal takes auto, on or off, not \"%s\"", name);
}

static void parse_repeat(struct argp_state *state, struct agent *a, const char *text)
{
	a->watch.repeat_ns =
		strcmp(text, "0") ? pc_parse_seconds(state, "--repeat-interval", text) : 0;
	if (a->watch.repeat_ns > REPEAT_MAX_NS)
		argp_error(state, "--repeat-interval takes at most a day, not \"%s\" seconds",
			   text);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct agent *a = state->input;

	switch (key) {
	case OPT_LOG:
		a->log_path = arg;
		return 0;
	case OPT_TEXTFILE:
		parse_textfile(state, a, arg);
		return 0;
	case OPT_INTERVAL:
		a->interval_ns = pc_parse_seconds(state, "--interval", arg);
		return 0;
	case OPT_JOURNAL:
		parse_journal(state, a, arg);
		return 0;
	case OPT_REPEAT_INTERVAL:
		parse_repeat(state, a, arg);
		return 0;
	case OPT_PROTECT:
		pc_parse_protect(state, arg, a->protect);
		a->watch.protect = a->protect;
		return 0;
	case OPT_BACKEND:
		a->watch.monitor.backend = pc_parse_backend(state, arg);
		return 0;
	case OPT_VERBOSE:
		a->watch.monitor.verbose = true;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "unexpected \"%s\"", arg);
		return EINVAL;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static uint64_t clock_ns(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* Says when writing begins to fail and when it works again, not each time. */
static void report_textfile(struct agent *a, int err)
{
	if (err == a->textfile_error)
		return;
	if (err)
		fprintf(stderr,
			"portclash: cannot write %s: %s; the metrics there are stale until this "
			"works again, watching goes on\n",
			a->textfile, strerror(-err));
	else
		fprintf(stderr, "portclash: %s is written again\n", a->textfile);
	a->textfile_error = err;
}

static void write_textfile(struct agent *a, struct pc_watch *w, bool up)
{
	uint64_t tcp_ports[PC_PORT_WORDS];
	bool known;
	int err;

	if (!a->textfile)
		return;
	known = pc_watch_tcp_ports(w, tcp_ports) == 0;
	pc_usage_read("/proc", known ? tcp_ports : NULL, &a->metrics.usage);
	a->metrics.counters = pc_watch_counters(w);
	a->metrics.update_ns = clock_ns(CLOCK_REALTIME);
	a->metrics.up = up;
	err = pc_prometheus_write(a->textfile, &a->metrics);
	report_textfile(a, err);
	if (err)
		pc_watch_count_sink_error(w);
}

/* 0 to end well, or the error that ends it. */
static int loop(struct agent *a, struct pc_watch *w, int signals)
{
	for (;;) {
		int number = pc_wait(w, signals, a->next_ns);
		int err = number < 0 ? number : pc_watch_run(w);

		pc_outlets_report(&a->out, w);
		if (err)
			return err;
		if (number == SIGTERM || number == SIGINT)
			return 0;
		if (number == SIGHUP)
			pc_outlets_reopen(&a->out);
		if (a->textfile && clock_ns(CLOCK_BOOTTIME) >= a->next_ns) {
			write_textfile(a, w, true);
			a->next_ns = clock_ns(CLOCK_BOOTTIME) + a->interval_ns;
		}
	}
}

static int run(struct agent *a, int signals)
{
	char sentence[PC_SENTENCE] = "";
	struct pc_watch *w = NULL;
	struct utsname kernel;
	int err = pc_watch_open(&a->watch, &w, sentence);

	if (err) {
		fprintf(stderr, "portclash: %s\n", sentence);
		return PC_EXIT_FAILED;
	}
	uname(&kernel);
	a->metrics.version = PC_VERSION;
	a->metrics.backend = pc_watch_backend(w);
	a->metrics.kernel = kernel.release;
	a->metrics.start_ns = clock_ns(CLOCK_REALTIME);
	write_textfile(a, w, true);
	a->next_ns = a->textfile ? clock_ns(CLOCK_BOOTTIME) + a->interval_ns : 0;
	err = loop(a, w, signals);
	if (!err)
		pc_watch_summary(w, false, 0);
	pc_outlets_report(&a->out, w);
	write_textfile(a, w, false);
	pc_watch_close(w);
	return err ? PC_EXIT_FAILED : PC_EXIT_OK;
}

int pc_cmd_agent(int argc, char **argv)
{
	static const struct argp argp = { options, parse, NULL, doc, NULL, NULL, NULL };
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP, 0 };
	struct agent a = {
		.watch = { .monitor = { .backend = "auto" },
			   .repeat_ns = REPEAT_DEFAULT * 1000000000ULL },
		.interval_ns = INTERVAL_DEFAULT * 1000000000ULL,
	};
	int err, signals, status;

	argp_parse(&argp, argc, argv, 0, NULL, &a);
	a.watch.metrics = &a.metrics;
	signals = pc_signals_open(numbers, NULL);
	err = pc_outlets_open(&a.out, a.log_path, a.journal);
	if (err) {
		fprintf(stderr, "portclash: cannot open %s for writing: %s\n",
			a.log_path ? a.log_path : "standard output", strerror(-err));
		return PC_EXIT_FAILED;
	}
	pc_outlets_give(&a.out, &a.watch);
	status = run(&a, signals);
	pc_outlets_close(&a.out);
	close(signals);
	return status;
}
