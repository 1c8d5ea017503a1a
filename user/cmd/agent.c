// SPDX-License-Identifier: GPL-2.0-only
/* `portclash agent`: the long-running service, in the foreground for an init system. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "host/clock.h"
#include "cmd/agent_flight.h"
#include "cmd/agent_guard.h"
#include "cmd/agent_options.h"
#include "cmd/cmd.h"
#include "cmd/outlets.h"
#include "cmd/service.h"
#include "core/base/ports.h"
#include "host/usage.h"
#include "out/writer.h"
#include "version.h"

struct agent {
	struct pc_agent_options options;
	struct pc_settings settings; /* those in use */
	struct pc_watch_options watch;
	struct pc_metrics metrics;
	struct pc_outlets out;
	struct pc_service service;
	struct pc_agent_guard guard;
	struct pc_agent_flight flight;
	uint64_t next_ns;
	bool textfile_ours;	/* it was written, so that it may be removed */
	int textfile_error;	/* of the last attempt, to speak of changes only */
	uint64_t usage_next_ns; /* monotonic clock: ports in use are counted again */
};

/* Says when writing begins to fail and when it works again, not each time. Without its writer, the agent ends and says
 * that instead. */
static void report_textfile(struct agent *a, int err)
{
	if (err == a->textfile_error || pc_writer_lost())
		return;
	if (err)
		fprintf(stderr,
			"portclash: cannot write %s: %s; its metrics are stale, portclash keeps watching\n",
			a->settings.textfile, strerror(-err));
	else
		fprintf(stderr, "portclash: %s is written again\n", a->settings.textfile);
	a->textfile_error = err;
}

/* Counting the ports in use takes one part in so many of the time: refusals wait meanwhile. The counts of the last
 * time stay until the next one. */
#define USAGE_PART 20

static void count_usage(struct agent *a, struct pc_watch *w)
{
	uint64_t tcp_ports[PC_PORT_WORDS], begin_ns = pc_clock_ns(CLOCK_MONOTONIC), end_ns;
	bool known;

	if (begin_ns < a->usage_next_ns)
		return;
	known = pc_watch_tcp_ports(w, tcp_ports) == 0;
	pc_usage_read("/proc", known ? tcp_ports : NULL, &a->metrics.usage);
	end_ns = pc_clock_ns(CLOCK_MONOTONIC);
	a->usage_next_ns = end_ns + (USAGE_PART - 1) * (end_ns - begin_ns);
}

static void write_textfile(struct agent *a, struct pc_watch *w, bool up)
{
	int err;

	if (!a->settings.textfile)
		return;
	count_usage(a, w);
	a->metrics.counters = pc_watch_counters(w);
	a->metrics.outcomes = pc_watch_outcomes(w);
	a->metrics.update_ns = pc_clock_ns(CLOCK_REALTIME);
	pc_watch_cost(w, &a->metrics.cost);
	pc_agent_guard_count(&a->guard, &a->metrics.guard);
	pc_agent_flight_count(&a->flight, &a->metrics.flight);
	a->metrics.interval_ns = a->settings.interval_ns;
	a->metrics.up = up;
	err = pc_prometheus_write(a->settings.textfile, &a->metrics);
	report_textfile(a, err);
	if (err)
		pc_watch_count_sink_error(w);
	else
		a->textfile_ours = true;
}

static void reopen_log(struct agent *a, struct pc_watch *w)
{
	int err = pc_log_reopen(&a->out.log);

	if (!err)
		return;
	fprintf(stderr,
		"portclash: cannot reopen %s: %s; portclash keeps writing to the old file\n",
		a->settings.log, strerror(-err));
	pc_watch_count_sink_error(w);
}

