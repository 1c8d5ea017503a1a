// SPDX-License-Identifier: GPL-2.0-only
/* `portclash reserve`: ports that the kernel gives to no client, added in one step, removed only if
 * portclash added them. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/port_argument.h"
#include "cmd/reserve.h"

enum {
	OPT_NETNS = 256,
	OPT_PERSIST,
	OPT_REMOVE,
	OPT_LIST,
	OPT_DRY_RUN,
	OPT_FORCE,
	OPT_ROOT,
	OPT_STATE,
	OPT_JSON,
};

static const struct argp_option options[] = {
	{ "netns", OPT_NETNS, "WHICH", 0,
	  "where: self (the default), all, a name in /run/netns, a path or an inode number", 0 },
	{ "persist", OPT_PERSIST, NULL, 0,
	  "after a reboot, too: in " PC_DROPIN_PATH ", whose other lines stay", 0 },
	{ "remove", OPT_REMOVE, NULL, 0,
	  "give up the ports that `portclash reserve` added, and no others", 0 },
	{ "list", OPT_LIST, NULL, 0, "show which ports are reserved, and by whom", 0 },
	{ "dry-run", OPT_DRY_RUN, NULL, 0, "say what portclash would do, and do nothing", 0 },
	{ "force", OPT_FORCE, NULL, 0,
	  "with --remove: also give up ports that others reserved; else: more than 4096 ports", 0 },
	{ "json", OPT_JSON, NULL, 0, "print JSON lines instead of text", 0 },
	{ "root", OPT_ROOT, "FOLDER", OPTION_HIDDEN, "sysctl files below this folder", 0 },
	{ "state", OPT_STATE, "FOLDER", OPTION_HIDDEN, "instead of " PC_KEEP_FOLDER, 0 },
	{ 0 },
};

static const char doc[] =
	"Reserve ports. The kernel then gives them to no client, but a server that asks for them by number still gets them. Ports that are reserved already stay reserved. LIST has ports, ranges and services, like 8080,9000-9010,https. It needs root.\vExamples:\n"
	"  sudo portclash reserve 8080            reserve port 8080 until a reboot\n"
	"  sudo portclash reserve --persist 8080  reserve it after a reboot, too\n"
	"  sudo portclash reserve --remove 8080   give it up again\n"
	"  sudo portclash reserve --list          which ports are reserved, by whom?\n"
	"\n"
	"Exit status:\n"
	"  0  it is done\n"
	"  1  it failed\n"
	"  2  the command line is wrong\n"
	"  3  a port stays reserved, or a sysctl file undoes --persist at boot\n";

static void take_ports(struct argp_state *state, struct pc_reserving *x, const char *list)
{
	pc_parse_port_set(state, NULL, 1, list, x->ports, &x->scope);
	x->has_ports = true;
}

static const char *take_word(struct argp_state *state, const char *option, const char *arg)
{
	if (!*arg)
		pc_usage_error(state, "%s: expected a value that is not empty", option);
	return arg;
}

static void take_action(struct argp_state *state, struct pc_reserving *x,
			enum pc_reserve_action action)
{
	if (x->action && x->action != action)
		pc_usage_error(state, "use either --remove or --list");
	x->action = action;
}

/* A range with a slip must not take the ports of all clients: there are 28,232 by default. The widest range that is often
 * reserved is Kubernetes' 30000-32767. */
#define AT_ONCE_MAX 4096

static bool is_too_much(const struct pc_reserving *x)
{
	return pc_ports_count(x->ports, 1, UINT16_MAX) > AT_ONCE_MAX;
}

