// SPDX-License-Identifier: GPL-2.0-only
/* Counting what the Prometheus textfile shows. */
#include "out/metrics.h"

#include <errno.h>

const uint8_t pc_metrics_protos[] = { PC_PROTO_TCP, PC_PROTO_UDP, PC_PROTO_UNIX, 0 };
const int pc_metrics_errnos[] = { EADDRINUSE, EADDRNOTAVAIL, EACCES, EPERM, EAGAIN, 0 };

static unsigned proto_index(uint8_t proto)
{
	unsigned i = 0;

	while (i < PC_METRICS_PROTOS - 1 && pc_metrics_protos[i] != proto)
		i++;
	return i;
}

static unsigned errno_index(int err)
{
	unsigned i = 0;

	while (i < PC_METRICS_ERRNOS - 1 && pc_metrics_errnos[i] != err)
		i++;
	return i;
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

/* May this family have one more series? Root may, as long as there is one. */
static bool metrics_has_room(const struct pc_metrics *metrics, const struct pc_family *by)
{
	unsigned own = 0;

	if (pc_family_is_root(by))
		return metrics->ports_count < PC_METRICS_PORTS_MAX;
	for (unsigned i = 0; i < metrics->ports_count; i++)
		own += pc_family_same(&metrics->ports[i].first, by);
	return own * PC_METRICS_PORTS_SHARE < PC_METRICS_PORTS_MAX - (metrics->ports_count - own);
}

void pc_metrics_refused_port(struct pc_metrics *metrics, uint16_t port, uint8_t proto,
			     const struct pc_family *by)
{
	uint8_t index = proto_index(proto);
	struct pc_metrics_port *own = metrics->ports;

	for (unsigned i = 0; i < metrics->ports_count; i++, own++) {
		if (own->port == port && own->proto == index) {
			own->refusals++;
			return;
		}
	}
	if (!metrics_has_room(metrics, by)) {
		metrics->other_ports[index]++;
		return;
	}
	*own = (struct pc_metrics_port){ .refusals = 1, .first = *by, .port = port, .proto = index };
	metrics->ports_count++;
}
