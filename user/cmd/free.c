// SPDX-License-Identifier: GPL-2.0-only
/* `portclash free`: gives ports back that a client, a TIME_WAIT or an orphan keeps from their servers. */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/free.h"
#include "cmd/port_argument.h"
#include "cure/keep.h"

/* The longest that a server may take, and longer than any TIME_WAIT. */
#define WAIT_DEFAULT (30 * PC_NS_PER_SECOND)
#define WAIT_MAX (3600 * PC_NS_PER_SECOND)

/* Exit statuses besides those of freeing (cmd/free_ports.c) */
enum {
	EXIT_NOT_EXECUTED = 126,
	EXIT_NO_COMMAND = 127,
};

enum {
	OPT_NETNS = 256,
	OPT_ADDRESS,
	OPT_DRY_RUN,
	OPT_YES,
	OPT_WAIT,
	OPT_RESERVE,
	OPT_NO_RESERVE,
	OPT_STOP,
	OPT_WAY,
	OPT_ASK,
	OPT_STATE,
	OPT_BTF,
	OPT_JSON,
};

static const struct argp_option options[] = {
	{ "address", OPT_ADDRESS, "ADDRESS", 0,
	  "the one address that the servers bind (default: all, IPv4 and IPv6)", 0 },
	{ "netns", OPT_NETNS, "WHICH", 0,
	  "self (the default), a name in /run/netns, a path or an inode number", 0 },
	{ "dry-run", OPT_DRY_RUN, NULL, 0, "say what portclash would do, and do nothing", 0 },
	{ "yes", OPT_YES, NULL, 0, "do not ask", 0 },
	{ "stop", OPT_STOP, NULL, 0,
	  "also stop the unit whose main process is in the way, or a plain process with SIGTERM",
	  0 },
	{ "wait", OPT_WAIT, "SECONDS", 0,
	  "how long freeing a port may take, and how long the port then stays reserved for its server (default 30)",
	  0 },
	{ "reserve", OPT_RESERVE, NULL, 0, "keep the ports reserved, as `portclash reserve` does",
	  0 },
	{ "no-reserve", OPT_NO_RESERVE, NULL, 0,
	  "do not reserve the port: the kernel may give it to another client at once", 0 },
	{ "btf", OPT_BTF, "FILE", 0, PC_BTF_HELP, 0 },
	{ "json", OPT_JSON, NULL, 0, "print JSON lines instead of text", 0 },
	{ "ask", OPT_ASK, NULL, OPTION_HIDDEN, "ask, though standard input is no terminal", 0 },
	{ "way", OPT_WAY, "auto|destroy|descriptor", OPTION_HIDDEN, "how sockets are ended", 0 },
	{ "state", OPT_STATE, "FOLDER", OPTION_HIDDEN, "instead of " PC_KEEP_FOLDER, 0 },
	{ 0 },
};

static const char doc[] =
	"Free ports for their servers. portclash ends the client connections, TIME_WAITs and orphans that keep a port, and no other socket. It asks first, for each port. It never ends a listener, but names the unit, container or process to stop. PORT is a number, a range like 8000-8010 or a service; also 127.0.0.1:8080, [::1]:8080, 8080/tcp or udp/53. Without a protocol it is a TCP port. COMMAND starts as soon as all ports are free. It needs root.\vExamples:\n"
	"  sudo portclash free 8080                    free port 8080, after asking\n"
	"  sudo portclash free --dry-run 80 8000-8010  show what it would do\n"
	"  sudo portclash free --yes 8080 -- ./server  free it, then start the server\n"
	"\n"
	"Exit status:\n"
	"  0    the port is free now\n"
	"  1    it failed\n"
	"  2    the command line is wrong\n"
	"  3    a process has to give the port up first\n"
	"  4    nothing held the port\n"
	"  5    something took the port again\n"
	"  6    what held the port was gone before portclash did anything\n"
	"  7    the kernel did not end what holds the port\n"
	"  8    the answer was no\n"
	"  126  COMMAND cannot be run\n"
	"  127  COMMAND was not found\n"
	"  any  the status of COMMAND, which runs after 0, 4 and 6\n"
	"Of several ports, the first that is not free sets the status. If all are free,\n"
	"it is 0 if portclash freed one, else 6 if one became free by itself, else 4.\n";

/* Parts of the command line that the run does not need. */
struct invocation {
	struct pc_freeing *x;
	char **command;
	struct pc_free_targets targets;
	uint16_t family; /* of --address; 0: not given */
	uint8_t address[PC_ADDR_LEN];
};

/* --address is for the ports that name no address themselves. */
static void fill_addresses(struct invocation *v)
{
	for (size_t i = 0; i < v->targets.count; i++) {
		struct pc_free_target *t = &v->targets.list[i];

		if (t->family)
			continue;
		t->family = v->family;
		memcpy(t->address, v->address, PC_ADDR_LEN);
	}
}

static void take_way(struct argp_state *state, struct pc_freeing *x, const char *arg)
{
	if (!strcmp(arg, "destroy"))
		x->way = PC_END_DESTROY;
	else if (!strcmp(arg, "descriptor"))
		x->way = PC_END_DESCRIPTOR;
	else if (strcmp(arg, "auto"))
		pc_usage_error(state, "--way: expected auto, destroy or descriptor, not \"%s\"",
			       arg);
}

