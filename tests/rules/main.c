// SPDX-License-Identifier: GPL-2.0-only
/* The conflict rules, judged by the kernel: every kind of holder with everyone who could ask
 * for its port, in network namespaces of their own, while the real BPF programs watch. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/config/backends.h"
#include "matrix.h"

/* Disagreements that are shown in full; the others are counted. */
#define SHOWN 8

struct result {
	unsigned passed;
	unsigned failed;
	unsigned skipped;
	struct tally total;
};

static char shown[SHOWN][DISAGREEMENT_TEXT];
static unsigned shown_count, shown_before;

static void on_disagreement(const char *text)
{
	if (shown_count < SHOWN)
		snprintf(shown[shown_count++], DISAGREEMENT_TEXT, "%s", text);
}

static unsigned long excused(const struct tally *t)
{
	unsigned long sum = 0;

	for (int i = 0; i < EXCUSE_COUNT; i++)
		sum += t->excused[i];
	return sum;
}

/* One line, and what was in disagreement below it. `err`: what kept it from being asked. */
static void main_report(struct result *r, const char *name, const struct tally *t, int err)
{
	bool bad = err || t->disagreements || !t->combinations;

	r->passed += !bad;
	r->failed += bad;
	printf("%s %s: %lu combinations, %lu refused, %lu named, %lu disagreements",
	       bad ? "FAIL" : "ok", name, t->combinations, t->refused, t->named, t->disagreements);
	if (excused(t))
		printf(", %lu known differences", excused(t));
	puts("");
	if (err)
		printf("     cannot be staged: %s\n", strerror(-err));
	for (; shown_before < shown_count; shown_before++)
		printf("     %s\n", shown[shown_before]);
	tally_add(&r->total, t);
	fflush(stdout);
}

static int main_enter(struct asker *a)
{
	int err = space_enter(&a->space);

	a->watch.netns = a->space.netns;
	memset(&a->tally, 0, sizeof(a->tally));
	return err;
}

static void run_kind(struct result *r, struct asker *a, struct matrix *m, enum kind kind)
{
	int err = main_enter(a);

	if (!err)
		err = matrix_ask(m, a, kind);
	space_leave(&a->space);
	main_report(r, kind_name(kind), &a->tally, err);
}

static void run_devices(struct result *r, struct asker *a)
{
	unsigned devices = DEVICE_COUNT;
	int err = main_enter(a), without = err ? 0 : space_second_device();

	if (without) {
		printf("skip second-device: neither dummy nor tun: %s\n", strerror(-without));
		devices = DEVICE_SECOND;
		r->skipped++;
	}
	if (!err)
		err = matrix_ask_devices(a, devices);
	space_leave(&a->space);
	main_report(r, "devices", &a->tally, err);
}

static void run_bystanders(struct result *r, struct asker *a)
{
	int err = main_enter(a);

	if (!err)
		err = matrix_ask_bystanders(a);
	space_leave(&a->space);
	main_report(r, "bystanders", &a->tally, err);
}

/* All that was refused was named. What was lost on its way is of the whole machine; had it
 * been ours, it would have been asked again. */
static void run_named(struct result *r, struct asker *a)
{
	const struct tally *t = &r->total;
	uint64_t lost = watch_lost(&a->watch);
	bool good = t->refused && t->named == t->refused;

	if (!a->watch.monitor) {
		puts("skip naming: no back end was asked for");
		r->skipped++;
		return;
	}
	r->passed += good;
	r->failed += !good;
	printf("%s naming: back end %s, %lu of %lu refusals named, %lu lost\n",
	       good ? "ok" : "FAIL", pc_monitor_backend(a->watch.monitor), t->named, t->refused,
	       (unsigned long)lost);
}

