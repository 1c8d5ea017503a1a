// SPDX-License-Identifier: GPL-2.0-only
/* The Prometheus text format: each family once, with every known label value from the start, so
 * that rate() and increase() see the first refusal too. */
#include "core/base/time.h"
#include "out/prometheus.h"

#include "out/prometheus_private.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/config/capabilities.h"
#include "core/base/names.h"
#include "core/verdict/causes.h"
#include "out/atomic.h"
#include "out/escape.h"
#include "out/metric_table.h"

#define COUNT_OF(table) (sizeof(table) / sizeof((table)[0]))

/* Longest value of an info label; a kernel's release is at most 64 bytes. */
#define LABEL_MAX 128

/* A family without labels, and the uint64_t of struct pc_counters it shows. */
struct single {
	enum pc_metric family;
	size_t offset;
};

/* A label value, and the uint64_t of struct pc_counters it shows. */
struct labelled {
	const char *value;
	size_t offset;
};

#define COUNTER(field) offsetof(struct pc_counters, field)

static const struct single singles[] = {
	{ PC_METRIC_CLAIMS_WITHOUT_COOKIE, COUNTER(lost[PC_STAT_COOKIES_MISSING]) },
	{ PC_METRIC_STATES_MISSED, COUNTER(states_missed) },
	{ PC_METRIC_REPEATS, COUNTER(repeats) },
	{ PC_METRIC_IDENTITIES_SHED, COUNTER(identities_shed) },
	{ PC_METRIC_LOOKS_SKIPPED, COUNTER(looks_skipped) },
	{ PC_METRIC_MERGED, COUNTER(merged) },
	{ PC_METRIC_LEFT_OUT, COUNTER(left_out) },
	{ PC_METRIC_UNWRITTEN, COUNTER(unwritten) },
	{ PC_METRIC_SINK_ERRORS, COUNTER(sink_errors) },
	{ PC_METRIC_LEDGER_CLAIMS, COUNTER(ledger_claims) },
	{ PC_METRIC_LEDGER_SWEEPS, COUNTER(ledger_sweeps) },
	{ PC_METRIC_LEDGER_SWEEPS_FAILED, COUNTER(ledger_sweeps_failed) },
	{ PC_METRIC_LEDGER_FORGOTTEN, COUNTER(ledger_forgotten) },
	{ PC_METRIC_LEDGER_REFUSED, COUNTER(ledger_refused) },
};

static const struct labelled losses[] = {
	{ "claim", COUNTER(lost[PC_STAT_CLAIMS_LOST]) },
	{ "process", COUNTER(lost[PC_STAT_PROCESSES_LOST]) },
	{ "endpoints", COUNTER(lost[PC_STAT_ENDPOINTS_LOST]) },
	{ "refusal", COUNTER(lost[PC_STAT_REFUSALS_LOST]) },
	{ "call", COUNTER(lost[PC_STAT_CALLS_UNTRACKED]) },
	{ "argument", COUNTER(lost[PC_STAT_ARGUMENTS_MISSING]) },
	{ "not_run", COUNTER(lost[PC_STAT_NOT_RUN]) },
	{ "end", COUNTER(lost[PC_STAT_ENDS_LOST]) },
	{ "over_share", COUNTER(lost[PC_STAT_OVER_SHARE]) },
	{ "invalid", COUNTER(records_bad) },
};

/* The cookies have a family of their own, records_bad is none of the kernel's. */
_Static_assert(COUNT_OF(losses) == PC_STAT_COUNT, "each pc_stat is shown");

static uint64_t counter_at(const struct pc_counters *counters, size_t offset)
{
	return *(const uint64_t *)((const char *)counters + offset);
}

static const char *errno_label(unsigned index)
{
	const char *name = pc_errno_name(pc_metrics_errnos[index]);

	return name ? name : "other";
}

const char *pc_prometheus_family(FILE *out, enum pc_metric family)
{
	const struct pc_metric_text *t = pc_metric_text(family);

	fprintf(out, "# HELP portclash_%s %s\n# TYPE portclash_%s %s\n", t->name, t->help, t->name,
		t->type);
	return t->name;
}

