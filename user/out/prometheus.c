// SPDX-License-Identifier: GPL-2.0-only
/* The Prometheus text format: each family once, with every known label value from the start, so
 * that rate() and increase() see the first refusal too. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/capabilities.h"
#include "core/names.h"
#include "out/atomic.h"
#include "out/escape.h"
#include "out/prometheus.h"

#define COUNT_OF(table) (sizeof(table) / sizeof((table)[0]))

/* Longest value of an info label; a kernel's release is at most 64 bytes. */
#define LABEL_MAX 128

#define NS_PER_SECOND 1000000000
#define NS_PER_MS 1000000

static const uint8_t protos[] = { PC_PROTO_TCP, PC_PROTO_UDP, 0 };
static const int errnos[] = { EADDRINUSE, EADDRNOTAVAIL, EACCES, EAGAIN, 0 };

_Static_assert(COUNT_OF(protos) == PC_METRICS_PROTOS, "protos");
_Static_assert(COUNT_OF(errnos) == PC_METRICS_ERRNOS, "errnos");

/* A family without labels, and the uint64_t of struct pc_counters it shows. */
struct single {
	const char *name;
	const char *type;
	const char *help;
	size_t offset;
};

/* A label value, and the uint64_t of struct pc_counters it shows. */
struct labelled {
	const char *value;
	size_t offset;
};

#define COUNTER(field) offsetof(struct pc_counters, field)