static bool same_path(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

/* Switches to the configured file. If that fails, the agent goes on with the file before. */
static int take_log(struct agent *a, struct pc_watch *w, const char *path)
{
	int err;

	if (same_path(path, a->settings.log)) {
		reopen_log(a, w);
		return 0;
	}
	err = pc_outlets_switch(&a->out, path);
	if (err)
		pc_outlets_complain(path, err);
	return err;
}

/* Two files with the same metrics are an error to node_exporter. */
static void leave_textfile(struct agent *a, const char *path)
{
	const char *old = a->settings.textfile;
	int err;

	if (!old || same_path(old, path))
		return;
	err = a->textfile_ours ? pc_remove_file(old) : 0;
	if (err && err != -ENOENT)
		fprintf(stderr, "portclash: cannot remove %s: %s; its metrics are stale\n", old,
			strerror(-err));
	a->textfile_ours = false;
	a->textfile_error = 0;
}

static void cap_log(struct agent *a)
{
	pc_log_cap(&a->out.log, &(struct pc_rotate){ .max_bytes = a->settings.log_max_size,
						     .keep = a->settings.log_keep });
}

/* Settings that cannot change while the agent watches stay as they are, and the agent says so. */
static void take_settings(struct agent *a, struct pc_watch *w, struct pc_settings *new)
{
	for (size_t i = 0; i < pc_settings_keys_count; i++) {
		const struct pc_settings_key *key = &pc_settings_keys[i];
		bool later = key->at_start;

		if (pc_settings_same(&a->settings, new, key))
			continue;
		if (key->type == PC_SETTING_PORTS)
			later = pc_watch_protect(w, new->protect) == -EOPNOTSUPP;
		if (key->offset == offsetof(struct pc_settings, repeat_ns))
			later = pc_watch_repeat(w, new->repeat_ns) != 0;
		if (key->type == PC_SETTING_WHOSE)
			pc_watch_filter(w, &new->whose);
		if (key->offset == offsetof(struct pc_settings, patience_ns))
			pc_watch_patience(w, new->patience_ns);
		if (key->offset >= offsetof(struct pc_settings, guard))
			later = !pc_agent_guard_can(&a->guard, new);
		if (!later)
			pc_settings_swap(&a->settings, new, key);
		fprintf(stderr, "portclash: `%s` has changed%s\n", key->name,
			later ? "; restart portclash to apply it" : "");
	}
	cap_log(a);
	pc_agent_guard_set(&a->guard, &a->settings);
}

static void count_mistakes(struct agent *a, unsigned mistakes)
{
	a->metrics.config.mistakes += mistakes;
	a->metrics.config.failed = true;
	fprintf(stderr,
		"portclash: rejected the new configuration; the previous one stays in use\n");
}

/* All of the new configuration or nothing of it: half of it is what nobody asked for. */
static void reload(struct agent *a, struct pc_watch *w)
{
	struct pc_settings new;
	unsigned mistakes;

	a->next_ns = 0; /* the metrics say at once how it went */
	if (pc_agent_options_load(&a->options, &new, &mistakes)) {
		count_mistakes(a, mistakes);
		reopen_log(a, w);
		return;
	}
	if (take_log(a, w, new.log)) {
		count_mistakes(a, 1);
		reopen_log(a, w);
	} else {
		leave_textfile(a, new.textfile);
		take_settings(a, w, &new);
		a->metrics.config.failed = false;
		a->metrics.config.success_ns = pc_clock_ns(CLOCK_REALTIME);
	}
	pc_settings_free(&new);
}

static void say_writer_lost(void)
{
	if (pc_writer_lost() == -ETIMEDOUT)
		fprintf(stderr,
			"portclash: the process that writes for it has not answered for %d s; it ends, to be started again\n",
			PC_WRITER_WAIT_S);
	else
		fprintf(stderr,
			"portclash: the process that writes for it has ended; it ends, too, to be started again\n");
}

/* 0 to end well, or the error that ends it. */
static int agent_loop(struct agent *a, struct pc_watch *w, int signals)
{
	for (;;) {
		int number = pc_wait(w, signals, pc_agent_guard_fd(&a->guard), a->next_ns);
		int err = number < 0 ? number : pc_watch_run(w);

		pc_agent_guard_run(&a->guard);
		pc_outlets_flush(&a->out, w);
		pc_outlets_report(&a->out, w);
		pc_agent_flight_report(&a->flight);
		if (err)
			return err;
		pc_service_round(&a->service, w);
		if (pc_writer_lost()) {
			say_writer_lost();
			return -ENOTCONN;
		}
		if (number == SIGTERM || number == SIGINT)
			return 0;
		if (number == SIGHUP) {
			pc_service_reloading(&a->service);
			reload(a, w);
			pc_service_ready(&a->service, w);
		}
		if (a->settings.textfile && pc_boot_ns() >= a->next_ns) {
			write_textfile(a, w, true);
			a->next_ns = pc_boot_ns() + a->settings.interval_ns;
		}
	}
}

static int agent_run(struct agent *a, int signals)
{
	char sentence[PC_SENTENCE] = "";
	struct pc_watch *w = NULL;
	struct utsname kernel;
	int err;

	pc_service_check_privileges(&a->service, &a->metrics);
	err = pc_watch_open(&a->watch, &w, sentence);
	if (err) {
		fprintf(stderr, "portclash: %s\n", sentence);
		return PC_EXIT_FAILED;
	}
	pc_agent_guard_open(&a->guard, &a->settings, &a->out);
	pc_service_drop_privileges(&a->service, &a->metrics);
	uname(&kernel);
	a->metrics.version = PC_VERSION;
	a->metrics.backend = pc_watch_backend(w);
	a->metrics.kernel = kernel.release;
	a->metrics.start_ns = a->metrics.config.success_ns = pc_clock_ns(CLOCK_REALTIME);
	write_textfile(a, w, true);
	a->next_ns = a->settings.textfile ? pc_boot_ns() + a->settings.interval_ns : 0;
	pc_service_ready(&a->service, w);
	err = agent_loop(a, w, signals);
	pc_service_stopping(&a->service);
	pc_agent_guard_close(&a->guard);
	pc_outlets_hurry(&a->out);
	if (!err)
		pc_watch_summary(w, false, 0);
	pc_outlets_report(&a->out, w);
	pc_outlets_finish(&a->out, w);
	write_textfile(a, w, false);
	pc_watch_close(w);
	return err ? PC_EXIT_FAILED : PC_EXIT_OK;
}

static void use_settings(struct agent *a)
{
	const struct pc_settings *s = &a->settings;

	a->watch = (struct pc_watch_options){
		.monitor = { .backend = s->backend, .btf = s->btf, .verbose = s->verbose },
		.filter = { .whose = s->whose },
		.each = !s->repeat_ns,
		.repeat_ns = s->repeat_ns,
		.patience_ns = s->patience_ns,
		.metrics = &a->metrics,
		.own_netns_only = !s->enter_netns,
		.given_names = s->container_names,
		.protect = pc_ports_count(s->protect, 1, PC_PORTS - 1) ? s->protect : NULL,
	};
	a->watch.flight = a->flight.recorder;
	pc_outlets_give(&a->out, &a->watch);
}

static int agent_with_outlets(struct agent *a, int signals)
{
	int status = PC_EXIT_FAILED;
	int err = pc_outlets_open(&a->out, a->settings.log, pc_journal_choice(a->settings.journal));

	cap_log(a);
	pc_agent_flight_open(&a->flight, &a->settings);
	use_settings(a);
	if (err)
		pc_outlets_complain(a->settings.log, err);
	else
		status = agent_run(a, signals);
	pc_agent_flight_close(&a->flight);
	pc_outlets_close(&a->out);
	return status;
}

static int agent_start(struct agent *a)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP, 0 };
	int signals = pc_signals_open(numbers, NULL);
	int status = PC_EXIT_FAILED;
	int err;

	pc_service_open(&a->service, a->settings.enter_netns);
	err = pc_agent_writer_start(&a->service.writer, &a->options, &a->settings,
				    &a->service.notify);
	if (err)
		fprintf(stderr, "portclash: cannot start the process that writes for it: %s\n",
			strerror(-err));
	else
		status = agent_with_outlets(a, signals);
	pc_agent_writer_stop(&a->service.writer);
	pc_service_close(&a->service);
	close(signals);
	return status;
}

/* Later the agent may enter no namespace: it has dropped its privileges. */
static int load_first(struct agent *a)
{
	unsigned mistakes;
	int err;

	a->options.may_enter = true;
	err = pc_agent_options_load(&a->options, &a->settings, &mistakes);
	a->options.may_enter = false;
	return err;
}

int pc_cmd_agent(int argc, char **argv)
{
	struct agent a = { .service = PC_SERVICE_INIT };
	int status = PC_EXIT_USAGE;

	if (pc_agent_options_parse(&a.options, argc, argv))
		return PC_EXIT_FAILED;
	pc_errors_never_block();
	if (a.options.check) {
		status = pc_agent_options_check(&a.options);
	} else if (load_first(&a)) {
		fprintf(stderr, "portclash: not started: correct the configuration first\n");
	} else {
		status = agent_start(&a);
		pc_settings_free(&a.settings);
	}
	pc_agent_options_free(&a.options);
	return status;
}
