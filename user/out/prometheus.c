// SPDX-License-Identifier: GPL-2.0-only
/* The Prometheus text format: each family once, with every known label value from the start, so
 * that rate() and increase() see the first refusal too. */
#include "out/prometheus.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/capabilities.h"
#include "core/names.h"
#include "out/atomic.h"
#include "out/escape.h"
#include "out/families.h"

#define COUNT_OF(table) (sizeof(table) / sizeof((table)[0]))

/* Longest value of an info label; a kernel's release is at most 64 bytes. */
#define LABEL_MAX 128

#define NS_PER_SECOND 1000000000
#define NS_PER_MS 1000000

/* A family without labels, and the uint64_t of struct pc_counters it shows. */
struct single {
	enum pc_family family;
	size_t offset;
};

/* A label value, and the uint64_t of struct pc_counters it shows. */
struct labelled {
	const char *value;
	size_t offset;
};

#define COUNTER(field) offsetof(struct pc_counters, field)

static const struct single singles[] = {
	{ PC_FAMILY_CLAIMS_WITHOUT_COOKIE, COUNTER(lost[PC_STAT_COOKIES_MISSING]) },
	{ PC_FAMILY_STATES_MISSED, COUNTER(states_missed) },
	{ PC_FAMILY_REPEATS, COUNTER(repeats) },
	{ PC_FAMILY_SINK_ERRORS, COUNTER(sink_errors) },
	{ PC_FAMILY_LEDGER_CLAIMS, COUNTER(ledger_claims) },
	{ PC_FAMILY_LEDGER_SWEEPS, COUNTER(ledger_sweeps) },
	{ PC_FAMILY_LEDGER_SWEEPS_FAILED, COUNTER(ledger_sweeps_failed) },
	{ PC_FAMILY_LEDGER_FORGOTTEN, COUNTER(ledger_forgotten) },
	{ PC_FAMILY_LEDGER_REFUSED, COUNTER(ledger_refused) },
};

static const struct labelled losses[] = {
	{ "claim", COUNTER(lost[PC_STAT_CLAIMS_LOST]) },
	{ "process", COUNTER(lost[PC_STAT_PROCESSES_LOST]) },
	{ "endpoints", COUNTER(lost[PC_STAT_ENDPOINTS_LOST]) },
	{ "refusal", COUNTER(lost[PC_STAT_REFUSALS_LOST]) },
	{ "call", COUNTER(lost[PC_STAT_CALLS_UNTRACKED]) },
	{ "argument", COUNTER(lost[PC_STAT_ARGUMENTS_MISSING]) },
	{ "not_run", COUNTER(lost[PC_STAT_NOT_RUN]) },
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

/* Its name, for the samples that follow. */
static const char *put_family(FILE *out, enum pc_family family)
{
	const struct pc_family_text *t = pc_family_text(family);

	fprintf(out, "# HELP portclash_%s %s\n# TYPE portclash_%s %s\n", t->name, t->help, t->name,
		t->type);
	return t->name;
}

static void put_single(FILE *out, enum pc_family family, uint64_t value)
{
	fprintf(out, "portclash_%s %" PRIu64 "\n", put_family(out, family), value);
}

/* The errno a cause usually comes with: its series is there, as 0, before anything happens. */
static int usual_errno(enum pc_cause cause)
{
	if (cause == PC_CAUSE_PRIVILEGED_PORT)
		return EACCES;
	return cause == PC_CAUSE_ADDRESS_NOT_LOCAL || cause == PC_CAUSE_CONNECTION_EXISTS ?
		       EADDRNOTAVAIL :
		       EADDRINUSE;
}

static enum pc_op usual_op(enum pc_cause cause)
{
	return cause == PC_CAUSE_CONNECTION_EXISTS ? PC_OP_CONNECT : PC_OP_BIND;
}

static void put_refusal(FILE *out, enum pc_cause cause, enum pc_op op, unsigned proto, unsigned err,
			uint64_t value)
{
	bool usual = op == usual_op(cause) && pc_metrics_protos[proto] == PC_PROTO_TCP &&
		     pc_metrics_errnos[err] == usual_errno(cause);

	if (value == 0 && !usual)
		return;
	fprintf(out, "portclash_refusals_total{cause=\"%s\",operation=\"%s\",protocol=\"%s\",",
		pc_cause_name(cause), pc_op_name(op), pc_proto_name(pc_metrics_protos[proto]));
	fprintf(out, "errno=\"%s\"} %" PRIu64 "\n", errno_label(err), value);
}

static void put_refusals(FILE *out, const struct pc_metrics *metrics)
{
	put_family(out, PC_FAMILY_REFUSALS);
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
	const char *name = put_family(out, PC_FAMILY_REFUSED_PORTS);
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
		if (pc_metrics_protos[i] || metrics->other_ports[i])
			fprintf(out, format, name, "other", pc_proto_name(pc_metrics_protos[i]),
				metrics->other_ports[i]);
	}
	put_single(out, PC_FAMILY_REFUSED_PORTS_FOLDED, folded);
}

