// SPDX-License-Identifier: GPL-2.0-only
/* `portclash explain`: what a cause means, as docs/causes.md has it. */
#include <stdio.h>

#include "cmd/cmd.h"
#include "out/manual.h"

static const char doc[] = "What a cause means, an example, and what to do; without CAUSE, the "
			  "list of them."
			  "\vExit status: 0 explained, 1 it could not be printed, 2 usage.";

static error_t parse(int key, char *arg, struct argp_state *state)
{
	const char **cause = state->input;

	if (key != ARGP_KEY_ARG)
		return ARGP_ERR_UNKNOWN;
	if (*cause)
		argp_error(state, "one cause at a time; \"%s\" is one too many", arg);
	*cause = arg;
	return 0;
}

int pc_cmd_explain(int argc, char **argv)
{
	static const struct argp argp = { NULL, parse, "[CAUSE]", doc, NULL, NULL, NULL };
	const char *cause = NULL;

	argp_parse(&argp, argc, argv, 0, NULL, &cause);
	if (!cause) {
		pc_manual_list(stdout);
	} else if (!pc_manual_section(stdout, cause)) {
		fprintf(stderr, "portclash: there is no cause \"%s\"; these there are:\n", cause);
		pc_manual_list(stderr);
		return PC_EXIT_USAGE;
	}
	if (fflush(stdout) || ferror(stdout)) {
		fputs("portclash: not all could be written to standard output\n", stderr);
		return PC_EXIT_FAILED;
	}
	return PC_EXIT_OK;
}
