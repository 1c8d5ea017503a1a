/* SPDX-License-Identifier: GPL-2.0-only */
/* Running `portclash audit` and finding what it says. */
#ifndef LIVE_AUDIT_H
#define LIVE_AUDIT_H

#include "expect.h"
#include "monitor.h"

#define RANGE "ipv4/ip_local_port_range"
#define RESERVED "ipv4/ip_local_reserved_ports"

/* One audit that has ended. */
struct audit {
	struct test *t;
	struct monitor *m;
	uint64_t netns; /* lines of this one are looked at; 0: of all */
};

/* Sets below /proc/sys/net in the scenario's network namespace. */
void audit_set(struct test *t, const char *name, const char *value);

/* Runs it to its end, which must have this exit status. audit_json() reads its lines, too, and
 * runs in the scenario's network namespace. */
struct audit audit_as(struct test *t, const struct monitor_spec *spec, int status);
struct audit audit_json(struct test *t, const char *const *argv, int status);

/* The text of one, with the name of this puppet in it, as a terminal may have it. */
#define EVIL_COMM "\033[31m\"\n\\\xff\xc0\xaf\r"
void audit_hostile(struct test *t, const char *const *argv);

/* The only line of this type, about this port unless it is 0. */
struct spot audit_line(const struct audit *a, const char *type, int port);

/* So many lines of this type. */
void audit_count(const struct audit *a, const char *type, unsigned count);

#endif
