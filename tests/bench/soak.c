// SPDX-License-Identifier: GPL-2.0-only
/* `make bench-soak`: the highest connect rate the machine gives, for minutes, and a collision each
 * second: is every one named right, is nothing lost, does the monitor's memory stay as it is? */
#include <errno.h>
#include <getopt.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "child.h"
#include "collision.h"
#include "spread.h"
#include "summary.h"

#define SECONDS_MIN 20
#define SECONDS_MAX 3600

/* The part of the time that is left out at its begin, while the ledger and the caches fill */
#define WARM_PART 5

/* Memory of the monitor may grow by so much from the first half of the rest to the second. */
#define GROWTH_MAX 0.01

struct soak {
	unsigned seconds;
	char folder[PATH_MAX]; /* of this program and connect_rate */
	char **monitor;
	struct child child;
	FILE *load;
	struct collision collisions[SECONDS_MAX];
	unsigned staged;
	unsigned failed_stages;
	double rss[SECONDS_MAX]; /* KiB, each second */
	unsigned samples;
	double cpu;
};

static double soak_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void sleep_until(double when)
{
	double left = when - soak_now();
	struct timespec ts = { .tv_sec = (time_t)left };

	if (left <= 0)
		return;
	ts.tv_nsec = (long)((left - (double)ts.tv_sec) * 1e9);
	nanosleep(&ts, NULL);
}

static void each_second(struct soak *s)
{
	struct memory memory;
	int err = collision_stage(&s->collisions[s->staged], s->staged + s->failed_stages);

	if (err) {
		fprintf(stderr, "soak: a collision could not be staged: %s\n", strerror(-err));
		s->failed_stages++;
	} else {
		s->staged++;
	}
	if (child_memory(&s->child, &memory) == 0)
		s->rss[s->samples++] = (double)(memory.anon + memory.file + memory.shmem);
}

static int soak_run_load(struct soak *s, double *ret_rate, unsigned long *ret_made)
{
	char command[PATH_MAX + 64];
	double start = soak_now(), before, after, seconds;
	int err = child_cpu(&s->child, &before), found;

	snprintf(command, sizeof(command), "exec '%s/connect_rate' --for %u", s->folder,
		 s->seconds);
	s->load = err ? NULL : popen(command, "re");
	if (!s->load)
		return err ? err : -errno;
	for (unsigned i = 1; i < s->seconds; i++) {
		sleep_until(start + i);
		each_second(s);
	}
	found = fscanf(s->load, "%lf connections/s, %lu in %lf s", ret_rate, ret_made, &seconds);
	if (pclose(s->load) != 0 || found != 3)
		return -EIO;
	sleep(1); /* the monitor reads its rings on a timer */
	err = child_cpu(&s->child, &after);
	if (!err)
		s->cpu = after - before;
	return err;
}

static bool is_named(const struct collision *c)
{
	return c->named == 1 && !c->incomplete && !c->wrong;
}

static bool judge_collisions(struct soak *s)
{
	unsigned right = 0, incomplete = 0, missing = 0, wrong = 0;
	int others = collision_judge(s->child.output, s->collisions, s->staged);

	for (unsigned i = 0; others >= 0 && i < s->staged; i++) {
		const struct collision *c = &s->collisions[i];

		right += is_named(c);
		incomplete += c->incomplete > 0;
		missing += !c->named && !c->incomplete && !c->wrong;
		wrong += c->wrong > 0 || c->named > 1;
		if (!is_named(c))
			printf("  collision %u of kind %d on port %u, holder %d, requester %d: %d verdicts right, %d incomplete, %d wrong\n",
			       i, c->kind, c->port, c->holder, c->requester, c->named,
			       c->incomplete, c->wrong);
	}
	printf("collisions: %u of %u named right, %u incomplete and said so, %u missing, %u wrong, %u could not be staged; %d other refusals on this machine\n",
	       right, s->staged, incomplete, missing, wrong, s->failed_stages, others);
	return others >= 0 && right == s->staged && s->staged && !s->failed_stages;
}

static bool judge_memory(struct soak *s)
{
	unsigned warm = s->samples / WARM_PART, half = (s->samples - warm) / 2;
	struct spread first, second;
	double growth;

	if (half < 2)
		return false;
	first = spread_of(s->rss + warm, (int)half);
	second = spread_of(s->rss + warm + half, (int)half);
	growth = second.median / first.median - 1;
	printf("RSS: %.0f KiB, then %.0f KiB (medians of halves): %+.2f %%, at most %.0f %%; between %.0f and %.0f KiB\n",
	       first.median, second.median, 100 * growth, 100 * GROWTH_MAX,
	       first.min < second.min ? first.min : second.min,
	       first.max > second.max ? first.max : second.max);
	return growth <= GROWTH_MAX;
}

/* Other processes of this machine connect, too: there may be more claims than connections. */
static bool judge_losses(const struct soak *s, unsigned long made)
{
	struct summary summary;
	int err = summary_read(s->child.output, &summary);

	if (err) {
		printf("no summary: %s\n", strerror(-err));
		return false;
	}
	printf("records: %ld claims of %lu connections, %ld lost and counted\n", summary.claims,
	       made, summary.lost);
	return summary.lost == 0 && summary.claims >= (long)made;
}

static int soak(struct soak *s)
{
	double rate = 0;
	unsigned long made = 0;
	bool good;
	int err;

	err = soak_run_load(s, &rate, &made);
	if (err)
		fprintf(stderr, "soak: the load did not run to its end: %s\n", strerror(-err));
	if (child_stop(&s->child) && !err) {
		fprintf(stderr, "soak: the monitor did not end with status 0\n");
		err = -EIO;
	}
	if (err)
		return err;
	printf("soak: %u s, %.0f connections/s\n", s->seconds, rate);
	printf("CPU: %.2f %% of one, %.2f µs a connection\n", 100 * s->cpu / s->seconds,
	       1e6 * s->cpu / (double)made);
	good = judge_collisions(s);
	good &= judge_losses(s, made);
	good &= judge_memory(s);
	printf("soak: %s\n", good ? "passed" : "FAILED");
	return good ? 0 : -EIO;
}

static int soak_parse(int argc, char **argv, struct soak *s)
{
	static const struct option options[] = { { "seconds", required_argument, NULL, 's' },
						 { 0 } };
	char *rest = "";
	ssize_t n = readlink("/proc/self/exe", s->folder, sizeof(s->folder) - 1);
	int c;

	if (n < 0)
		return -errno;
	s->folder[n] = '\0';
	dirname(s->folder);
	while (!*rest && (c = getopt_long(argc, argv, "+", options, NULL)) == 's')
		s->seconds = (unsigned)strtoul(optarg, &rest, 10);
	s->monitor = argv + optind;
	return *rest || c == '?' || s->seconds < SECONDS_MIN || s->seconds > SECONDS_MAX ||
			       optind == argc ?
		       -EINVAL :
		       0;
}

int main(int argc, char **argv)
{
	static struct soak s = { .seconds = 600 };
	char output[PATH_MAX + 16];
	int err = soak_parse(argc, argv, &s);

	if (err) {
		fprintf(stderr, "usage: soak [--seconds %d..%d] MONITOR [ARG...]\n", SECONDS_MIN,
			SECONDS_MAX);
		return 2;
	}
	snprintf(output, sizeof(output), "%s/soak.jsonl", s.folder);
	err = child_start(&s.child, s.monitor, output);
	if (err) {
		fprintf(stderr, "soak: the monitor does not start: %s\n", strerror(-err));
		return 1;
	}
	return soak(&s) ? 1 : 0;
}
