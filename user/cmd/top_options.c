// SPDX-License-Identifier: GPL-2.0-only
/* The options of `portclash top`. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/top.h"

/* Ranges and listeners change within seconds; a look costs some milliseconds. */
#define EVERY_DEFAULT (2 * PC_NS_PER_SECOND)

enum { OPT_PROTECT = 256, OPT_INTERVAL, OPT_COLOR, OPT_BACKEND, OPT_BTF };

static const struct argp_option top_options[] = {
	{ "port", 'p', "LIST", 0, "refusals and claims of these ports only, like 80,8000-8010", 0 },
	{ "protect", OPT_PROTECT, "LIST", 0,
	  "also warn when the kernel gives a client one of these ports: 30000-32767,10250", 0 },
	{ "interval", OPT_INTERVAL, "TIME", 0,
	  "how often ranges, destinations and listeners are looked at (default 2s)", 0 },
	{ "color", OPT_COLOR, "WHEN", OPTION_ARG_OPTIONAL,
	  "auto (the default), always or never; auto: unless NO_COLOR is set", 0 },
	{ "backend", OPT_BACKEND, "NAME", 0, "auto (the default), fentry, kprobe or tracepoint",
	  0 },
	{ "btf", OPT_BTF, "FILE", 0, PC_BTF_HELP, 0 },
	{ 0 },
};

static const char top_doc[] =
	"Watch on a live screen: the ranges of the network namespaces, who obtains ports, the busiest destinations, the servers that may lose their port, guarded ports, and each refusal and warning when it comes, with the text that trace prints. A key frees or reserves the selected port, once its number was typed. It needs root and a terminal.\vExamples:\n"
	"  sudo portclash top                        watch everything\n"
	"  sudo portclash top -p 8080                refusals and claims of port 8080\n"
	"  sudo portclash top --protect 30000-32767  warn when a client gets one\n"
	"\n"
	"Exit status:\n"
	"  0  it was quit\n"
	"  1  portclash could not watch, or the terminal cannot show a screen\n"
	"  2  the command line is wrong\n";

static void parse_top_color(struct argp_state *state, struct pc_top_session *s, const char *when)
{
	enum pc_color choice = pc_color_choice(when);
	const char *no_color = getenv("NO_COLOR");

	if (choice == PC_COLOR_COUNT)
		pc_usage_error(state, "--color: expected auto, always or never, not \"%s\"", when);
	s->color =
		choice == PC_COLOR_ALWAYS || (choice == PC_COLOR_AUTO && (!no_color || !*no_color));
}

static void start_top(struct argp_state *state, struct pc_top_session *s)
{
	if (pc_settings_init(&s->settings))
		argp_failure(state, PC_EXIT_FAILED, ENOMEM, "cannot start");
	state->child_inputs[0] = &s->settings;
	s->watch.repeat_ns = s->settings.repeat_ns;
	s->watch.protect = s->protect;
	s->every_ns = EVERY_DEFAULT;
	parse_top_color(state, s, "auto");
}

static error_t parse_top_option(int key, char *arg, struct argp_state *state)
{
	struct pc_top_session *s = state->input;

	switch (key) {
	case 'p':
		pc_parse_port_set(state, "--port", 0, arg, s->watch.filter.ports, &s->ports_scope);
		s->watch.filter.has_ports = true;
		return 0;
	case OPT_PROTECT:
		pc_parse_protect(state, arg, s->protect);
		return 0;
	case OPT_INTERVAL:
		s->every_ns = pc_parse_duration(state, "--interval", arg);
		return 0;
	case OPT_COLOR:
		parse_top_color(state, s, arg ? arg : "always");
		return 0;
	case OPT_BACKEND:
		s->watch.monitor.backend = pc_parse_backend(state, arg);
		return 0;
	case OPT_BTF:
		s->watch.monitor.btf = arg;
		return 0;
	case ARGP_KEY_INIT:
		start_top(state, s);
		return 0;
	case ARGP_KEY_ARG:
		pc_usage_error(state,
			       "unexpected \"%s\"; top watches all ports, or those of --port", arg);
		return EINVAL;
	case ARGP_KEY_END:
		pc_filter_scope(state, &s->ports_scope, &s->watch.filter);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

void pc_top_parse(struct pc_top_session *s, int argc, char **argv)
{
	const struct argp_child children[] = { { pc_filter_argp(), 0, NULL, 0 }, { 0 } };
	const struct argp argp = { top_options, parse_top_option, NULL, top_doc, children, NULL,
				   NULL };

	pc_command_line(&argp, argc, argv, 0, s);
	s->watch.filter.whose = s->settings.whose;
}
