// SPDX-License-Identifier: GPL-2.0-only
/* The port settings and the ports in use of portclash's own network namespace. */
#include "host/usage.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/ports.h"
#include "host/sysctl.h"

static FILE *open_below(const char *proc, const char *name)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", proc, name);
	return fopen(path, "re");
}

static bool read_range(const char *proc, struct pc_port_usage *out)
{
	FILE *file = open_below(proc, "sys/net/ipv4/ip_local_port_range");
	bool ok = file && fscanf(file, "%u %u", &out->range_low, &out->range_high) == 2 &&
		  out->range_low <= out->range_high && out->range_high < PC_PORTS;

	if (file)
		fclose(file);
	return ok;
}

static bool read_reserved(const char *proc, struct pc_port_usage *out)
{
	uint64_t set[PC_PORT_WORDS];

	if (pc_sysctl_read_reserved(proc, set))
		return false;
	out->reserved = pc_ports_count(set, 0, PC_PORTS - 1);
	out->reserved_in_range =
		pc_ports_count(set, (uint16_t)out->range_low, (uint16_t)out->range_high);
	return true;
}

/* Lines as in "  12: 0100007F:1F90 00000000:0000 07 ...": the port is in hexadecimal. */
static bool read_udp(const char *proc, const char *name, uint64_t *set)
{
	FILE *file = open_below(proc, name);
	char line[512];
	unsigned port;

	if (!file)
		return errno == ENOENT;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, " %*u: %*[0-9A-Fa-f]:%x", &port) == 1 && port && port < PC_PORTS)
			pc_ports_add(set, (uint16_t)port);
	fclose(file);
	return true;
}

static void count(const struct pc_port_usage *usage, const uint64_t *set, uint32_t *all,
		  uint32_t *in_range)
{
	*all = pc_ports_count(set, 0, PC_PORTS - 1);
	*in_range = usage->known ? pc_ports_count(set, (uint16_t)usage->range_low,
						  (uint16_t)usage->range_high) :
				   0;
}

void pc_usage_read(const char *proc, const uint64_t *tcp_ports, struct pc_port_usage *out)
{
	uint64_t udp[PC_PORT_WORDS] = { 0 };

	memset(out, 0, sizeof(*out));
	out->known = read_range(proc, out) && read_reserved(proc, out);
	out->in_use_known =
		tcp_ports && read_udp(proc, "net/udp", udp) && read_udp(proc, "net/udp6", udp);
	if (!out->in_use_known)
		return;
	count(out, tcp_ports, &out->tcp_in_use, &out->tcp_in_range);
	count(out, udp, &out->udp_in_use, &out->udp_in_range);
}
