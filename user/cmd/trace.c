// SPDX-License-Identifier: GPL-2.0-only
/* `portclash trace`: the one-shot session during an incident. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cmd/child.h"
#include "cmd/cmd.h"
#include "core/ports.h"

#define COMMAND_ENDS_NS 500000000ULL

enum { OPT_FOR = 256, OPT_PROTO, OPT_JSON, OPT_CLAIMS, OPT_PROTECT, OPT_BACKEND, OPT_VERBOSE };

static const struct argp_option options[] = {
	{ "for", OPT_FOR, "SECONDS", 0, "stop after so many seconds; COMMAND runs on", 0 },
	{ "port", 'p', "LIST", 0,
	  "only these ports, as bind() or listen() asked for; of a connect() its own or its "
	  "destination's: "
	  "80,8000-8010",
	  0 },
	{ "proto", OPT_PROTO, "tcp|udp", 0, "only this protocol", 0 },
	{ "pid", 'P', "PID", 0, "only what this process was refused", 0 },
	{ "json", OPT_JSON, NULL, 0, "one JSON object a line instead of text", 0 },
	{ "claims", OPT_CLAIMS, NULL, 0, "also print every claim of a local port", 0 },
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
	"Watch until Ctrl-C, the time given, or the end of COMMAND, and explain each refused "
	"bind() and listen() as it happens, and each connect() or send that finds no port. With "
	"COMMAND only its own refusals and those of its children are shown."
	"\vExit status: 0 nothing was refused, 3 something was, 1 it could not watch, 2 usage.";

/* A person, or a filter that is slower than what it is told, is waited for as long as it goes on
 * reading: losing lines at once would be worse than telling them late. When not a byte was taken for
 * so long, and the pipe and PC_STREAM_HELD_MAX are full, lines are lost, until it reads again. */
#define READER_WAIT_MS 1000

struct trace {
	struct pc_watch_options watch;
	struct pc_log log;
	uint64_t for_ns;
	uint64_t protect[PC_PORT_WORDS];
	char **command; /* NULL: none */
	pid_t child;
	int child_status; /* -1: still runs */
	bool interrupted; /* waits for the command's end */
	sigset_t mask_before;
};

static void parse_ports(struct argp_state *state, struct pc_filter *filter, const char *list)
{
	const char *bad;

	if (pc_ports_parse(list, false, filter->ports, &bad))
		argp_error(state,
			   "--port takes ports and ranges from 0 to 65535 like 80,8000-8010; "
			   "\"%s\" is wrong from \"%s\" on",
			   list, bad);
	filter->has_ports = true;
}

static void parse_proto(struct argp_state *state, struct pc_filter *filter, const char *name)
{
	if (!strcmp(name, "tcp"))
		filter->proto = PC_PROTO_TCP;
	else if (!strcmp(name, "udp"))
		filter->proto = PC_PROTO_UDP;
	else
		argp_error(state, "--proto takes tcp or udp, not \"%s\"", name);
}

static void parse_pid(struct argp_state *state, struct pc_filter *filter, const char *text)
{
	char *end;
	long pid = strtol(text, &end, 10);

	if (end == text || *end || pid <= 0 || pid > 1 << 22)
		argp_error(state, "--pid takes a process id, not \"%s\"", text);
	if (kill((pid_t)pid, 0) && errno == ESRCH)
		argp_error(state, "there is no process %ld", pid);
	filter->pid = (uint32_t)pid;
}

