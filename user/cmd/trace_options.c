// SPDX-License-Identifier: GPL-2.0-only
/* The options of `portclash trace`, and its first line, which says what they ask for. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/filter.h"
#include "cmd/trace.h"
#include "core/base/names.h"
#include "core/base/ports.h"
#include "core/base/text.h"
#include "core/config/settings.h"
#include "host/first_ns.h"
#include "out/text_parts.h"

/* The kernel's own limit on machines of 64 bits (PID_MAX_LIMIT). */
#define PID_MOST (1UL << 22)

enum {
	OPT_FOR = 256,
	OPT_PROTO,
	OPT_QUIET,
	OPT_REPEAT,
	OPT_COLOR,
	OPT_JSON,
	OPT_CLAIMS,
	OPT_ALL,
	OPT_PROTECT,
	OPT_RECORD,
	OPT_BACKEND,
	OPT_BTF,
	OPT_VERBOSE
};

static const struct argp_option options[] = {
	{ "for", OPT_FOR, "TIME", 0,
	  "stop after this time, like 30s, 5m or 2h; COMMAND keeps running", 0 },
	{ "port", 'p', "LIST", 0,
	  "only these ports, like 80,8000-8010 or 8080/tcp; of a connect(), its own port or its destination's",
	  0 },
	{ "proto", OPT_PROTO, "tcp|udp", 0, "only this protocol", 0 },
	{ "pid", 'P', "PID", 0, "only what this process was refused", 0 },
	{ "json", OPT_JSON, NULL, 0, "one JSON object a line instead of text", 0 },
	{ "all", OPT_ALL, NULL, 0,
	  "print every refusal, also repeats and those of a program that looks for any free port",
	  0 },
	{ "repeat-interval", OPT_REPEAT, "TIME", 0,
	  "how soon repeats of a collision are summarised (default 10s); 0: print each", 0 },
	{ "quiet", OPT_QUIET, NULL, 0,
	  "no first line, and no summary unless a record was lost: only what is refused", 0 },
	{ "color", OPT_COLOR, "WHEN", OPTION_ARG_OPTIONAL,
	  "auto (the default), always or never; auto: on a terminal, unless NO_COLOR is set", 0 },
	{ "claims", OPT_CLAIMS, NULL, 0, "also print every claim of a local port", 0 },
	{ "protect", OPT_PROTECT, "LIST", 0,
	  "warn when the kernel gives a client one of these ports, or that of an exposed listener that has ended: 30000-32767,10250",
	  0 },
	{ "record", OPT_RECORD, "FILE", 0,
	  "also write all that happens to a new FILE, for portclash replay; it holds command lines, paths and addresses of all processes that use ports",
	  0 },
	{ "backend", OPT_BACKEND, "NAME", 0, "auto (the default), fentry, kprobe or tracepoint",
	  0 },
	{ "btf", OPT_BTF, "FILE", 0, PC_BTF_HELP, 0 },
	{ "verbose", OPT_VERBOSE, NULL, 0,
	  "also print what this back end cannot see, what watching costs, the plain command beside each command of portclash, and the BPF library's messages (to standard error)",
	  0 },
	{ 0 },
};

static const char doc[] =
	"Watch until Ctrl-C, the time given, or the end of COMMAND, and explain each refused bind() and listen() as it happens, and each connect() or send that finds no port. With COMMAND, show only the refusals of COMMAND and its children. It needs root.\vExamples:\n"
	"  sudo portclash trace                   watch all ports\n"
	"  sudo portclash trace -- ./server       run it and explain its refusals\n"
	"  sudo portclash trace -p 8080 --for 5m  watch port 8080 for five minutes\n"
	"\n"
	"Exit status:\n"
	"  0    nothing was refused\n"
	"  1    portclash could not watch\n"
	"  2    the command line is wrong\n"
	"  3    something was refused\n"
	"  125  portclash could not watch, and did not start COMMAND\n"
	"  126  COMMAND cannot be run\n"
	"  127  COMMAND was not found\n"
	"  any  the status of COMMAND, or 128 and the signal, if nothing was refused\n";

static void parse_proto(struct argp_state *state, struct pc_filter *filter, const char *name)
{
	if (!strcmp(name, "tcp"))
		filter->proto = PC_PROTO_TCP;
	else if (!strcmp(name, "udp"))
		filter->proto = PC_PROTO_UDP;
	else
		pc_usage_error(state, "--proto: expected tcp or udp, not \"%s\"", name);
}

static void parse_pid(struct argp_state *state, struct pc_filter *filter, const char *text)
{
	unsigned long pid;

	if (!pc_parse_digits(text, PID_MOST, &pid) || !pid)
		pc_usage_error(state, "--pid: expected a process id, not \"%s\"", text);
	if (kill((pid_t)pid, 0) && errno == ESRCH)
		pc_usage_error(state, "--pid: there is no process %lu", pid);
	filter->pid = (uint32_t)pid;
}

/* The key of the agent's configuration, with its limits and its default. */
static void parse_repeat(struct argp_state *state, struct pc_trace *t, const char *text)
{
	static const struct pc_settings_source source = { .relative_paths = true };
	char reason[PC_SETTINGS_REASON];

	if (pc_settings_set(&t->settings, pc_settings_find("repeat_interval"), text, false, &source,
			    reason))
		pc_usage_error(state, "--repeat-interval: %s", reason);
	t->watch.repeat_ns = t->settings.repeat_ns;
}