static int main_finish(const struct result *r)
{
	const struct tally *t = &r->total;

	for (int i = 1; i < EXCUSE_COUNT; i++)
		if (t->excused[i])
			printf("known difference: %s: %lu combinations, all let in, not compared\n",
			       excuse_name((enum excuse)i), t->excused[i]);
	if (t->repeated)
		printf("asked again: %lu\n", t->repeated);
	printf("rules: %lu combinations, %lu refused, %lu named, %lu disagreements\n",
	       t->combinations, t->refused, t->named, t->disagreements);
	printf("%u passed, %u failed, %u skipped\n", r->passed, r->failed, r->skipped);
	return r->failed > 0;
}

static int main_run(struct asker *a, unsigned sample, const char *only)
{
	struct matrix *m = matrix_new(sample);
	struct result r = { 0 };

	if (!m)
		return 1;
	for (int kind = 0; kind < KIND_COUNT; kind++)
		if (!only || !strcmp(only, kind_name((enum kind)kind)))
			run_kind(&r, a, m, (enum kind)kind);
	if (!only || !strcmp(only, "devices"))
		run_devices(&r, a);
	if (!only || !strcmp(only, "bystanders"))
		run_bystanders(&r, a);
	run_named(&r, a);
	matrix_free(m);
	return main_finish(&r);
}

/* Says why nothing can be asked: a skip where root is missing, else a failure. */
static int cannot(const char *what, const char *why)
{
	bool skip = geteuid() != 0;

	printf("%s rules: %s: %s\n0 passed, %d failed, %d skipped\n", skip ? "skip" : "FAIL", what,
	       why, !skip, skip);
	return !skip;
}

static int main_usage(FILE *out, int status)
{
	fputs("usage: rules [--backend auto|fentry|kprobe|tracepoint|none] [--sample N] [--kind NAME]\n"
	      "  --backend   whose records are judged as well; none: only the rule\n"
	      "  --sample    every Nth combination only, of each kind of holder\n"
	      "  --kind      only this kind of holder, or devices, or bystanders\n"
	      "Exit status: 0 no disagreement, 1 some, 2 usage.\n",
	      out);
	return status;
}

static bool is_backend(const char *name)
{
	for (size_t i = 0; i < PC_BACKEND_COUNT; i++)
		if (!strcmp(name, pc_backend_names[i]))
			return true;
	return !strcmp(name, "none");
}

static int main_start(const char *backend, unsigned sample, const char *only)
{
	struct asker a = { .disagreement = on_disagreement };
	char sentence[PC_SENTENCE];
	int err, status;

	if (strcmp(backend, "none") && watch_open(&a.watch, backend, sentence))
		return cannot("no back end", sentence);
	err = main_enter(&a);
	if (!err)
		err = excuse_probe(&a.space, a.has);
	if (err) {
		watch_close(&a.watch);
		return cannot("no network namespace", strerror(-err));
	}
	space_leave(&a.space);
	watch_read(&a.watch);
	status = main_run(&a, sample, only);
	watch_close(&a.watch);
	return status;
}

static bool is_kind(const char *name)
{
	for (int kind = 0; kind < KIND_COUNT; kind++)
		if (!strcmp(name, kind_name((enum kind)kind)))
			return true;
	return !strcmp(name, "devices") || !strcmp(name, "bystanders");
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "backend", required_argument, NULL, 'b' },
		{ "sample", required_argument, NULL, 's' },
		{ "kind", required_argument, NULL, 'k' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	const char *backend = "auto", *only = NULL;
	int sample = 1, c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'h')
			return main_usage(stdout, 0);
		if (c == 'b')
			backend = optarg;
		else if (c == 's')
			sample = (int)strtol(optarg, NULL, 10);
		else if (c == 'k')
			only = optarg;
		else
			return main_usage(stderr, 2);
	}
	if (optind < argc || sample < 1 || sample > 100 || (only && !is_kind(only)) ||
	    !is_backend(backend))
		return main_usage(stderr, 2);
	return main_start(backend, (unsigned)sample, only);
}
