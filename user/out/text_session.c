// SPDX-License-Identifier: GPL-2.0-only
/* Text for people about a session of watching: its first line and its summary. */
#include <sys/wait.h>

#include "core/base/names.h"
#include "core/verdict/causes.h"
#include "out/text_block.h"
#include "out/text_parts.h"

/* The texts of a replay come from a file, which anybody may have written. */
static void put_banner(FILE *out, const struct pc_ready *r)
{
	fputs("portclash ", out);
	pc_put_string(out, r->version);
	fputs(" is watching with the ", out);
	pc_put_string(out, r->backend);
	fputs(" back end", out);
	if (r->why[0]) {
		fputs(", because it could not use ", out);
		pc_put_string(out, r->why);
	}
	if (r->blind[0]) {
		fputs("; it cannot see ", out);
		pc_put_string(out, r->blind);
	}
	fprintf(out, " (%lu sockets were open before)", (unsigned long)r->sockets);
}

void pc_put_ready(FILE *out, const struct pc_ready *r, bool verbose)
{
	if (r->invitation)
		pc_put_string(out, r->invitation);
	if (r->invitation && !verbose && !r->why[0])
		return;
	if (r->invitation)
		fputc('\n', out);
	if (verbose || !r->invitation) {
		put_banner(out, r);
		return;
	}
	fputs("Back end ", out);
	pc_put_string(out, r->backend);
	fputs(": it sees less than the best one. See `portclash features`.", out);
}

static void put_seconds(FILE *out, uint64_t ns)
{
	fprintf(out, "%lu.%03lu s", (unsigned long)(ns / PC_NS_PER_SECOND),
		(unsigned long)(ns % PC_NS_PER_SECOND / PC_NS_PER_MS));
}

static void put_bytes(FILE *out, uint64_t bytes)
{
	bool large = bytes >= 1024 * 1024;
	uint64_t tenths = bytes * 10 / (large ? 1024 * 1024 : 1024);

	fprintf(out, "%lu.%lu %s", (unsigned long)(tenths / 10), (unsigned long)(tenths % 10),
		large ? "MiB" : "KiB");
}

static void put_process_cost(FILE *out, const struct pc_cost *cost, uint64_t watched_ns)
{
	uint64_t since = cost->cpu_ns - cost->cpu_start_ns;
	uint64_t share = watched_ns ? (uint64_t)(1e4 * (double)since / (double)watched_ns) : 0;

	if (cost->cpu_known) {
		put_seconds(out, cost->cpu_start_ns);
		fputs(" of CPU to start, ", out);
		put_seconds(out, since);
		fprintf(out, " since (%lu.%02lu %% of a core); ", (unsigned long)(share / 100),
			(unsigned long)(share % 100));
	}
	if (cost->memory_known) {
		put_bytes(out, cost->resident);
		fputs(" resident (at most ", out);
		put_bytes(out, cost->resident_peak);
		fputs("); ", out);
	}
	if (cost->maps_known)
		put_bytes(out, cost->maps);
	fputs(cost->maps_known ? " of BPF maps" : "memory of BPF maps not known", out);
}

static void session_put_rings(FILE *out, const struct pc_cost *cost)
{
	for (int i = 0; i < PC_RING_COUNT; i++) {
		fprintf(out, "%s%s ", i ? ", " : "most that waited in a ring: ", pc_ring_name(i));
		put_bytes(out, cost->rings[i].peak);
		fputs(" of ", out);
		put_bytes(out, cost->rings[i].size);
	}
}

static void session_put_programs(FILE *out, const struct pc_cost *cost)
{
	struct pc_program_cost total = pc_cost_total(cost);

	if (!cost->programs_counted) {
		fputs("in the kernel: not counted (kernel.bpf_stats_enabled is not 1)", out);
		return;
	}
	fprintf(out, "in the kernel: %lu runs of its programs, ", (unsigned long)total.runs);
	put_seconds(out, total.ns);
	if (total.runs)
		fprintf(out, ", %lu ns each", (unsigned long)(total.ns / total.runs));
}

