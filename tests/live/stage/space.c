// SPDX-License-Identifier: GPL-2.0-only
/* The network namespace of a scenario and its port settings. */
#include "stage/space.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static int space_loopback_up(void)
{
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int err = fd < 0 || ioctl(fd, SIOCSIFFLAGS, &lo) ? -errno : 0;

	if (fd >= 0)
		close(fd);
	return err;
}

int space_enter(void)
{
	if (unshare(CLONE_NEWNET))
		return -errno;
	return space_loopback_up();
}

static int open_setting(const char *name, int flags)
{
	char path[256];

	snprintf(path, sizeof(path), "/proc/sys/net/%s", name);
	return open(path, flags | O_CLOEXEC);
}

int space_set(const char *name, const char *value)
{
	int fd = open_setting(name, O_WRONLY);
	int err = fd < 0 || write(fd, value, strlen(value)) < 0 ? -errno : 0;

	if (fd >= 0)
		close(fd);
	return err;
}

int space_get(const char *name, char *out, size_t size)
{
	int fd = open_setting(name, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, out, size - 1);
	int err = n < 0 ? -errno : 0;

	if (fd >= 0)
		close(fd);
	out[n < 0 ? 0 : n] = '\0';
	out[strcspn(out, "\n")] = '\0';
	return err;
}

uint64_t space_of(pid_t pid)
{
	struct stat st;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/ns/net", pid);
	return stat(path, &st) ? 0 : st.st_ino;
}

static bool parse_listed_port(const char **at, unsigned long *port)
{
	char *end;

	if (!isdigit((unsigned char)**at))
		return false;
	*port = strtoul(*at, &end, 10);
	*at = end;
	return *port < PORTS;
}

bool space_parse_ports(const char *list, bool ports[PORTS])
{
	unsigned long low, high;

	memset(ports, 0, PORTS * sizeof(*ports));
	while (*list) {
		if (!parse_listed_port(&list, &low))
			return false;
		high = low;
		if (*list == '-' && (list++, !parse_listed_port(&list, &high)))
			return false;
		for (unsigned long port = low; port <= high; port++)
			ports[port] = true;
		if (*list == ',')
			list++;
		else if (*list)
			return false;
	}
	return true;
}