static const struct single singles[] = {
	{ "claims_without_cookie_total", "counter",
	  "Claims by a socket without a cookie, which cannot be joined to a holder.",
	  COUNTER(lost[PC_STAT_COOKIES_MISSING]) },
	{ "state_changes_missed_total", "counter",
	  "TCP state changes that the kernel did not show; few of them are a claim.",
	  COUNTER(states_missed) },
	{ "sink_errors_total", "counter", "Log lines and files that could not be written.",
	  COUNTER(sink_errors) },
	{ "ledger_claims", "gauge", "Claims of living sockets in the ledger.",
	  COUNTER(ledger_claims) },
	{ "ledger_sweeps_total", "counter", "Passes that forget the claims of closed sockets.",
	  COUNTER(ledger_sweeps) },
	{ "ledger_forgotten_total", "counter", "Claims forgotten because their socket is closed.",
	  COUNTER(ledger_forgotten) },
	{ "ledger_refused_total", "counter", "Claims not kept because the ledger was full.",
	  COUNTER(ledger_refused) },
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

static unsigned proto_index(uint8_t proto)
{
	unsigned i = 0;

	while (i < PC_METRICS_PROTOS - 1 && protos[i] != proto)
		i++;
	return i;
}

static unsigned errno_index(int err)
{
	unsigned i = 0;

	while (i < PC_METRICS_ERRNOS - 1 && errnos[i] != err)
		i++;
	return i;
}

static const char *errno_label(unsigned index)
{
	const char *name = pc_errno_name(errnos[index]);

	return name ? name : "other";
}

void pc_metrics_refusal(struct pc_metrics *metrics, enum pc_cause cause, enum pc_op op,
			uint8_t proto, int err)
{
	if (cause == PC_CAUSE_INVALID || (unsigned)cause >= PC_CAUSE_COUNT)
		cause = PC_CAUSE_UNKNOWN;
	if ((unsigned)op >= PC_OP_COUNT)
		op = PC_OP_INVALID;
	metrics->refusals[cause][op][proto_index(proto)][errno_index(err)]++;
}

void pc_metrics_refused_port(struct pc_metrics *metrics, uint16_t port, uint8_t proto)
{
	uint8_t index = proto_index(proto);
	struct pc_metrics_port *own = metrics->ports;

	for (unsigned i = 0; i < metrics->ports_count; i++, own++) {
		if (own->port == port && own->proto == index) {
			own->refusals++;
			return;
		}
	}
	if (metrics->ports_count == PC_METRICS_PORTS_MAX) {
		metrics->other_ports[index]++;
		return;
	}
	*own = (struct pc_metrics_port){ .refusals = 1, .port = port, .proto = index };
	metrics->ports_count++;
}

static void put_family(FILE *out, const char *name, const char *type, const char *help)
{
	fprintf(out, "# HELP portclash_%s %s\n# TYPE portclash_%s %s\n", name, help, name, type);
}

static void put_single(FILE *out, const char *name, const char *type, const char *help,
		       uint64_t value)
{
	put_family(out, name, type, help);
	fprintf(out, "portclash_%s %" PRIu64 "\n", name, value);
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
	bool usual = op == usual_op(cause) && protos[proto] == PC_PROTO_TCP &&
		     errnos[err] == usual_errno(cause);

	if (value == 0 && !usual)
		return;
	fprintf(out, "portclash_refusals_total{cause=\"%s\",operation=\"%s\",protocol=\"%s\",",
		pc_cause_name(cause), pc_op_name(op), pc_proto_name(protos[proto]));
	fprintf(out, "errno=\"%s\"} %" PRIu64 "\n", errno_label(err), value);
}

static void put_refusals(FILE *out, const struct pc_metrics *metrics)
{
	put_family(out, "refusals_total", "counter",
		   "Calls refused for a port reason, by what stood in the way.");
	for (unsigned cause = PC_CAUSE_INVALID + 1; cause < PC_CAUSE_COUNT; cause++)
		for (unsigned op = 0; op < PC_OP_COUNT; op++)
			for (unsigned proto = 0; proto < PC_METRICS_PROTOS; proto++)
				for (unsigned err = 0; err < PC_METRICS_ERRNOS; err++)
					put_refusal(out, cause, op, proto, err,
						    metrics->refusals[cause][op][proto][err]);
}

static void put_refused_ports(FILE *out, const struct pc_metrics *metrics)
{
	static const char format[] =
		"portclash_refused_ports_total{port=\"%s\",protocol=\"%s\"} %" PRIu64 "\n";
	uint64_t folded = 0;
	char port[8];

	put_family(out, "refused_ports_total", "counter",
		   "Refusals by the port asked for; ports beyond the first 64 are other.");
	for (unsigned i = 0; i < metrics->ports_count; i++) {
		const struct pc_metrics_port *own = &metrics->ports[i];

		snprintf(port, sizeof(port), "%u", own->port);
		fprintf(out, format, port, pc_proto_name(protos[own->proto]), own->refusals);
	}
	for (unsigned i = 0; i < PC_METRICS_PROTOS; i++) {
		folded += metrics->other_ports[i];
		if (protos[i] || metrics->other_ports[i])
			fprintf(out, format, "other", pc_proto_name(protos[i]),
				metrics->other_ports[i]);
	}
	put_single(out, "refused_ports_folded_total", "counter",
		   "Refusals counted under the port label other.", folded);
}

static void put_claims(FILE *out, const struct pc_counters *counters)
{
	put_family(out, "claims_total", "counter", "Local ports obtained by a socket.");
	for (unsigned how = 0; how < PC_HOW_COUNT; how++)
		fprintf(out, "portclash_claims_total{how=\"%s\"} %" PRIu64 "\n", pc_how_name(how),
			counters->claims[how]);
}

/* The ways in which the kernel chooses a port. */
static void put_protected(FILE *out, const struct pc_counters *counters)
{
	static const char format[] =
		"portclash_protected_claims_total{protocol=\"%s\",how=\"%s\"} %" PRIu64 "\n";
	static const uint8_t hows[] = { PC_HOW_CONNECT, PC_HOW_BIND_ZERO, PC_HOW_AUTOBIND };

	put_family(out, "protected_claims_total", "counter",
		   "Ports to be kept free (--protect) that the kernel gave to a client.");
	for (unsigned udp = 0; udp < 2; udp++)
		for (unsigned i = 0; i < COUNT_OF(hows); i++)
			fprintf(out, format, udp ? "udp" : "tcp", pc_how_name(hows[i]),
				counters->protected_claims[udp][hows[i]]);
}

static void put_losses(FILE *out, const struct pc_counters *counters)
{
	put_family(out, "records_lost_total", "counter",
		   "Records that did not arrive whole, so that evidence may be missing.");
	for (size_t i = 0; i < COUNT_OF(losses); i++)
		fprintf(out, "portclash_records_lost_total{record=\"%s\"} %" PRIu64 "\n",
			losses[i].value, counter_at(counters, losses[i].offset));
}

static void put_singles(FILE *out, const struct pc_counters *counters)
{
	for (size_t i = 0; i < COUNT_OF(singles); i++)
		put_single(out, singles[i].name, singles[i].type, singles[i].help,
			   counter_at(counters, singles[i].offset));
}

static void put_range(FILE *out, const struct pc_port_usage *usage)
{
	uint32_t low = usage->range_low, high = usage->range_high;
	uint32_t ports = low <= high ? high - low + 1 : 0;

	if (!usage->known)
		return;
	put_single(out, "ephemeral_range_low", "gauge",
		   "First port of net.ipv4.ip_local_port_range.", low);
	put_single(out, "ephemeral_range_high", "gauge",
		   "Last port of net.ipv4.ip_local_port_range.", high);
	put_single(out, "ephemeral_ports", "gauge", "Ports in net.ipv4.ip_local_port_range.",
		   ports);
	put_single(out, "reserved_ports", "gauge", "Ports in net.ipv4.ip_local_reserved_ports.",
		   usage->reserved);
	put_single(out, "reserved_ephemeral_ports", "gauge",
		   "Reserved ports that lie in the ephemeral range.", usage->reserved_in_range);
}

static void put_by_protocol(FILE *out, const char *name, const char *help, uint32_t tcp,
			    uint32_t udp)
{
	put_family(out, name, "gauge", help);
	fprintf(out, "portclash_%s{protocol=\"tcp\"} %" PRIu32 "\n", name, tcp);
	fprintf(out, "portclash_%s{protocol=\"udp\"} %" PRIu32 "\n", name, udp);
}

static void put_in_use(FILE *out, const struct pc_port_usage *usage)
{
	if (!usage->in_use_known)
		return;
	put_by_protocol(out, "ports_in_use", "Local ports that a socket holds.", usage->tcp_in_use,
			usage->udp_in_use);
	put_by_protocol(out, "ephemeral_ports_in_use",
			"Local ports in the ephemeral range that a socket holds.",
			usage->tcp_in_range, usage->udp_in_range);
}

static void put_label(FILE *out, const char *name, const char *value)
{
	char text[PC_ESCAPE_SIZE(LABEL_MAX)];

	pc_escape_label(value, value ? strnlen(value, LABEL_MAX) : 0, text, sizeof(text));
	fprintf(out, "%s=\"%s\"", name, text);
}

static void put_build_info(FILE *out, const struct pc_metrics *metrics)
{
	put_family(out, "build_info", "gauge", "Always 1; what is running is in the labels.");
	fputs("portclash_build_info{", out);
	put_label(out, "version", metrics->version);
	fputc(',', out);
	put_label(out, "backend", metrics->backend);
	fputc(',', out);
	put_label(out, "kernel", metrics->kernel);
	fputs("} 1\n", out);
}

/* In integers: the decimal point of printf() is the locale's. */
static void put_time(FILE *out, const char *name, const char *help, uint64_t ns)
{
	put_family(out, name, "gauge", help);
	fprintf(out, "portclash_%s %" PRIu64 ".%03u\n", name, ns / NS_PER_SECOND,
		(unsigned)(ns / NS_PER_MS % 1000));
}

static void put_privileges(FILE *out, const struct pc_metrics *metrics)
{
	put_family(out, "capability_missing", "gauge",
		   "1 where the agent wants a capability that it has not got.");
	for (size_t i = 0; i < pc_capabilities_count; i++)
		fprintf(out, "portclash_capability_missing{capability=\"%s\"} %u\n",
			pc_capabilities[i].name,
			(unsigned)(metrics->capabilities_missing >> pc_capabilities[i].bit & 1));
	put_single(out, "confined", "gauge",
		   "1 when the privileges that only the start needs were given up.",
		   metrics->confined);
}

static void put_agent(FILE *out, const struct pc_metrics *metrics)
{
	put_build_info(out, metrics);
	put_single(out, "up", "gauge", "1 while the agent watches, 0 after it was stopped.",
		   metrics->up);
	put_time(out, "start_time_seconds", "When the agent started, in Unix time.",
		 metrics->start_ns);
	put_time(out, "last_update_timestamp_seconds", "When this file was made, in Unix time.",
		 metrics->update_ns);
}

static void put_config(FILE *out, const struct pc_metrics *metrics)
{
	put_single(out, "config_errors_total", "counter",
		   "Mistakes found in the configuration when it was read again.",
		   metrics->config.mistakes);
	put_single(out, "config_last_reload_successful", "gauge",
		   "1 when the configuration was taken the last time it was read, else 0.",
		   !metrics->config.failed);
	put_time(out, "config_last_reload_success_timestamp_seconds",
		 "When the configuration in use was read, in Unix time.",
		 metrics->config.success_ns);
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
	put_range(out, &metrics->usage);
	put_in_use(out, &metrics->usage);
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