void pc_prometheus_single(FILE *out, enum pc_metric family, uint64_t value)
{
	fprintf(out, "portclash_%s %" PRIu64 "\n", pc_prometheus_family(out, family), value);
}

static bool is_usual_proto(const struct pc_cause_row *row, uint8_t proto)
{
	uint8_t usual = row->usual.proto ? row->usual.proto : PC_PROTO_TCP;

	return proto == (usual == PC_PROTO_OTHER ? 0 : usual);
}

static void put_refusal(FILE *out, enum pc_cause cause, enum pc_op op, unsigned proto, unsigned err,
			uint64_t value)
{
	const struct pc_cause_row *row = pc_cause_row(cause);
	bool usual = op == row->usual.op && is_usual_proto(row, pc_metrics_protos[proto]) &&
		     pc_metrics_errnos[err] == row->usual.error;

	if (value == 0 && !usual)
		return;
	fprintf(out, "portclash_refusals_total{cause=\"%s\",operation=\"%s\",protocol=\"%s\",",
		row->name, pc_op_name(op), pc_proto_name(pc_metrics_protos[proto]));
	fprintf(out, "errno=\"%s\"} %" PRIu64 "\n", errno_label(err), value);
}

static void put_refusals(FILE *out, const struct pc_metrics *metrics)
{
	pc_prometheus_family(out, PC_METRIC_REFUSALS);
	for (unsigned cause = PC_CAUSE_INVALID + 1; cause < PC_CAUSE_COUNT; cause++)
		for (unsigned op = 0; op < PC_OP_COUNT; op++)
			for (unsigned proto = 0; proto < PC_METRICS_PROTOS; proto++)
				for (unsigned err = 0; err < PC_METRICS_ERRNOS; err++)
					put_refusal(out, cause, op, proto, err,
						    metrics->refusals[cause][op][proto][err]);
}

static void put_refused_ports(FILE *out, const struct pc_metrics *metrics)
{
	static const char format[] = "portclash_%s{port=\"%s\",protocol=\"%s\"} %" PRIu64 "\n";
	const char *name = pc_prometheus_family(out, PC_METRIC_REFUSED_PORTS);
	uint64_t folded = 0;
	char port[8];

	for (unsigned i = 0; i < metrics->ports_count; i++) {
		const struct pc_metrics_port *own = &metrics->ports[i];

		snprintf(port, sizeof(port), "%u", own->port);
		fprintf(out, format, name, port, pc_proto_name(pc_metrics_protos[own->proto]),
			own->refusals);
	}
	for (unsigned i = 0; i < PC_METRICS_PROTOS; i++) {
		folded += metrics->other_ports[i];
		if ((pc_metrics_protos[i] && pc_metrics_protos[i] != PC_PROTO_UNIX) ||
		    metrics->other_ports[i])
			fprintf(out, format, name, "other", pc_proto_name(pc_metrics_protos[i]),
				metrics->other_ports[i]);
	}
	pc_prometheus_single(out, PC_METRIC_REFUSED_PORTS_FOLDED, folded);
}

static void put_claims(FILE *out, const struct pc_counters *counters)
{
	const char *name = pc_prometheus_family(out, PC_METRIC_CLAIMS);

	for (unsigned how = 0; how < PC_HOW_COUNT; how++)
		fprintf(out, "portclash_%s{how=\"%s\"} %" PRIu64 "\n", name, pc_how_name(how),
			counters->claims[how]);
}

/* The ways in which the kernel chooses a port. */
static void put_protected(FILE *out, const struct pc_counters *counters)
{
	static const uint8_t hows[] = { PC_HOW_CONNECT, PC_HOW_BIND_ZERO, PC_HOW_AUTOBIND };
	const char *name = pc_prometheus_family(out, PC_METRIC_PROTECTED_CLAIMS);

	for (unsigned udp = 0; udp < 2; udp++)
		for (unsigned i = 0; i < COUNT_OF(hows); i++)
			fprintf(out, "portclash_%s{protocol=\"%s\",how=\"%s\"} %" PRIu64 "\n", name,
				udp ? "udp" : "tcp", pc_how_name(hows[i]),
				counters->protected_claims[udp][hows[i]]);
}

