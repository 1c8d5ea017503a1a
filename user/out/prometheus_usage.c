// SPDX-License-Identifier: GPL-2.0-only
/* The metrics of the range that the kernel chooses ports from, and of the ports in use. */
#include <inttypes.h>

#include "out/prometheus_private.h"

static void put_range(FILE *out, const struct pc_port_usage *usage)
{
	uint32_t low = usage->range_low, high = usage->range_high;

	if (!usage->known)
		return;
	pc_prometheus_single(out, PC_METRIC_RANGE_LOW, low);
	pc_prometheus_single(out, PC_METRIC_RANGE_HIGH, high);
	pc_prometheus_single(out, PC_METRIC_RANGE_PORTS, low <= high ? high - low + 1 : 0);
	pc_prometheus_single(out, PC_METRIC_RESERVED_PORTS, usage->reserved);
	pc_prometheus_single(out, PC_METRIC_RESERVED_IN_RANGE, usage->reserved_in_range);
}

static void put_by_protocol(FILE *out, enum pc_metric family, uint32_t tcp, uint32_t udp)
{
	const char *name = pc_prometheus_family(out, family);

	fprintf(out, "portclash_%s{protocol=\"tcp\"} %" PRIu32 "\n", name, tcp);
	fprintf(out, "portclash_%s{protocol=\"udp\"} %" PRIu32 "\n", name, udp);
}

/* Prints in integers, rounded down: the decimal point of printf() is the locale's. A range with no
 * port left to choose from is all used. */
static void put_ratio(FILE *out, const char *name, const char *proto, uint32_t part, uint32_t whole)
{
	uint64_t share = whole && part < whole ? (uint64_t)part * 10000 / whole : 10000;

	fprintf(out, "portclash_%s{protocol=\"%s\"} %u.%04u\n", name, proto,
		(unsigned)(share / 10000), (unsigned)(share % 10000));
}

static void prometheus_put_use(FILE *out, const struct pc_port_usage *usage)
{
	const char *name;

	if (usage->exposed_known)
		put_by_protocol(out, PC_METRIC_EXPOSED_LISTENERS, usage->tcp_exposed,
				usage->udp_exposed);
	if (!usage->in_use_known)
		return;
	put_by_protocol(out, PC_METRIC_PORTS_IN_USE, usage->tcp_in_use, usage->udp_in_use);
	if (!usage->known)
		return;
	put_by_protocol(out, PC_METRIC_RANGE_IN_USE, usage->tcp_in_range, usage->udp_in_range);
	name = pc_prometheus_family(out, PC_METRIC_RANGE_USE_RATIO);
	put_ratio(out, name, "tcp", usage->tcp_offered, usage->offered);
	put_ratio(out, name, "udp", usage->udp_offered, usage->offered);
}

void pc_prometheus_usage(FILE *out, const struct pc_port_usage *usage)
{
	put_range(out, usage);
	prometheus_put_use(out, usage);
}