static void parse_command(struct argp_state *state, struct trace *t)
{
	if (!state->quoted)
		argp_error(state, "unexpected \"%s\"; to run a command, put -- before it",
			   state->argv[state->next - 1]);
	t->command = &state->argv[state->next - 1];
	state->next = state->argc;
	t->watch.filter.tree = true;
	t->watch.monitor.tree_root = (uint32_t)getpid();
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct trace *t = state->input;

	switch (key) {
	case OPT_FOR:
		t->for_ns = pc_parse_seconds(state, "--for", arg);
		return 0;
	case 'p':
		parse_ports(state, &t->watch.filter, arg);
		return 0;
	case OPT_PROTO:
		parse_proto(state, &t->watch.filter, arg);
		return 0;
	case 'P':
		parse_pid(state, &t->watch.filter, arg);
		return 0;
	case OPT_JSON:
		t->watch.outlets[0].sink = &pc_sink_json;
		return 0;
	case OPT_CLAIMS:
		t->watch.with_claims = t->watch.monitor.with_endpoints = true;
		return 0;
	case OPT_PROTECT:
		pc_parse_protect(state, arg, t->protect);
		t->watch.protect = t->protect;
		return 0;
	case OPT_BACKEND:
		t->watch.monitor.backend = pc_parse_backend(state, arg);
		return 0;
	case OPT_VERBOSE:
		t->watch.monitor.verbose = true;
		return 0;
	case ARGP_KEY_ARG:
		parse_command(state, t);
		return 0;
	case ARGP_KEY_NO_ARGS:
		if (state->quoted)
			argp_error(state, "-- needs a command behind it");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static bool ends_it(int number)
{
	return number > 0 && number != SIGCHLD;
}

/* True when the session is over. A Ctrl-C is the command's, too: it is given a moment to end, so that
 * its status is known. */
static bool on_signal(struct trace *t, int number, uint64_t *deadline)
{
	if (number == SIGCHLD)
		return t->child > 0 && pc_child_reap(t->child, &t->child_status);
	if (number != SIGINT || t->child <= 0 || t->interrupted)
		return ends_it(number);
	t->interrupted = true;
	*deadline = now_ns() + COMMAND_ENDS_NS;
	return false;
}

static void loop(struct trace *t, struct pc_watch *w, int signals)
{
	uint64_t deadline = t->for_ns ? now_ns() + t->for_ns : 0;

	while (!deadline || now_ns() < deadline) {
		int number = pc_wait(w, signals, deadline);

		if (ends_it(number))
			pc_log_hurry(&t->log);
		if (number < 0 || pc_watch_run(w))
			break;
		pc_log_flush(&t->log);
		if (on_signal(t, number, &deadline))
			break;
	}
	/* What the command did last is in the rings by now. */
	pc_watch_run(w);
}

static int start_command(struct trace *t)
{
	if (!t->command)
		return 0;
	t->child = pc_child_start(t->command, &t->mask_before);
	if (t->child > 0)
		return 0;
	fprintf(stderr, "portclash: cannot run \"%s\": %s\n", t->command[0], strerror(-t->child));
	return t->child;
}

/* A reader that has gone away is no failure of ours to speak of. */
static bool cannot_write(int error)
{
	if (error && error != EPIPE)
		fprintf(stderr, "portclash: not all could be written to standard output: %s\n",
			strerror(error));
	return error && error != EPIPE;
}

static int finish(struct trace *t, struct pc_watch *w)
{
	int err, error;

	pc_watch_summary(w, t->command && t->child > 0, t->child_status);
	err = pc_log_finish(&t->log);
	error = pc_watch_take_error(w);
	if (cannot_write(error ? error : -err))
		return PC_EXIT_FAILED;
	return pc_watch_counters(w)->verdicts ? PC_EXIT_REFUSED : PC_EXIT_OK;
}

static int run(struct trace *t)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP, SIGCHLD, 0 };
	/* Of its own: the end of the command is no reason to hurry. */
	static const int ending[] = { SIGINT, SIGTERM, SIGHUP, 0 };
	char sentence[PC_SENTENCE] = "";
	struct pc_watch *w = NULL;
	int signals = pc_signals_open(numbers, &t->mask_before);
	struct pc_patience patience = { .wait_ms = READER_WAIT_MS,
					.stop = pc_signals_open(ending, NULL) };
	int err, status = PC_EXIT_FAILED;

	if (t->command)
		pc_child_prepare();
	err = pc_log_bound(&t->log, &patience);
	if (err) {
		fprintf(stderr, "portclash: out of memory\n");
		return PC_EXIT_FAILED;
	}
	err = pc_watch_open(&t->watch, &w, sentence);
	if (err) {
		fprintf(stderr, "portclash: %s\n", sentence);
		return PC_EXIT_FAILED;
	}
	if (!cannot_write(pc_watch_take_error(w)) && !start_command(t)) {
		loop(t, w, signals);
		status = finish(t, w);
	}
	pc_watch_close(w);
	close(patience.stop);
	close(signals);
	return status;
}

int pc_cmd_trace(int argc, char **argv)
{
	static const struct argp argp = { options, parse, "[-- COMMAND ARG...]", doc, NULL,
					  NULL,	   NULL };
	struct trace t = {
		.log = PC_LOG_INIT,
		.watch = { .monitor = { .backend = "auto" },
			   .outlets = { { &pc_sink_text, &t.log } },
			   .outlets_count = 1 },
		.child_status = -1,
	};
	int status;

	argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &t);
	pc_errors_never_block();
	if (pc_log_open(&t.log, NULL)) {
		fprintf(stderr, "portclash: standard output is closed\n");
		return PC_EXIT_FAILED;
	}
	status = run(&t);
	pc_log_close(&t.log);
	return status;
}
