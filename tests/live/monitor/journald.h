/* SPDX-License-Identifier: GPL-2.0-only */
/* The real systemd-journald, without systemd: in a mount namespace of the scenario's own, with a
 * /run of its own. */
#ifndef LIVE_MONITOR_JOURNALD_H
#define LIVE_MONITOR_JOURNALD_H

#include <jansson.h>
#include <sys/types.h>

#include "run/test.h"

/* Gives the scenario a /run of its own from here on; skips it where there is no journald. */
void journald_enter(struct test *t);

/* Starts journald and waits until it takes entries. */
pid_t journald_start(struct test *t);
void journald_kill(pid_t pid);

/* Opens a stream such as systemd gives a service for its standard output. */
int journald_stream(struct test *t);

/* Returns the entries that journalctl finds with these arguments, as JSON objects, freed by the
 * caller; waits until there are `least` of them or the time is over. */
json_t *journald_find(struct test *t, const char *arguments, size_t least);

/* Returns the only entry for these arguments; aborts the scenario when there is not exactly one. */
json_t *journald_only(struct test *t, const char *arguments);

/* Compares a field, or looks for a part of it or of one of its values, and takes it out of the
 * entry: fields that are left were not looked at. */
void journald_field(struct test *t, json_t *entry, const char *name, const char *value);
void journald_number(struct test *t, json_t *entry, const char *name, long long value);
void journald_part(struct test *t, json_t *entry, const char *name, const char *part);
void journald_among(struct test *t, json_t *entry, const char *name, const char *part);

/* Returns what a command prints; freed by the caller. */
char *journald_command(struct test *t, const char *command);

#endif