static void take_wait(struct argp_state *state, struct pc_freeing *x, const char *arg)
{
	char *end;
	double seconds = strtod(arg, &end);

	if (end == arg || *end || !(seconds >= 0 && seconds <= pc_seconds(WAIT_MAX)))
		pc_usage_error(state, "--wait: expected seconds from 0 to %.0f, not \"%s\"",
			       pc_seconds(WAIT_MAX), arg);
	x->wait_ns = (uint64_t)(seconds * 1e9);
}

static const char *free_take_text(struct argp_state *state, const char *option, const char *arg)
{
	if (!*arg)
		pc_usage_error(state, "%s: expected a value that is not empty", option);
	return arg;
}

static void free_check_line(struct argp_state *state, const struct invocation *v)
{
	const struct pc_freeing *x = v->x;

	if (!v->targets.count)
		pc_usage_error(state, "which port? For example: sudo portclash free 8080");
	if (x->reserve && x->no_reserve)
		pc_usage_error(state, "use either --reserve or --no-reserve");
	if (x->dry && v->command)
		pc_usage_error(state, "--dry-run does not start a command: leave out \"%s\"",
			       v->command[0]);
	if (state->quoted && !v->command)
		pc_usage_error(state, "expected a command after --");
	if (!x->dry && !x->yes && !x->ask && !isatty(STDIN_FILENO))
		pc_usage_error(
			state,
			"standard input is not a terminal, so free cannot ask: add --yes or --dry-run");
}

/* Behind "--" comes the command. The words come in the order of the line (ARGP_IN_ORDER): permuted, PORT
 * would stand behind "--", too. */
static void take_operand(struct argp_state *state, struct invocation *v, char *arg)
{
	if (!state->quoted || state->next - 1 < state->quoted) {
		pc_free_targets_add(state, arg, &v->targets);
		return;
	}
	v->command = &state->argv[state->next - 1];
	v->x->has_command = true;
	state->next = state->argc;
}

static bool take_switch(struct pc_freeing *x, int key)
{
	bool *const flag = key == OPT_DRY_RUN	 ? &x->dry :
			   key == OPT_YES	 ? &x->yes :
			   key == OPT_ASK	 ? &x->ask :
			   key == OPT_STOP	 ? &x->stop :
			   key == OPT_RESERVE	 ? &x->reserve :
			   key == OPT_NO_RESERVE ? &x->no_reserve :
			   key == OPT_JSON	 ? &x->json :
						   NULL;

	if (flag)
		*flag = true;
	return flag;
}

static error_t free_parse(int key, char *arg, struct argp_state *state)
{
	struct invocation *v = state->input;

	if (take_switch(v->x, key))
		return 0;
	switch (key) {
	case OPT_NETNS:
		v->x->which = free_take_text(state, "--netns", arg);
		return 0;
	case OPT_ADDRESS:
		pc_parse_address(state, "--address", arg, &v->family, v->address);
		return 0;
	case OPT_WAIT:
		take_wait(state, v->x, arg);
		return 0;
	case OPT_WAY:
		take_way(state, v->x, arg);
		return 0;
	case OPT_BTF:
		v->x->btf = free_take_text(state, "--btf", arg);
		return 0;
	case OPT_STATE:
		v->x->state = free_take_text(state, "--state", arg);
		return 0;
	case ARGP_KEY_ARG:
		take_operand(state, v, arg);
		return 0;
	case ARGP_KEY_END:
		free_check_line(state, v);
		fill_addresses(v);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int execute(const struct pc_freeing *x, char **command)
{
	int error;

	signal(SIGPIPE, SIG_DFL);
	signal(SIGXFSZ, SIG_DFL);
	if (x->signals >= 0)
		sigprocmask(SIG_SETMASK, &x->mask, NULL);
	execvp(command[0], command);
	error = errno;
	fprintf(stderr, "portclash: cannot run %s: %s\n", command[0], strerror(error));
	return error == ENOENT ? EXIT_NO_COMMAND : EXIT_NOT_EXECUTED;
}

static int free_run(const struct invocation *v)
{
	char sentence[PC_CURE_SENTENCE] = "";
	struct pc_freeing *x = v->x;
	struct pc_log log = PC_LOG_INIT;
	int status = PC_EXIT_FAILED;
	bool all_free = false;

	x->log = &log;
	if (pc_log_open(&log, NULL))
		fprintf(stderr, "portclash: cannot write to standard output\n");
	else if (pc_freeing_enter(x, sentence))
		fprintf(stderr, "portclash: %s\n", sentence);
	else
		status = pc_free_each(x, &v->targets, &all_free);
	pc_log_close(&log);
	return v->command && all_free ? execute(x, v->command) : status;
}

int pc_cmd_free(int argc, char **argv)
{
	static const struct argp argp = { options, free_parse, "PORT... [-- COMMAND [ARG...]]",
					  doc,	   NULL,       NULL,
					  NULL };
	struct pc_freeing *x = calloc(1, sizeof(*x));
	struct invocation v = { .x = x };
	int status;

	if (!x)
		return PC_EXIT_FAILED;
	x->signals = -1;
	x->which = "self";
	x->state = PC_KEEP_FOLDER;
	x->wait_ns = WAIT_DEFAULT;
	pc_command_line(&argp, argc, argv, ARGP_IN_ORDER, &v);
	signal(SIGPIPE, SIG_IGN);
	status = free_run(&v);
	pc_freeing_free(x);
	free(x);
	return status;
}
