// SPDX-License-Identifier: GPL-2.0-only
/* `portclash guard`: the ports of servers stay reserved, through their restarts. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/port_argument.h"
#include "core/config/settings.h"
#include "guard/guarding.h"
#include "cmd/outlets.h"
#include "host/notify.h"
#include "out/guard.h"

enum {
	OPT_POLICY = 256,
	OPT_GRACE,
	OPT_SHARE,
	OPT_PROTECT,
	OPT_OWN,
	OPT_NO_PERSIST,
	OPT_DRY_RUN,
	OPT_STATUS,
	OPT_OFF,
	OPT_JSON,
	OPT_JOURNAL,
	OPT_BTF,
	OPT_VERBOSE,
	OPT_ROOT,
	OPT_STATE,
};

static const struct argp_option options[] = {
	{ "policy", OPT_POLICY, "WHOSE", 0,
	  "whose listeners to guard: system-units (the default), all, off, or unit:NAME, container:ID and uid:NUMBER with commas",
	  0 },
	{ "grace", OPT_GRACE, "TIME", 0,
	  "keep a port reserved this long without a listener (default 1d)", 0 },
	{ "share", OPT_SHARE, "PERCENT", 0,
	  "guard at most this share of the ephemeral range (default 10%)", 0 },
	{ "protect", OPT_PROTECT, "LIST", 0,
	  "guard these ports, too, even without a listener: 30000-32767,10250,https", 0 },
	{ "own-netns", OPT_OWN, NULL, 0, "guard this network namespace only, and enter no other",
	  0 },
	{ "no-persist", OPT_NO_PERSIST, NULL, 0, "do not keep the ports reserved after a reboot",
	  0 },
	{ "dry-run", OPT_DRY_RUN, NULL, 0, "show what portclash would reserve now, and do nothing",
	  0 },
	{ "status", OPT_STATUS, NULL, 0, "show which ports are guarded, since when and why", 0 },
	{ "off", OPT_OFF, NULL, 0, "give up all ports that the guard reserved, and no others", 0 },
	{ "json", OPT_JSON, NULL, 0, "print JSON lines instead of text", 0 },
	{ "journal", OPT_JOURNAL, "WHEN", 0,
	  "write entries with fields to systemd's journal: auto (the default), on or off", 0 },
	{ "btf", OPT_BTF, "FILE", 0, PC_BTF_HELP, 0 },
	{ "verbose", OPT_VERBOSE, NULL, 0, "print libbpf's messages to standard error",
	  0 },
	{ "root", OPT_ROOT, "FOLDER", OPTION_HIDDEN, "sysctl files below this folder", 0 },
	{ "state", OPT_STATE, "FOLDER", OPTION_HIDDEN, "instead of " PC_KEEP_FOLDER, 0 },
	{ 0 },
};

static const char doc[] =
	"Keep the ports of servers reserved, from the moment they listen and through their restarts, until SIGTERM. It reserves each port that a listener asked for by number and that the kernel could give to a client, in every network namespace. What is reserved stays reserved when the guard ends. It needs root.\vExamples:\n"
	"  sudo portclash guard --dry-run  show which ports it would reserve\n"
	"  sudo portclash guard            guard the ports of system units\n"
	"  sudo portclash guard --status   what is guarded, and why?\n"
	"\n"
	"Exit status:\n"
	"  0  a signal ended the guard, or it is done\n"
	"  1  it failed, or another guard runs\n"
	"  2  the command line is wrong\n"
	"  3  no guard runs (--status)\n";

enum guard_action { GUARD_RUN = 0, GUARD_STATUS, GUARD_OFF };

struct guard_cmd {
	enum guard_action action;
	struct pc_settings settings; /* for the keys of the guard, which check their values */
	uint64_t protect[PC_PORT_WORDS];
	bool has_protect;
	bool no_persist;
	bool json;
	struct pc_guarding_options options;
	struct pc_log log;
	struct pc_journal journal;
	bool with_journal;
	struct pc_notify notify;
};

