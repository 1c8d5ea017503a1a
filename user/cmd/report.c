// SPDX-License-Identifier: GPL-2.0-only
/* `portclash report`: what a log tells, as one page. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

#include "cmd/history_options.h"
#include "core/base/text.h"
#include "host/clock.h"
#include "out/atomic.h"
#include "out/report.h"
#include "version.h"

enum { OPT_FORMAT = 256 };

static const struct argp_option options[] = {
	PC_HISTORY_OPTIONS,
	{ "format", OPT_FORMAT, "html|md", 0,
	  "a page for a browser (the default), or Markdown for a ticket", 0 },
	{ "output", 'o', "FILE", 0,
	  "write to this file, which only you can read then; else to standard output", 0 },
	{ 0 },
};

static const char doc[] =
	"Write one page about the agent's log, for those who were not there: what happened in plain words, a timeline of each port, tables, and each verdict with its evidence and fixes. The page needs no network and no script. FILE is as in portclash history. It needs root for the agent's own log.\vExamples:\n"
	"  sudo portclash report -o report.html     write the page\n"
	"  sudo portclash report --format md        print Markdown for a ticket\n"
	"  sudo portclash report --since yesterday  only what happened since then\n"
	"\n"
	"Exit status:\n"
	"  0  the page is written\n"
	"  1  portclash could not read all, or could not write\n"
	"  2  the command line is wrong\n";

struct report {
	struct pc_history_options lines;
	const struct pc_page *page;
	const char *output; /* NULL: standard output */
};

static error_t parse_report_option(int key, char *arg, struct argp_state *state)
{
	struct report *x = state->input;

	switch (key) {
	case OPT_FORMAT:
		if (strcmp(arg, "html") && strcmp(arg, "md"))
			pc_usage_error(state, "--format: expected html or md, not \"%s\"", arg);
		x->page = strcmp(arg, "md") ? &pc_page_html : &pc_page_markdown;
		return 0;
	case 'o':
		x->output = strcmp(arg, "-") ? arg : NULL;
		return 0;
	default:
		return pc_history_option(&x->lines, key, arg, state);
	}
}

/* Writes what is in memory: a page that breaks off is worse than none. */
static int write_page(const struct report *x, const char *page, size_t len)
{
	char shown[PC_SHOWN];
	int err = 0;

	if (x->output)
		err = pc_write_atomic_private(x->output, page, len);
	else if (fwrite(page, 1, len, stdout) != len || fflush(stdout))
		err = errno ? -errno : -EIO;
	if (!x->output)
		return pc_output_failed(err) ? err : 0;
	if (err)
		fprintf(stderr, "portclash: %s cannot be written: %s\n", pc_shown(x->output, shown),
			strerror(-err));
	return err;
}

static int make_page(const struct report *x, const struct pc_history *h, const struct pc_kept *kept,
		     const struct pc_history_sources *sources)
{
	struct utsname host;
	struct pc_report r = { .host = uname(&host) ? NULL : host.nodename,
			       .made_ns = pc_clock_ns(CLOCK_REALTIME),
			       .version = PC_VERSION,
			       .history = { .totals = pc_history_totals(h), .sources = *sources },
			       .kept = kept };
	const struct pc_history_group **groups = pc_history_groups(h, &r.history.count);
	struct pc_text text;
	char *page = NULL;
	int err = -ENOMEM;

	r.history.groups = groups;
	if (groups && !pc_text_open(&text)) {
		pc_report_write(text.out, x->page, &r);
		page = pc_text_close(&text);
	}
	if (page)
		err = write_page(x, page, text.len);
	else
		fprintf(stderr, "portclash: %s\n", strerror(ENOMEM));
	free(page);
	free(groups);
	return err;
}

static int run_report(struct report *x)
{
	struct pc_history *h = pc_history_new(&x->lines.filter, PC_HISTORY_BUDGET);
	struct pc_kept *kept = calloc(1, sizeof(*kept));
	struct pc_history_sources sources = { 0 };
	int err = -ENOMEM;

	if (h && kept) {
		pc_history_keep(h, pc_kept_take, kept);
		err = pc_history_read(&x->lines, h, &sources);
	}
	if (err && err != -ENODATA)
		fprintf(stderr, "portclash: %s\n", strerror(-err));
	if (!err)
		err = make_page(x, h, kept, &sources);
	if (kept)
		pc_kept_free(kept);
	free(kept);
	pc_history_free(h);
	return err || sources.unread ? PC_EXIT_FAILED : PC_EXIT_OK;
}

int pc_cmd_report(int argc, char **argv)
{
	static const struct argp argp = {
		options, parse_report_option, "[FILE...]", doc, NULL, NULL, NULL
	};
	struct report x = { .page = &pc_page_html };
	int status;

	pc_command_line(&argp, argc, argv, 0, &x);
	signal(SIGPIPE, SIG_IGN);
	status = run_report(&x);
	pc_history_options_free(&x.lines);
	return status;
}