void pc_put_cost(FILE *out, const struct pc_cost *cost, uint64_t watched_ns)
{
	fprintf(out, PC_TEXT_FIELD, "cost");
	put_process_cost(out, cost, watched_ns);
	fprintf(out, PC_TEXT_FIELD, "");
	session_put_rings(out, cost);
	fprintf(out, PC_TEXT_FIELD, "");
	session_put_programs(out, cost);
}

static void put_over_share(FILE *out, const struct pc_losers *losers)
{
	for (uint64_t i = 0; i < losers->count; i++)
		fprintf(out, "; claims over the share of user %lu: %lu",
			(unsigned long)losers->users[i].uid, (unsigned long)losers->users[i].lost);
	if (losers->others)
		fprintf(out, "; claims over the shares of other users: %lu",
			(unsigned long)losers->others);
}

static void put_lost(FILE *out, const struct pc_counters *c)
{
	uint64_t total = pc_lost_total(c);
	const char *comma = " (";

	if (!total && !c->states_missed && !c->calls_missed) {
		fputs("; no record was lost", out);
		return;
	}
	fprintf(out, "; records lost: %lu", (unsigned long)total);
	for (int i = 0; i < PC_STAT_COUNT; i++) {
		if (!c->lost[i])
			continue;
		fprintf(out, "%s%s %lu", comma, pc_stat_name(i), (unsigned long)c->lost[i]);
		comma = ", ";
	}
	if (total)
		fprintf(out, "%sinvalid %lu)", comma, (unsigned long)c->records_bad);
	put_over_share(out, &c->over_share);
	if (c->states_missed)
		fprintf(out, "; TCP state changes not seen: %lu", (unsigned long)c->states_missed);
	if (c->calls_missed)
		fprintf(out, "; ends of connect() and sends not seen: %lu",
			(unsigned long)c->calls_missed);
}

static void put_command(FILE *out, int status)
{
	if (WIFSIGNALED(status))
		fprintf(out, "; signal %d ended the command", WTERMSIG(status));
	else if (WIFEXITED(status))
		fprintf(out, "; the command exited with status %d", WEXITSTATUS(status));
	else
		fputs("; the command still runs", out);
}

/* "nothing was refused", "3 refusals (ephemeral-client 2, time-wait 1)" */
static void put_refused(FILE *out, const struct pc_counters *c)
{
	const char *comma = " (";

	if (!c->verdicts) {
		fputs("nothing was refused", out);
		return;
	}
	fprintf(out, "%lu refusal%s", (unsigned long)c->verdicts, c->verdicts == 1 ? "" : "s");
	for (int i = PC_CAUSE_INVALID + 1; i < PC_CAUSE_COUNT; i++) {
		if (!c->refusals[i])
			continue;
		fprintf(out, "%s%s %lu", comma, pc_cause_name(i), (unsigned long)c->refusals[i]);
		comma = ", ";
	}
	fputc(')', out);
}

static void put_claims_seen(FILE *out, const struct pc_counters *c)
{
	uint64_t claims = 0;

	for (int i = 0; i < PC_HOW_COUNT; i++)
		claims += c->claims[i];
	fprintf(out, "; claims seen: %lu", (unsigned long)claims);
}

void pc_put_summary(FILE *out, const struct pc_summary *s, bool verbose)
{
	const struct pc_counters *c = s->counters;

	fputs("watched for ", out);
	pc_put_age(out, s->watched_ns);
	fputs(": ", out);
	put_refused(out, c);
	if (c->repeats)
		fprintf(out, "; repeats folded: %lu", (unsigned long)c->repeats);
	if (c->merged)
		fprintf(out, "; only counted: %lu", (unsigned long)c->merged);
	if (c->left_out)
		fprintf(out, "; %lu refusal%s of others left out", (unsigned long)c->left_out,
			c->left_out == 1 ? "" : "s");
	if (c->looks_skipped)
		fprintf(out, "; looks at processes left out: %lu", (unsigned long)c->looks_skipped);
	if (s->outcomes)
		pc_put_outcomes(out, s->outcomes);
	if (c->warnings)
		fprintf(out, "; warnings: %lu", (unsigned long)c->warnings);
	if (verbose)
		put_claims_seen(out, c);
	put_lost(out, c);
	if (s->has_command)
		put_command(out, s->command_status);
	if (s->cost && verbose)
		pc_put_cost(out, s->cost, s->watched_ns);
}
