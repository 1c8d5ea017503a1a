// SPDX-License-Identifier: GPL-2.0-only
/* `portclash features`: what this machine lets portclash do. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"
#include "look/features.h"
#include "out/features.h"

enum { OPT_JSON = 256, OPT_BTF, OPT_VERBOSE };

static const struct argp_option options[] = {
	{ "btf", OPT_BTF, "FILE", 0, PC_BTF_HELP, 0 },
	{ "json", OPT_JSON, NULL, 0, "one JSON object instead of text", 0 },
	{ "verbose", OPT_VERBOSE, NULL, 0, "print libbpf's messages to standard error",
	  0 },
	{ 0 },
};

static const char doc[] =
	"Try every way to watch that this kernel may offer. Show which ways work, which do not and why, and what each cannot see. Nothing stays attached. It needs root.\vExamples:\n"
	"  sudo portclash features         show what works on this machine\n"
	"  sudo portclash features --json  the same for a program\n"
	"\n"
	"Exit status:\n"
	"  0  portclash can watch here\n"
	"  1  portclash cannot watch here\n"
	"  2  the command line is wrong\n";

struct features {
	const char *btf;
	bool json;
	bool verbose;
};

static error_t parse_features_option(int key, char *arg, struct argp_state *state)
{
	struct features *o = state->input;

	switch (key) {
	case OPT_JSON:
		o->json = true;
		return 0;
	case OPT_BTF:
		o->btf = arg;
		return 0;
	case OPT_VERBOSE:
		o->verbose = true;
		return 0;
	case ARGP_KEY_ARG:
		pc_usage_error(state, "unexpected \"%s\": features takes options only", arg);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

int pc_cmd_features(int argc, char **argv)
{
	static const struct argp argp = { options, parse_features_option, NULL, doc, NULL, NULL,
					  NULL };
	static struct pc_features f;
	struct pc_log log = PC_LOG_INIT;
	struct features o = { 0 };
	bool any;
	int err;

	pc_command_line(&argp, argc, argv, 0, &o);
	if (pc_log_open(&log, NULL)) {
		fprintf(stderr, "portclash: standard output is closed\n");
		return PC_EXIT_FAILED;
	}
	any = pc_features_look(o.btf, o.verbose, &f);
	err = (o.json ? pc_features_json : pc_features_text)(&log, &f);
	pc_log_close(&log);
	pc_output_failed(err);
	return err || !any ? PC_EXIT_FAILED : PC_EXIT_OK;
}