static void guard_set_key(struct argp_state *state, const char *option, const char *key,
			  const char *value)
{
	static const struct pc_settings_source source = { .service = pc_service_port };
	struct guard_cmd *g = state->input;
	char reason[PC_SETTINGS_REASON] = "out of memory";

	if (pc_settings_set(&g->settings, pc_settings_find(key), value, false, &source, reason))
		pc_usage_error(state, "%s: %s", option, reason);
}

static void set_action(struct argp_state *state, enum guard_action action)
{
	struct guard_cmd *g = state->input;

	if (g->action != GUARD_RUN && g->action != action)
		pc_usage_error(state, "use either --status or --off");
	g->action = action;
}

static error_t parse_values(int key, char *arg, struct argp_state *state)
{
	struct guard_cmd *g = state->input;

	switch (key) {
	case OPT_POLICY:
		guard_set_key(state, "--policy", "guard", arg);
		return 0;
	case OPT_GRACE:
		guard_set_key(state, "--grace", "guard_grace", arg);
		return 0;
	case OPT_SHARE:
		guard_set_key(state, "--share", "guard_share", arg);
		return 0;
	case OPT_JOURNAL:
		guard_set_key(state, "--journal", "journal", arg);
		return 0;
	case OPT_PROTECT:
		pc_parse_protect(state, arg, g->protect);
		g->has_protect = true;
		return 0;
	case OPT_BTF:
		g->options.btf = arg;
		return 0;
	case OPT_ROOT:
		g->options.root = arg;
		return 0;
	case OPT_STATE:
		g->options.state = arg;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static error_t guard_parse(int key, char *arg, struct argp_state *state)
{
	struct guard_cmd *g = state->input;

	switch (key) {
	case OPT_OWN:
		g->options.own_netns_only = true;
		return 0;
	case OPT_NO_PERSIST:
		g->no_persist = true;
		return 0;
	case OPT_DRY_RUN:
		g->options.dry = true;
		return 0;
	case OPT_STATUS:
		set_action(state, GUARD_STATUS);
		return 0;
	case OPT_OFF:
		set_action(state, GUARD_OFF);
		return 0;
	case OPT_JSON:
		g->json = true;
		return 0;
	case OPT_VERBOSE:
		g->options.verbose = true;
		return 0;
	case ARGP_KEY_ARG:
		pc_usage_error(state, "unexpected \"%s\": guard takes options only", arg);
		return EINVAL;
	case ARGP_KEY_END:
		if (g->options.dry && g->action != GUARD_RUN)
			pc_usage_error(state, "--dry-run does not go with --status or --off");
		return 0;
	default:
		return parse_values(key, arg, state);
	}
}

static void tell_event(void *context, const struct pc_guard_told *t)
{
	struct guard_cmd *g = context;
	struct pc_clock clock = pc_clock_read();

	if (g->json)
		pc_guard_json(&g->log, &clock, t, g->options.dry);
	else
		pc_guard_text(&g->log, &clock, t, g->options.dry);
	if (g->with_journal)
		pc_guard_journal(&g->journal, t);
}

/* The number of the signal that came, or 0. */
static int wait_round(struct pc_guarding *x, int signals)
{
	struct pollfd fds[] = {
		{ .fd = pc_guarding_fd(x), .events = POLLIN },
		{ .fd = signals, .events = POLLIN },
	};
	struct signalfd_siginfo info;

	if (poll(fds, 2, PC_TICK_MS) < 0 || !(fds[1].revents & POLLIN) ||
	    read(signals, &info, sizeof(info)) != sizeof(info))
		return 0;
	return (int)info.ssi_signo;
}

static void say_start(struct guard_cmd *g, struct pc_guarding *x)
{
	const struct pc_guard_counters *c = pc_guarding_counters(x);
	const char *blind = pc_guarding_blind(x);
	char status[128];

	fprintf(stderr, "portclash: guards %u port%s in %u network namespace%s%s%s%s\n", c->ports,
		c->ports == 1 ? "" : "s", c->namespaces, c->namespaces == 1 ? "" : "s",
		*blind ?
			"; it restores ports that another program removes within a second, not at once: " :
			"",
		blind, g->options.own_netns_only ? "; it enters no other namespace" : "");
	snprintf(status, sizeof(status), "guards %u ports", c->ports);
	pc_notify_ready(&g->notify, status);
}

static int run_guard(struct guard_cmd *g)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP, 0 };
	int signals = pc_signals_open(numbers, NULL), number = 0;
	struct pc_guarding *x = NULL;
	char sentence[PC_SENTENCE];

	if (pc_guarding_open(&g->options, &x, sentence)) {
		fprintf(stderr, "portclash: %s\n", sentence);
		close(signals);
		return PC_EXIT_FAILED;
	}
	if (!g->options.dry) {
		say_start(g, x);
		while (number != SIGINT && number != SIGTERM) {
			number = wait_round(x, signals);
			pc_guarding_run(x);
			pc_notify_alive(&g->notify, pc_clock_read().now_ns);
		}
		pc_notify_stopping(&g->notify);
	}
	pc_guarding_close(x);
	close(signals);
	return PC_EXIT_OK;
}

