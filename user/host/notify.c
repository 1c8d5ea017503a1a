// SPDX-License-Identifier: GPL-2.0-only
/* The protocol of sd_notify(3): one datagram of NAME=value lines to the socket that the service
 * manager named in the environment. */
#include "host/clock.h"
#include "host/notify.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

/* The status is one line of `systemctl status`. */
#define MESSAGE_MAX 1024

/* A manager that does not read must not keep the agent from watching. */
#define SEND_TIMEOUT_US 200000

#define NS_PER_US 1000

/* "/path", or "@name" in the abstract namespace; "vsock:" is for virtual machines' managers. */
static int parse_address(const char *text, struct pc_notify *n)
{
	size_t len = strlen(text);

	if ((*text != '/' && *text != '@') || len < 2)
		return -EINVAL;
	if (len >= sizeof(n->to.sun_path))
		return -ENAMETOOLONG;
	n->to = (struct sockaddr_un){ .sun_family = AF_UNIX };
	memcpy(n->to.sun_path, text, len);
	if (*text == '@')
		n->to.sun_path[0] = '\0';
	n->to_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len + (*text == '/'));
	return 0;
}

static bool notify_parse_number(const char *text, uint64_t max, uint64_t *out)
{
	char *end;

	if (!text || *text < '0' || *text > '9')
		return false;
	errno = 0;
	*out = strtoull(text, &end, 10);
	return !errno && !*end && *out && *out <= max;
}

/* Twice as often as the manager wants to hear from us, as sd_watchdog_enabled(3) advises. */
static uint64_t watchdog_from_environment(void)
{
	const char *pid = getenv("WATCHDOG_PID");
	uint64_t number;

	if (pid && (!notify_parse_number(pid, INT32_MAX, &number) || number != (uint64_t)getpid()))
		return 0;
	if (!notify_parse_number(getenv("WATCHDOG_USEC"), UINT64_MAX / NS_PER_US, &number))
		return 0;
	return number * NS_PER_US / 2;
}

static int notify_socket(void)
{
	struct timeval timeout = { .tv_usec = SEND_TIMEOUT_US };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), err;

	if (fd < 0)
		return -errno;
	if (!setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout)))
		return fd;
	err = -errno;
	close(fd);
	return err;
}

int pc_notify_connect(const struct pc_notify *n)
{
	int fd = notify_socket(), err;

	if (fd < 0 || !connect(fd, (const struct sockaddr *)&n->to, n->to_len))
		return fd;
	err = -errno;
	close(fd);
	return err;
}

void pc_notify_settle(struct pc_notify *n, int fd)
{
	n->settled = true;
	if (fd < 0)
		return;
	if (n->fd >= 0)
		close(n->fd);
	n->fd = fd;
}

int pc_notify_open(struct pc_notify *n)
{
	const char *address = getenv("NOTIFY_SOCKET");
	struct pc_notify new = PC_NOTIFY_INIT;
	int err = 0;

	if (address && *address) {
		new.watchdog_ns = watchdog_from_environment();
		err = parse_address(address, &new);
		if (!err)
			err = new.fd = notify_socket();
		err = err < 0 ? err : 0;
	}
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
	if (!err)
		*n = new;
	return err;
}

void pc_notify_close(struct pc_notify *n)
{
	if (n->fd >= 0)
		close(n->fd);
	n->fd = -1;
}

static int tell(const struct pc_notify *n, const char *message)
{
	size_t len = strlen(message);

	if (n->fd < 0)
		return 0;
	if (TEMP_FAILURE_RETRY(sendto(n->fd, message, len, MSG_NOSIGNAL,
				      n->settled ? NULL : (const struct sockaddr *)&n->to,
				      n->settled ? 0 : n->to_len)) >= 0)
		return 0;
	/* The kernel disconnects a socket whose other end was refused once. */
	return errno == ENOTCONN ? -ECONNREFUSED : -errno;
}

/* A line of the protocol ends at a newline: in the text there must be none. */
static int tell_status(const struct pc_notify *n, const char *lines, const char *status)
{
	char message[MESSAGE_MAX];
	char *newline;
	int used = snprintf(message, sizeof(message), "%sSTATUS=", lines);

	snprintf(message + used, sizeof(message) - (size_t)used, "%s", status);
	while ((newline = strchr(message + used, '\n')))
		*newline = ' ';
	return tell(n, message);
}

int pc_notify_ready(const struct pc_notify *n, const char *status)
{
	return tell_status(n, "READY=1\n", status);
}

int pc_notify_status(const struct pc_notify *n, const char *status)
{
	return tell_status(n, "", status);
}

/* The time is what Type=notify-reload wants to see; other types ignore it. */
int pc_notify_reloading(const struct pc_notify *n)
{
	char message[MESSAGE_MAX];

	snprintf(message, sizeof(message), "RELOADING=1\nMONOTONIC_USEC=%" PRIu64,
		 pc_clock_ns(CLOCK_MONOTONIC) / NS_PER_US);
	return tell(n, message);
}

int pc_notify_stopping(const struct pc_notify *n)
{
	return tell(n, "STOPPING=1\nSTATUS=writing what is left");
}

int pc_notify_alive(struct pc_notify *n, uint64_t now_ns)
{
	int err;

	if (n->fd < 0 || !n->watchdog_ns || now_ns < n->next_ns)
		return 0;
	err = tell(n, "WATCHDOG=1");
	if (err)
		return err;
	n->next_ns = now_ns + n->watchdog_ns;
	return 1;
}