static void put_claims(FILE *out, const struct pc_counters *counters)
{
	const char *name = put_family(out, PC_FAMILY_CLAIMS);

	for (unsigned how = 0; how < PC_HOW_COUNT; how++)
		fprintf(out, "portclash_%s{how=\"%s\"} %" PRIu64 "\n", name, pc_how_name(how),
			counters->claims[how]);
}

/* The ways in which the kernel chooses a port. */
static void put_protected(FILE *out, const struct pc_counters *counters)
{
	static const uint8_t hows[] = { PC_HOW_CONNECT, PC_HOW_BIND_ZERO, PC_HOW_AUTOBIND };
	const char *name = put_family(out, PC_FAMILY_PROTECTED_CLAIMS);

	for (unsigned udp = 0; udp < 2; udp++)
		for (unsigned i = 0; i < COUNT_OF(hows); i++)
			fprintf(out, "portclash_%s{protocol=\"%s\",how=\"%s\"} %" PRIu64 "\n", name,
				udp ? "udp" : "tcp", pc_how_name(hows[i]),
				counters->protected_claims[udp][hows[i]]);
}

static void put_losses(FILE *out, const struct pc_counters *counters)
{
	const char *name = put_family(out, PC_FAMILY_RECORDS_LOST);

	for (size_t i = 0; i < COUNT_OF(losses); i++)
		fprintf(out, "portclash_%s{record=\"%s\"} %" PRIu64 "\n", name, losses[i].value,
			counter_at(counters, losses[i].offset));
}

static void put_singles(FILE *out, const struct pc_counters *counters)
{
	for (size_t i = 0; i < COUNT_OF(singles); i++)
		put_single(out, singles[i].family, counter_at(counters, singles[i].offset));
}

/* In integers, as put_ratio(); getrusage() and the programs' clock are finer than a millisecond. */
static void put_ns(FILE *out, uint64_t ns)
{
	fprintf(out, "%" PRIu64 ".%09u\n", ns / NS_PER_SECOND, (unsigned)(ns % NS_PER_SECOND));
}

/* Their number is that of the programs of the back end. Where the kernel does not count, 0 would be
 * a lie: rather none. */
static void put_programs(FILE *out, const struct pc_cost *cost)
{
	const char *name;

	put_single(out, PC_FAMILY_BPF_STATS, cost->programs_counted);
	if (!cost->programs_counted)
		return;
	name = put_family(out, PC_FAMILY_PROGRAM_RUNS);
	for (unsigned i = 0; i < cost->programs_count; i++)
		fprintf(out, "portclash_%s{program=\"%s\"} %" PRIu64 "\n", name,
			cost->programs[i].name, cost->programs[i].runs);
	name = put_family(out, PC_FAMILY_PROGRAM_TIME);
	for (unsigned i = 0; i < cost->programs_count; i++) {
		fprintf(out, "portclash_%s{program=\"%s\"} ", name, cost->programs[i].name);
		put_ns(out, cost->programs[i].ns);
	}
}

static void put_rings(FILE *out, const struct pc_cost *cost)
{
	static const char format[] = "portclash_%s{ring=\"%s\"} %" PRIu64 "\n";
	const char *name = put_family(out, PC_FAMILY_RING_SIZE);

	for (unsigned i = 0; i < PC_RING_COUNT; i++)
		fprintf(out, format, name, pc_ring_name(i), cost->rings[i].size);
	name = put_family(out, PC_FAMILY_RING_PEAK);
	for (unsigned i = 0; i < PC_RING_COUNT; i++)
		fprintf(out, format, name, pc_ring_name(i), cost->rings[i].peak);
}

static void put_cost(FILE *out, const struct pc_cost *cost)
{
	if (cost->cpu_known) {
		fprintf(out, "portclash_%s ", put_family(out, PC_FAMILY_CPU));
		put_ns(out, cost->cpu_ns);
	}
	if (cost->memory_known)
		put_single(out, PC_FAMILY_RESIDENT, cost->resident);
	if (cost->maps_known)
		put_single(out, PC_FAMILY_MAP_MEMORY, cost->maps);
	put_rings(out, cost);
	put_programs(out, cost);
}

static void put_range(FILE *out, const struct pc_port_usage *usage)
{
	uint32_t low = usage->range_low, high = usage->range_high;

	if (!usage->known)
		return;
	put_single(out, PC_FAMILY_RANGE_LOW, low);
	put_single(out, PC_FAMILY_RANGE_HIGH, high);
	put_single(out, PC_FAMILY_RANGE_PORTS, low <= high ? high - low + 1 : 0);
	put_single(out, PC_FAMILY_RESERVED_PORTS, usage->reserved);
	put_single(out, PC_FAMILY_RESERVED_IN_RANGE, usage->reserved_in_range);
}