static void check_usage(struct argp_state *state, struct pc_reserving *x)
{
	if (!x->action)
		x->action = PC_RESERVE_ADD;
	if (x->action == PC_RESERVE_LIST && (x->has_ports || x->persist || x->force))
		pc_usage_error(state,
			       "--list lists all ports: use it only with --netns and --json");
	if (x->action != PC_RESERVE_LIST && !x->has_ports)
		pc_usage_error(state, "which ports? For example: sudo portclash reserve 8080");
	if (x->force && x->action != PC_RESERVE_REMOVE && !is_too_much(x))
		pc_usage_error(state, "--force only goes with --remove, or with more than %u ports",
			       AT_ONCE_MAX);
	if (x->action == PC_RESERVE_ADD && !x->force && is_too_much(x))
		pc_usage_error(
			state,
			"these are %u ports, and clients need ports, too: without any, every connect() fails; reserve %u at once or fewer, or add --force",
			pc_ports_count(x->ports, 1, UINT16_MAX), AT_ONCE_MAX);
	if (x->persist && x->which && strcmp(x->which, "self"))
		pc_usage_error(state,
			       "--persist only goes with --netns self: it changes the next boot");
}

static error_t reserve_parse(int key, char *arg, struct argp_state *state)
{
	struct pc_reserving *x = state->input;

	switch (key) {
	case OPT_NETNS:
		x->which = take_word(state, "--netns", arg);
		return 0;
	case OPT_ROOT:
		x->root = take_word(state, "--root", arg);
		return 0;
	case OPT_STATE:
		x->state = take_word(state, "--state", arg);
		return 0;
	case OPT_PERSIST:
		x->persist = true;
		return 0;
	case OPT_DRY_RUN:
		x->dry = true;
		return 0;
	case OPT_JSON:
		x->json = true;
		return 0;
	case OPT_FORCE:
		x->force = true;
		return 0;
	case OPT_REMOVE:
		take_action(state, x, PC_RESERVE_REMOVE);
		return 0;
	case OPT_LIST:
		take_action(state, x, PC_RESERVE_LIST);
		return 0;
	case ARGP_KEY_ARG:
		take_ports(state, x, arg);
		return 0;
	case ARGP_KEY_END:
		check_usage(state, x);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int reserve_status(const struct pc_reserving *x)
{
	int status = PC_EXIT_OK;

	for (size_t i = 0; i < x->count; i++) {
		const struct pc_reserve_space *s = &x->spaces[i];

		if (s->failed)
			return PC_EXIT_FAILED;
		if (x->action == PC_RESERVE_REMOVE &&
		    (!pc_ports_is_empty(s->change.others) || !pc_ports_is_empty(s->change.shared)))
			status = PC_EXIT_REFUSED;
	}
	if (x->persist &&
	    (!pc_ports_is_empty(x->boot.missing) || !pc_ports_is_empty(x->boot.staying)))
		status = PC_EXIT_REFUSED;
	return status;
}

static int print_reserve(const struct pc_reserving *x)
{
	struct pc_reserve_report report = {
		.action = x->action,
		.dry = x->dry,
		.force = x->force,
		.spaces = x->spaces,
		.count = x->count,
		.boot = x->has_files ? &x->boot : NULL,
		.lost = x->keep.lost,
	};
	struct pc_clock clock = pc_clock_read();
	struct pc_log log = PC_LOG_INIT;
	int err = pc_log_open(&log, NULL), status = reserve_status(x);

	if (!err)
		err = x->json ? pc_reserve_json(&log, &clock, &report, status) :
				pc_reserve_text(&log, &report);
	pc_log_close(&log);
	return pc_output_failed(err) ? PC_EXIT_FAILED : status;
}

int pc_cmd_reserve(int argc, char **argv)
{
	static const struct argp argp = {
		options, reserve_parse, "LIST...", doc, NULL, NULL, NULL
	};
	struct pc_reserving *x = calloc(1, sizeof(*x));
	char sentence[PC_CURE_SENTENCE] = "";
	int status = PC_EXIT_FAILED;

	if (!x)
		return PC_EXIT_FAILED;
	x->keep.lock = -1;
	x->state = PC_KEEP_FOLDER;
	pc_command_line(&argp, argc, argv, 0, x);
	if (!x->which)
		x->which = "self";
	pc_say_if_wider(&x->scope, "a reservation");
	signal(SIGPIPE, SIG_IGN);
	if (pc_reserving_run(x, sentence))
		fprintf(stderr, "portclash: %s\n", sentence);
	else
		status = print_reserve(x);
	pc_reserving_free(x);
	free(x);
	return status;
}