static void put_losses(FILE *out, const struct pc_counters *counters)
{
	const char *name = pc_prometheus_family(out, PC_METRIC_RECORDS_LOST);

	for (size_t i = 0; i < COUNT_OF(losses); i++)
		fprintf(out, "portclash_%s{record=\"%s\"} %" PRIu64 "\n", name, losses[i].value,
			counter_at(counters, losses[i].offset));
}

static void put_singles(FILE *out, const struct pc_counters *counters)
{
	for (size_t i = 0; i < COUNT_OF(singles); i++)
		pc_prometheus_single(out, singles[i].family,
				     counter_at(counters, singles[i].offset));
}

/* Prints in integers, as put_ratio(); getrusage() and the programs' clock are finer than a
 * millisecond. */
static void put_ns(FILE *out, uint64_t ns)
{
	fprintf(out, "%" PRIu64 ".%09u\n", ns / PC_NS_PER_SECOND,
		(unsigned)(ns % PC_NS_PER_SECOND));
}

/* The back end has a fixed number of programs. Where the kernel does not count, 0 would be a lie:
 * the samples are left out. */
static void prometheus_put_programs(FILE *out, const struct pc_cost *cost)
{
	const char *name;

	pc_prometheus_single(out, PC_METRIC_BPF_STATS, cost->programs_counted);
	if (!cost->programs_counted)
		return;
	name = pc_prometheus_family(out, PC_METRIC_PROGRAM_RUNS);
	for (unsigned i = 0; i < cost->programs_count; i++)
		fprintf(out, "portclash_%s{program=\"%s\"} %" PRIu64 "\n", name,
			cost->programs[i].name, cost->programs[i].runs);
	name = pc_prometheus_family(out, PC_METRIC_PROGRAM_TIME);
	for (unsigned i = 0; i < cost->programs_count; i++) {
		fprintf(out, "portclash_%s{program=\"%s\"} ", name, cost->programs[i].name);
		put_ns(out, cost->programs[i].ns);
	}
}

static void prometheus_put_rings(FILE *out, const struct pc_cost *cost)
{
	static const char format[] = "portclash_%s{ring=\"%s\"} %" PRIu64 "\n";
	const char *name = pc_prometheus_family(out, PC_METRIC_RING_SIZE);

	for (unsigned i = 0; i < PC_RING_COUNT; i++)
		fprintf(out, format, name, pc_ring_name(i), cost->rings[i].size);
	name = pc_prometheus_family(out, PC_METRIC_RING_PEAK);
	for (unsigned i = 0; i < PC_RING_COUNT; i++)
		fprintf(out, format, name, pc_ring_name(i), cost->rings[i].peak);
}

static void put_cost(FILE *out, const struct pc_cost *cost)
{
	if (cost->cpu_known) {
		fprintf(out, "portclash_%s ", pc_prometheus_family(out, PC_METRIC_CPU));
		put_ns(out, cost->cpu_ns);
	}
	if (cost->memory_known)
		pc_prometheus_single(out, PC_METRIC_RESIDENT, cost->resident);
	if (cost->maps_known)
		pc_prometheus_single(out, PC_METRIC_MAP_MEMORY, cost->maps);
	prometheus_put_rings(out, cost);
	prometheus_put_programs(out, cost);
}

static void put_label(FILE *out, const char *name, const char *value)
{
	char text[PC_ESCAPE_SIZE(LABEL_MAX)];

	pc_escape_label(value, value ? strnlen(value, LABEL_MAX) : 0, text, sizeof(text));
	fprintf(out, "%s=\"%s\"", name, text);
}