static void put_by_protocol(FILE *out, enum pc_family family, uint32_t tcp, uint32_t udp)
{
	const char *name = put_family(out, family);

	fprintf(out, "portclash_%s{protocol=\"tcp\"} %" PRIu32 "\n", name, tcp);
	fprintf(out, "portclash_%s{protocol=\"udp\"} %" PRIu32 "\n", name, udp);
}

/* In integers, rounded down: the decimal point of printf() is the locale's. Of a range with no
 * port left to choose from, all is used. */
static void put_ratio(FILE *out, const char *name, const char *proto, uint32_t part, uint32_t whole)
{
	uint64_t share = whole && part < whole ? (uint64_t)part * 10000 / whole : 10000;

	fprintf(out, "portclash_%s{protocol=\"%s\"} %u.%04u\n", name, proto,
		(unsigned)(share / 10000), (unsigned)(share % 10000));
}

static void put_use(FILE *out, const struct pc_port_usage *usage)
{
	const char *name;

	if (usage->exposed_known)
		put_by_protocol(out, PC_FAMILY_EXPOSED_LISTENERS, usage->tcp_exposed,
				usage->udp_exposed);
	if (!usage->in_use_known)
		return;
	put_by_protocol(out, PC_FAMILY_PORTS_IN_USE, usage->tcp_in_use, usage->udp_in_use);
	if (!usage->known)
		return;
	put_by_protocol(out, PC_FAMILY_RANGE_IN_USE, usage->tcp_in_range, usage->udp_in_range);
	name = put_family(out, PC_FAMILY_RANGE_USE_RATIO);
	put_ratio(out, name, "tcp", usage->tcp_offered, usage->offered);
	put_ratio(out, name, "udp", usage->udp_offered, usage->offered);
}

static void put_label(FILE *out, const char *name, const char *value)
{
	char text[PC_ESCAPE_SIZE(LABEL_MAX)];

	pc_escape_label(value, value ? strnlen(value, LABEL_MAX) : 0, text, sizeof(text));
	fprintf(out, "%s=\"%s\"", name, text);
}

static void put_build_info(FILE *out, const struct pc_metrics *metrics)
{
	fprintf(out, "portclash_%s{", put_family(out, PC_FAMILY_BUILD_INFO));
	put_label(out, "version", metrics->version);
	fputc(',', out);
	put_label(out, "backend", metrics->backend);
	fputc(',', out);
	put_label(out, "kernel", metrics->kernel);
	fputs("} 1\n", out);
}

/* In integers, as put_ratio(). */
static void put_time(FILE *out, enum pc_family family, uint64_t ns)
{
	fprintf(out, "portclash_%s %" PRIu64 ".%03u\n", put_family(out, family), ns / NS_PER_SECOND,
		(unsigned)(ns / NS_PER_MS % 1000));
}

static void put_privileges(FILE *out, const struct pc_metrics *metrics)
{
	const char *name = put_family(out, PC_FAMILY_CAPABILITY_MISSING);

	for (size_t i = 0; i < pc_capabilities_count; i++)
		fprintf(out, "portclash_%s{capability=\"%s\"} %u\n", name, pc_capabilities[i].name,
			(unsigned)(metrics->capabilities_missing >> pc_capabilities[i].bit & 1));
	put_single(out, PC_FAMILY_CONFINED, metrics->confined);
}

static void put_agent(FILE *out, const struct pc_metrics *metrics)
{
	put_build_info(out, metrics);
	put_single(out, PC_FAMILY_UP, metrics->up);
	put_time(out, PC_FAMILY_START_TIME, metrics->start_ns);
	put_time(out, PC_FAMILY_LAST_UPDATE, metrics->update_ns);
	put_time(out, PC_FAMILY_INTERVAL, metrics->interval_ns);
}

static void put_config(FILE *out, const struct pc_metrics *metrics)
{
	put_single(out, PC_FAMILY_CONFIG_ERRORS, metrics->config.mistakes);
	put_single(out, PC_FAMILY_CONFIG_SUCCESSFUL, !metrics->config.failed);
	put_time(out, PC_FAMILY_CONFIG_SUCCESS_TIME, metrics->config.success_ns);
}

char *pc_prometheus_format(const struct pc_metrics *metrics, size_t *len)
{
	size_t size = 0;
	char *text = NULL;
	FILE *out = open_memstream(&text, &size);
	bool failed;

	if (!out)
		return NULL;
	put_agent(out, metrics);
	put_privileges(out, metrics);
	put_config(out, metrics);
	put_refusals(out, metrics);
	put_refused_ports(out, metrics);
	put_claims(out, metrics->counters);
	put_protected(out, metrics->counters);
	put_losses(out, metrics->counters);
	put_singles(out, metrics->counters);
	put_cost(out, &metrics->cost);
	put_range(out, &metrics->usage);
	put_use(out, &metrics->usage);
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
