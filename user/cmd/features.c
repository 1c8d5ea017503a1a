// SPDX-License-Identifier: GPL-2.0-only
/* `portclash features`: what this kernel lets portclash do, each back end really tried. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bpf/monitor.h"
#include "bpf/support.h"
#include "cmd/cmd.h"
#include "host/privileges.h"
#include "out/features.h"

enum { OPT_JSON = 256, OPT_VERBOSE };

static const struct argp_option options[] = {
	{ "json", OPT_JSON, NULL, 0, "one JSON object instead of text", 0 },
	{ "verbose", OPT_VERBOSE, NULL, 0, "the BPF library's own messages to standard error", 0 },
	{ 0 },
};

static const char doc[] =
	"Try every way to watch that this kernel may offer, and say which work, which do not and "
	"why, and what each cannot see. Nothing stays attached."
	"\vExit status: 0 portclash can watch here, 1 it cannot, 2 usage.";

struct features {
	bool json;
	bool verbose;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct features *o = state->input;

	switch (key) {
	case OPT_JSON:
		o->json = true;
		return 0;
	case OPT_VERBOSE:
		o->verbose = true;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "features takes no argument; \"%s\" is one", arg);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static void ignore_process(void *context, const struct pc_process *record)
{
	(void)context, (void)record;
}

static void ignore_claim(void *context, const struct pc_claim *record)
{
	(void)context, (void)record;
}

static void ignore_endpoints(void *context, const struct pc_endpoints *record)
{
	(void)context, (void)record;
}

static void ignore_refusal(void *context, const struct pc_refusal *record)
{
	(void)context, (void)record;
}

static void try_one(const struct features *o, const char *name, struct pc_feature *out)
{
	static const struct pc_record_handler handler = {
		.process = ignore_process,
		.claim = ignore_claim,
		.endpoints = ignore_endpoints,
		.refusal = ignore_refusal,
	};
	struct pc_monitor_options options_of = { .backend = name, .verbose = o->verbose };
	struct pc_monitor *m = NULL;

	out->name = name;
	out->available = pc_monitor_open(&options_of, &handler, &m, out->sentence) == 0;
	if (!out->available)
		return;
	out->exact = pc_monitor_exact(m);
	snprintf(out->sentence, sizeof(out->sentence), "%s", pc_monitor_blind(m));
	pc_monitor_close(m);
}

static bool look(const struct features *o, struct pc_features *f)
{
	const char *name;
	bool any = false;

	pc_support_probe(&f->support);
	pc_privileges_read(&f->capabilities);
	while (f->count < PC_FEATURES_MAX && (name = pc_monitor_backend_name(f->count))) {
		try_one(o, name, &f->backends[f->count]);
		any |= f->backends[f->count++].available;
	}
	return any;
}

int pc_cmd_features(int argc, char **argv)
{
	static const struct argp argp = { options, parse, NULL, doc, NULL, NULL, NULL };
	static struct pc_features f;
	struct pc_log log = PC_LOG_INIT;
	struct features o = { 0 };
	bool any;
	int err;

	argp_parse(&argp, argc, argv, 0, NULL, &o);
	if (pc_log_open(&log, NULL)) {
		fprintf(stderr, "portclash: standard output is closed\n");
		return PC_EXIT_FAILED;
	}
	any = look(&o, &f);
	err = (o.json ? pc_features_json : pc_features_text)(&log, &f);
	pc_log_close(&log);
	if (err && err != -EPIPE)
		fprintf(stderr, "portclash: not all could be written to standard output: %s\n",
			strerror(-err));
	return err || !any ? PC_EXIT_FAILED : PC_EXIT_OK;
}
