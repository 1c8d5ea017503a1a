// SPDX-License-Identifier: GPL-2.0-only
/* `portclash who`: who holds a port right now, and what a server would get that bound it. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/lookup.h"
#include "host/services.h"

enum { OPT_JSON = 256, OPT_NETNS, OPT_UID, OPT_VERBOSE };

static const struct argp_option options[] = {
	{ "json", OPT_JSON, NULL, 0, "one JSON object a line instead of text", 0 },
	{ "netns", OPT_NETNS, "WHICH", 0,
	  "all (the default), self, a name in /run/netns, a path or an inode number", 0 },
	{ "uid", OPT_UID, "UID", 0, "the user whose server would bind the port (default: your own)",
	  0 },
	{ "verbose", OPT_VERBOSE, NULL, 0, "libbpf's messages to standard error", 0 },
	{ 0 },
};

static const char doc[] =
	"Who holds a port right now, in every network namespace, and what a server would get that "
	"bound it now. PORT is a number or the name of a service."
	"\vExit status: 0 nobody is seen to hold it, 3 somebody does, 1 it could not look, 2 "
	"usage.";

struct who {
	struct pc_lookup lookup;
	bool json;
	bool has_port;
};

/* Digits alone, up to `max`. */
static bool parse_number(const char *text, unsigned long max, unsigned long *out)
{
	char *end;

	errno = 0;
	*out = strtoul(text, &end, 10);
	return isdigit((unsigned char)*text) && !*end && !errno && *out <= max;
}

static char *number_of(struct argp_state *state, const char *name)
{
	char *number = NULL, *unknown = NULL;
	int err = pc_services_expand("/etc/services", name, &number, &unknown);

	if (err == -ENOENT)
		argp_error(state,
			   "there is no service \"%s\" in /etc/services; PORT is a number from 1 "
			   "to 65535 or such a name",
			   unknown);
	if (err)
		argp_failure(state, PC_EXIT_FAILED, -err, "cannot look up \"%s\"", name);
	return number;
}

static void parse_port(struct argp_state *state, struct pc_lookup *l, const char *arg)
{
	const char *slash = strchr(arg, '/');
	char *name = strndup(arg, slash ? (size_t)(slash - arg) : strlen(arg)), *number;
	unsigned long port;

	if (!name)
		argp_failure(state, PC_EXIT_FAILED, ENOMEM, "cannot read PORT");
	if (slash && strcmp(slash, "/tcp") && strcmp(slash, "/udp"))
		argp_error(state, "\"%s\": behind the port comes /tcp, /udp or nothing", arg);
	number = number_of(state, name);
	if (!parse_number(number, PC_PORTS - 1, &port) || !port)
		argp_error(state,
			   "PORT is a number from 1 to 65535 or the name of a service, not \"%s\"",
			   name);
	l->port = (uint16_t)port;
	l->tcp = !slash || !strcmp(slash, "/tcp");
	l->udp = !slash || !strcmp(slash, "/udp");
	free(number);
	free(name);
}

static void parse_uid(struct argp_state *state, struct pc_lookup *l, const char *arg)
{
	unsigned long uid;

	if (!parse_number(arg, UINT32_MAX - 1, &uid))
		argp_error(state, "--uid takes the number of a user, not \"%s\"", arg);
	l->uid = (uint32_t)uid;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct who *w = state->input;

	switch (key) {
	case OPT_JSON:
		w->json = true;
		return 0;
	case OPT_NETNS:
		if (!*arg)
			argp_error(state, "--netns takes all, self, a name, a path or a number");
		w->lookup.which = arg;
		return 0;
	case OPT_UID:
		parse_uid(state, &w->lookup, arg);
		return 0;
	case OPT_VERBOSE:
		w->lookup.verbose = true;
		return 0;
	case ARGP_KEY_ARG:
		if (w->has_port)
			argp_error(state, "one port at a time: unexpected \"%s\"", arg);
		parse_port(state, &w->lookup, arg);
		w->has_port = true;
		return 0;
	case ARGP_KEY_END:
		if (!w->has_port)
			argp_error(state, "which port? As in: portclash who 8080");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int print(const struct who *w, const struct pc_who_report *report)
{
	struct pc_clock clock = pc_clock_read();
	struct pc_log log = PC_LOG_INIT;
	int err = pc_log_open(&log, NULL);

	if (!err)
		err = w->json ? pc_who_json(&log, &clock, report) :
				pc_who_text(&log, &clock, report);
	pc_log_close(&log);
	if (err && err != -EPIPE)
		fprintf(stderr, "portclash: not all could be written to standard output: %s\n",
			strerror(-err));
	return err && err != -EPIPE ? PC_EXIT_FAILED : report->status;
}

static void say_failure(const struct pc_lookup *l, int err)
{
	switch (err) {
	case -ESRCH:
		fprintf(stderr,
			"portclash: there is no network namespace \"%s\"; `ip netns` and `lsns -t "
			"net` list those that are\n",
			l->which);
		break;
	case -EACCES:
		fprintf(stderr,
			"portclash: only its own network namespace (--netns self) can be looked "
			"into, not \"%s\": %s\n",
			l->which, l->unseen_count ? l->unseen[0] : "not allowed");
		break;
	case -ENODATA:
		fprintf(stderr, "portclash: the port cannot be looked up: %s\n",
			l->unseen_count ? l->unseen[0] : "the kernel's tables were not found");
		break;
	default:
		fprintf(stderr, "portclash: the port cannot be looked up: %s%s\n", strerror(-err),
			err == -ENOENT ? "; is /proc mounted?" : "");
	}
}

static int run(struct who *w)
{
	struct pc_lookup *l = &w->lookup;
	struct pc_who_report report = { .status = PC_EXIT_OK };
	int err = pc_lookup_run(l);

	if (err) {
		say_failure(l, err);
		return PC_EXIT_FAILED;
	}
	report.places = l->places;
	report.count = l->count;
	report.unseen_count = l->unseen_count;
	memcpy(report.unseen, l->unseen, sizeof(report.unseen));
	if (l->missing)
		report.status = PC_EXIT_FAILED;
	for (size_t i = 0; i < l->count; i++)
		if (l->places[i].total)
			report.status = PC_EXIT_REFUSED;
	return print(w, &report);
}

int pc_cmd_who(int argc, char **argv)
{
	static const struct argp argp = {
		options, parse, "PORT[/tcp|/udp]", doc, NULL, NULL, NULL
	};
	struct who w = { .lookup.uid = geteuid() };
	int status;

	argp_parse(&argp, argc, argv, 0, NULL, &w);
	signal(SIGPIPE, SIG_IGN);
	status = run(&w);
	pc_lookup_free(&w.lookup);
	return status;
}
