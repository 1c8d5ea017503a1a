// SPDX-License-Identifier: GPL-2.0-only
/* `portclash explain`: what a cause means, as docs/causes.md has it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "core/base/text.h"
#include "out/layout.h"
#include "out/log.h"
#include "out/manual.h"
#include "out/terminal.h"

/* The width of prose where no terminal says one. */
#define PROSE_WIDTH 80

static const char doc[] =
	"Explain a cause that portclash prints, an error like EADDRINUSE, or TIME_WAIT, with an example and what to do. Without a name, list all of them. It does not need root.\vExamples:\n"
	"  portclash explain                   list what can be explained\n"
	"  portclash explain ephemeral-client  explain a cause\n"
	"  portclash explain EADDRINUSE        explain an error\n"
	"\n"
	"Exit status:\n"
	"  0  it is explained\n"
	"  1  portclash could not write the text\n"
	"  2  the command line is wrong\n";

static error_t explain_parse(int key, char *arg, struct argp_state *state)
{
	const char **cause = state->input;

	if (key != ARGP_KEY_ARG)
		return ARGP_ERR_UNKNOWN;
	if (*cause)
		pc_usage_error(state, "unexpected \"%s\": explain takes one word", arg);
	*cause = arg;
	return 0;
}

static void say_unknown(const char *word)
{
	const char *near = pc_manual_nearest(word);

	fprintf(stderr, "portclash: there is nothing about \"%s\"", word);
	if (near)
		fprintf(stderr, "; did you mean %s?", near);
	fputs("\n`portclash explain` lists what it explains.\n", stderr);
}

/* A section is prose: it is wrapped in a pipe, too. The list stays a line for each name there, for grep. */
static struct pc_layout explain_layout(bool section)
{
	struct pc_log log = PC_LOG_INIT;
	struct pc_layout layout;

	log.fd = STDOUT_FILENO;
	layout = pc_terminal_layout(&log);
	layout.prose = section;
	if (section && !layout.width)
		layout.width = PROSE_WIDTH;
	return layout;
}

/* Prints what is written so far, and closes it. */
static int put_explained(struct pc_text *text, bool section)
{
	struct pc_layout layout = explain_layout(section);
	char *plain = pc_text_close(text), *laid = NULL;
	size_t len;

	if (plain)
		laid = pc_layout_text(plain, strlen(plain), &layout, &len);
	free(plain);
	if (laid)
		fputs(laid, stdout);
	if (!laid || fflush(stdout) || ferror(stdout)) {
		fputs("portclash: cannot write everything to standard output\n", stderr);
		free(laid);
		return PC_EXIT_FAILED;
	}
	free(laid);
	return PC_EXIT_OK;
}

int pc_cmd_explain(int argc, char **argv)
{
	static const struct argp argp = { NULL, explain_parse, "[CAUSE|ERROR]", doc, NULL,
					  NULL, NULL };
	const char *cause = NULL, *topic;
	struct pc_text text;

	pc_command_line(&argp, argc, argv, 0, &cause);
	topic = cause ? pc_manual_topic(cause) : NULL;
	if (pc_text_open(&text))
		return PC_EXIT_FAILED;
	if (!cause) {
		pc_manual_list(text.out);
	} else if (!pc_manual_section(text.out, topic ? topic : cause)) {
		free(pc_text_close(&text));
		say_unknown(cause);
		return PC_EXIT_USAGE;
	}
	return put_explained(&text, cause);
}
