// SPDX-License-Identifier: GPL-2.0-only
/* `portclash history`: what a log tells, grouped. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/history_at.h"
#include "cmd/history_options.h"

enum { OPT_JSON = 256, OPT_TOP, OPT_AT };

/* Ranks of each kind. */
#define RANKS 10

static const struct argp_option options[] = {
	PC_HISTORY_OPTIONS,
	{ "json", OPT_JSON, NULL, 0, "one JSON object a line instead of text", 0 },
	{ "top", OPT_TOP, NULL, 0, "rank ports, servers, holders and causes instead", 0 },
	{ "at", OPT_AT, "TIME", 0,
	  "which process had --port at this time, also without a refusal: from the agent's flight recorder, or that FILE",
	  0 },
	{ 0 },
};

static const char doc[] =
	"Show what the agent's log tells: the refusals by port, server and holder, how often, and what came of them. Without FILE, read the configured log and its older files, gzipped ones too. With FILE, read these; - is standard input. It needs root for the agent's own log.\vExamples:\n"
	"  sudo portclash history              all that the log tells\n"
	"  sudo portclash history --port 8080  only port 8080\n"
	"  portclash history events.jsonl      another log\n"
	"  sudo portclash history --port 8080 --at 00:54  who had the port then?\n"
	"\n"
	"Exit status:\n"
	"  0  nothing that was asked for was refused; --at: no claim is recorded\n"
	"  1  portclash could not read all\n"
	"  2  the command line is wrong\n"
	"  3  something was refused; --at: a process had the port\n"
	"  4  --at: a process may have had the port\n";

struct history {
	struct pc_history_options lines;
	struct pc_history_at at;
	bool json;
	bool top;
};

static void check_at(struct argp_state *state, struct history *x)
{
	const struct pc_history_filter *f = &x->lines.filter;

	if (!x->at.from_ns)
		return;
	if (!f->ports)
		pc_usage_error(state, "--at: name the port: --port LIST");
	if (x->top || f->since_ns || f->until_ns || f->cause || f->unit || f->container)
		pc_usage_error(state,
			       "--at goes with --port, --netns, --config, --json and one FILE");
	x->at.json = x->json;
}

static error_t parse_history_option(int key, char *arg, struct argp_state *state)
{
	struct history *x = state->input;

	switch (key) {
	case OPT_JSON:
		x->json = true;
		return 0;
	case OPT_TOP:
		x->top = true;
		return 0;
	case OPT_AT:
		pc_history_at_parse(state, &x->at, arg);
		return 0;
	case ARGP_KEY_END:
		check_at(state, x);
		return 0;
	default:
		return pc_history_option(&x->lines, key, arg, state);
	}
}

static int write_history(const struct history *x, const struct pc_history_view *view)
{
	struct pc_clock clock = pc_clock_read();
	struct pc_log log = PC_LOG_INIT;
	unsigned ranks = x->top ? RANKS : 0;
	int err = pc_log_open(&log, NULL);

	if (!err)
		err = x->json ? pc_history_json(&log, &clock, view, ranks) :
				pc_history_text(&log, view, ranks);
	pc_log_close(&log);
	return err;
}

static int print_history(const struct history *x, const struct pc_history *h,
			 const struct pc_history_sources *sources)
{
	struct pc_history_view view = { .totals = pc_history_totals(h), .sources = *sources };
	const struct pc_history_group **groups = pc_history_groups(h, &view.count);
	int err;

	if (!groups) {
		fprintf(stderr, "portclash: %s\n", strerror(ENOMEM));
		return PC_EXIT_FAILED;
	}
	view.groups = groups;
	/* A sum of nothing below an error says that nothing was refused. */
	err = sources->files || x->json ? write_history(x, &view) : 0;
	free(groups);
	if (pc_output_failed(err) || sources->unread)
		return PC_EXIT_FAILED;
	return view.totals->refusals ? PC_EXIT_REFUSED : PC_EXIT_OK;
}

static int run_history(struct history *x)
{
	struct pc_history *h = pc_history_new(&x->lines.filter, PC_HISTORY_BUDGET);
	struct pc_history_sources sources;
	int err = h ? pc_history_read(&x->lines, h, &sources) : -ENOMEM;
	int status = PC_EXIT_FAILED;

	if (!err)
		status = print_history(x, h, &sources);
	else if (err != -ENODATA)
		fprintf(stderr, "portclash: %s\n", strerror(-err));
	pc_history_free(h);
	return status;
}

int pc_cmd_history(int argc, char **argv)
{
	static const struct argp argp = {
		options, parse_history_option, "[FILE...]", doc, NULL, NULL, NULL
	};
	struct history x = { 0 };
	int status;

	pc_command_line(&argp, argc, argv, 0, &x);
	signal(SIGPIPE, SIG_IGN);
	status = x.at.from_ns ? pc_history_at_run(&x.lines, &x.at) : run_history(&x);
	pc_history_options_free(&x.lines);
	return status;
}
