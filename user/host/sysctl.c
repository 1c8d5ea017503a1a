// SPDX-License-Identifier: GPL-2.0-only
/* Port settings as they are. */
#include "host/sysctl.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/ports.h"

/* Every second port, five digits and a comma each. */
#define RESERVED_MAX (PC_PORTS / 2 * 6 + 2)

static FILE *open_below(const char *proc, const char *name)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", proc, name);
	return fopen(path, "re");
}

/* Reads one or two numbers; true when there are that many. */
static bool read_numbers(const char *proc, const char *name, unsigned *first, unsigned *second)
{
	FILE *file = open_below(proc, name);
	int n = 0;

	if (!file)
		return false;
	n = second ? fscanf(file, "%u %u", first, second) : fscanf(file, "%u", first);
	fclose(file);
	return n == (second ? 2 : 1);
}

int pc_sysctl_read_reserved_at(int fd, uint64_t *set)
{
	char *text = malloc(RESERVED_MAX + 1);
	const char *bad;
	ssize_t n;

	if (!text)
		return -ENOMEM;
	n = pread(fd, text, RESERVED_MAX, 0);
	if (n < 0) {
		n = -errno;
	} else {
		text[n] = '\0';
		n = pc_ports_parse(text, true, set, &bad);
	}
	free(text);
	return (int)n;
}

int pc_sysctl_read_reserved(const char *proc, uint64_t *set)
{
	char path[PATH_MAX];
	int fd, err;

	snprintf(path, sizeof(path), "%s/sys/net/ipv4/ip_local_reserved_ports", proc);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	err = pc_sysctl_read_reserved_at(fd, set);
	close(fd);
	return err;
}

/* TcpExt of net/netstat: a line of names, then one of numbers. */
static uint64_t read_overflows(const char *proc)
{
	FILE *file = open_below(proc, "self/net/netstat");
	char *names = NULL, *values = NULL, *name, *value, *x, *y;
	size_t names_size = 0, values_size = 0;
	uint64_t found = 0;

	if (!file)
		return 0;
	if (getline(&names, &names_size, file) > 0 && getline(&values, &values_size, file) > 0) {
		name = strtok_r(names, " \n", &x);
		value = strtok_r(values, " \n", &y);
		for (; name && value;
		     name = strtok_r(NULL, " \n", &x), value = strtok_r(NULL, " \n", &y))
			if (!strcmp(name, "ListenOverflows"))
				found = strtoull(value, NULL, 10);
	}
	free(names);
	free(values);
	fclose(file);
	return found;
}

int pc_sysctl_number(const char *proc, const char *name)
{
	unsigned value;

	return read_numbers(proc, name, &value, NULL) ? (int)value : -1;
}

void pc_sysctl_settings(const char *proc, struct pc_netns_settings *out)
{
	unsigned low, high, floor = 1024, somaxconn = UINT32_MAX;

	memset(out, 0, sizeof(*out));
	out->tcp_tw_reuse = pc_sysctl_number(proc, "sys/net/ipv4/tcp_tw_reuse");
	out->autobind_reuse = pc_sysctl_number(proc, "sys/net/ipv4/ip_autobind_reuse");
	out->listen_overflows = read_overflows(proc);
	read_numbers(proc, "sys/net/ipv4/ip_unprivileged_port_start", &floor, NULL);
	read_numbers(proc, "sys/net/core/somaxconn", &somaxconn, NULL);
	out->unprivileged_start = (uint16_t)floor;
	out->somaxconn = somaxconn;
	if (!read_numbers(proc, "sys/net/ipv4/ip_local_port_range", &low, &high) || low > high ||
	    high >= PC_PORTS || pc_sysctl_read_reserved(proc, out->reserved))
		return;
	out->low = (uint16_t)low;
	out->high = (uint16_t)high;
	out->known = true;
}
