// SPDX-License-Identifier: GPL-2.0-only
/* `portclash agent`: the long-running service, in the foreground for an init system. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "cmd/agent_options.h"
#include "cmd/cmd.h"
#include "cmd/outlets.h"
#include "cmd/service.h"
#include "core/ports.h"
#include "host/usage.h"
#include "version.h"

struct agent {
	struct pc_agent_options options;
	struct pc_settings settings; /* those in use */
	struct pc_watch_options watch;
	struct pc_metrics metrics;
	struct pc_outlets out;
	struct pc_service service;
	uint64_t next_ns;
	bool textfile_ours; /* it was written, so that it may be removed */
	int textfile_error; /* of the last attempt, to speak of changes only */
};

static uint64_t clock_ns(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* Says when writing begins to fail and when it works again, not each time. */
static void report_textfile(struct agent *a, int err)
{
	if (err == a->textfile_error)
		return;
	if (err)
		fprintf(stderr,
			"portclash: cannot write %s: %s; the metrics there are stale until this "
			"works again, watching goes on\n",
			a->settings.textfile, strerror(-err));
	else
		fprintf(stderr, "portclash: %s is written again\n", a->settings.textfile);
	a->textfile_error = err;
}

static void write_textfile(struct agent *a, struct pc_watch *w, bool up)
{
	uint64_t tcp_ports[PC_PORT_WORDS];
	bool known;
	int err;

	if (!a->settings.textfile)
		return;
	known = pc_watch_tcp_ports(w, tcp_ports) == 0;
	pc_usage_read("/proc", known ? tcp_ports : NULL, &a->metrics.usage);
	a->metrics.counters = pc_watch_counters(w);
	a->metrics.update_ns = clock_ns(CLOCK_REALTIME);
	pc_watch_cost(w, &a->metrics.cost);
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
	fprintf(stderr, "portclash: cannot reopen %s: %s; the old file is written on\n",
		a->settings.log, strerror(-err));
	pc_watch_count_sink_error(w);
}

static bool same_path(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

/* To the file that is now asked for; the one before is written on when that cannot be. */
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

	if (!old || same_path(old, path))
		return;
	if (a->textfile_ours && unlink(old) && errno != ENOENT)
		fprintf(stderr, "portclash: cannot remove %s, whose metrics are now stale: %s\n",
			old, strerror(errno));
	a->textfile_ours = false;
	a->textfile_error = 0;
}

/* What cannot change while it watches stays as it is, and is said. */
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
		if (!later)
			pc_settings_swap(&a->settings, new, key);
		fprintf(stderr, "portclash: `%s` has changed%s\n", key->name,
			later ? ", which takes effect when portclash is started again" : "");
	}
}

static void count_mistakes(struct agent *a, unsigned mistakes)
{
	a->metrics.config.mistakes += mistakes;
	a->metrics.config.failed = true;
	fprintf(stderr, "portclash: the configuration is not taken, the one before stays in use\n");
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
		a->metrics.config.success_ns = clock_ns(CLOCK_REALTIME);
	}
	pc_settings_free(&new);
}

/* 0 to end well, or the error that ends it. */
static int loop(struct agent *a, struct pc_watch *w, int signals)
{
	for (;;) {
		int number = pc_wait(w, signals, a->next_ns);
		int err = number < 0 ? number : pc_watch_run(w);

		pc_outlets_flush(&a->out, w);
		pc_outlets_report(&a->out, w);
		if (err)
			return err;
		pc_service_round(&a->service, w);
		if (number == SIGTERM || number == SIGINT)
			return 0;
		if (number == SIGHUP) {
			pc_service_reloading(&a->service);
			reload(a, w);
			pc_service_ready(&a->service, w);
		}
		if (a->settings.textfile && clock_ns(CLOCK_BOOTTIME) >= a->next_ns) {
			write_textfile(a, w, true);
			a->next_ns = clock_ns(CLOCK_BOOTTIME) + a->settings.interval_ns;
		}
	}
}

static int run(struct agent *a, int signals)
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
	pc_service_drop_privileges(&a->service, &a->metrics);
	uname(&kernel);
	a->metrics.version = PC_VERSION;
	a->metrics.backend = pc_watch_backend(w);
	a->metrics.kernel = kernel.release;
	a->metrics.start_ns = a->metrics.config.success_ns = clock_ns(CLOCK_REALTIME);
	write_textfile(a, w, true);
	a->next_ns = a->settings.textfile ? clock_ns(CLOCK_BOOTTIME) + a->settings.interval_ns : 0;
	pc_service_ready(&a->service, w);
	err = loop(a, w, signals);
	pc_service_stopping(&a->service);
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
		.monitor = { .backend = s->backend, .verbose = s->verbose },
		.repeat_ns = s->repeat_ns,
		.metrics = &a->metrics,
		.own_netns_only = !s->enter_netns,
		.protect = pc_ports_count(s->protect, 1, PC_PORTS - 1) ? s->protect : NULL,
	};
	pc_outlets_give(&a->out, &a->watch);
}

static int start(struct agent *a)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP, 0 };
	int signals = pc_signals_open(numbers, NULL);
	int status = PC_EXIT_FAILED;
	int err = pc_outlets_open(&a->out, a->settings.log, pc_journal_choice(a->settings.journal));

	use_settings(a);
	pc_service_open(&a->service, a->settings.enter_netns);
	if (err)
		pc_outlets_complain(a->settings.log, err);
	else
		status = run(a, signals);
	pc_outlets_close(&a->out);
	pc_service_close(&a->service);
	close(signals);
	return status;
}

int pc_cmd_agent(int argc, char **argv)
{
	struct agent a = { .service = PC_SERVICE_INIT };
	int status = PC_EXIT_USAGE;
	unsigned mistakes;

	if (pc_agent_options_parse(&a.options, argc, argv))
		return PC_EXIT_FAILED;
	pc_errors_never_block();
	if (a.options.check) {
		status = pc_agent_options_check(&a.options);
	} else if (pc_agent_options_load(&a.options, &a.settings, &mistakes)) {
		fprintf(stderr, "portclash: not started: the configuration cannot be used\n");
	} else {
		status = start(&a);
		pc_settings_free(&a.settings);
	}
	pc_agent_options_free(&a.options);
	return status;
}
