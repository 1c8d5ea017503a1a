// SPDX-License-Identifier: GPL-2.0-only
/* `make bench`: the load of connect_rate under no monitor, under the floor and under
 * portclash, in alternation; the report, and failure if the monitor lost anything. */
#include <errno.h>
#include <getopt.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "report.h"
#include "trial.h"

#define ROUNDS_MIN 5

/* After each load: the monitor reads its ring on a timer, and the kernel takes down the
 * load's network namespace with its sockets in TIME_WAIT. Neither belongs to the next. */
#define SETTLE_MS 700

struct settings {
	int rounds;
	double seconds;
	char tools[PATH_MAX]; /* the folder of this program and the others */
	char **monitor;	      /* its command */
};

static int run_load_of_run(const struct settings *settings, struct trial *trial)
{
	char command[PATH_MAX + 64];
	FILE *pipe;
	int found;

	snprintf(command, sizeof(command), "exec '%s/connect_rate' --for %g", settings->tools,
		 settings->seconds);
	pipe = popen(command, "re");
	if (!pipe)
		return -errno;
	found = fscanf(pipe, "%lf connections/s, %lu in %lf s", &trial->rate, &trial->made,
		       &trial->seconds);
	if (pclose(pipe) != 0 || found != 3 || trial->rate <= 0)
		return -EIO;
	return 0;
}

static int run_and_settle(const struct settings *settings, struct trial *trial)
{
	struct timespec settle = { .tv_nsec = SETTLE_MS * 1000000L };
	int err = run_load_of_run(settings, trial);

	nanosleep(&settle, NULL);
	return err;
}

static int run_measure(const struct settings *settings, const struct child *child,
		       struct trial *trial)
{
	double before, after;
	int err = child_cpu(child, &before);

	if (!err)
		err = run_and_settle(settings, trial);
	if (!err)
		err = child_cpu(child, &after);
	if (!err)
		err = child_memory(child, &trial->memory);
	if (!err)
		trial->cpu = after - before;
	return err;
}

static int run_complain(const struct child *child, const char *what, int err)
{
	fprintf(stderr, "bench: %s: %s; its output is in %s\n", what,
		err == -ECHILD ? "it ended at once" : strerror(-err), child->output);
	return err;
}

static int run_watched(const struct settings *settings, enum variant variant, struct trial *trial)
{
	char program[PATH_MAX + 16], output[PATH_MAX + 32];
	char *floor[] = { program, NULL };
	struct child child = { .pid = -1 };
	int err, stopped;

	snprintf(program, sizeof(program), "%s/floor", settings->tools);
	snprintf(output, sizeof(output), "%s/%s.jsonl", settings->tools, variant_name(variant));
	err = child_start(&child, variant == VARIANT_FLOOR ? floor : settings->monitor, output);
	if (err)
		return run_complain(&child, "the monitor does not start", err);
	err = run_measure(settings, &child, trial);
	stopped = child_stop(&child);
	if (err)
		return run_complain(&child, "the load did not run to its end", err);
	if (stopped)
		return run_complain(&child, "the monitor did not end with status 0", stopped);
	if (variant == VARIANT_PORTCLASH)
		err = summary_read(output, &trial->summary);
	return err ? run_complain(&child, "no summary of claims and losses", err) : 0;
}

static int run_round(const struct settings *settings, struct bench *bench, int round)
{
	int err = 0;

	for (int i = 0; i < VARIANT_COUNT && !err; i++) {
		enum variant variant = (enum variant)((round + i) % VARIANT_COUNT);
		struct trial *trial = &bench->trial[variant][round];

		if (variant == VARIANT_NONE)
			err = run_and_settle(settings, trial);
		else
			err = run_watched(settings, variant, trial);
		if (!err)
			report_trial(round, variant, trial);
	}
	return err;
}

/* Warm up, unmeasured: fills caches and frequency, and shows early that the load runs at all. */
static int warm_up(const struct settings *settings)
{
	struct settings brief = *settings;
	struct trial trial;

	brief.seconds = 0.5;
	return run_and_settle(&brief, &trial);
}

static int run_parse(int argc, char **argv, struct settings *settings)
{
	static const struct option options[] = {
		{ "rounds", required_argument, NULL, 'r' },
		{ "seconds", required_argument, NULL, 's' },
		{ 0 },
	};
	char *rest = "";
	int c;

	/* '+': after the first word that is no option, all belongs to the monitor. */
	while (!*rest && (c = getopt_long(argc, argv, "+", options, NULL)) != -1) {
		if (c == 'r')
			settings->rounds = (int)strtol(optarg, &rest, 10);
		else if (c == 's')
			settings->seconds = strtod(optarg, &rest);
		else
			return -EINVAL;
	}
	settings->monitor = argv + optind;
	if (*rest || settings->rounds < ROUNDS_MIN || settings->rounds > ROUNDS_MAX ||
	    !(settings->seconds >= 0.1 && settings->seconds <= 3600) || optind == argc)
		return -EINVAL;
	return 0;
}

static int find_tools(struct settings *settings)
{
	ssize_t n = readlink("/proc/self/exe", settings->tools, sizeof(settings->tools) - 1);

	if (n < 0)
		return -errno;
	settings->tools[n] = '\0';
	dirname(settings->tools);
	return 0;
}

int main(int argc, char **argv)
{
	struct settings settings = { .rounds = 7, .seconds = 2 };
	static struct bench bench;
	int err = 0;

	if (run_parse(argc, argv, &settings) || find_tools(&settings)) {
		fprintf(stderr, "usage: run [--rounds %d..%d] [--seconds N] MONITOR [ARG...]\n",
			ROUNDS_MIN, ROUNDS_MAX);
		return 2;
	}
	bench.rounds = settings.rounds;
	bench.seconds = settings.seconds;
	if (warm_up(&settings)) {
		fprintf(stderr, "bench: connect_rate does not run (it needs root)\n");
		return 1;
	}
	for (int round = 0; round < bench.rounds && !err; round++)
		err = run_round(&settings, &bench, round);
	if (err)
		return 1;
	return report(&bench) ? 0 : 1;
}
