/* SPDX-License-Identifier: GPL-2.0-only */
/* Running `portclash audit` and finding lines in its output. */
#ifndef LIVE_JUDGE_AUDIT_H
#define LIVE_JUDGE_AUDIT_H

#include "judge/expect.h"
#include "monitor/monitor.h"

#define RANGE "ipv4/ip_local_port_range"
#define RESERVED "ipv4/ip_local_reserved_ports"

/* One audit that has ended. */
struct audit {
	struct test *t;
	struct monitor *m;
	uint64_t netns; /* lines of this one are looked at; 0: of all */
};

/* Sets a value below /proc/sys/net in the scenario's network namespace. */
void audit_set(struct test *t, const char *name, const char *value);

/* Runs the audit to its end; the exit status must be this. audit_json() also reads the lines, and
 * runs in the scenario's network namespace. */
struct audit audit_as(struct test *t, const struct monitor_spec *spec, int status);
struct audit audit_json(struct test *t, const char *const *argv, int status);

/* Runs an audit in text mode. The text must contain the name of this puppet, escaped for a
 * terminal. */
#define EVIL_COMM "\033[31m\"\n\\\xff\xc0\xaf\r"
void audit_hostile(struct test *t, const char *const *argv);

/* Returns the only line of this type, about this port unless it is 0. */
struct spot audit_line(const struct audit *a, const char *type, int port);

/* Compares the number of lines of this type. */
void audit_count(const struct audit *a, const char *type, unsigned count);

#endif