static void parse_command(struct argp_state *state, struct pc_trace *t)
{
	const char *word = state->argv[state->next - 1];
	char reason[PC_PORT_REASON];

	if (!state->quoted && pc_is_port_list(word, reason))
		pc_usage_error(state, "to watch one port, write portclash trace -p %s", word);
	if (!state->quoted)
		pc_usage_error(state, "unexpected \"%s\"; write -- before a command to run", word);
	t->command = &state->argv[state->next - 1];
	state->next = state->argc;
	t->watch.filter.tree = true;
	t->watch.monitor.tree_root = pc_first_ns_self("/proc");
}

/* The options alone, in the order of the table. */
static error_t parse_trace_key(int key, char *arg, struct argp_state *state)
{
	struct pc_trace *t = state->input;

	switch (key) {
	case OPT_FOR:
		t->for_ns = pc_parse_duration(state, "--for", arg);
		return 0;
	case 'p':
		pc_filter_ports(state, arg, &t->watch.filter, &t->ports_scope);
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
	case OPT_QUIET:
		t->watch.quiet = true;
		return 0;
	case OPT_COLOR:
		t->log.color = pc_parse_color(state, arg);
		return 0;
	case OPT_CLAIMS:
		t->watch.with_claims = t->watch.monitor.with_endpoints = true;
		return 0;
	case OPT_ALL:
		t->watch.each = true;
		t->watch.repeat_ns = 0;
		return 0;
	case OPT_REPEAT:
		parse_repeat(state, t, arg);
		return 0;
	case OPT_PROTECT:
		pc_parse_protect(state, arg, t->protect);
		t->watch.protect = t->protect;
		return 0;
	case OPT_RECORD:
		t->watch.record = arg;
		return 0;
	case OPT_BACKEND:
		t->watch.monitor.backend = pc_parse_backend(state, arg);
		return 0;
	case OPT_BTF:
		t->watch.monitor.btf = arg;
		return 0;
	case OPT_VERBOSE:
		t->watch.monitor.verbose = t->log.verbose = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static error_t parse_trace_option(int key, char *arg, struct argp_state *state)
{
	struct pc_trace *t = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		if (pc_settings_init(&t->settings))
			argp_failure(state, PC_EXIT_FAILED, ENOMEM, "cannot start");
		state->child_inputs[0] = &t->settings;
		t->watch.repeat_ns = t->settings.repeat_ns;
		return 0;
	case ARGP_KEY_ARG:
		parse_command(state, t);
		return 0;
	case ARGP_KEY_END:
		pc_filter_scope(state, &t->ports_scope, &t->watch.filter);
		return 0;
	case ARGP_KEY_NO_ARGS:
		if (state->quoted)
			pc_usage_error(state, "expected a command after --");
		return 0;
	default:
		return parse_trace_key(key, arg, state);
	}
}

void pc_trace_parse(struct pc_trace *trace, int argc, char **argv)
{
	const struct argp_child children[] = { { pc_filter_argp(), 0, NULL, 0 }, { 0 } };
	const struct argp argp = { options, parse_trace_option, "[-- COMMAND ARG...]",
				   doc,	    children,		NULL,
				   NULL };

	pc_command_line(&argp, argc, argv, ARGP_IN_ORDER, trace);
	trace->watch.filter.whose = trace->settings.whose;
}

static void put_watched_ports(FILE *out, const struct pc_filter *f)
{
	char *list = f->has_ports ? pc_ports_format(f->ports) : NULL;

	if (list)
		fprintf(out, "%s %s", strpbrk(list, ",-") ? "ports" : "port", list);
	else
		fputs(f->has_ports ? "the ports given" : "all ports", out);
	if (f->proto)
		fprintf(out, " of %s", pc_proto_name(f->proto));
	free(list);
}

/* The words as they were typed. */
static void put_watched_whose(FILE *out, const struct pc_whose_filter *f)
{
	static const char *const names[PC_WHOSE_KINDS] = { "network namespace", "unit", "container",
							   "user" };

	for (unsigned kind = 0; kind < PC_WHOSE_KINDS; kind++)
		for (unsigned i = 0; i < f->only[kind].count; i++)
			fprintf(out, " %s %s %s", i ? "or" : "of", names[kind],
				f->only[kind].words[i].name);
	if (f->ignore.count)
		fprintf(out, " (%u ignored)", f->ignore.count);
}

static void put_invitation_end(FILE *out, const struct pc_trace *t)
{
	if (!t->command)
		fputs(t->watch.filter.pid ? "." : ". Start the failing server now;", out);
	else
		fputs(";", out);
	if (t->for_ns) {
		fputs(" portclash ends after ", out);
		pc_put_age(out, t->for_ns);
		fputs(", or with Ctrl-C.", out);
	} else {
		fputs(" Ctrl-C ends.", out);
	}
}

char *pc_trace_invitation(const struct pc_trace *t)
{
	const struct pc_filter *f = &t->watch.filter;
	struct pc_text text;

	if (pc_text_open(&text))
		return NULL;
	fputs("Watching ", text.out);
	put_watched_ports(text.out, f);
	put_watched_whose(text.out, &f->whose);
	if (f->pid)
		fprintf(text.out, " of process %u", f->pid);
	if (t->command)
		fprintf(text.out, " of %s and its children", t->command[0]);
	put_invitation_end(text.out, t);
	return pc_text_close(&text);
}