static void put_build_info(FILE *out, const struct pc_metrics *metrics)
{
	fprintf(out, "portclash_%s{", pc_prometheus_family(out, PC_METRIC_BUILD_INFO));
	put_label(out, "version", metrics->version);
	fputc(',', out);
	put_label(out, "backend", metrics->backend);
	fputc(',', out);
	put_label(out, "kernel", metrics->kernel);
	fputs("} 1\n", out);
}

/* Prints in integers, as put_ratio(). */
static void prometheus_put_time(FILE *out, enum pc_metric family, uint64_t ns)
{
	fprintf(out, "portclash_%s %" PRIu64 ".%03u\n", pc_prometheus_family(out, family),
		ns / PC_NS_PER_SECOND, (unsigned)(ns / PC_NS_PER_MS % 1000));
}

static void put_privileges(FILE *out, const struct pc_metrics *metrics)
{
	const char *name = pc_prometheus_family(out, PC_METRIC_CAPABILITY_MISSING);

	for (size_t i = 0; i < pc_capabilities_count; i++)
		fprintf(out, "portclash_%s{capability=\"%s\"} %u\n", name, pc_capabilities[i].name,
			(unsigned)(metrics->capabilities_missing >> pc_capabilities[i].bit & 1));
	pc_prometheus_single(out, PC_METRIC_CONFINED, metrics->confined);
}

static void put_agent(FILE *out, const struct pc_metrics *metrics)
{
	put_build_info(out, metrics);
	pc_prometheus_single(out, PC_METRIC_UP, metrics->up);
	prometheus_put_time(out, PC_METRIC_START_TIME, metrics->start_ns);
	prometheus_put_time(out, PC_METRIC_LAST_UPDATE, metrics->update_ns);
	prometheus_put_time(out, PC_METRIC_INTERVAL, metrics->interval_ns);
}

static void put_config(FILE *out, const struct pc_metrics *metrics)
{
	pc_prometheus_single(out, PC_METRIC_CONFIG_ERRORS, metrics->config.mistakes);
	pc_prometheus_single(out, PC_METRIC_CONFIG_SUCCESSFUL, !metrics->config.failed);
	prometheus_put_time(out, PC_METRIC_CONFIG_SUCCESS_TIME, metrics->config.success_ns);
}

static void put_flight(FILE *out, const struct pc_metrics_flight *flight)
{
	pc_prometheus_single(out, PC_METRIC_FLIGHT_ACTIVE, flight->active);
	pc_prometheus_single(out, PC_METRIC_FLIGHT_CLAIMS, flight->counts.claims);
	pc_prometheus_single(out, PC_METRIC_FLIGHT_OVERWRITTEN, flight->counts.overwritten);
	prometheus_put_time(out, PC_METRIC_FLIGHT_SINCE, flight->counts.since_ns);
}

char *pc_prometheus_format(const struct pc_metrics *metrics, size_t *len)
{
	size_t size = 0;
	char *text = NULL;
	FILE *out = open_memstream(&text, &size);
	static const struct pc_outcomes_counters none;
	bool failed;

	if (!out)
		return NULL;
	put_agent(out, metrics);
	put_privileges(out, metrics);
	put_config(out, metrics);
	put_refusals(out, metrics);
	put_refused_ports(out, metrics);
	pc_prometheus_outcomes(out, metrics->outcomes ? metrics->outcomes : &none);
	put_claims(out, metrics->counters);
	put_protected(out, metrics->counters);
	put_losses(out, metrics->counters);
	put_singles(out, metrics->counters);
	put_cost(out, &metrics->cost);
	pc_prometheus_usage(out, &metrics->usage);
	pc_prometheus_guard(out, &metrics->guard);
	put_flight(out, &metrics->flight);
	failed = ferror(out);
	if (fclose(out) || failed) {
		free(text);
		return NULL;
	}
	*len = size;
	return text;
}

int pc_prometheus_write(const char *path, const struct pc_metrics *metrics)
{
	size_t len;
	char *text = pc_prometheus_format(metrics, &len);
	int err;

	if (!text)
		return -ENOMEM;
	err = pc_write_atomic(path, text, len);
	free(text);
	return err;
}
