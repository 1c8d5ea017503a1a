// SPDX-License-Identifier: GPL-2.0-only
/* Prints what the bench measured, how sure that is, and whether the aims hold. */
#include "report.h"

#include <math.h>
#include <stdio.h>

#include "spread.h"

#define AIM_RATIO 2.0
#define AIM_RSS_KIB (16L * 1024)

const char *variant_name(enum variant variant)
{
	static const char *const names[] = {
		[VARIANT_NONE] = "none",
		[VARIANT_FLOOR] = "floor",
		[VARIANT_PORTCLASH] = "portclash",
	};

	_Static_assert(sizeof(names) / sizeof(names[0]) == VARIANT_COUNT, "a name for each");
	return names[variant];
}

void report_trial(int round, enum variant variant, const struct trial *trial)
{
	printf("round %-2d %-9s %8.0f connections/s, %lu in %.3f s", round + 1,
	       variant_name(variant), trial->rate, trial->made, trial->seconds);
	if (variant == VARIANT_PORTCLASH)
		printf("; %ld claims, %ld lost, cpu %.1f ms", trial->summary.claims,
		       trial->summary.lost, trial->cpu * 1e3);
	putchar('\n');
	fflush(stdout);
}

/* The extra time of a connection, against the same round's trial without a monitor. */
static double overhead(const struct bench *bench, enum variant variant, int round)
{
	return bench->trial[VARIANT_NONE][round].rate / bench->trial[variant][round].rate - 1;
}

static struct spread spread_rate(const struct bench *bench, enum variant variant)
{
	double values[ROUNDS_MAX];

	for (int i = 0; i < bench->rounds; i++)
		values[i] = bench->trial[variant][i].rate;
	return spread_of(values, bench->rounds);
}

static struct spread spread_overhead(const struct bench *bench, enum variant variant)
{
	double values[ROUNDS_MAX];

	for (int i = 0; i < bench->rounds; i++)
		values[i] = overhead(bench, variant, i);
	return spread_of(values, bench->rounds);
}

static void report_rates(const struct bench *bench)
{
	double none = spread_rate(bench, VARIANT_NONE).median;

	printf("\n%-10s %13s %17s %11s %18s %14s\n", "", "connections/s", "min..max", "overhead",
	       "min..max", "a connection");
	for (int i = 0; i < VARIANT_COUNT; i++) {
		struct spread rate = spread_rate(bench, (enum variant)i);
		struct spread over = spread_overhead(bench, (enum variant)i);

		printf("%-10s %13.0f %8.0f..%7.0f", variant_name((enum variant)i), rate.median,
		       rate.min, rate.max);
		if (i != VARIANT_NONE)
			printf(" %9.2f %% %8.2f..%6.2f %% %11.2f us", over.median * 100,
			       over.min * 100, over.max * 100, over.median / none * 1e6);
		putchar('\n');
	}
}

/* Says what the numbers above are worth. */
static void report_noise(const struct bench *bench)
{
	struct spread none = spread_rate(bench, VARIANT_NONE);
	struct spread least = spread_overhead(bench, VARIANT_FLOOR);
	struct spread ours = spread_overhead(bench, VARIANT_PORTCLASH);

	printf("noise: the rates without a monitor differ by %.1f %%; with %.0f %% certainty\n"
	       "       the true overhead is %.2f..%.2f %% (floor), %.2f..%.2f %% (portclash)\n",
	       (none.max - none.min) / none.median * 100, spread_certainty(bench->rounds) * 100,
	       least.low * 100, least.high * 100, ours.low * 100, ours.high * 100);
}

/* False when the floor's own overhead drowns in the noise: then there is no ratio. */
static bool ratio_of_medians(const struct bench *bench, double *ret)
{
	double least = spread_overhead(bench, VARIANT_FLOOR).median;

	if (least <= 0)
		return false;
	*ret = spread_overhead(bench, VARIANT_PORTCLASH).median / least;
	return true;
}

static void report_ratio(const struct bench *bench)
{
	double values[ROUNDS_MAX], ratio;
	struct spread spread;
	int n = 0;

	for (int i = 0; i < bench->rounds; i++) {
		double least = overhead(bench, VARIANT_FLOOR, i);

		if (least > 0)
			values[n++] = overhead(bench, VARIANT_PORTCLASH, i) / least;
	}
	if (!ratio_of_medians(bench, &ratio)) {
		printf("ratio: none, the floor's overhead is lost in the noise\n");
		return;
	}
	spread = spread_of(values, n);
	printf("ratio: portclash's overhead is %.2f times the floor's (rounds: %.2f..%.2f", ratio,
	       spread.min, spread.max);
	if (n < bench->rounds)
		printf("; %d without one, the floor was no slower than none", bench->rounds - n);
	printf(")\n");
}

