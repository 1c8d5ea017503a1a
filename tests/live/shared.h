/* SPDX-License-Identifier: GPL-2.0-only */
/* One portclash that many scenarios watch, one after the other: to start it takes seconds on an
 * emulated machine. Each scenario takes only lines that were printed while it ran and that are
 * about its own processes or its own network namespace. */
#ifndef LIVE_SHARED_H
#define LIVE_SHARED_H

#include "monitor.h"

/* Starts the one for scenarios of this kind, no more. NULL for WATCH_OWN. */
struct monitor *shared_start(struct test *t, enum watch watch);

/* In the runner: waits until it watches; false if it ends instead, or takes too long. */
bool shared_is_ready(struct test *t, struct monitor *m);

/* In a scenario: from now on t->monitor is what it prints about this scenario. False if there
 * is none that was started with these arguments. */
bool shared_attach(struct test *t, const char *const *arguments);

/* Is the line about this scenario? */
bool shared_concerns(const struct test *t, const struct monitor *m, json_t *line);

/* Waits until all that was refused up to now has been printed. */
void shared_settle(struct test *t);

/* A scenario of its own, after the others: the ends of those that were shared. */
extern const struct scenario shared_end;

#endif