static int show_status(struct guard_cmd *g)
{
	struct pc_clock clock = pc_clock_read();
	char sentence[PC_CURE_SENTENCE] = "";
	struct pc_guard_notes notes = { 0 };
	struct pc_guard_status s = { .notes = &notes };
	int err = pc_guarding_look(g->options.state, &notes, &s.running, sentence);

	if (err && err != -ENOENT && err != -ESTALE) {
		fprintf(stderr, "portclash: %s\n", sentence);
		return PC_EXIT_FAILED;
	}
	if (g->json)
		pc_guard_status_json(&g->log, &clock, &s);
	else
		pc_guard_status_text(&g->log, &clock, &s);
	pc_guard_notes_free(&notes);
	return s.running ? PC_EXIT_OK : PC_EXIT_REFUSED;
}

static int end_guard(struct guard_cmd *g)
{
	char sentence[PC_CURE_SENTENCE] = "";
	struct pc_clock clock = pc_clock_read();
	unsigned released = 0;
	int err = pc_guarding_off(g->options.root, g->options.state, &released, sentence);

	if (err)
		fprintf(stderr, "portclash: %s\n", sentence);
	if (g->json)
		pc_guard_off_json(&g->log, &clock, released, err ? sentence : NULL);
	else if (!err || released)
		printf("%u port%s released\n", released, released == 1 ? "" : "s");
	return err ? PC_EXIT_FAILED : PC_EXIT_OK;
}

static int guard_act(struct guard_cmd *g)
{
	switch (g->action) {
	case GUARD_STATUS:
		return show_status(g);
	case GUARD_OFF:
		return end_guard(g);
	default:
		pc_notify_open(&g->notify);
		return run_guard(g);
	}
}

static void guard_use_settings(struct guard_cmd *g)
{
	g->options.persist = !g->no_persist && pc_guarding_may_persist(g->options.root);
	if (!g->options.root)
		g->options.root = "";
	g->options.policy = g->settings.guard;
	g->options.grace_ns = g->settings.guard_grace_ns;
	g->options.share_percent = g->settings.guard_share;
	g->options.protect = g->has_protect ? g->protect : NULL;
	g->options.context = g;
	g->options.tell = tell_event;
	g->with_journal = !g->options.dry && pc_journal_choice(g->settings.journal);
}

int pc_cmd_guard(int argc, char **argv)
{
	static const struct argp argp = { options, guard_parse, NULL, doc, NULL, NULL, NULL };
	struct guard_cmd g = { .options = { .state = PC_KEEP_FOLDER },
			       .log = PC_LOG_INIT,
			       .journal = PC_JOURNAL_INIT,
			       .notify = PC_NOTIFY_INIT };
	const char *bad;
	int status = PC_EXIT_FAILED;

	if (pc_settings_init(&g.settings))
		return PC_EXIT_FAILED;
	pc_guard_policy_parse("system-units", &g.settings.guard, &bad);
	pc_command_line(&argp, argc, argv, 0, &g);
	guard_use_settings(&g);
	pc_errors_never_block();
	if (pc_log_open(&g.log, NULL) == 0)
		status = guard_act(&g);
	pc_notify_close(&g.notify);
	pc_journal_close(&g.journal);
	pc_log_close(&g.log);
	pc_settings_free(&g.settings);
	return status;
}
