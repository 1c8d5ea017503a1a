/* SPDX-License-Identifier: GPL-2.0-only */
/* The real systemd-journald, without systemd: in a mount namespace of the scenario's own, with a
 * /run of its own. */
#ifndef LIVE_JOURNALD_H
#define LIVE_JOURNALD_H

#include <jansson.h>
#include <sys/types.h>

#include "test.h"

/* From here on /run is the scenario's own; skips where there is no journald. */
void journald_enter(struct test *t);

/* Starts it and waits until it takes entries. */
pid_t journald_start(struct test *t);
void journald_kill(pid_t pid);

/* A stream such as systemd gives a service for its standard output. */
int journald_stream(struct test *t);

/* The entries that journalctl finds with these arguments, as JSON objects; waits until there are
 * `least` of them or the time is over. Freed by the caller. */
json_t *journald_find(struct test *t, const char *arguments, size_t least);

/* What a command prints; freed by the caller. */
char *journald_command(struct test *t, const char *command);

#endif