static void report_cpu(const struct bench *bench)
{
	double each[ROUNDS_MAX], share[ROUNDS_MAX];
	struct spread per, cpu;

	for (int i = 0; i < bench->rounds; i++) {
		const struct trial *trial = &bench->trial[VARIANT_PORTCLASH][i];

		each[i] = trial->cpu / (double)trial->made * 1e6;
		share[i] = trial->cpu / trial->seconds * 100;
	}
	per = spread_of(each, bench->rounds);
	cpu = spread_of(share, bench->rounds);
	printf("process: CPU %.3f us a connection (%.3f..%.3f), %.1f %% of one CPU (%.1f..%.1f)\n",
	       per.median, per.min, per.max, cpu.median, cpu.min, cpu.max);
}

static const struct memory *worst_memory(const struct bench *bench)
{
	const struct memory *worst = &bench->trial[VARIANT_PORTCLASH][0].memory;

	for (int i = 1; i < bench->rounds; i++) {
		const struct memory *other = &bench->trial[VARIANT_PORTCLASH][i].memory;

		if (other->peak > worst->peak)
			worst = other;
	}
	return worst;
}

static void report_memory(const struct bench *bench)
{
	const struct memory *memory = worst_memory(bench);

	printf("memory: peak RSS %.1f MiB; after the load anon %.1f, file %.1f, shmem %.1f MiB\n",
	       (double)memory->peak / 1024, (double)memory->anon / 1024,
	       (double)memory->file / 1024, (double)memory->shmem / 1024);
}

/* A claim less than connections is a silent loss, and counts. More can be right: the monitor
 * sees what other programs connect meanwhile. */
static bool report_claims(const struct bench *bench)
{
	long made = 0, missing = 0, extra = 0, lost = 0;

	for (int i = 0; i < bench->rounds; i++) {
		const struct trial *trial = &bench->trial[VARIANT_PORTCLASH][i];
		long more = trial->summary.claims - (long)trial->made;

		made += (long)trial->made;
		lost += trial->summary.lost;
		missing += more < 0 ? -more : 0;
		extra += more > 0 ? more : 0;
	}
	printf("claims: of %ld connections %ld were not seen; %ld records lost\n", made, missing,
	       lost);
	if (extra)
		printf("claims: %ld more than connections were made: other programs connected\n"
		       "        meanwhile, or claims are counted twice; a quiet machine tells\n",
		       extra);
	return lost == 0 && missing == 0;
}

/* How far portclash is above what it may cost: a difference, which unlike the ratio behaves
 * when the floor's overhead is near zero. */
static struct spread spread_excess(const struct bench *bench)
{
	double values[ROUNDS_MAX];

	for (int i = 0; i < bench->rounds; i++)
		values[i] = overhead(bench, VARIANT_PORTCLASH, i) -
			    AIM_RATIO * overhead(bench, VARIANT_FLOOR, i);
	return spread_of(values, bench->rounds);
}

static void report_aim_ratio(const struct bench *bench)
{
	double least = spread_overhead(bench, VARIANT_FLOOR).median;
	double ours = spread_overhead(bench, VARIANT_PORTCLASH).median;
	struct spread excess = spread_excess(bench);
	bool met = ours <= AIM_RATIO * least;

	printf("aim: overhead at most %.0f times the floor's: %s (", AIM_RATIO,
	       met ? "met" : "NOT met");
	if (met ? excess.high <= 0 : excess.low > 0)
		printf("%.0f %% certain)\n", spread_certainty(bench->rounds) * 100);
	else
		printf("UNCERTAIN, within the noise: more rounds may tell)\n");
}

bool report(const struct bench *bench)
{
	bool complete;

	report_rates(bench);
	report_ratio(bench);
	report_noise(bench);
	report_cpu(bench);
	report_memory(bench);
	complete = report_claims(bench);
	report_aim_ratio(bench);
	printf("aim: peak RSS under %ld MiB: %s\n", AIM_RSS_KIB / 1024,
	       worst_memory(bench)->peak < AIM_RSS_KIB ? "met" : "NOT met");
	printf("aim: nothing lost: %s\n", complete ? "met" : "NOT met");
	return complete;
}
