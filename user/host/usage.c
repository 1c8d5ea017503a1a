// SPDX-License-Identifier: GPL-2.0-only
/* The port settings, the ports in use and the exposed listeners of portclash's own network
 * namespace. */
#include "core/audit/audit.h"
#include "host/usage.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "core/base/ports.h"
#include "core/base/time.h"
#include "host/clock.h"
#include "host/sockdiag.h"
#include "host/sysctl.h"

/* Each of three lists of sockets has so long: a user can have hundreds of thousands, and refusals wait meanwhile.
 * The caller learns that a list was too long by a number that is not known. */
#define USAGE_LIMIT_NS (200 * PC_NS_PER_MS)

/* The clock is read once for so many lines. */
#define LINES_A_LOOK 256

static void usage_take_settings(const struct pc_netns_settings *s, const struct pc_offer *offer,
				struct pc_port_usage *out)
{
	out->known = true;
	out->range_low = s->low;
	out->range_high = s->high;
	out->reserved = pc_ports_count(s->reserved, 0, PC_PORTS - 1);
	out->reserved_in_range = pc_ports_count(s->reserved, s->low, s->high);
	out->offered = pc_offer_size(offer);
}

/* Lines as in "  12: 0100007F:1F90 00000000:0000 07 ...": the port is in hexadecimal. */
static bool read_udp(const char *proc, const char *name, uint64_t *set)
{
	uint64_t until_ns = pc_clock_ns(CLOCK_MONOTONIC) + USAGE_LIMIT_NS;
	char path[PATH_MAX], line[512];
	unsigned port, lines = 0;
	bool in_time = true;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", proc, name);
	file = fopen(path, "re");
	if (!file)
		return errno == ENOENT;
	while (in_time && fgets(line, sizeof(line), file)) {
		if (sscanf(line, " %*u: %*[0-9A-Fa-f]:%x", &port) == 1 && port && port < PC_PORTS)
			pc_ports_add(set, (uint16_t)port);
		if (++lines % LINES_A_LOOK == 0)
			in_time = pc_clock_ns(CLOCK_MONOTONIC) < until_ns;
	}
	fclose(file);
	return in_time;
}

static void count(const struct pc_offer *offer, const uint64_t *set, uint32_t *all,
		  uint32_t *in_range, uint32_t *offered)
{
	*all = pc_ports_count(set, 0, PC_PORTS - 1);
	if (!offer)
		return;
	*in_range = pc_ports_count(set, offer->low, offer->high);
	*offered = pc_offer_held(offer, set);
}

struct exposed_count {
	const struct pc_offer *offer;
	struct pc_port_usage *out;
};

static void take_exposed(void *context, const struct pc_listed_socket *s)
{
	const struct exposed_count *c = context;

	if (pc_audit_is_exposed(c->offer, s))
		*(s->socket.proto == PC_PROTO_TCP ? &c->out->tcp_exposed : &c->out->udp_exposed) +=
			1;
}

static void count_exposed(const struct pc_offer *offer, struct pc_port_usage *out)
{
	struct exposed_count c = { .offer = offer, .out = out };

	out->exposed_known = !pc_sockdiag_visit_all(&(struct pc_sockdiag_visit){
		.limit_ns = USAGE_LIMIT_NS, .take = take_exposed, .context = &c });
}

void pc_usage_read(const char *proc, const uint64_t *tcp_ports, struct pc_port_usage *out)
{
	uint64_t udp[PC_PORT_WORDS] = { 0 };
	struct pc_netns_settings settings;
	struct pc_offer offer;

	memset(out, 0, sizeof(*out));
	pc_sysctl_settings(proc, &settings);
	offer = (struct pc_offer){ settings.low, settings.high, settings.reserved };
	if (settings.known) {
		usage_take_settings(&settings, &offer, out);
		count_exposed(&offer, out);
	}
	out->in_use_known =
		tcp_ports && read_udp(proc, "net/udp", udp) && read_udp(proc, "net/udp6", udp);
	if (!out->in_use_known)
		return;
	count(out->known ? &offer : NULL, tcp_ports, &out->tcp_in_use, &out->tcp_in_range,
	      &out->tcp_offered);
	count(out->known ? &offer : NULL, udp, &out->udp_in_use, &out->udp_in_range,
	      &out->udp_offered);
}
